package symbol

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"slices"
)

// maxSymbolEntries bounds the entries that are looked at: data symbols and undefined ones are skipped, but must be read.
const maxSymbolEntries = 8 << 20

// addSymbols reads the function symbols of the first section of a type: SHT_SYMTAB or SHT_DYNSYM. It says whether the file has one.
func (b *tableBuilder) addSymbols(file *image, kind elf.SectionType) (bool, error) {
	for i := range file.sections {
		table := &file.sections[i]
		if table.kind != kind || table.size == 0 {
			continue
		}
		span, ok := file.bytesOf(table)
		if !ok {
			if table.kind == elf.SHT_NOBITS {
				continue
			}
			return false, refuse(ReasonMalformed, "symbol table %q does not lie in the file", table.name)
		}
		if int(table.link) >= len(file.sections) {
			return false, refuse(ReasonMalformed, "symbol table %q names string table %d of %d sections", table.name, table.link, len(file.sections))
		}
		stringTable, ok := file.bytesOf(&file.sections[table.link])
		if !ok {
			return false, refuse(ReasonMalformed, "strings of symbol table %q do not lie in the file", table.name)
		}
		err := b.all(func(first int) error {
			if err := b.readEntries(file, span, table.entrySize, stringTable.size, file.versionsOf(i)); err != nil {
				return err
			}
			return b.readNames(first, file, stringTable)
		})
		return err == nil, err
	}
	return false, nil
}

// all adds symbols or, when that ends in an error, none.
func (b *tableBuilder) all(add func(first int) error) error {
	first := len(b.symbols)
	err := add(first)
	if err != nil {
		b.symbols = b.symbols[:first]
	}
	return err
}

// readEntries streams a symbol table and keeps what can name code; names are still offsets in the string table.
// versions may be nil.
func (b *tableBuilder) readEntries(file *image, span part, entrySize uint64, stringBytes int64, versions *windowReader) error {
	wantSize := int64(elf.Sym64Size)
	if file.class == elf.ELFCLASS32 {
		wantSize = elf.Sym32Size
	}
	if entrySize != uint64(wantSize) {
		return refuse(ReasonMalformed, "symbol entries of %d bytes, not %d", entrySize, wantSize)
	}
	count := span.size / wantSize
	if count > maxSymbolEntries {
		return refuse(ReasonTooMany, "%d symbols, at most %d are read", count, maxSymbolEntries)
	}
	window := &windowReader{reader: file.reader, base: span.offset, size: span.size}
	for i := range count {
		entry, err := window.at(i*wantSize, int(wantSize))
		if err != nil {
			return err
		}
		found, ok := parseSymbol(file, entry)
		if !ok || int64(found.name) >= stringBytes {
			continue
		}
		if len(b.symbols) >= maxTableSymbols {
			return refuse(ReasonTooMany, "more than %d function symbols", maxTableSymbols)
		}
		if old, err := isOldVersion(versions, i); err != nil {
			return err
		} else if old {
			found.rank &^= rankCurrent
		}
		b.symbols = append(b.symbols, found)
	}
	return nil
}

// versionsOf returns the section that runs parallel to a dynamic symbol table and says the version of each, or nil.
func (f *image) versionsOf(table int) *windowReader {
	for i := range f.sections {
		section := &f.sections[i]
		if span, ok := f.bytesOf(section); ok && section.kind == elf.SHT_GNU_VERSYM && int(section.link) == table {
			return &windowReader{reader: f.reader, base: span.offset, size: span.size}
		}
	}
	return nil
}

// isOldVersion says whether a dynamic symbol is there for programs that were linked long ago only: new ones cannot see it.
func isOldVersion(versions *windowReader, index int64) (bool, error) {
	const size, hidden = 2, 0x8000
	if versions == nil || (index+1)*size > versions.size {
		return false, nil
	}
	raw, err := versions.at(index*size, size)
	if err != nil {
		return false, err
	}
	return binary.LittleEndian.Uint16(raw)&hidden != 0, nil
}

