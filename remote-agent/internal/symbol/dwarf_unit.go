package symbol

import (
	"debug/dwarf"
	"sort"
)

// debugUnit is one compilation unit.
type debugUnit struct {
	// offset and end are in .debug_info, entries is where its entries begin.
	offset, end, entries uint64
	version              uint16
	wide                 bool
	addressSize          uint64
	abbreviations        uint64
	// The rest is of the unit's first entry; -1 where it has none.
	lowPC, lineProgram, textBase, addressBase, rangesBase int64
	// oldRangesBase is what ranges of split units before version 5 count from.
	oldRangesBase uint64
	// splitID tells which unit of split debug information belongs to which skeleton; splitName is the file, "" in other units.
	splitID   uint64
	splitName string
	language  uint64
	directory string
}

// maxDebugUnits bounds the units of a file; a browser has some ten thousand.
const maxDebugUnits = 1 << 18

// debugReader reads units and entries of one file. Not safe for concurrent use.
type debugReader struct {
	sections *debugSections
	units    []debugUnit
	tables   map[uint64]*abbreviationTable
	// tableBytes is the memory of tables.
	tableBytes int
	// prefixes of functions are by unit and entry; see prefixIn. prefixBytes is their memory.
	prefixes    map[uint64]map[uint64]string
	prefixBytes int
	// allowed is shared with the readers of the file's companions.
	allowed *allowance
	// supplementary reads what dwz has moved out of the file; nil where there is none.
	supplementary *debugReader
	// split finds split units; nil in their own readers, where isSplit. tag keeps their entries apart in the index.
	split   *splitInformation
	isSplit bool
	tag     uint64
	// Windows over sections that are read in small pieces.
	info, text, lineText, textOffsets, addresses, ranges, rangeLists *windowReader
}

func newDebugReader(sections *debugSections, allowed *allowance) *debugReader {
	return &debugReader{
		sections: sections, tables: map[uint64]*abbreviationTable{}, prefixes: map[uint64]map[uint64]string{}, allowed: allowed,
		info: sections.info.window(), text: sections.text.window(), lineText: sections.lineText.window(),
		textOffsets: sections.textOffsets.window(), addresses: sections.addresses.window(),
		ranges: sections.ranges.window(), rangeLists: sections.rangeLists.window(),
	}
}

func (r *debugReader) spend(amount int) error { return r.allowed.spend(amount) }

// readUnits reads the headers of all units.
func (r *debugReader) readUnits() error {
	const longestHeader = 12 + 2 + 1 + 1 + 8 + 8 + 8
	for offset := uint64(0); offset < uint64(r.sections.info.size); {
		raw, err := r.info.at(int64(offset), longestHeader)
		if err != nil {
			return err
		}
		c := &cursor{bytes: raw}
		length := c.unitLength()
		begin := uint64(c.at)
		unit := debugUnit{offset: offset, wide: c.wide, version: uint16(c.fixed(2))}
		if room := uint64(r.sections.info.size) - offset - begin; c.failed || length > room || length == 0 {
			return refuse(ReasonMalformed, "a unit of %d bytes at %d does not fit .debug_info", length, offset)
		}
		unit.end = offset + begin + length
		kind := uint64(unitCompile)
		if unit.version >= 5 {
			kind = c.fixed(1)
			unit.addressSize, unit.abbreviations = c.fixed(1), c.offset()
		} else {
			unit.abbreviations, unit.addressSize = c.offset(), c.fixed(1)
		}
		if kind == unitSkeleton || kind == unitSplitCompile {
			unit.splitID = c.fixed(8)
		}
		unit.entries = offset + uint64(c.at)
		known := unit.version >= 2 && unit.version <= 5 && (unit.addressSize == 4 || unit.addressSize == 8)
		isRead := kind == unitCompile || kind == unitPartial || kind == unitSkeleton || kind == unitSplitCompile && r.isSplit
		if known && !c.failed && isRead && unit.entries <= unit.end {
			if len(r.units) >= maxDebugUnits {
				return refuse(ReasonTooMany, "more than %d units", maxDebugUnits)
			}
			r.units = append(r.units, unit)
		}
		offset = unit.end
		if err := r.spend(1); err != nil {
			return err
		}
	}
	return nil
}

