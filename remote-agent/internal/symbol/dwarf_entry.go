package symbol

import (
	"debug/dwarf"
	"math"
)

// Forms and tags of DWARF 2 to 5 that are looked at. The standard library has the attributes and tags, not the forms.
const (
	formAddr, formBlock2, formBlock4, formData2, formData4, formData8, formString, formBlock, formBlock1, formData1 = 0x01, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b

	formFlag, formSdata, formStrp, formUdata, formRefAddr, formRef1, formRef2, formRef4, formRef8, formRefUdata = 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15

	formIndirect, formSecOffset, formExprloc, formFlagPresent, formStrx, formAddrx, formRefSup4, formStrpSup, formData16, formLineStrp = 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f

	formRefSig8, formImplicitConst, formLoclistx, formRnglistx, formRefSup8                    = 0x20, 0x21, 0x22, 0x23, 0x24
	formStrx1, formStrx2, formStrx3, formStrx4, formAddrx1, formAddrx2, formAddrx3, formAddrx4 = 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c
	formGNUAddrIndex, formGNUStrIndex, formGNURefAlt, formGNUStrpAlt                           = 0x1f01, 0x1f02, 0x1f20, 0x1f21

	attributeLinkageName     = 0x6e
	attributeMIPSLinkageName = 0x2007
)

// valueKind says what the number of a value means.
type valueKind uint8

const (
	valueNone              valueKind = iota // absent, or nothing that is looked at
	valueConstant                           // the number itself
	valueAddress                            // an address
	valueAddressX                           // an index into .debug_addr
	valueText                               // an offset in .debug_str
	valueLineText                           // an offset in .debug_line_str
	valueTextX                              // an index into .debug_str_offsets
	valueInline                             // an offset in .debug_info, of text that stands there
	valueEntry                              // an offset in .debug_info, of another entry
	valueSection                            // an offset in a section that the attribute names
	valueRangesX                            // an index into .debug_rnglists
	valueSupplementaryText                  // an offset in .debug_str of the supplementary file
)

// supplementaryEntry marks an offset of an entry in the supplementary file.
const supplementaryEntry = 1 << 63

type value struct {
	kind   valueKind
	number uint64
}

// Bounds of abbreviations: compilers use some hundred a unit with some ten attributes.
const (
	maxAbbreviationBytes = 1 << 20
	maxAbbreviations     = 1 << 16
	maxAttributes        = 256
	maxKeptTables        = 16
	maxKeptTableBytes    = 8 << 20
)

// abbreviation is the shape of entries: which attributes follow, in which form.
type abbreviation struct {
	tag         dwarf.Tag
	hasChildren bool
	attributes  []attribute
}

type attribute struct {
	name, form uint32
	implicit   int64
}

// abbreviationTable is by code; codes are dense from 1 on in all compilers, others go into the map.
type abbreviationTable struct {
	dense []abbreviation
	odd   map[uint64]*abbreviation
}

func (t *abbreviationTable) find(code uint64) *abbreviation {
	if code-1 < uint64(len(t.dense)) {
		return &t.dense[code-1]
	}
	return t.odd[code]
}

// memory is about what a table takes.
func (t *abbreviationTable) memory() int {
	const abbreviationBytes, attributeBytes, oddBytes = 40, 16, 100
	total := abbreviationBytes*cap(t.dense) + oddBytes*len(t.odd)
	for i := range t.dense {
		total += attributeBytes * cap(t.dense[i].attributes)
	}
	for _, odd := range t.odd {
		total += attributeBytes * cap(odd.attributes)
	}
	return total
}

// readAbbreviations reads the table at an offset of .debug_abbrev. bytes is how many it went through.
func readAbbreviations(from debugSection, offset uint64) (table *abbreviationTable, bytes int, err error) {
	if offset >= uint64(from.size) {
		return nil, 0, refuse(ReasonMalformed, "abbreviations at %d lie outside of %d bytes", offset, from.size)
	}
	complete := false
	for _, length := range []uint64{windowBytes, maxAbbreviationBytes} {
		raw := make([]byte, min(uint64(from.size)-offset, length))
		if err := readFullAt(from.reader, raw, int64(offset)); err != nil {
			return nil, bytes, err
		}
		var parsed int
		table, parsed, complete = parseAbbreviations(raw)
		if bytes += parsed; complete || uint64(len(raw)) < length {
			break
		}
	}
	if !complete {
		return nil, bytes, refuse(ReasonMalformed, "abbreviations at %d do not end, or are too many", offset)
	}
	return table, bytes, nil
}

