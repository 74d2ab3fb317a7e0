package symbol

import (
	"debug/elf"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"pyrometer.dev/remote-agent/internal/engine"
)

// sameFile is a root in which every path is one file.
type sameFile []byte

func (s sameFile) open(string) (*boundedFile, error) { return inMemory(s), nil }

// seeds are good files of all kinds that the package reads, small enough to be mutated fast.
func seeds(t testing.TB) [][]byte {
	t.Helper()
	names := []byte("\x00first\x00second\x00")
	symbols := append(append(make([]byte, 24), rawEntry(1, elf.STT_FUNC, 1, codeStart, 0x20)...), rawEntry(7, elf.STT_NOTYPE, 1, codeStart+8, 0)...)
	dynamic := crafted{sections: []craftedSection{
		{name: ".gnu_debuglink", kind: elf.SHT_PROGBITS, content: []byte("a.debug\x00\x01\x00\x00\x00")},
		{name: ".note.gnu.build-id", kind: elf.SHT_NOTE, content: []byte("\x04\x00\x00\x00\x04\x00\x00\x00\x03\x00\x00\x00GNU\x00abcd")},
	}}.symbolTable(symbols, names)
	dynamic.sections[3].kind = elf.SHT_DYNSYM
	built := [][]byte{crafted{}.symbolTable(symbols, names).bytes(), dynamic.bytes()}
	for _, magic := range []uint32{goMagic12, goMagic116, goMagic118, goMagic120} {
		built = append(built, craftedGoFile(craftedGo(magic, codeStart), 0x20))
	}
	if vdso, err := readVDSO(); err == nil {
		built = append(built, vdso)
	}
	return append(built, smallPrograms(t)...)
}

// patched overwrites fields of a file. Each patch is 4 bytes: the place (2), the width, and what to write; the values are
// those at which checks of sizes go wrong.
func patched(content, patches []byte) []byte {
	content = append([]byte(nil), content...)
	size := uint64(len(content))
	values := []uint64{
		0, 1, 2, 3, 4, 7, 8, 24, 0x7f, 0xff, 0xffff, 0xff00, math.MaxInt32, math.MaxUint32, math.MaxInt64, math.MaxUint64,
		math.MaxUint64 - 7, 1 << 63, size, size - 1, size + 1, size - 8, -size, codeStart, codeEnd, codeEnd - 1, goMagic12, goMagic116, goMagic118, goMagic120,
	}
	for ; len(patches) >= 4; patches = patches[4:] {
		width := 1 << (patches[2] % 4)
		place := int(binary.LittleEndian.Uint16(patches))
		if place%3 > 0 { // two of three hit the section headers, where the sizes are
			var header [64]byte
			copy(header[:], content)
			place += int(min(binary.LittleEndian.Uint64(header[40:]), size))
		}
		place &^= width - 1
		if place+width > len(content) {
			continue
		}
		var raw [8]byte
		binary.LittleEndian.PutUint64(raw[:], values[int(patches[3])%len(values)])
		copy(content[place:place+width], raw[:])
	}
	return content
}

// FuzzELF feeds bytes as a mapped file and, at the same time, as its debug file.
func FuzzELF(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed, []byte(nil))
	}
	f.Fuzz(func(t *testing.T, content, patches []byte) { tryHostile(t, patched(content, patches)) })
}

// TestMutatedFiles is what FuzzELF does, always the same and in a second.
func TestMutatedFiles(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	good := 0
	for _, seed := range seeds(t) {
		for range 2000 {
			patches := make([]byte, 4*(1+random.IntN(4)))
			for i := range patches {
				patches[i] = byte(random.Uint32())
			}
			for i := 0; i < len(patches); i += 4 { // within the headers
				binary.LittleEndian.PutUint16(patches[i:], uint16(random.IntN(1000)))
			}
			if tryHostile(t, patched(seed, patches)) {
				good++
			}
		}
	}
	if good == 0 {
		t.Error("no mutated file gave a table: the mutations are too wild to test anything")
	}
}

// tryHostile reads a file and says whether it gave a table.
func tryHostile(t *testing.T, content []byte) bool {
	t.Helper()
	opened := inMemory(content)
	file, err := readImage(opened, opened.size)
	if err != nil {
		if reasonOf(err) == ReasonUnreadable {
			t.Errorf("an error without a reason: %v", err)
		}
		return false
	}
	if err := checkIdentity(file, &engine.Mapping{FileID: "x", BuildID: "61626364"}); err != nil && reasonOf(err) == ReasonUnreadable {
		t.Errorf("an error without a reason: %v", err)
	}
	result, err := (&loader{counters: newCounters(), own: noRoot{}}).parse(file, sameFile(content), "/fuzzed")
	if err != nil {
		if reasonOf(err) == ReasonUnreadable {
			t.Errorf("an error without a reason: %v", err)
		}
		return false
	}
	checkTable(t, file, result.table)
	return true
}

// checkTable checks what holds for every table: rising ranges that begin and end within the code, and names that end.
func checkTable(t *testing.T, file *image, table *Table) {
	t.Helper()
	for i, at := range table.starts {
		if i > 0 && table.starts[i-1] >= at {
			t.Fatalf("ranges do not rise: %#x, %#x", table.starts[i-1], at)
		}
		if table.owners[i] == noFunction {
			continue
		}
		if i == len(table.starts)-1 || !inSegments(file.segments, at, table.starts[i+1]) {
			t.Fatalf("the range at %#x leaves the code", at)
		}
		found, ok := table.Lookup(at)
		if !ok || found.Name == "" || found.Start > at || len(found.Name) > maxNameBytes {
			t.Fatalf("%#x: got %v, %v", at, found, ok)
		}
		display, _ := displayName(found.Name)
		cleanName(display)
	}
}
