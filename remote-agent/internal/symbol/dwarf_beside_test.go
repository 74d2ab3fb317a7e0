package symbol

import (
	"bytes"
	"compress/zlib"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"testing"
	"time"
)

// countingRoot is a root in which every path is one file, and which counts how often it is opened.
type countingRoot struct {
	content []byte
	opened  int
}

func (c *countingRoot) open(string) (*boundedFile, error) {
	c.opened++
	return inMemory(c.content), nil
}

// hostileBeside are companions of which all that is wrong has a reason.
func hostileBeside(t testing.TB, root opener) *companions {
	return &companions{process: root, own: noRoot{}, program: "/p", debug: "/p", refused: func(err error) {
		if reasonOf(err) == ReasonUnreadable {
			t.Errorf("an error without a reason: %v", err)
		}
	}}
}

// programAndBeside is a program with a file beside it.
type programAndBeside struct {
	name            string
	program, beside []byte
}

// besidePrograms are programs whose debug information lies in other files: split off, packed, and shared.
func besidePrograms(t testing.TB) (built []programAndBeside) {
	t.Helper()
	read := func(path string) []byte {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	for _, flags := range [][]string{{"-gdwarf-4"}, {"-gdwarf-5"}, {"-gdwarf-5", "-gz=zlib"}} {
		directory := t.TempDir()
		program := buildShared(t, directory, "g++", "split", append(flags, "-gsplit-dwarf")...)
		name := fmt.Sprint(flags)
		built = append(built, programAndBeside{"dwo " + name, read(program), read(filepath.Join(directory, "split-main.dwo"))})
		if flags[0] == "-gdwarf-4" { // the dwp of binutils 2.40 crashes on version 5
			run(t, directory, "dwp", "-e", "split", "-o", "split.dwp")
			built = append(built, programAndBeside{"dwp " + name, read(program), read(filepath.Join(directory, "split.dwp"))})
		}
	}
	directory := t.TempDir()
	one := buildShared(t, directory, "g++", "one", "-gdwarf-5")
	two := buildShared(t, directory, "g++", "two", "-gdwarf-5")
	needTool(t, "dwz")
	run(t, directory, "dwz", "-m", "common.debug", "-M", "common.debug", "--dwarf-5", one, two)
	return append(built, programAndBeside{"dwz", read(one), read(filepath.Join(directory, "common.debug"))})
}

// tryBeside reads a program with a file beside it that is damaged.
func tryBeside(t testing.TB, program, beside, patches []byte) error {
	allowed := smallAllowance()
	_, err := tryLinesBeside(t, program, hostileBeside(t, sameFile(scattered(beside, patches))), allowed)
	return err
}

// FuzzBeside mutates the files beside good programs. Those are too large to be mutated themselves: only the patches are.
func FuzzBeside(f *testing.F) {
	seeds := besidePrograms(f)
	for i := range seeds {
		f.Add(uint8(i), []byte(nil))
		f.Add(uint8(i), []byte{1, 2, 3, 0xff})
	}
	f.Fuzz(func(t *testing.T, which uint8, patches []byte) {
		seed := seeds[int(which)%len(seeds)]
		_ = tryBeside(t, seed.program, seed.beside, patches)
	})
}

// TestMutatedFilesBeside is what FuzzBeside does, always the same.
func TestMutatedFilesBeside(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for _, seed := range besidePrograms(t) {
		t.Run(seed.name, func(t *testing.T) {
			if err := tryBeside(t, seed.program, seed.beside, nil); err != nil {
				t.Fatalf("the file as it is: %v", err)
			}
			for range 400 {
				patches := make([]byte, 4*(1+random.IntN(4)))
				for i := range patches {
					patches[i] = byte(random.Uint32())
				}
				_ = tryBeside(t, seed.program, seed.beside, patches)
			}
		})
	}
}

// TestDebugInformationThatSharesWithItself: the file that dwz moved entries into says that they lie in another one, which it is itself.
func TestDebugInformationThatSharesWithItself(t *testing.T) {
	built := besidePrograms(t)
	program := built[len(built)-1].program
	file, err := readImage(bytes.NewReader(program), int64(len(program)))
	if err != nil {
		t.Fatal(err)
	}
	own, err := file.buildID()
	if err != nil || own == "" {
		t.Fatal("the program has no build-id", err)
	}
	// The link's identity is overwritten with the program's own.
	link, err := readSupplementaryLink(file)
	if err != nil {
		t.Fatal(err)
	}
	var raw []byte
	if _, err := fmt.Sscanf(own, "%x", &raw); err != nil {
		t.Fatal(err)
	}
	if len(raw) != len(link.identity) {
		t.Fatalf("%d and %d bytes of identity", len(raw), len(link.identity))
	}
	itself := bytes.ReplaceAll(program, link.identity, raw)
	root := &countingRoot{content: itself}
	if _, err := tryLinesBeside(t, itself, hostileBeside(t, root), smallAllowance()); reasonOf(err) == ReasonUnreadable {
		t.Error(err)
	}
	if root.opened == 0 {
		t.Error("it was not looked for: the test shows nothing")
	}
}

// skeletons are so many units of version 5 whose information lies in the split file of one name, each with an id of its own.
func skeletons(count int) []byte {
	abbreviations := []byte{1, 0x4a, 0, attributeSplitName, formString, 0, 0, 0}
	var information []byte
	for id := range count {
		unit := []byte{5, 0, unitSkeleton, 8, 0, 0, 0, 0}
		unit = binary.LittleEndian.AppendUint64(unit, uint64(id+1))
		unit = append(unit, 1, 'x', 0)
		information = append(binary.LittleEndian.AppendUint32(information, uint32(len(unit))), unit...)
	}
	return withDebug(map[string][]byte{".debug_info": information, ".debug_abbrev": abbreviations})
}

func packed(t *testing.T, plain []byte) []byte {
	t.Helper()
	var made bytes.Buffer
	_ = binary.Write(&made, binary.LittleEndian, []uint64{uint64(elf.COMPRESS_ZLIB), uint64(len(plain)), 1})
	writer := zlib.NewWriter(&made)
	if _, err := writer.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return made.Bytes()
}

func TestBombsBeside(t *testing.T) {
	noise := make([]byte, 1<<20) // does not pack so well that it is a bomb by itself
	random := rand.New(rand.NewPCG(9, 9))
	for i := range noise {
		noise[i] = byte(random.IntN(4))
	}
	unit := append([]byte{5, 0, unitSplitCompile, 8, 0, 0, 0, 0}, 0, 0, 0, 0, 0, 0, 0, 0, 1)
	split := append(binary.LittleEndian.AppendUint32(nil, uint32(len(unit))), unit...)
	plainSplit := func(more ...craftedSection) []byte {
		made := crafted{sections: append([]craftedSection{
			{name: ".debug_info.dwo", kind: elf.SHT_PROGBITS, content: split},
			{name: ".debug_abbrev.dwo", kind: elf.SHT_PROGBITS, content: []byte{1, 0x11, 0, 0, 0, 0}},
		}, more...)}
		return made.bytes()
	}
	manySections := slices.Repeat([]craftedSection{{kind: elf.SHT_PROGBITS}}, 20_000)
	// A package whose every slot holds another id of the same unit.
	const slots = 1 << 20
	index := binary.LittleEndian.AppendUint32(nil, 5)
	for _, number := range []uint32{16, 1, slots} {
		index = binary.LittleEndian.AppendUint32(index, number)
	}
	for id := range uint64(slots) {
		index = binary.LittleEndian.AppendUint64(index, id+1<<40)
	}
	index = append(index, bytes.Repeat([]byte{1, 0, 0, 0}, slots)...)
	index = append(index, make([]byte, 3*4*16)...)

	for _, test := range []struct {
		name     string
		program  []byte
		beside   []byte
		most     int // times that the file may be opened
		unpacked int64
	}{
		{
			"a thousand units unpack the same file", skeletons(1000),
			plainSplit(craftedSection{name: ".debug_str.dwo", kind: elf.SHT_PROGBITS, flags: elf.SHF_COMPRESSED, content: packed(t, noise)}), 2100, 8 << 20,
		},
		{"many units open a file of many sections", skeletons(50_000), plainSplit(manySections...), 2100, 0},
		{"a package of a million units in one", skeletons(1000), plainSplit(craftedSection{name: ".debug_cu_index", kind: elf.SHT_PROGBITS, content: index}), 300, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := &countingRoot{content: test.beside}
			allowed := smallAllowance()
			allowed.unpacked, allowed.read, allowed.work = 8<<20, 256<<20, 8<<20
			_, err := tryLinesBeside(t, test.program, hostileBeside(t, root), allowed)
			t.Logf("%v; opened %d times, left %d to read, %d to unpack, %d to look at", err, root.opened, allowed.read, allowed.unpacked, allowed.work)
			if reasonOf(err) == ReasonUnreadable || root.opened == 0 || root.opened > test.most {
				t.Errorf("opened %d times: %v", root.opened, err)
			}
			if used := 8<<20 - allowed.unpacked; used != test.unpacked {
				t.Errorf("%d bytes were unpacked, want %d", used, test.unpacked)
			}
		})
	}
}