// Kinds of units in version 5; others hold types.
const (
	unitCompile, unitPartial, unitSkeleton, unitSplitCompile = 1, 3, 4, 5
)

// unitAt returns the unit that an offset lies in, or nil.
func (r *debugReader) unitAt(offset uint64) *debugUnit {
	i := sort.Search(len(r.units), func(i int) bool { return r.units[i].end > offset })
	if i == len(r.units) || offset < r.units[i].entries {
		return nil
	}
	return &r.units[i]
}

func (r *debugReader) table(offset uint64) (*abbreviationTable, error) {
	if known := r.tables[offset]; known != nil {
		return known, nil
	}
	table, bytes, err := readAbbreviations(r.sections.abbreviations, offset)
	// Also where they cannot be read: every unit may name some of its own.
	if spent := r.allowed.spendBytes(bytes); spent != nil {
		return nil, spent
	}
	if err != nil {
		return nil, err
	}
	size := table.memory()
	if len(r.tables) >= maxKeptTables || r.tableBytes+size > maxKeptTableBytes {
		clear(r.tables)
		r.tableBytes = 0
	}
	r.tables[offset] = table
	r.tableBytes += size
	return table, nil
}

// debugEntry is what is read of one entry.
type debugEntry struct {
	tag                                        dwarf.Tag
	hasChildren                                bool
	name, linkageName, origin                  value
	lowPC, highPC, ranges                      value
	callFile, callLine, declFile, declLine     value
	lineProgram, directory, language           value
	textBase, addressBase, rangesBase, sibling value
	splitName, splitID                         value
}

// readEntry reads an entry at the cursor; ok is false at the end of a list of children.
func (u *debugUnit) readEntry(c *cursor, start uint64, table *abbreviationTable, into *debugEntry) (ok bool) {
	code := c.unsigned()
	if code == 0 || c.failed {
		return false
	}
	shape := table.find(code)
	if shape == nil {
		c.failed = true
		return false
	}
	*into = debugEntry{tag: shape.tag, hasChildren: shape.hasChildren}
	for i := range shape.attributes {
		a := &shape.attributes[i]
		read := u.readValue(c, start, uint64(a.form), a.implicit)
		if field := into.field(uint64(a.name)); field != nil && read.kind != valueNone {
			*field = read
		}
	}
	return !c.failed
}

func (e *debugEntry) field(name uint64) *value {
	switch dwarf.Attr(name) {
	case dwarf.AttrName:
		return &e.name
	case attributeLinkageName, attributeMIPSLinkageName:
		return &e.linkageName
	case dwarf.AttrAbstractOrigin, dwarf.AttrSpecification:
		return &e.origin
	case dwarf.AttrLowpc:
		return &e.lowPC
	case dwarf.AttrHighpc:
		return &e.highPC
	case dwarf.AttrRanges:
		return &e.ranges
	case dwarf.AttrCallFile:
		return &e.callFile
	case dwarf.AttrCallLine:
		return &e.callLine
	case dwarf.AttrDeclFile:
		return &e.declFile
	case dwarf.AttrDeclLine:
		return &e.declLine
	case dwarf.AttrStmtList:
		return &e.lineProgram
	case dwarf.AttrCompDir:
		return &e.directory
	case dwarf.AttrLanguage:
		return &e.language
	case dwarf.AttrStrOffsetsBase:
		return &e.textBase
	case dwarf.AttrAddrBase, attributeGNUAddressesBase:
		return &e.addressBase
	case dwarf.AttrRnglistsBase, attributeGNURangesBase:
		return &e.rangesBase
	case attributeSplitName, attributeGNUSplitName:
		return &e.splitName
	case attributeGNUSplitID:
		return &e.splitID
	default:
		return nil
	}
}

