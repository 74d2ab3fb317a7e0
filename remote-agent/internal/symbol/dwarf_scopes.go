package symbol

import (
	"debug/dwarf"
)

// maxEntryDepth bounds the nesting of entries; template code reaches some dozens.
const maxEntryDepth = 512

// level is where the walk over a unit's entries is: what encloses the entries of one list of children.
type level struct {
	scope uint32
	// name is set for what qualifies names: a namespace or a type. prefix is it and all around it, once isJoined: "shop::cart::".
	name     value
	prefix   string
	isJoined bool
}

// readScopes walks a unit's entries and adds its functions and inlined calls to the index.
func (r *debugReader) readScopes(u *debugUnit, files lineFiles, into *lineIndexBuilder) error {
	table, err := r.table(u.abbreviations)
	if err != nil {
		return err
	}
	if u.end-u.entries > maxDebugUnit {
		return refuse(ReasonTooMany, "a unit of %d bytes of debug information", u.end-u.entries)
	}
	raw := make([]byte, u.end-u.entries)
	if err := readFullAt(r.sections.info.reader, raw, int64(u.entries)); err != nil {
		return err
	}
	walk := &unitWalk{reader: r, unit: u, files: files, into: into, raw: raw, table: table, prefixes: map[uint64]string{}}
	if err := walk.entries(); err != nil {
		return err
	}
	return walk.nameFunctions()
}

// unitWalk is the state of one walk.
type unitWalk struct {
	reader *debugReader
	unit   *debugUnit
	files  lineFiles
	into   *lineIndexBuilder
	raw    []byte
	table  *abbreviationTable
	// levels are those around the entry that is looked at, the nearest last.
	levels []level
	// added are functions of the index that have no name yet, by the entry that names them.
	added []addedFunction
	// prefixes qualify names of functions that have no linkage name: "shop::cart::".
	prefixes map[uint64]string
	// prefixBytes is about the memory of prefixes.
	prefixBytes int
	// prefixesOnly says that nothing goes into the index.
	prefixesOnly bool
}

type addedFunction struct {
	entry uint64
	id    uint32
}

func (w *unitWalk) entries() error {
	c := &cursor{bytes: w.raw, wide: w.unit.wide}
	w.levels = append(w.levels[:0], level{scope: noScope})
	for c.at < len(w.raw) {
		if err := w.reader.spend(1); err != nil {
			return err
		}
		at := w.unit.entries + uint64(c.at)
		var e debugEntry
		if !w.unit.readEntry(c, w.unit.entries, w.table, &e) {
			if c.failed {
				return refuse(ReasonMalformed, "the entries of the unit at %d cannot be read", w.unit.offset)
			}
			if len(w.levels) == 1 {
				return nil // padding
			}
			w.levels = w.levels[:len(w.levels)-1]
			continue
		}
		inner, err := w.visit(&e, at, w.levels[len(w.levels)-1].scope)
		if err != nil {
			return err
		}
		if !e.hasChildren {
			continue
		}
		if len(w.levels) > maxEntryDepth {
			return refuse(ReasonBomb, "entries are nested more than %d deep", maxEntryDepth)
		}
		w.levels = append(w.levels, inner)
	}
	return nil
}

// visit looks at one entry and returns what encloses its children.
func (w *unitWalk) visit(e *debugEntry, at uint64, enclosing uint32) (level, error) {
	switch e.tag {
	case dwarf.TagSubprogram:
		if err := w.notePrefix(e, at); err != nil {
			return level{}, err
		}
		if w.prefixesOnly {
			return level{scope: noScope}, nil
		}
		scope, err := w.addScope(e, at, noScope)
		return level{scope: scope}, err
	case dwarf.TagInlinedSubroutine:
		if enclosing == noScope {
			return level{scope: noScope}, nil
		}
		scope, err := w.addScope(e, at, enclosing)
		if scope == noScope {
			scope = enclosing
		}
		return level{scope: scope}, err
	case dwarf.TagNamespace, dwarf.TagStructType, dwarf.TagClassType, dwarf.TagUnionType, dwarf.TagEnumerationType:
		return level{scope: enclosing, name: e.name}, nil
	default:
		return level{scope: enclosing}, nil
	}
}

// addScope adds a function or an inlined call with its ranges; noScope where it has no code.
func (w *unitWalk) addScope(e *debugEntry, at uint64, parent uint32) (uint32, error) {
	made := uint32(noScope)
	err := w.reader.eachRange(w.unit, e, func(start, end uint64) error {
		if end <= start || !inSegments(w.into.segments, start, end) {
			return nil // the linker dropped it
		}
		if made == noScope {
			named := at
			if e.origin.kind == valueEntry {
				named = e.origin.number
			}
			identity := named
			if named&supplementaryEntry == 0 {
				identity |= w.reader.tag
			}
			function, isNew, err := w.into.function(identity)
			if err != nil {
				return err
			}
			if isNew {
				w.added = append(w.added, addedFunction{named, function})
			}
			call := scope{parent: parent, function: function, callFile: noFile}
			if parent != noScope {
				call.callLine = uint32(min(e.callLine.number, 1<<31))
				if e.callFile.number < uint64(len(w.files)) {
					call.callFile = w.files[e.callFile.number]
				}
			}
			if made, err = w.into.scope(call); err != nil {
				return err
			}
		}
		return w.into.span(start, end, made)
	})
	return made, err
}

// maxPrefixBytes bounds the memory of what qualifies the names of one unit's functions, and of those units together that are kept.
const maxPrefixBytes = 8 << 20