// parseSymbol reads one entry and says whether it can name code.
func parseSymbol(file *image, entry []byte) (symbol, bool) {
	le := binary.LittleEndian
	parsed := symbol{name: le.Uint32(entry)}
	var size uint64
	var info byte
	var home elf.SectionIndex
	if file.class == elf.ELFCLASS64 {
		info, home = entry[4], elf.SectionIndex(le.Uint16(entry[6:]))
		parsed.start, size = le.Uint64(entry[8:]), le.Uint64(entry[16:])
	} else {
		parsed.start, size = uint64(le.Uint32(entry[4:])), uint64(le.Uint32(entry[8:]))
		info, home = entry[12], elf.SectionIndex(le.Uint16(entry[14:]))
	}
	kind := elf.ST_TYPE(info)
	isFunction := kind == elf.STT_FUNC || kind == elf.STT_GNU_IFUNC
	if parsed.name == 0 || home == elf.SHN_UNDEF || !isFunction && (kind != elf.STT_NOTYPE || home == elf.SHN_ABS) {
		return symbol{}, false
	}
	inside := slices.IndexFunc(file.segments, func(s segment) bool { return parsed.start >= s.start && parsed.start < s.end })
	if inside < 0 {
		return symbol{}, false
	}
	parsed.limit = file.segments[inside].end
	if home < elf.SHN_LORESERVE && int(home) < len(file.sections) {
		section := &file.sections[home]
		if !isFunction && section.flags&elf.SHF_EXECINSTR == 0 {
			return symbol{}, false
		}
		if end := section.address + section.size; section.address <= parsed.start && end > parsed.start {
			parsed.limit = min(parsed.limit, end)
		}
	}
	parsed.end = parsed.start + min(size, parsed.limit-parsed.start)
	parsed.rank = rankOf(elf.ST_BIND(info), isFunction)
	return parsed, true
}

func rankOf(binding elf.SymBind, isFunction bool) rank {
	result := rankCurrent
	if binding != elf.STB_LOCAL {
		result |= rankGlobal
	}
	if binding != elf.STB_WEAK {
		result |= rankStrong
	}
	if isFunction {
		result |= rankFunction
	}
	return result
}

// readNames replaces string table offsets of the symbols from index first on by offsets in b.names. It goes through the
// string table once from front to back, in pieces: the tables of large programs have hundreds of megabytes.
func (b *tableBuilder) readNames(first int, file *image, stringTable part) error {
	added := b.symbols[first:]
	slices.SortFunc(added, func(a, other symbol) int { return cmp.Compare(a.name, other.name) })
	window := &windowReader{reader: file.reader, base: stringTable.offset, size: stringTable.size}
	kept := added[:0]
	const unread, useless = -1, -2
	lastOffset, lastName, lastOld := uint32(0), int64(unread), false // symbols of one name follow each other
	for _, current := range added {
		if lastName == unread || current.name != lastOffset {
			name, old, err := readName(window, int64(current.name))
			if err != nil {
				return err
			}
			if len(b.names)+len(name)+1 > maxTableNameBytes {
				return refuse(ReasonTooMany, "more than %d bytes of names", maxTableNameBytes)
			}
			lastOffset, lastName, lastOld = current.name, useless, old
			if isUsefulName(name) {
				lastName = int64(len(b.names))
				b.names = append(append(b.names, name...), 0)
			}
		}
		if lastName != useless {
			current.name = uint32(lastName)
			if lastOld {
				current.rank &^= rankCurrent
			}
			kept = append(kept, current)
		}
	}
	b.symbols = b.symbols[:first+len(kept)]
	return nil
}

// readName returns the string at an offset without a symbol version, cut at maxNameBytes, and whether that version is an old
// one. Valid until the window moves.
func readName(window *windowReader, offset int64) (name []byte, old bool, err error) {
	const usual = 256
	if name, err = window.at(offset, usual); err != nil {
		return nil, false, err
	}
	end := bytes.IndexByte(name, 0)
	if end < 0 && len(name) == usual {
		if name, err = window.at(offset, maxNameBytes); err != nil {
			return nil, false, err
		}
		end = bytes.IndexByte(name, 0)
	}
	if end >= 0 {
		name = name[:end]
	}
	// memcpy@@GLIBC_2.14 is what a new program is linked with, memcpy@GLIBC_2.2.5 is for old ones.
	if at := bytes.IndexByte(name, '@'); at > 0 {
		return name[:at], !bytes.HasPrefix(name[at:], []byte("@@")), nil
	}
	return name, false, nil
}

// isUsefulName leaves out mapping symbols of arm64 ($x, $d) and labels that assemblers keep (.L123).
func isUsefulName(name []byte) bool {
	return len(name) > 0 && name[0] != '$' && !bytes.HasPrefix(name, []byte(".L"))
}