// readRoot reads the first entry of a unit and sets what the others need of it.
func (r *debugReader) readRoot(u *debugUnit) error {
	table, err := r.table(u.abbreviations)
	if err != nil {
		return err
	}
	const longest = 4 << 10
	raw, err := r.info.at(int64(u.entries), int(min(longest, u.end-u.entries)))
	if err != nil {
		return err
	}
	var root debugEntry
	c := &cursor{bytes: raw, wide: u.wide}
	u.lowPC, u.lineProgram = -1, -1
	u.textBase, u.addressBase, u.rangesBase = -1, -1, -1
	if !u.readEntry(c, u.entries, table, &root) {
		return refuse(ReasonMalformed, "the unit at %d has no first entry", u.offset)
	}
	offsetOf := func(v value) int64 {
		if v.kind == valueSection || v.kind == valueConstant {
			return int64(v.number)
		}
		return -1
	}
	u.lineProgram, u.textBase, u.addressBase, u.rangesBase =
		offsetOf(root.lineProgram), offsetOf(root.textBase), offsetOf(root.addressBase), offsetOf(root.rangesBase)
	if u.version >= 5 {
		// Compilers leave the base out where it is the first one behind the header.
		header := int64(8)
		if u.wide {
			header = 16
		}
		if u.textBase < 0 {
			u.textBase = header
		}
		if u.addressBase < 0 {
			u.addressBase = header
		}
	}
	u.language = root.language.number
	if low, ok := r.address(u, root.lowPC); ok {
		u.lowPC = int64(low)
	}
	directory, _, err := r.string(u, root.directory)
	u.directory = string(directory)
	if err != nil {
		return err
	}
	if root.splitID.kind == valueConstant {
		u.splitID = root.splitID.number
	}
	name, _, err := r.string(u, root.splitName)
	u.splitName = string(name)
	return err
}

// maxDebugName bounds one name; longer ones are cut.
const maxDebugName = 4 << 10

// string reads the text of a value. The bytes are valid until the next read.
func (r *debugReader) string(u *debugUnit, v value) (text []byte, ok bool, err error) {
	switch v.kind {
	case valueText:
		return textAt(r.text, v.number)
	case valueLineText:
		return textAt(r.lineText, v.number)
	case valueInline:
		return textAt(r.info, v.number)
	case valueSupplementaryText:
		if r.supplementary == nil {
			return nil, false, nil
		}
		return textAt(r.supplementary.text, v.number)
	case valueTextX:
		offset, found, err := numberAt(r.textOffsets, u.textBase, v.number, u.offsetSize())
		if err != nil || !found {
			return nil, false, err
		}
		return textAt(r.text, offset)
	default:
		return nil, false, nil
	}
}

func (u *debugUnit) offsetSize() uint64 {
	if u.wide {
		return 8
	}
	return 4
}

func textAt(from *windowReader, offset uint64) ([]byte, bool, error) {
	if offset >= uint64(from.size) {
		return nil, false, nil
	}
	const usual = 128
	for _, length := range []int{usual, maxDebugName} {
		raw, err := from.at(int64(offset), length)
		if err != nil {
			return nil, false, err
		}
		for i, b := range raw {
			if b == 0 {
				return raw[:i], true, nil
			}
		}
		if len(raw) < length || length == maxDebugName {
			return raw, true, nil
		}
	}
	return nil, false, nil
}

// numberAt reads entry index of a table of numbers that begins at base.
func numberAt(from *windowReader, base int64, index, size uint64) (uint64, bool, error) {
	if base < 0 || base > from.size || index > uint64(from.size) || (index+1)*size > uint64(from.size-base) {
		return 0, false, nil
	}
	raw, err := from.at(base+int64(index*size), int(size))
	if err != nil {
		return 0, false, err
	}
	return (&cursor{bytes: raw}).fixed(size), uint64(len(raw)) == size, nil
}

// address reads the address of a value; false where there is none. A table that cannot be read has none.
func (r *debugReader) address(u *debugUnit, v value) (uint64, bool) {
	switch v.kind {
	case valueAddress:
		return v.number, true
	case valueAddressX:
		address, ok, err := numberAt(r.addresses, u.addressBase, v.number, u.addressSize)
		return address, ok && err == nil
	default:
		return 0, false
	}
}
