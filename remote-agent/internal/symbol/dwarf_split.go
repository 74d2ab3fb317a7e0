package symbol

import (
	"errors"
	"io"
)

// Attributes of a skeleton: what stays in the program of a unit whose debug information was split off. Those of GNU are
// DWARF 4's.
const (
	attributeSplitName, attributeGNUSplitName         = 0x76, 0x2130
	attributeGNUSplitID                               = 0x2131
	attributeGNURangesBase, attributeGNUAddressesBase = 0x2132, 0x2133
)

const (
	// splitShift keeps entries of one split unit apart from those of others in the index: below it are offsets.
	splitShift = 40
	maxSplits  = 1 << 20
)

// splitInformation reads units whose debug information lies in files of their own (dwo) or together in a package (dwp).
type splitInformation struct {
	beside *companions
	// count numbers the units that were read.
	count uint64
	// lookedForPackage says that the package was looked for; without one it is nil.
	lookedForPackage bool
	packed           *companion
	packedSections   *debugSections
	units            *packedUnits
}

// Close closes the package.
func (s *splitInformation) Close() error {
	if s.packedSections == nil {
		return s.packed.Close()
	}
	return errors.Join(s.packedSections.Close(), s.packed.Close())
}

func (s *splitInformation) openPackage(allowed *allowance) error {
	if s.lookedForPackage {
		return nil
	}
	s.lookedForPackage = true
	packed, err := s.beside.packed()
	if err != nil || packed == nil {
		return err
	}
	s.packed = packed
	units, err := readPackedUnits(packed.image)
	if err != nil {
		return err
	}
	sections, found, err := openDebugSections(packed.image, splitSuffix, allowed)
	if err == nil && found {
		s.packedSections, s.units = sections, units
	}
	return err
}

// readSplit adds the functions and inlined calls of a skeleton's split unit; false where its file is not there. files are those of
// the skeleton's line table, which both count by.
func (r *debugReader) readSplit(skeleton *debugUnit, files lineFiles, into *lineIndexBuilder) (found bool, err error) {
	if skeleton.splitName == "" || r.split == nil || r.split.beside == nil || r.split.count >= maxSplits {
		return false, nil
	}
	if err := r.split.openPackage(r.allowed); err != nil {
		r.split.beside.refused(err)
	}
	parts, err := r.split.units.find(skeleton.splitID, r.allowed)
	if err != nil {
		return false, err
	}
	if parts != nil {
		sections, ok := r.split.packedSections.partsOf(parts)
		return ok, r.readSplitUnit(sections, skeleton, files, into)
	}
	file, err := r.split.beside.split(skeleton.directory, skeleton.splitName)
	if err != nil || file == nil {
		return false, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	sections, found, err := openDebugSections(file.image, splitSuffix, r.allowed)
	if err != nil || !found {
		return false, err
	}
	defer func() { err = errors.Join(err, sections.Close()) }()
	return true, r.readSplitUnit(sections, skeleton, files, into)
}

func (r *debugReader) readSplitUnit(sections *debugSections, skeleton *debugUnit, files lineFiles, into *lineIndexBuilder) error {
	if sections == nil {
		return nil
	}
	reader := newDebugReader(sections, r.allowed)
	reader.supplementary, reader.isSplit = r.supplementary, true
	// Addresses and, before version 5, ranges stay in the program: the linker changes them.
	reader.addresses, reader.ranges = r.addresses, r.ranges
	r.split.count++
	reader.tag = r.split.count << splitShift
	if err := reader.readUnits(); err != nil {
		return err
	}
	for i := range reader.units {
		unit := &reader.units[i]
		if err := reader.readRoot(unit); err != nil {
			return err
		}
		if unit.splitID != skeleton.splitID {
			continue // built again since, or another one's
		}
		unit.lowPC, unit.addressBase, unit.directory = skeleton.lowPC, skeleton.addressBase, skeleton.directory
		if unit.version < 5 {
			unit.textBase, unit.oldRangesBase = 0, uint64(max(skeleton.rangesBase, 0))
		} else {
			// The one list of lists in the file, behind its header: length, version, sizes, count.
			unit.rangesBase = int64(unit.offsetSize()) + 8
			if unit.wide {
				unit.rangesBase += 4
			}
		}
		return reader.readScopes(unit, files, into)
	}
	return refuse(ReasonChecksum, "split debug information %q is of another build", skeleton.splitName)
}

// partsOf are the sections of one unit of a package; false where they do not lie in it.
func (s *debugSections) partsOf(parts map[uint32]part) (*debugSections, bool) {
	one := &debugSections{text: s.text}
	for id, into := range map[uint32]struct{ from, to *debugSection }{
		packedInfo: {&s.info, &one.info}, packedAbbreviations: {&s.abbreviations, &one.abbreviations},
		packedTextOffsets: {&s.textOffsets, &one.textOffsets}, packedRangeLists: {&s.rangeLists, &one.rangeLists},
	} {
		p, ok := parts[id]
		if !ok || into.from.size == 0 {
			continue
		}
		if p.offset > into.from.size || p.size > into.from.size-p.offset {
			return nil, false
		}
		*into.to = debugSection{reader: io.NewSectionReader(into.from.reader, p.offset, p.size), size: p.size}
	}
	return one, one.info.size > 0 && one.abbreviations.size > 0
}

// openSupplementary makes the entries and texts of the supplementary file readable, where there is one.
func (r *debugReader) openSupplementary(beside *companions, debug *image) (closer io.Closer, err error) {
	file, err := beside.supplementary(debug)
	if err != nil || file == nil {
		return io.NopCloser(nil), err
	}
	sections, found, err := openDebugSections(file.image, "", r.allowed)
	if err != nil || !found {
		return file, err
	}
	reader := newDebugReader(sections, r.allowed)
	if err := reader.readUnits(); err != nil {
		return closers{sections, file}, err
	}
	r.supplementary = reader
	return closers{sections, file}, nil
}

type closers []io.Closer

// Close closes all.
func (c closers) Close() error {
	var failures []error
	for _, one := range c {
		failures = append(failures, one.Close())
	}
	return errors.Join(failures...)
}
