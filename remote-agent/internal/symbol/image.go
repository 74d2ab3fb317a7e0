package symbol

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"io"
)

// Bounds of an image. debug/elf is not used for reading: it allocates by what the headers say, gigabytes for a large file
// of section headers.
const (
	maxSegments         = 1024
	maxExecutable       = 64 // each symbol is looked up in all of them
	maxSections         = 1 << 16
	maxSectionNameBytes = 1 << 20
	maxNoteBytes        = 64 << 10
	maxNotes            = 32
)

// segment is an address range [start, end) of the file's virtual addresses that is loaded executable.
type segment struct{ start, end uint64 }

// part is a range of bytes of the file that is known to lie within it.
type part struct{ offset, size int64 }

// section is a section header. Its bytes may lie outside of the file: see image.bytesOf.
type section struct {
	name         string
	kind         elf.SectionType
	flags        elf.SectionFlag
	address      uint64
	offset, size uint64
	link         uint32
	entrySize    uint64
}

// image is an ELF file's headers: little-endian, 32 or 64 bits. Nothing of it was believed without a look at the file's size.
type image struct {
	reader io.ReaderAt
	size   int64
	class  elf.Class
	kind   elf.Type
	// segments are the executable ones, in the file's order.
	segments []segment
	sections []section
	notes    []part
}

// readImage reads the headers. Memory use is bounded by maxSections.
func readImage(reader io.ReaderAt, size int64) (*image, error) {
	var raw [64]byte
	header := raw[:min(size, int64(len(raw)))]
	if err := readFullAt(reader, header, 0); err != nil {
		return nil, err
	}
	if len(header) < 52 || !bytes.HasPrefix(header, []byte(elf.ELFMAG)) {
		return nil, refuse(ReasonNotELF, "no ELF magic")
	}
	if elf.Data(header[elf.EI_DATA]) != elf.ELFDATA2LSB {
		return nil, refuse(ReasonNotELF, "byte order %d is not little-endian", header[elf.EI_DATA])
	}
	file := &image{reader: reader, size: size, class: elf.Class(header[elf.EI_CLASS])}
	file.kind = elf.Type(binary.LittleEndian.Uint16(header[16:]))
	var tables headerTables
	switch {
	case file.class == elf.ELFCLASS64 && len(header) >= 64:
		tables = headerTables64(header)
	case file.class == elf.ELFCLASS32:
		tables = headerTables32(header)
	default:
		return nil, refuse(ReasonNotELF, "class %d", header[elf.EI_CLASS])
	}
	if err := file.readSegments(tables); err != nil {
		return nil, err
	}
	if err := file.readSections(tables); err != nil {
		return nil, err
	}
	return file, nil
}

// headerTables says where the program and section headers are.
type headerTables struct {
	programs, sections                      uint64
	programSize, programCount               int
	sectionSize, sectionCount, sectionNames int
}

func headerTables64(header []byte) headerTables {
	le := binary.LittleEndian
	return headerTables{
		programs: le.Uint64(header[32:]), sections: le.Uint64(header[40:]),
		programSize: int(le.Uint16(header[54:])), programCount: int(le.Uint16(header[56:])),
		sectionSize: int(le.Uint16(header[58:])), sectionCount: int(le.Uint16(header[60:])), sectionNames: int(le.Uint16(header[62:])),
	}
}

func headerTables32(header []byte) headerTables {
	le := binary.LittleEndian
	return headerTables{
		programs: uint64(le.Uint32(header[28:])), sections: uint64(le.Uint32(header[32:])),
		programSize: int(le.Uint16(header[42:])), programCount: int(le.Uint16(header[44:])),
		sectionSize: int(le.Uint16(header[46:])), sectionCount: int(le.Uint16(header[48:])), sectionNames: int(le.Uint16(header[50:])),
	}
}

// within says whether bytes lie inside of the file, without overflow.
func (f *image) within(offset, size uint64) bool {
	return offset <= uint64(f.size) && size <= uint64(f.size)-offset
}

