package symbol

import (
	"debug/elf"
	"encoding/binary"
)

// Magic numbers of Go's function table (internal/abi/symtab.go of the Go sources).
const (
	goMagic12  = 0xfffffffb // Go 1.2 to 1.15
	goMagic116 = 0xfffffffa
	goMagic118 = 0xfffffff0
	goMagic120 = 0xfffffff1 // Go 1.20 and later
)

// goTable is the header of a .gopclntab section, which strip leaves in place. debug/gosym reads it by indexing without checks and
// recovers from the panics; here every offset is looked at.
type goTable struct {
	// pointerSize is 4 or 8, fieldSize that of an entry of the function table.
	pointerSize, fieldSize int64
	count                  int64
	// functions, names and data are offsets in the section: of the function table, of the name strings, and of what the
	// offsets of function data count from.
	functions, names, data int64
	// text is what function addresses count from; 0 where they are absolute (before Go 1.18).
	text uint64
}

// addGoFunctions reads the function names of a Go program. It says whether the file has such a table.
func (b *tableBuilder) addGoFunctions(file *image) (bool, error) {
	home := file.sectionNamed(".gopclntab", ".data.rel.ro.gopclntab")
	if home == nil {
		return false, nil
	}
	span, ok := file.bytesOf(home)
	if !ok {
		return false, refuse(ReasonMalformed, "%s does not lie in the file", home.name)
	}
	entries := &windowReader{reader: file.reader, base: span.offset, size: span.size}
	table, err := readGoHeader(file, entries)
	if err != nil {
		return false, err
	}
	if len(b.symbols)+int(table.count) > maxTableSymbols {
		return false, refuse(ReasonTooMany, "%d Go functions, at most %d are read", table.count, maxTableSymbols)
	}
	err = b.all(func(first int) error {
		if err := b.readGoEntries(file, table, entries); err != nil {
			return err
		}
		return b.readNames(first, file, part{span.offset + table.names, span.size - table.names})
	})
	return err == nil, err
}

func readGoHeader(file *image, section *windowReader) (goTable, error) {
	le := binary.LittleEndian
	const headerBytes = 8 + 8*8
	header, err := section.at(0, headerBytes)
	if err != nil {
		return goTable{}, err
	}
	if len(header) < headerBytes {
		return goTable{}, refuse(ReasonMalformed, "Go table of %d bytes", len(header))
	}
	table := goTable{pointerSize: int64(header[7])}
	if table.pointerSize != 4 && table.pointerSize != 8 {
		return goTable{}, refuse(ReasonMalformed, "Go table for pointers of %d bytes", table.pointerSize)
	}
	word := func(index int64) int64 {
		raw := header[8+index*table.pointerSize:]
		if table.pointerSize == 4 {
			return int64(le.Uint32(raw))
		}
		return int64(le.Uint64(raw))
	}
	table.count, table.fieldSize = word(0), table.pointerSize
	relative := false
	switch magic := le.Uint32(header); magic {
	case goMagic12:
		table.functions = 8 + table.pointerSize // names and data count from the beginning of the section
	case goMagic116:
		table.names, table.functions, table.data = word(2), word(6), word(6)
	case goMagic118, goMagic120:
		table.names, table.functions, table.data, table.fieldSize, relative = word(3), word(7), word(7), 4, true
	default:
		return goTable{}, refuse(ReasonMalformed, "unknown Go table %#x", magic)
	}
	room := section.size - table.functions
	if table.names < 0 || table.names >= section.size || table.functions < 0 || room <= 0 ||
		table.count <= 0 || table.count > room/(2*table.fieldSize) {
		return goTable{}, refuse(ReasonMalformed, "Go table of %d functions does not fit its section", table.count)
	}
	if relative {
		// The table of the functions ends with the address where the last one ends.
		last, err := section.at(table.functions+table.count*8, 4)
		if err != nil || len(last) < 4 {
			return goTable{}, refuse(ReasonMalformed, "Go table without an end")
		}
		end := uint64(le.Uint32(last))
		if table.text, err = goTextStart(file, uint64(word(2)), end); err != nil {
			return goTable{}, err
		}
	}
	return table, nil
}

// goTextStart tells what the addresses of a Go >= 1.18 table count from: the symbol runtime.text, which a stripped program
// does not name. Up to Go 1.25 the header holds it in programs at a fixed address. Otherwise it is where .text begins, if the
// linker put nothing but Go there: the functions then fill it. In a program linked with C code they do not, and a guess
// would shift all names.
func goTextStart(file *image, fromHeader, end uint64) (uint64, error) {
	for _, s := range file.segments {
		if fromHeader != 0 && fromHeader >= s.start && fromHeader < s.end && end <= s.end-fromHeader {
			return fromHeader, nil
		}
	}
	// Go's linker leaves at most some bytes of padding behind the last function. Start-up code of C in front of the
	// first one would shift all by its size, at least the text's alignment of 32 or 64 bytes.
	const padding = 16
	text := file.sectionNamed(".text")
	if text == nil || text.address == 0 || end > text.size || text.size-end > padding {
		return 0, refuse(ReasonTextStart, "the Go functions do not fill .text, so where they begin is not certain")
	}
	return text.address, nil
}

// readGoEntries reads the function table: pairs of address and offset of the function's data, whose second field is its name.
func (b *tableBuilder) readGoEntries(file *image, table goTable, entries *windowReader) error {
	le := binary.LittleEndian
	data := &windowReader{reader: entries.reader, base: entries.base, size: entries.size}
	field := func(raw []byte) uint64 {
		if table.fieldSize == 4 {
			return uint64(le.Uint32(raw))
		}
		return le.Uint64(raw)
	}
	nameField := table.fieldSize // the entry address comes first, as wide as a field of the table
	for i := range table.count {
		raw, err := entries.at(table.functions+i*2*table.fieldSize, int(3*table.fieldSize))
		if err != nil {
			return err
		}
		if len(raw) < int(3*table.fieldSize) {
			return refuse(ReasonMalformed, "Go table ends within function %d", i)
		}
		start, offset, next := table.text+field(raw), field(raw[table.fieldSize:]), table.text+field(raw[2*table.fieldSize:])
		if offset >= uint64(data.size) {
			return refuse(ReasonMalformed, "data of Go function %d lies outside of its section", i)
		}
		nameOffset, err := data.at(table.data+int64(offset)+nameField, 4)
		if err != nil {
			return err
		}
		if len(nameOffset) < 4 || next <= start || !inSegments(file.segments, start, next) {
			continue
		}
		b.symbols = append(b.symbols, symbol{
			start: start, end: next, limit: next, name: le.Uint32(nameOffset), rank: rankOf(elf.STB_GLOBAL, true),
		})
	}
	return nil
}

func inSegments(segments []segment, start, end uint64) bool {
	for _, s := range segments {
		if start >= s.start && end <= s.end {
			return true
		}
	}
	return false
}
