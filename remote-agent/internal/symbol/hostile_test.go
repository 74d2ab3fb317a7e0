package symbol

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"math"
	"runtime"
	"strings"
	"testing"
)

// memoryFile is a file of a profiled process that lies in memory.
type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

func inMemory(content []byte) *boundedFile {
	return newBoundedFile(memoryFile{bytes.NewReader(content)}, int64(len(content)))
}

// craftedSection is a section of a crafted file.
type craftedSection struct {
	name    string
	kind    elf.SectionType
	flags   elf.SectionFlag
	address uint64
	link    uint32
	entry   uint64
	content []byte
}

// crafted is a 64-bit ELF file of one executable segment [0x1000, 0x9000) and some sections, of which the first becomes
// number 1 and the section names the last.
type crafted struct{ sections []craftedSection }

const (
	codeStart = 0x1000
	codeEnd   = 0x9000
)

// symbolTable adds .text, a symbol table and its strings; symbols are entries of 24 bytes.
func (c crafted) symbolTable(symbols, names []byte) crafted {
	c.sections = append(c.sections,
		craftedSection{".text", elf.SHT_PROGBITS, elf.SHF_ALLOC | elf.SHF_EXECINSTR, codeStart, 0, 0, make([]byte, 64)},
		craftedSection{".symtab", elf.SHT_SYMTAB, 0, 0, uint32(len(c.sections) + 3), elf.Sym64Size, symbols},
		craftedSection{".strtab", elf.SHT_STRTAB, 0, 0, 0, 0, names})
	return c
}

func rawEntry(name uint32, kind elf.SymType, home uint16, value, size uint64) []byte {
	var raw bytes.Buffer
	_ = binary.Write(&raw, binary.LittleEndian, elf.Sym64{Name: name, Info: byte(elf.STB_GLOBAL)<<4 | byte(kind), Shndx: home, Value: value, Size: size})
	return raw.Bytes()
}

func (c crafted) bytes() []byte {
	var names, body, headers bytes.Buffer
	names.WriteByte(0)
	const headerBytes, programBytes = 64, 56
	sections := append(append([]craftedSection{{}}, c.sections...), craftedSection{name: ".shstrtab", kind: elf.SHT_STRTAB})
	for i, s := range sections {
		nameAt := names.Len()
		names.WriteString(s.name + "\x00")
		if i == len(sections)-1 {
			s.content = names.Bytes()
		}
		_ = binary.Write(&headers, binary.LittleEndian, elf.Section64{
			Name: uint32(nameAt), Type: uint32(s.kind), Flags: uint64(s.flags), Addr: s.address,
			Off: uint64(headerBytes + programBytes + body.Len()), Size: uint64(len(s.content)), Link: s.link, Entsize: s.entry,
		})
		body.Write(s.content)
	}
	var file bytes.Buffer
	header := elf.Header64{
		Type: uint16(elf.ET_DYN), Machine: uint16(elf.EM_X86_64), Version: 1, Phoff: headerBytes,
		Shoff: uint64(headerBytes + programBytes + body.Len()), Ehsize: headerBytes, Phentsize: programBytes, Phnum: 1,
		Shentsize: 64, Shnum: uint16(len(sections)), Shstrndx: uint16(len(sections) - 1),
	}
	copy(header.Ident[:], "\x7fELF\x02\x01\x01")
	_ = binary.Write(&file, binary.LittleEndian, header)
	_ = binary.Write(&file, binary.LittleEndian, elf.Prog64{
		Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: codeStart, Filesz: codeEnd - codeStart, Memsz: codeEnd - codeStart,
	})
	file.Write(body.Bytes())
	file.Write(headers.Bytes())
	return file.Bytes()
}

func parseBytes(content []byte) (loaded, *counters, error) {
	counted := newCounters()
	opened := inMemory(content)
	file, err := readImage(opened, opened.size)
	if err != nil {
		return loaded{}, counted, err
	}
	result, err := (&loader{counters: counted, own: noRoot{}}).parse(file, noRoot{}, "/crafted")
	return result, counted, err
}