func (f *image) readTable(what string, offset uint64, entrySize, wantSize, count, most int) ([]byte, error) {
	if count > most {
		return nil, refuse(ReasonMalformed, "%d %s headers, at most %d are read", count, what, most)
	}
	if entrySize != wantSize || !f.within(offset, uint64(entrySize)*uint64(count)) {
		return nil, refuse(ReasonMalformed, "%d %s headers of %d bytes at %d do not fit the file", count, what, entrySize, offset)
	}
	table := make([]byte, entrySize*count)
	return table, readFullAt(f.reader, table, int64(offset))
}

func (f *image) readSegments(tables headerTables) error {
	if tables.programCount == 0 {
		return nil
	}
	wantSize := 56
	if f.class == elf.ELFCLASS32 {
		wantSize = 32
	}
	table, err := f.readTable("program", tables.programs, tables.programSize, wantSize, tables.programCount, maxSegments)
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	for ; len(table) > 0; table = table[wantSize:] {
		kind := elf.ProgType(le.Uint32(table))
		var flags elf.ProgFlag
		var offset, address, fileSize, memorySize uint64
		if f.class == elf.ELFCLASS64 {
			flags = elf.ProgFlag(le.Uint32(table[4:]))
			offset, address = le.Uint64(table[8:]), le.Uint64(table[16:])
			fileSize, memorySize = le.Uint64(table[32:]), le.Uint64(table[40:])
		} else {
			offset, address = uint64(le.Uint32(table[4:])), uint64(le.Uint32(table[8:]))
			fileSize, memorySize = uint64(le.Uint32(table[16:])), uint64(le.Uint32(table[20:]))
			flags = elf.ProgFlag(le.Uint32(table[24:]))
		}
		switch {
		case kind == elf.PT_LOAD && flags&elf.PF_X != 0:
			// Memory size, not file size: a separate debug file keeps its headers and none of the code.
			if end := address + memorySize; end > address && len(f.segments) < maxExecutable {
				f.segments = append(f.segments, segment{address, end})
			}
		case kind == elf.PT_NOTE && len(f.notes) < maxNotes && f.within(offset, fileSize):
			f.notes = append(f.notes, part{int64(offset), int64(min(fileSize, maxNoteBytes))})
		}
	}
	return nil
}

func (f *image) readSections(tables headerTables) error {
	if tables.sections == 0 {
		return nil // Stripped of section headers: legal, and nothing to read names from.
	}
	wantSize := 64
	if f.class == elf.ELFCLASS32 {
		wantSize = 40
	}
	count, names := tables.sectionCount, tables.sectionNames
	if count == 0 || names == int(elf.SHN_XINDEX) {
		// More than 65,279 sections: the first header holds the numbers.
		first, err := f.readTable("section", tables.sections, tables.sectionSize, wantSize, 1, 1)
		if err != nil {
			return err
		}
		header, _ := f.parseSection(first)
		if count == 0 {
			if header.size > maxSections {
				return refuse(ReasonMalformed, "%d section headers, at most %d are read", header.size, maxSections)
			}
			count = int(header.size)
		}
		if names == int(elf.SHN_XINDEX) {
			names = int(header.link)
		}
	}
	table, err := f.readTable("section", tables.sections, tables.sectionSize, wantSize, count, maxSections)
	if err != nil {
		return err
	}
	f.sections = make([]section, 0, count)
	nameOffsets := make([]uint32, 0, count)
	for ; len(table) > 0; table = table[wantSize:] {
		header, nameOffset := f.parseSection(table)
		f.sections = append(f.sections, header)
		nameOffsets = append(nameOffsets, nameOffset)
		if header.kind == elf.SHT_NOTE && len(f.notes) < maxNotes && f.within(header.offset, header.size) {
			f.notes = append(f.notes, part{int64(header.offset), int64(min(header.size, maxNoteBytes))})
		}
	}
	return f.nameSections(names, nameOffsets)
}

