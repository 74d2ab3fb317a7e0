package symbol

// eachRange calls visit with the address ranges of an entry, in any order; some may be empty or lie outside of the code.
func (r *debugReader) eachRange(u *debugUnit, e *debugEntry, visit func(start, end uint64) error) error {
	if e.ranges.kind == valueNone {
		low, ok := r.address(u, e.lowPC)
		if !ok || e.highPC.kind == valueNone {
			return nil
		}
		high, isAddress := r.address(u, e.highPC)
		if !isAddress { // since version 4: the length
			high = low + e.highPC.number
		}
		return visit(low, high)
	}
	if u.version < 5 {
		return r.oldRanges(u, e.ranges.number+u.oldRangesBase, visit)
	}
	offset := e.ranges.number
	if e.ranges.kind == valueRangesX {
		relative, ok, err := numberAt(r.rangeLists, u.rangesBase, e.ranges.number, u.offsetSize())
		if err != nil || !ok {
			return err
		}
		offset = uint64(u.rangesBase) + relative
	}
	return r.rangeList(u, offset, visit)
}

func (u *debugUnit) base() uint64 { return uint64(max(u.lowPC, 0)) }

// oldRanges reads a list of .debug_ranges: pairs of addresses that count from a base, which an entry of all ones changes.
func (r *debugReader) oldRanges(u *debugUnit, offset uint64, visit func(start, end uint64) error) error {
	base, highest := u.base(), ^uint64(0)>>(64-8*u.addressSize)
	for ; offset < uint64(r.ranges.size); offset += 2 * u.addressSize {
		if err := r.spend(1); err != nil {
			return err
		}
		raw, err := r.ranges.at(int64(offset), int(2*u.addressSize))
		if err != nil {
			return err
		}
		c := &cursor{bytes: raw}
		start, end := c.fixed(u.addressSize), c.fixed(u.addressSize)
		switch {
		case c.failed || start == 0 && end == 0:
			return nil
		case start == highest:
			base = end
		default:
			if err := visit(base+start, base+end); err != nil {
				return err
			}
		}
	}
	return nil
}

// rangeList reads a list of .debug_rnglists (DWARF 5, section 7.25).
func (r *debugReader) rangeList(u *debugUnit, offset uint64, visit func(start, end uint64) error) error {
	const (
		endOfList, baseAddressX, startEndX, startLengthX, offsetPair, baseAddress, startEnd, startLength = 0, 1, 2, 3, 4, 5, 6, 7

		longest = 1 + 2*10
	)
	base := u.base()
	at := func(index uint64) uint64 {
		address, _ := r.address(u, value{valueAddressX, index})
		return address
	}
	for offset < uint64(r.rangeLists.size) {
		if err := r.spend(1); err != nil {
			return err
		}
		raw, err := r.rangeLists.at(int64(offset), longest)
		if err != nil {
			return err
		}
		c := &cursor{bytes: raw}
		var start, end uint64
		switch kind := c.fixed(1); kind {
		case baseAddressX:
			base = at(c.unsigned())
		case baseAddress:
			base = c.fixed(u.addressSize)
		case startEndX:
			start, end = at(c.unsigned()), at(c.unsigned())
		case startLengthX:
			start = at(c.unsigned())
			end = start + c.unsigned()
		case offsetPair:
			start, end = base+c.unsigned(), base+c.unsigned()
		case startEnd:
			start, end = c.fixed(u.addressSize), c.fixed(u.addressSize)
		case startLength:
			start = c.fixed(u.addressSize)
			end = start + c.unsigned()
		default: // endOfList, or a kind that nobody knows the length of
			return nil
		}
		if c.failed {
			return nil
		}
		if end > start {
			if err := visit(start, end); err != nil {
				return err
			}
		}
		offset += uint64(c.at)
	}
	return nil
}