func TestCraftedFileIsGood(t *testing.T) {
	names := []byte("\x00first\x00memcpy@@GLIBC_2.14\x00$x\x00data\x00label\x00first_before@V1\x00")
	symbols := bytes.Join([][]byte{
		make([]byte, 24), rawEntry(1, elf.STT_FUNC, 1, 0x1000, 0x20), rawEntry(7, elf.STT_GNU_IFUNC, 1, 0x1020, 0x10),
		rawEntry(26, elf.STT_NOTYPE, 1, 0x1004, 0), rawEntry(29, elf.STT_OBJECT, 1, 0x1030, 8), rawEntry(34, elf.STT_NOTYPE, 1, 0x1030, 0),
		rawEntry(40, elf.STT_FUNC, 1, 0x1000, 0x20), rawEntry(1, elf.STT_FUNC, 0, 0x1038, 4), rawEntry(1, elf.STT_FUNC, 1, 0xffffff, 4),
	}, nil)
	result, _, err := parseBytes(crafted{}.symbolTable(symbols, names).bytes())
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[uint64]string{0x1000: "first", 0x1004: "first", 0x1020: "memcpy", 0x1030: "label", 0x103f: "label", 0x1040: "", 0xffffff: ""} {
		if found, _ := result.table.Lookup(address); found.Name != want {
			t.Errorf("%#x: got %q, want %q", address, found.Name, want)
		}
	}
}

func TestHostileFiles(t *testing.T) {
	one := rawEntry(1, elf.STT_FUNC, 1, 0x1000, 0x20)
	good := crafted{}.symbolTable(append(make([]byte, 24), one...), []byte("\x00name\x00"))
	patch := func(offset int, value any) []byte {
		content := good.bytes()
		var raw bytes.Buffer
		if err := binary.Write(&raw, binary.LittleEndian, value); err != nil {
			t.Fatal(err)
		}
		copy(content[offset:], raw.Bytes())
		return content
	}
	sectionsAt := int(binary.LittleEndian.Uint64(good.bytes()[40:]))
	field := func(index, offset int) int { return sectionsAt + 64*index + offset }
	for _, test := range []struct {
		name    string
		content []byte
		want    Reason
	}{
		{"good", good.bytes(), ""},
		{"text", []byte(strings.Repeat("#!/bin/sh\n", 20)), ReasonNotELF},
		{"magic alone", append([]byte("\x7fELF"), make([]byte, 60)...), ReasonNotELF},
		{"big-endian", patch(5, uint8(2)), ReasonNotELF},
		{"unknown class", patch(4, uint8(9)), ReasonNotELF},
		{"64-bit header cut off", good.bytes()[:60], ReasonNotELF},
		{"program headers beyond the end", patch(32, uint64(math.MaxUint64-8)), ReasonMalformed},
		{"program headers of odd size", patch(54, uint16(1)), ReasonMalformed},
		{"65,535 program headers", patch(56, uint16(65535)), ReasonMalformed},
		{"section headers beyond the end", patch(40, uint64(math.MaxUint64-8)), ReasonMalformed},
		{"65,535 section headers", patch(60, uint16(65535)), ReasonMalformed},
		{"no section headers, number in a section that is not there", append(patch(60, uint16(0))[:sectionsAt], 0), ReasonMalformed},
		{"number of sections in the first one, 2^63", func() []byte {
			content := patch(field(0, 32), uint64(1)<<63)
			binary.LittleEndian.PutUint16(content[60:], 0)
			return content
		}(), ReasonMalformed},
		{"section names beyond the sections", patch(62, uint16(60000)), ""},
		{"section names beyond the end", patch(field(4, 32), uint64(math.MaxUint64)), ReasonMalformed},
		{"symbols beyond the end", patch(field(2, 24), uint64(math.MaxInt64)), ReasonMalformed},
		{"symbols of 2^64-1 bytes", patch(field(2, 32), uint64(math.MaxUint64)), ReasonMalformed},
		{"symbols of another size", patch(field(2, 56), uint64(1)), ReasonMalformed},
		{"symbols without a string table", patch(field(2, 40), uint32(math.MaxUint32)), ReasonMalformed},
		{"symbols whose strings are themselves", patch(field(2, 40), uint32(2)), ReasonNoSymbols},
		{"strings beyond the end", patch(field(3, 24), uint64(math.MaxInt64)), ReasonMalformed},
		{"compressed symbols", patch(field(2, 8), uint64(elf.SHF_COMPRESSED)), ReasonMalformed},
		{"a name beyond the strings", patch(64+56+64+24, uint32(math.MaxUint32)), ReasonNoSymbols},
		{"a symbol in section 65,000", patch(64+56+64+24+6, uint16(65000)), ""},
		{"a symbol of 2^64-1 bytes", patch(64+56+64+24+16, uint64(math.MaxUint64)), ""},
		{"a symbol at the end of memory", patch(64+56+64+24+8, uint64(math.MaxUint64)), ReasonNoSymbols},
		{"a segment that wraps around", patch(64+40, uint64(math.MaxUint64)), ReasonNoSymbols},
		{"nothing but headers", crafted{}.bytes(), ReasonNoSymbols},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, _, err := parseBytes(test.content)
			if got := reasonOf(err); got != test.want {
				t.Fatalf("got %q (%v), want %q", got, err, test.want)
			}
			if err != nil {
				return
			}
			if last := result.table.starts[len(result.table.starts)-1]; last > codeEnd {
				t.Errorf("a range reaches %#x, beyond the code", last)
			}
		})
	}
}