// TestMemoryBombs are files that ask for much memory by little.
func TestMemoryBombs(t *testing.T) {
	longName := bytes.Repeat([]byte{'n'}, maxDebugName-1)
	// Abbreviations of every kind in each of many tables, one after the other.
	var tables, tabled []byte
	for range 24 {
		unit := binary.LittleEndian.AppendUint32([]byte{4, 0}, uint32(len(tables)))
		unit = append(unit, 8, 1)
		tabled = append(binary.LittleEndian.AppendUint32(tabled, uint32(len(unit))), unit...)
		for code := range 4000 {
			tables = append(binary.AppendUvarint(tables, uint64(code+1)), 0x11, 0)
			for range 120 {
				tables = append(tables, 0x03, formFlagPresent)
			}
			tables = append(tables, 0, 0)
		}
		tables = append(tables, 0)
	}
	// Namespaces of a long name, each with one function that has no other.
	namespaces := []byte{1, 0x11, 1, 0, 0, 2, 0x39, 1, 0x03, formStrp, 0, 0, 3, 0x2e, 0, 0x03, formStrp, 0, 0, 0}
	spaces := []byte{1}
	for i := range uint32(50_000) {
		spaces = append(binary.LittleEndian.AppendUint32(append(spaces, 2), i%64), 3, 0, 0, 0, 0, 0)
	}
	// Directories of the unit's long one, in a table of lines of version 4.
	lines := []byte{0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 1, 1, 1, 0xfb, 14, 1}
	for range 60_000 {
		lines = append(lines, 'd', 0)
	}
	lines = append(lines, 0, 0)
	binary.LittleEndian.PutUint32(lines, uint32(len(lines)-4))
	binary.LittleEndian.PutUint32(lines[6:], uint32(len(lines)-10))
	withDirectory := []byte{1, 0x11, 0, 0x10, formSecOffset, 0x1b, formStrp, 0, 0, 0}

	for name, content := range map[string][]byte{
		"tables of abbreviations": withDebug(map[string][]byte{".debug_info": tabled, ".debug_abbrev": tables}),
		"prefixes": withDebug(map[string][]byte{
			".debug_info": unitOf(append(spaces, 0)), ".debug_abbrev": namespaces, ".debug_str": append(slices.Clone(longName), 0),
		}),
		"directories": withDebug(map[string][]byte{
			".debug_info": unitOf([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0}), ".debug_abbrev": withDirectory, ".debug_line": lines,
			".debug_str": append(slices.Clone(longName), 0),
		}),
	} {
		t.Run(name, func(t *testing.T) {
			const most = 64 << 20
			peak := peakOf(func() {
				_, err := tryLinesBeside(t, content, nil, newAllowance(os.TempDir(), func() {}))
				t.Log(err)
			})
			if peak > most {
				t.Errorf("%d MiB were in use at once", peak>>20)
			}
			t.Logf("%d MiB at most", peak>>20)
		})
	}
}

// peakOf is about how much more memory was in use while a call ran.
func peakOf(call func()) (bytes uint64) {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	runtime.GC()
	inUse := func() uint64 {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	before, ended := inUse(), make(chan struct{})
	go func() {
		defer close(ended)
		call()
	}()
	for {
		select {
		case <-ended:
			return bytes
		case <-time.After(time.Millisecond):
			if now := inUse(); now > before {
				bytes = max(bytes, now-before)
			}
		}
	}
}

// TestAbbreviationsThatAreNeverRight cost as much as they are long, for each unit that names them.
func TestAbbreviationsThatAreNeverRight(t *testing.T) {
	var units []byte
	for range 20_000 {
		units = append(units, unitOf([]byte{1, 0})...)
	}
	endless := bytes.Repeat([]byte{1, 0x11, 1, 0, 0}, 1<<18)
	allowed := smallAllowance()
	_, err := tryLinesBeside(t, withDebug(map[string][]byte{".debug_info": units, ".debug_abbrev": endless}), nil, allowed)
	if reasonOf(err) != ReasonBomb {
		t.Errorf("%v, %d steps are left", err, allowed.work)
	}
}