// nameSections sets the names. A file without them still has its symbol tables, which are found by type.
func (f *image) nameSections(names int, offsets []uint32) error {
	if names <= 0 || names >= len(f.sections) {
		return nil
	}
	span, ok := f.bytesOf(&f.sections[names])
	if !ok || span.size > maxSectionNameBytes {
		return refuse(ReasonMalformed, "section names of %d bytes do not fit the file", f.sections[names].size)
	}
	table := make([]byte, span.size)
	if err := readFullAt(f.reader, table, span.offset); err != nil {
		return err
	}
	// The names that matter are short; a long one is not worth the memory of 65,536 copies.
	const longest = 64
	for i, offset := range offsets {
		if int64(offset) >= span.size {
			continue
		}
		name := table[offset:min(int64(offset)+longest, span.size)]
		if end := bytes.IndexByte(name, 0); end >= 0 {
			f.sections[i].name = string(name[:end])
		}
	}
	return nil
}

func (f *image) parseSection(raw []byte) (section, uint32) {
	le := binary.LittleEndian
	parsed := section{kind: elf.SectionType(le.Uint32(raw[4:]))}
	if f.class == elf.ELFCLASS64 {
		parsed.flags = elf.SectionFlag(le.Uint64(raw[8:]))
		parsed.address, parsed.offset, parsed.size = le.Uint64(raw[16:]), le.Uint64(raw[24:]), le.Uint64(raw[32:])
		parsed.link, parsed.entrySize = le.Uint32(raw[40:]), le.Uint64(raw[56:])
	} else {
		parsed.flags = elf.SectionFlag(le.Uint32(raw[8:]))
		parsed.address, parsed.offset = uint64(le.Uint32(raw[12:])), uint64(le.Uint32(raw[16:]))
		parsed.size, parsed.link, parsed.entrySize = uint64(le.Uint32(raw[20:])), le.Uint32(raw[24:]), uint64(le.Uint32(raw[36:]))
	}
	return parsed, le.Uint32(raw)
}

// bytesOf says where the bytes of a section are, and false where it has none in this file: compressed ones are none of ours.
func (f *image) bytesOf(s *section) (part, bool) {
	if s.kind == elf.SHT_NOBITS || s.kind == elf.SHT_NULL || s.flags&elf.SHF_COMPRESSED != 0 || !f.within(s.offset, s.size) {
		return part{}, false
	}
	return part{int64(s.offset), int64(s.size)}, true
}

// sectionNamed returns the first section of a name, or nil.
func (f *image) sectionNamed(names ...string) *section {
	for i := range f.sections {
		for _, name := range names {
			if f.sections[i].name == name {
				return &f.sections[i]
			}
		}
	}
	return nil
}

// buildID returns the GNU build-id in hex, "" where there is none.
func (f *image) buildID() (string, error) {
	for _, span := range f.notes {
		notes := make([]byte, span.size)
		if err := readFullAt(f.reader, notes, span.offset); err != nil {
			return "", err
		}
		if id := findBuildID(notes); id != nil {
			return hex.EncodeToString(id), nil
		}
	}
	return "", nil
}

// findBuildID walks notes: name size, description size, type, then name and description padded to 4 bytes.
func findBuildID(notes []byte) []byte {
	const typeBuildID, longest = 3, 64
	le := binary.LittleEndian
	for len(notes) >= 12 {
		nameSize, descriptionSize, kind := uint64(le.Uint32(notes)), uint64(le.Uint32(notes[4:])), le.Uint32(notes[8:])
		name := 12 + (nameSize+3)&^3
		next := name + (descriptionSize+3)&^3
		if name+descriptionSize > uint64(len(notes)) {
			return nil
		}
		if kind == typeBuildID && nameSize == 4 && string(notes[12:16]) == "GNU\x00" && descriptionSize > 0 && descriptionSize <= longest {
			return notes[name : name+descriptionSize]
		}
		if next > uint64(len(notes)) {
			return nil
		}
		notes = notes[next:]
	}
	return nil
}