func parseAbbreviations(raw []byte) (table *abbreviationTable, parsed int, complete bool) {
	table = &abbreviationTable{}
	c := &cursor{bytes: raw}
	for count := 0; count < maxAbbreviations; count++ {
		code := c.unsigned()
		if code == 0 {
			return table, c.at, !c.failed
		}
		made := abbreviation{tag: dwarf.Tag(c.unsigned()), hasChildren: c.fixed(1) != 0}
		for {
			name, form := c.unsigned(), c.unsigned()
			next := attribute{name: uint32(name), form: uint32(form)}
			if next.form == formImplicitConst {
				next.implicit = c.signed()
			}
			if c.failed || len(made.attributes) > maxAttributes || name|form > math.MaxUint32 {
				return nil, c.at, false
			}
			if next.name == 0 && next.form == 0 {
				break
			}
			made.attributes = append(made.attributes, next)
		}
		if code == uint64(len(table.dense))+1 {
			table.dense = append(table.dense, made)
			continue
		}
		if table.odd == nil {
			table.odd = map[uint64]*abbreviation{}
		}
		table.odd[code] = &made
	}
	return nil, c.at, false
}

// readValue reads one attribute of an entry of a unit, or steps over it. start is the offset in .debug_info of the cursor's
// first byte.
func (u *debugUnit) readValue(c *cursor, start uint64, form uint64, implicit int64) value {
	if form == formIndirect {
		// Once: a form that is indirect again and again would loop.
		if form = c.unsigned(); form == formIndirect || form == formImplicitConst {
			c.failed = true
			return value{}
		}
	}
	switch form {
	case formAddr:
		return value{valueAddress, c.fixed(u.addressSize)}
	case formAddrx, formGNUAddrIndex:
		return value{valueAddressX, c.unsigned()}
	case formAddrx1, formAddrx2, formAddrx3, formAddrx4:
		return value{valueAddressX, c.fixed(form - formAddrx1 + 1)}
	case formData1, formFlag:
		return value{valueConstant, c.fixed(1)}
	case formData2:
		return value{valueConstant, c.fixed(2)}
	case formData4:
		return u.constantOrSection(c.fixed(4))
	case formData8:
		return u.constantOrSection(c.fixed(8))
	case formUdata:
		return value{valueConstant, c.unsigned()}
	case formSdata:
		return value{valueConstant, uint64(c.signed())}
	case formImplicitConst:
		return value{valueConstant, uint64(implicit)}
	case formFlagPresent:
		return value{valueConstant, 1}
	case formStrp:
		return value{valueText, c.offset()}
	case formLineStrp:
		return value{valueLineText, c.offset()}
	case formStrx, formGNUStrIndex:
		return value{valueTextX, c.unsigned()}
	case formStrx1, formStrx2, formStrx3, formStrx4:
		return value{valueTextX, c.fixed(form - formStrx1 + 1)}
	case formString:
		at := start + uint64(c.at)
		c.string()
		return value{valueInline, at}
	case formRef1, formRef2, formRef4, formRef8:
		return value{valueEntry, u.offset + c.fixed(1<<(form-formRef1))}
	case formRefUdata:
		return value{valueEntry, u.offset + c.unsigned()}
	case formRefAddr:
		if u.version <= 2 {
			return value{valueEntry, c.fixed(u.addressSize)}
		}
		return value{valueEntry, c.offset()}
	case formGNURefAlt:
		return value{valueEntry, supplementaryEntry | c.offset()}
	case formRefSup4, formRefSup8:
		width := uint64(4)
		if form == formRefSup8 {
			width = 8
		}
		return value{valueEntry, supplementaryEntry | c.fixed(width)}
	case formGNUStrpAlt, formStrpSup:
		return value{valueSupplementaryText, c.offset()}
	case formSecOffset:
		return value{valueSection, c.offset()}
	case formRnglistx:
		return value{valueRangesX, c.unsigned()}
	default:
		skipForm(c, form)
		return value{}
	}
}

// constantOrSection: before version 4, numbers of 4 and 8 bytes were offsets as well. Attributes that are one take both.
func (u *debugUnit) constantOrSection(number uint64) value {
	if u.version < 4 {
		return value{valueSection, number}
	}
	return value{valueConstant, number}
}

// skipForm steps over what is never looked at; an unknown form fails the cursor, since nobody knows its length.
func skipForm(c *cursor, form uint64) {
	switch form {
	case formBlock1:
		c.take(c.fixed(1))
	case formBlock2:
		c.take(c.fixed(2))
	case formBlock4:
		c.take(c.fixed(4))
	case formBlock, formExprloc:
		c.take(c.unsigned())
	case formData16:
		c.take(16)
	case formRefSig8:
		c.take(8)
	case formLoclistx:
		c.unsigned()
	default:
		c.failed = true
	}
}
