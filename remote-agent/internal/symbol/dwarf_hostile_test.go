package symbol

import (
	"bytes"
	"compress/zlib"
	"debug/elf"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// debugPrograms are small programs with debug information of all versions, plain and compressed.
func debugPrograms(t testing.TB) [][]byte {
	t.Helper()
	directory := t.TempDir()
	write(t, filepath.Join(directory, "small.c"), `
static inline __attribute__((always_inline)) int f(int n) { return n * 7; }
int g(int n) { return n > 3 ? f(n) + 1 : f(n * 2); }
void _start(void) { g(3); for (;;) {} }
`)
	var built [][]byte
	for _, arguments := range [][]string{{"-gdwarf-2"}, {"-gdwarf-3"}, {"-gdwarf-4"}, {"-gdwarf-5"}, {"-gdwarf-5", "-gz=zlib"}, {"-gdwarf-5", "-gdwarf64"}, {"-gdwarf-4", "-O1"}} {
		out := filepath.Join(directory, strings.Join(arguments, ""))
		run(t, directory, "gcc", append([]string{"-nostdlib", "-static", "-fno-asynchronous-unwind-tables", "-Wl,-z,norelro,-n", "-o", out, "small.c"}, arguments...)...)
		content, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		built = append(built, content)
	}
	return built
}

// tryLines reads the debug information of a file and asks its index for many addresses. It says whether there was one.
func tryLines(t testing.TB, content []byte) (*lineIndex, error) {
	t.Helper()
	return tryLinesBeside(t, content, nil, smallAllowance())
}

// smallAllowance lets a file which makes much work end fast.
func smallAllowance() *allowance {
	allowed := newAllowance(os.TempDir(), func() {})
	allowed.work = 1 << 20
	return allowed
}

// tryLinesBeside is tryLines of a program with the files beside it.
func tryLinesBeside(t testing.TB, content []byte, beside *companions, allowed *allowance) (*lineIndex, error) {
	t.Helper()
	opened := inMemory(content)
	file, err := readImage(opened, opened.size)
	if err != nil {
		return nil, err
	}
	builder, err := buildLineIndex(file, beside, file.segments, allowed)
	if err != nil {
		if reasonOf(err) == ReasonUnreadable {
			t.Errorf("an error without a reason: %v", err)
		}
		return nil, err
	}
	var written bytes.Buffer
	if err := builder.writeTo(&written); err != nil {
		t.Fatal(err)
	}
	index, err := openLineIndex(bytes.NewReader(written.Bytes()), int64(written.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, segment := range file.segments {
		for step := range uint64(64) {
			for _, line := range index.lookup(segment.start + step*((segment.end-segment.start)/64)) {
				if len(line.SystemName) > 2*maxDebugName || len(line.File) > maxDebugName {
					t.Errorf("a name of %d bytes", len(line.SystemName))
				}
			}
		}
	}
	return index, nil
}

func TestDebugInformationOfAllVersions(t *testing.T) {
	for i, content := range debugPrograms(t) {
		index, err := tryLines(t, content)
		if err != nil {
			t.Errorf("program %d: %v", i, err)
			continue
		}
		inlined := map[string]bool{}
		for row := range index.counts[partRows] {
			address := index.base + uint64(index.numbers(partRows, row)[0])
			if lines := index.lookup(address); len(lines) == 2 {
				inlined[lines[0].SystemName+"<"+lines[1].SystemName] = true
			}
		}
		if !inlined["f<g"] {
			t.Errorf("program %d: f in g was not found: %v", i, inlined)
		}
	}
}

// FuzzDWARF mutates the debug information of good programs.
func FuzzDWARF(f *testing.F) {
	for _, seed := range debugPrograms(f) {
		f.Add(seed, []byte(nil))
	}
	f.Fuzz(func(t *testing.T, content, patches []byte) { _, _ = tryLines(t, scattered(content, patches)) })
}

// scattered overwrites bytes of the debug sections. Each patch is 4 bytes: the place (3) and the value.
func scattered(content, patches []byte) []byte {
	content = bytes.Clone(content)
	file, err := readImage(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return content
	}
	var places []part
	for i := range file.sections {
		if span, ok := file.bytesOf(&file.sections[i]); ok && strings.HasPrefix(file.sections[i].name, ".debug_") && span.size > 0 {
			places = append(places, span)
		}
	}
	for ; len(patches) >= 4 && len(places) > 0; patches = patches[4:] {
		span := places[int(patches[0])%len(places)]
		content[span.offset+int64(binary.LittleEndian.Uint16(patches[1:]))%span.size] = patches[3]
	}
	return content
}

// TestMutatedDebugInformation is what FuzzDWARF does, always the same.
func TestMutatedDebugInformation(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	good := 0
	for _, seed := range debugPrograms(t) {
		for range 1500 {
			patches := make([]byte, 4*(1+random.IntN(4)))
			for i := range patches {
				patches[i] = byte(random.Uint32())
			}
			if _, err := tryLines(t, scattered(seed, patches)); err == nil {
				good++
			}
		}
	}
	if good == 0 {
		t.Error("no mutated file gave lines: the mutations are too wild to test anything")
	}
}

// withDebug makes a file of debug sections.
func withDebug(sections map[string][]byte) []byte {
	made := crafted{}
	for _, name := range []string{".debug_info", ".debug_abbrev", ".debug_line", ".debug_str", ".debug_ranges"} {
		made.sections = append(made.sections, craftedSection{name: name, kind: elf.SHT_PROGBITS, content: sections[name]})
	}
	return made.bytes()
}

// unitOf is a unit of version 4 around entries.
func unitOf(entries []byte) []byte {
	unit := binary.LittleEndian.AppendUint32(nil, uint32(len(entries)+7))
	return append(append(unit, 4, 0, 0, 0, 0, 0, 8), entries...)
}

func TestDebugInformationBombs(t *testing.T) {
	compileUnit := []byte{1, 0x11, 1, 0, 0}                                              // 1: a unit with children, no attributes
	nested := append(bytes.Clone(compileUnit), 2, 0x39, 1, 0, 0, 0)                      // 2: a namespace with children
	ranged := append(bytes.Clone(compileUnit), 3, 0x2e, 0, 0x55, formSecOffset, 0, 0, 0) // 3: a function with ranges
	ranges := make([]byte, 0, 16<<16)
	for range 1 << 16 {
		ranges = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(ranges, codeStart), codeStart+1)
	}
	manyRanges := []byte{1}
	for range 1 << 16 {
		manyRanges = append(manyRanges, 3, 0, 0, 0, 0)
	}
	attributes := []byte{1, 0x11, 1}
	for range 1 << 18 {
		attributes = append(attributes, 0x03, formFlagPresent)
	}
	line := []byte{0, 0, 0, 0, 5, 0, 8, 0, 0, 0, 0, 0, 1, 1, 1, 0xfb, 14, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}
	binary.LittleEndian.PutUint32(line, uint32(len(line)-4))
	binary.LittleEndian.PutUint32(line[8:], uint32(len(line)-12))
	withLines := []byte{1, 0x11, 1, 0x10, formSecOffset, 0, 0, 0}
	var packed bytes.Buffer
	packer := zlib.NewWriter(&packed)
	_, _ = packer.Write(make([]byte, 64<<20))
	_ = packer.Close()
	header := func(claimed uint64) []byte {
		return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(elf.COMPRESS_ZLIB)), claimed), 1)
	}
	compressed := func(claimed uint64) []byte {
		made := crafted{sections: []craftedSection{
			{name: ".debug_info", kind: elf.SHT_PROGBITS, flags: elf.SHF_COMPRESSED, content: append(header(claimed), packed.Bytes()...)},
			{name: ".debug_abbrev", kind: elf.SHT_PROGBITS, content: []byte{0}},
		}}
		return made.bytes()
	}
	for _, test := range []struct {
		name    string
		content []byte
		want    Reason
	}{
		{"no debug information", crafted{}.bytes(), ReasonNoLines},
		{"entries nested for ever", withDebug(map[string][]byte{".debug_info": unitOf(append([]byte{1}, bytes.Repeat([]byte{2}, 1<<16)...)), ".debug_abbrev": nested}), ReasonBomb},
		{"every function has all ranges", withDebug(map[string][]byte{".debug_info": unitOf(manyRanges), ".debug_abbrev": ranged, ".debug_ranges": ranges}), ReasonBomb},
		{"a quarter of a million attributes", withDebug(map[string][]byte{".debug_info": unitOf(bytes.Repeat([]byte{1}, 1000)), ".debug_abbrev": append(attributes, 0, 0, 0)}), ReasonMalformed},
		{"abbreviations without an end", withDebug(map[string][]byte{".debug_info": unitOf([]byte{1, 0}), ".debug_abbrev": bytes.Repeat([]byte{1, 0x11, 1, 0, 0}, 1<<18)}), ReasonMalformed},
		{"millions of files without a name", withDebug(map[string][]byte{".debug_info": unitOf([]byte{1, 0, 0, 0, 0, 0}), ".debug_abbrev": withLines, ".debug_line": line}), ReasonTooMany},
		{"a unit longer than the section", withDebug(map[string][]byte{".debug_info": {0xff, 0xff, 0xff, 0x7f, 4, 0, 0, 0, 0, 0, 8}, ".debug_abbrev": compileUnit}), ReasonMalformed},
		{"64 MiB of zeros in 64 KiB", compressed(64 << 20), ReasonBomb},
		{"more than was announced", compressed(1 << 20), ReasonMalformed},
		{"an exabyte announced", compressed(1 << 60), ReasonBomb},
	} {
		t.Run(test.name, func(t *testing.T) {
			var err error
			within128MiB(t, func() { _, err = tryLines(t, test.content) })
			if reasonOf(err) != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// within128MiB says when a call takes more memory, also what it gives back.
func within128MiB(t *testing.T, call func()) {
	t.Helper()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 128<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
}