// TestHostileNamesStayBounded has 100,000 symbols whose names are all but the whole string table.
func TestHostileNamesStayBounded(t *testing.T) {
	var symbols bytes.Buffer
	for i := range uint64(100_000) {
		symbols.Write(rawEntry(uint32(1+i), elf.STT_FUNC, 1, codeStart+i%(codeEnd-codeStart), 1))
	}
	content := crafted{}.symbolTable(symbols.Bytes(), bytes.Repeat([]byte("n"), 200_000)).bytes()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := parseBytes(content)
	runtime.ReadMemStats(&after)
	if reasonOf(err) != ReasonTooMany {
		t.Errorf("got %v", err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 10*maxTableNameBytes {
		t.Errorf("%d bytes were allocated", used)
	}
}

func TestTooManySymbols(t *testing.T) {
	symbols := bytes.Repeat(rawEntry(1, elf.STT_FUNC, 1, codeStart, 1), maxTableSymbols+1)
	if _, _, err := parseBytes(crafted{}.symbolTable(symbols, []byte("\x00n\x00")).bytes()); reasonOf(err) != ReasonTooMany {
		t.Errorf("got %v", err)
	}
}

func TestBuildID(t *testing.T) {
	note := func(name string, kind uint32, description string) []byte {
		raw := binary.LittleEndian.AppendUint32(nil, uint32(len(name)))
		raw = binary.LittleEndian.AppendUint32(raw, uint32(len(description)))
		raw = binary.LittleEndian.AppendUint32(raw, kind)
		pad := func(s string) string { return s + strings.Repeat("\x00", (4-len(s)%4)%4) }
		return append(raw, pad(name)+pad(description)...)
	}
	for _, test := range []struct {
		name  string
		notes []byte
		want  string
	}{
		{"none", nil, ""},
		{"one", note("GNU\x00", 3, "\x01\x02\x03"), "010203"},
		{"after another", append(note("stapsdt\x00", 3, "abcde"), note("GNU\x00", 3, "\xff")...), "ff"},
		{"of another type", note("GNU\x00", 1, "\xff"), ""},
		{"cut off", note("GNU\x00", 3, "\x01\x02\x03\x04\x05\x06\x07\x08")[:18], ""},
		{"of absurd sizes", binary.LittleEndian.AppendUint64(note("GNU\x00", 3, "")[:0], math.MaxUint64), ""},
		{"far too long", note("GNU\x00", 3, strings.Repeat("x", 100)), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			content := crafted{sections: []craftedSection{{name: ".note.gnu.build-id", kind: elf.SHT_NOTE, content: test.notes}}}.bytes()
			file, err := readImage(bytes.NewReader(content), int64(len(content)))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := file.buildID(); got != test.want || err != nil {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestDebugLinkNames(t *testing.T) {
	for _, test := range []struct {
		name, content, want string
		refused             Reason
	}{
		{"good", "a.debug\x00\x01\x00\x00\x00", "a.debug", ""},
		{"padded", "ab\x00\x00\x01\x00\x00\x00", "ab", ""},
		{"a path", "../../etc/shadow\x00\x00\x00\x00\x01\x00\x00\x00", "", ReasonMalformed},
		{"the folder above", "..\x00\x00\x01\x00\x00\x00", "", ReasonMalformed},
		{"without an end", "abcdefgh", "", ReasonMalformed},
		{"without a checksum", "abcdefg\x00", "", ReasonMalformed},
		{"far too long", strings.Repeat("x", 300) + "\x00\x00\x00\x00\x00\x00\x00", "", ReasonMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			content := crafted{sections: []craftedSection{{name: ".gnu_debuglink", kind: elf.SHT_PROGBITS, content: []byte(test.content)}}}.bytes()
			file, err := readImage(bytes.NewReader(content), int64(len(content)))
			if err != nil {
				t.Fatal(err)
			}
			name, _, err := file.debugLink()
			if name != test.want || reasonOf(err) != test.refused {
				t.Errorf("got %q, %v", name, err)
			}
		})
	}
}

// craftedGo is a .gopclntab of two functions in the layout of one version.
func craftedGo(magic uint32, text uint64) []byte {
	le := binary.LittleEndian
	header := le.AppendUint32(nil, magic)
	header = append(header, 0, 0, 1, 8)
	names := []byte("main.first\x00main.second\x00")
	words := func(values ...uint64) {
		for _, value := range values {
			header = le.AppendUint64(header, value)
		}
	}
	switch magic {
	case goMagic12: // count, (address, data)*, end; data: address of 8 bytes, name of 4
		const dataAt = 8 + 8 + 5*8
		nameAt := uint32(dataAt + 2*12)
		words(2, codeStart, dataAt, codeStart+0x10, dataAt+12, codeStart+0x20)
		header = le.AppendUint32(le.AppendUint64(header, codeStart), nameAt)
		header = le.AppendUint32(le.AppendUint64(header, codeStart+0x10), nameAt+11)
		return append(append(header, names...), make([]byte, 16)...)
	case goMagic116:
		const namesAt = 8 + 7*8
		words(2, 0, namesAt, 0, 0, 0, namesAt+uint64(len(names)))
		header = append(header, names...)
		const dataAt = 5 * 8
		words(codeStart, dataAt, codeStart+0x10, dataAt+12, codeStart+0x20)
		header = le.AppendUint32(le.AppendUint64(header, codeStart), 0)
		header = le.AppendUint32(le.AppendUint64(header, codeStart+0x10), 11)
	default:
		const namesAt = 8 + 8*8
		words(2, 0, text, namesAt, 0, 0, 0, namesAt+uint64(len(names)))
		header = append(header, names...)
		const dataAt = 5 * 4
		for _, value := range []uint32{0, dataAt, 0x10, dataAt + 8, 0x20, 0, 0, 0x10, 11} {
			header = le.AppendUint32(header, value)
		}
	}
	return append(header, make([]byte, 16)...)
}

func craftedGoFile(table []byte, textBytes int) []byte {
	return crafted{sections: []craftedSection{
		{name: ".text", kind: elf.SHT_PROGBITS, flags: elf.SHF_EXECINSTR, address: codeStart, content: make([]byte, textBytes)},
		{name: ".gopclntab", kind: elf.SHT_PROGBITS, content: table},
	}}.bytes()
}

func TestGoTables(t *testing.T) {
	for _, test := range []struct {
		name    string
		content []byte
		refused Reason
	}{
		{"Go 1.2", craftedGoFile(craftedGo(goMagic12, 0), 0x20), ""},
		{"Go 1.16", craftedGoFile(craftedGo(goMagic116, 0), 0x20), ""},
		{"Go 1.18", craftedGoFile(craftedGo(goMagic118, codeStart), 0x20), ""},
		{"Go 1.20, its text begins where the header says", craftedGoFile(craftedGo(goMagic120, codeStart), 0x4000), ""},
		{"Go 1.26, its text is the section", craftedGoFile(craftedGo(goMagic120, 0), 0x20), ""},
		{"Go 1.26 with C code, its text is somewhere", craftedGoFile(craftedGo(goMagic120, 0), 0x4000), ReasonTextStart},
		{"a version to come", craftedGoFile(craftedGo(0xffffff00, 0), 0x20), ReasonMalformed},
		{"empty", craftedGoFile(nil, 0x20), ReasonMalformed},
		{"more functions than bytes", craftedGoFile(append(craftedGo(goMagic116, 0)[:8], bytes.Repeat([]byte{0xff}, 100)...), 0x20), ReasonMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, counted, err := parseBytes(test.content)
			if test.refused != "" {
				if reasonOf(err) != ReasonNoSymbols || counted.snapshot()[counterRefused+string(test.refused)] != 1 {
					t.Errorf("got %v, %v", err, counted.snapshot())
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for address, want := range map[uint64]string{codeStart: "main.first", codeStart + 0x1f: "main.second", codeStart + 0x20: ""} {
				if found, _ := result.table.Lookup(address); found.Name != want {
					t.Errorf("%#x: got %q, want %q", address, found.Name, want)
				}
			}
		})
	}
}