// notePrefix remembers where a function without a linkage name stands: its own name is that within a namespace or type.
func (w *unitWalk) notePrefix(e *debugEntry, at uint64) error {
	const entryBytes = 64
	if e.linkageName.kind != valueNone || e.name.kind == valueNone || w.prefixBytes >= maxPrefixBytes {
		return nil
	}
	prefix, err := w.prefix()
	if err != nil || prefix == "" {
		return err
	}
	w.prefixes[at] = prefix
	w.prefixBytes += entryBytes
	return nil
}

// prefix is what qualifies the names of entries of the nearest level. Each level joins it once, for all functions in it.
func (w *unitWalk) prefix() (string, error) {
	outer := ""
	for i := range w.levels {
		here := &w.levels[i]
		if !here.isJoined {
			here.prefix, here.isJoined = outer, true
			text, ok, err := w.reader.string(w.unit, here.name)
			if ok && err == nil && len(text) > 0 {
				here.prefix = cutText(outer + string(text) + "::")
				w.prefixBytes += len(here.prefix)
			}
			if err := w.reader.allowed.spendBytes(len(here.prefix)); err != nil {
				return "", err
			}
		}
		outer = here.prefix
	}
	return outer, nil
}

// nameFunctions names what the walk added, when all entries of the unit were seen.
func (w *unitWalk) nameFunctions() error {
	for _, added := range w.added {
		name, line, err := w.nameOf(added.entry)
		if err != nil {
			return err
		}
		if err := w.into.nameFunction(added.id, name, line); err != nil {
			return err
		}
	}
	return nil
}

// nameOf follows an entry to the one that names it: an inlined or cloned function leads to its abstract instance, and that
// to its declaration in a class. line is where the function begins.
func (w *unitWalk) nameOf(at uint64) (name string, line uint32, err error) {
	const longestChain = 8
	for range longestChain {
		if err := w.reader.spend(1); err != nil {
			return "", 0, err
		}
		e, unit, reader, ok, err := w.entryAt(at)
		if err != nil || !ok {
			return name, line, err
		}
		if line == 0 && e.declLine.number < 1<<31 {
			line = uint32(e.declLine.number)
		}
		if text, ok, err := reader.string(unit, e.linkageName); err != nil || ok {
			return string(text), line, err
		}
		if text, ok, err := reader.string(unit, e.name); err != nil {
			return "", 0, err
		} else if ok && name == "" {
			name = string(text)
			prefix, known := w.prefixes[at]
			if !known && unit != w.unit && hasNamespaces(w.unit.language) {
				if prefix, err = reader.prefixIn(unit, at&^supplementaryEntry); err != nil {
					return "", 0, err
				}
			}
			name = prefix + name
		}
		if e.origin.kind != valueEntry || e.origin.number == at {
			return name, line, nil
		}
		at = e.origin.number
	}
	return name, line, nil
}

// entryAt reads an entry of any unit, also of the supplementary file; its texts are reader's.
func (w *unitWalk) entryAt(at uint64) (e debugEntry, unit *debugUnit, reader *debugReader, ok bool, err error) {
	if at >= w.unit.entries && at < w.unit.end {
		c := &cursor{bytes: w.raw, at: int(at - w.unit.entries), wide: w.unit.wide}
		ok = w.unit.readEntry(c, w.unit.entries, w.table, &e)
		return e, w.unit, w.reader, ok, nil
	}
	reader = w.reader
	mark := at & supplementaryEntry
	if mark != 0 {
		if reader = w.reader.supplementary; reader == nil {
			return e, nil, nil, false, nil
		}
		at &^= supplementaryEntry
	}
	if unit = reader.unitAt(at); unit == nil {
		return e, nil, nil, false, nil
	}
	table, err := reader.table(unit.abbreviations)
	if err != nil {
		return e, nil, nil, false, err
	}
	const longest = 4 << 10
	raw, err := reader.info.at(int64(at), int(min(longest, unit.end-at)))
	if err != nil {
		return e, nil, nil, false, err
	}
	ok = unit.readEntry(&cursor{bytes: raw, wide: unit.wide}, at, table, &e)
	if e.origin.kind == valueEntry {
		e.origin.number |= mark // It refers to its own file.
	}
	return e, unit, reader, ok, nil
}

// hasNamespaces is false for languages whose functions have one name: C in all its years, Fortran, assembly.
func hasNamespaces(language uint64) bool {
	switch language {
	case 0x01, 0x02, 0x07, 0x08, 0x0c, 0x0e, 0x1d, 0x2c, 0x8001:
		return false
	default:
		return true
	}
}

// Bounds of the units whose prefixes are kept: partial units, which others refer to.
const (
	maxPrefixUnits     = 256
	maxPrefixUnitBytes = 8 << 20
)

// prefixIn is what qualifies the name of a function of another unit.
func (r *debugReader) prefixIn(u *debugUnit, at uint64) (string, error) {
	known, ok := r.prefixes[u.offset]
	if !ok {
		if u.end-u.entries > maxPrefixUnitBytes {
			return "", nil
		}
		table, err := r.table(u.abbreviations)
		if err != nil {
			return "", err
		}
		raw := make([]byte, u.end-u.entries)
		if err := readFullAt(r.sections.info.reader, raw, int64(u.entries)); err != nil {
			return "", err
		}
		walk := &unitWalk{reader: r, unit: u, raw: raw, table: table, prefixes: map[uint64]string{}, prefixesOnly: true}
		if err := walk.entries(); err != nil && reasonOf(err) != ReasonMalformed {
			return "", err
		}
		known = walk.prefixes
		if len(r.prefixes) >= maxPrefixUnits || r.prefixBytes+walk.prefixBytes > maxPrefixBytes {
			clear(r.prefixes)
			r.prefixBytes = 0
		}
		r.prefixes[u.offset] = known
		r.prefixBytes += walk.prefixBytes
	}
	return known[at], nil
}
