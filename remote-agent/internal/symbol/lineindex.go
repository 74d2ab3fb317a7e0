package symbol

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"sort"
)

// A line index says file, line and inlined calls of every address of one file. It is made once from debug information, lies on
// disk and is read by binary search: an address is asked for once, so keeping it in memory would pay for nothing.
//
//	header     magic, base address, counts
//	segments   {address, scope}              rising; scope is noScope where no function is known
//	rows       {address, file, line}         rising; file noFile and line 0 end a sequence
//	scopes     {parent, function, callFile, callLine}   parent is noScope for a function that is no inlined call
//	functions  {name, line}                  name is an offset in texts, line is where it begins
//	files      {name}
//	texts      each closed by a NUL
//
// All numbers are little-endian of 4 bytes; addresses count from the base. main, in which square is inlined at main.c:9:
//
//	segments {0x10 0} {0x18 1} {0x20 0} {0x30 -}   rows {0x10 main.c 8} {0x18 main.c 3} {0x20 main.c 10} {0x30 - 0}
//	scopes   {- main 0 0} {0 square main.c 9}
const lineIndexMagic = "PYROLIN1"

const (
	noScope = math.MaxUint32
	noFile  = math.MaxUint32
)

// Bounds of one index; what a database or a language runtime has fits. One above them is refused and counted.
const (
	maxIndexRows      = 4 << 20
	maxSequenceRows   = 1 << 20
	maxIndexSpans     = 1 << 20
	maxIndexFunctions = 1 << 20
	maxIndexTexts     = 48 << 20
	maxInlineDepth    = 64
	// maxIndexBytes bounds the memory of all of them together while an index is made.
	maxIndexBytes = 96 << 20
)

type lineRow struct {
	address uint64
	file    uint32
	line    uint32
}

type indexRow struct{ address, file, line uint32 }

func (r indexRow) isGap() bool { return r.file == noFile && r.line == 0 }

type span struct{ start, end, scope uint32 }

type scope struct{ parent, function, callFile, callLine uint32 }

type indexFunction struct{ name, line uint32 }

// lineIndexBuilder collects what a file's debug information says.
type lineIndexBuilder struct {
	segments  []segment
	base      uint64
	sequence  []lineRow // of the line program at hand
	rows      []indexRow
	spans     []span
	scopes    []scope
	functions []indexFunction
	byEntry   map[uint64]uint32
	files     []uint32
	byFile    map[string]uint32
	texts     []byte
	// bytes is about the memory of all of it.
	bytes int
	// unreadable counts units that were left out.
	unreadable int
	// splitMissing counts units whose split debug information was not found.
	splitMissing int
}

func newLineIndexBuilder(segments []segment) *lineIndexBuilder {
	b := &lineIndexBuilder{segments: segments, byEntry: map[uint64]uint32{}, byFile: map[string]uint32{}, base: math.MaxUint64, texts: []byte{0}}
	for _, s := range segments {
		b.base = min(b.base, s.start)
	}
	return b
}

// grow counts memory.
func (b *lineIndexBuilder) grow(bytes int) error {
	if b.bytes += bytes; b.bytes > maxIndexBytes {
		return refuse(ReasonTooMany, "more than %d bytes of lines and functions", maxIndexBytes)
	}
	return nil
}

func (b *lineIndexBuilder) text(text string) (uint32, error) {
	if err := b.grow(len(text) + 1); err != nil {
		return 0, err
	}
	if len(b.texts)+len(text)+1 > maxIndexTexts {
		return 0, refuse(ReasonTooMany, "more than %d bytes of names in debug information", maxIndexTexts)
	}
	at := uint32(len(b.texts))
	b.texts = append(append(b.texts, text...), 0)
	return at, nil
}

func (b *lineIndexBuilder) file(name string) (uint32, error) {
	if id, known := b.byFile[name]; known {
		return id, nil
	}
	const fileBytes = 64 // and its name, as a key
	at, err := b.text(name)
	if err := errors.Join(err, b.grow(fileBytes+len(name))); err != nil {
		return 0, err
	}
	id := uint32(len(b.files))
	b.files = append(b.files, at)
	b.byFile[name] = id
	return id, nil
}

// function gives the function of an entry an id.
func (b *lineIndexBuilder) function(entry uint64) (id uint32, isNew bool, err error) {
	if id, known := b.byEntry[entry]; known {
		return id, false, nil
	}
	if len(b.functions) >= maxIndexFunctions {
		return 0, false, refuse(ReasonTooMany, "more than %d functions in debug information", maxIndexFunctions)
	}
	const functionBytes = 48
	if err := b.grow(functionBytes); err != nil {
		return 0, false, err
	}
	id = uint32(len(b.functions))
	b.functions = append(b.functions, indexFunction{})
	b.byEntry[entry] = id
	return id, true, nil
}

func (b *lineIndexBuilder) nameFunction(id uint32, name string, line uint32) (err error) {
	b.functions[id].line = line
	if name != "" {
		b.functions[id].name, err = b.text(name)
	}
	return err
}

func (b *lineIndexBuilder) scope(made scope) (uint32, error) {
	if len(b.scopes) >= maxIndexSpans {
		return 0, refuse(ReasonTooMany, "more than %d functions and inlined calls", maxIndexSpans)
	}
	const scopeBytes = 16
	b.scopes = append(b.scopes, made)
	return uint32(len(b.scopes) - 1), b.grow(scopeBytes)
}

// offset counts an address from the base.
func (b *lineIndexBuilder) offset(address uint64) (uint32, error) {
	if address < b.base || address-b.base >= math.MaxUint32 {
		return 0, refuse(ReasonTooMany, "code of more than 4 GiB")
	}
	return uint32(address - b.base), nil
}

func (b *lineIndexBuilder) span(start, end uint64, scope uint32) error {
	if len(b.spans) >= maxIndexSpans {
		return refuse(ReasonTooMany, "more than %d ranges of code", maxIndexSpans)
	}
	from, err := b.offset(start)
	if err != nil {
		return err
	}
	const spanBytes = 12
	to, err := b.offset(end)
	b.spans = append(b.spans, span{from, to, scope})
	return errors.Join(err, b.grow(spanBytes))
}

// row collects a sequence; the last row of it ends it. Sequences of code that the linker dropped, and those whose addresses
// fall, are left out.
func (b *lineIndexBuilder) row(row lineRow, last bool) error {
	b.sequence = append(b.sequence, row)
	if len(b.sequence)+len(b.rows) > maxIndexRows || len(b.sequence) > maxSequenceRows {
		return refuse(ReasonTooMany, "more than %d rows of lines, or than %d in a sequence", maxIndexRows, maxSequenceRows)
	}
	if !last {
		return nil
	}
	sequence := b.sequence
	b.sequence = b.sequence[:0]
	rises := slices.IsSortedFunc(sequence, func(a, other lineRow) int { return cmp.Compare(a.address, other.address) })
	if !rises || !inSegments(b.segments, sequence[0].address, row.address) || sequence[0].address == row.address {
		return nil
	}
	first := len(b.rows)
	for i, current := range sequence {
		at, err := b.offset(current.address)
		if err != nil {
			return err
		}
		made := indexRow{at, current.file, current.line}
		if i == len(sequence)-1 {
			made = indexRow{at, noFile, 0}
		}
		kept := len(b.rows) - 1
		switch {
		case kept >= first && b.rows[kept].address == at: // the last one of an address counts
			b.rows[kept] = made
		case kept >= first && b.rows[kept].file == made.file && b.rows[kept].line == made.line:
		default:
			b.rows = append(b.rows, made)
		}
	}
	const rowBytes = 12
	return b.grow(rowBytes * (len(b.rows) - first))
}

// sortRows merges the sequences; where one ends another may begin.
func (b *lineIndexBuilder) sortRows() {
	slices.SortStableFunc(b.rows, func(a, other indexRow) int {
		if a.address != other.address || a.isGap() == other.isGap() {
			return cmp.Compare(a.address, other.address)
		}
		if a.isGap() {
			return -1
		}
		return 1
	})
	kept := b.rows[:0]
	for _, row := range b.rows {
		if last := len(kept) - 1; last >= 0 && kept[last].address == row.address {
			kept[last] = row
		} else {
			kept = append(kept, row)
		}
	}
	b.rows = kept
}

const lineIndexHeaderBytes = 8 + 8 + 6*4

// writeTo writes the index. The builder is used up.
func (b *lineIndexBuilder) writeTo(to io.Writer) error {
	b.sortRows()
	slices.SortFunc(b.spans, func(a, other span) int {
		return cmp.Or(cmp.Compare(a.start, other.start), cmp.Compare(a.scope, other.scope))
	})
	starts, owners := layRanges(len(b.spans), func(i int) (uint64, uint64) { return uint64(b.spans[i].start), uint64(b.spans[i].end) })
	out := bufio.NewWriterSize(to, windowBytes)
	var raw [8]byte
	put := func(numbers ...uint32) {
		for _, number := range numbers {
			binary.LittleEndian.PutUint32(raw[:], number)
			_, _ = out.Write(raw[:4]) // the error comes back from Flush
		}
	}
	_, _ = out.WriteString(lineIndexMagic)
	put(uint32(b.base), uint32(b.base>>32))
	put(uint32(len(starts)), uint32(len(b.rows)), uint32(len(b.scopes)), uint32(len(b.functions)), uint32(len(b.files)), uint32(len(b.texts)))
	for i, start := range starts {
		owner := uint32(noScope)
		if owners[i] != noFunction {
			owner = b.spans[owners[i]].scope
		}
		put(uint32(start), owner)
	}
	for _, row := range b.rows {
		put(row.address, row.file, row.line)
	}
	for _, made := range b.scopes {
		put(made.parent, made.function, made.callFile, made.callLine)
	}
	for _, function := range b.functions {
		put(function.name, function.line)
	}
	put(b.files...)
	_, _ = out.Write(b.texts)
	return out.Flush()
}

// lineIndex reads an index that lies on disk. Safe for concurrent use.
type lineIndex struct {
	file io.ReaderAt
	base uint64
	// counts and offsets of the parts, in the order of the file.
	counts, offsets [6]int64
}

// widths of an entry of each part: segments, rows, scopes, functions, files, texts.
var lineIndexWidths = [6]int64{8, 12, 16, 8, 4, 1}

const (
	partSegments = iota
	partRows
	partScopes
	partFunctions
	partFiles
	partTexts
)

var errLineIndex = errors.New("line index is damaged")

func openLineIndex(file io.ReaderAt, size int64) (*lineIndex, error) {
	header := make([]byte, lineIndexHeaderBytes)
	if err := readFullAt(file, header, 0); err != nil {
		return nil, errors.Join(errLineIndex, err)
	}
	if !bytes.HasPrefix(header, []byte(lineIndexMagic)) {
		return nil, errLineIndex
	}
	index := &lineIndex{file: file, base: binary.LittleEndian.Uint64(header[8:])}
	at := int64(lineIndexHeaderBytes)
	for i := range index.counts {
		index.counts[i] = int64(binary.LittleEndian.Uint32(header[16+4*i:]))
		index.offsets[i] = at
		at += index.counts[i] * lineIndexWidths[i]
	}
	if at != size {
		return nil, errLineIndex
	}
	return index, nil
}

// numbers reads entry i of a part; nil where there is none.
func (x *lineIndex) numbers(part int, i int64) []uint32 {
	var raw [16]byte
	width := lineIndexWidths[part]
	if i < 0 || i >= x.counts[part] || readFullAt(x.file, raw[:width], x.offsets[part]+i*width) != nil {
		return nil
	}
	numbers := make([]uint32, width/4)
	for n := range numbers {
		numbers[n] = binary.LittleEndian.Uint32(raw[4*n:])
	}
	return numbers
}

// before returns the last entry of a part that begins at or before an address.
func (x *lineIndex) before(part int, address uint32) []uint32 {
	after := sort.Search(int(x.counts[part]), func(i int) bool {
		entry := x.numbers(part, int64(i))
		return entry == nil || entry[0] > address
	})
	return x.numbers(part, int64(after)-1)
}

// text reads a text that ends with a zero. Most are short, and each is asked for often: to read as much as one may have would be
// a third of all memory that the agent allocates.
func (x *lineIndex) text(offset uint32) string {
	const first = 128
	left := min(x.counts[partTexts]-int64(offset), maxDebugName+1)
	for length := int64(first); left > 0; length *= 4 {
		raw := make([]byte, min(length, left))
		if readFullAt(x.file, raw, x.offsets[partTexts]+int64(offset)) != nil {
			return ""
		}
		text, _, ended := bytes.Cut(raw, []byte{0})
		if ended || length >= left {
			return string(text)
		}
	}
	return ""
}

func (x *lineIndex) fileName(id uint32) string {
	if entry := x.numbers(partFiles, int64(id)); entry != nil && id != noFile {
		return x.text(entry[0])
	}
	return ""
}

// lookup returns the position of an ELF virtual address and of the calls around it that were inlined, innermost first. Names
// are raw, "" where debug information has none. nil where nothing is known.
func (x *lineIndex) lookup(address uint64) []Line {
	if address < x.base || address-x.base >= math.MaxUint32 {
		return nil
	}
	at := uint32(address - x.base)
	var position Line
	known := false
	if row := x.before(partRows, at); row != nil && !(indexRow{row[0], row[1], row[2]}).isGap() {
		position.File, position.Line, known = x.fileName(row[1]), row[2], true
	}
	segment := x.before(partSegments, at)
	if segment == nil || segment[1] == noScope {
		if known {
			return []Line{position}
		}
		return nil
	}
	var lines []Line
	for id, depth := segment[1], 0; id != noScope && depth < maxInlineDepth; depth++ {
		current := x.numbers(partScopes, int64(id))
		if current == nil {
			break
		}
		if function := x.numbers(partFunctions, int64(current[1])); function != nil {
			position.StartLine = function[1]
			if function[0] != 0 {
				position.SystemName = x.text(function[0])
			}
		}
		lines = append(lines, position)
		position = Line{File: x.fileName(current[2]), Line: current[3]}
		id = current[0]
	}
	return lines
}

// buildLineIndex reads all debug information of a file whose code lies in segments, its own and that of the files beside it, as far
// as is allowed.
func buildLineIndex(debug *image, beside *companions, segments []segment, allowed *allowance) (_ *lineIndexBuilder, err error) {
	if bounded, ok := debug.reader.(*boundedFile); ok {
		bounded.budget = &allowed.read
	}
	if beside != nil {
		beside.allowed = allowed
	}
	sections, found, err := openDebugSections(debug, "", allowed)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, refuse(ReasonNoLines, "no debug information")
	}
	defer func() { err = errors.Join(err, sections.Close()) }()
	reader, builder := newDebugReader(sections, allowed), newLineIndexBuilder(segments)
	if err := reader.readUnits(); err != nil {
		return nil, err
	}
	supplementary, err := reader.openSupplementary(beside, debug)
	defer func() { err = errors.Join(err, supplementary.Close()) }()
	if err != nil {
		beside.refused(err) // Some names are missing then, the rest is there.
	}
	reader.split = &splitInformation{beside: beside}
	defer func() { err = errors.Join(err, reader.split.Close()) }()
	for i := range reader.units {
		unit := &reader.units[i]
		switch err := reader.readUnit(unit, builder); {
		case reasonOf(err) == ReasonMalformed:
			builder.unreadable++
		case err != nil:
			return nil, err
		}
	}
	if builder.unreadable == len(reader.units) {
		return nil, refuse(ReasonMalformed, "none of %d units of debug information can be read", len(reader.units))
	}
	if len(builder.rows) == 0 && len(builder.spans) == 0 {
		return nil, refuse(ReasonNoLines, "debug information without one line")
	}
	return builder, nil
}

func (r *debugReader) readUnit(unit *debugUnit, into *lineIndexBuilder) error {
	if err := r.readRoot(unit); err != nil {
		return err
	}
	into.sequence = into.sequence[:0]
	files, err := r.readLines(unit, into.file, into.row)
	if err != nil {
		return err
	}
	switch found, err := r.readSplit(unit, files, into); {
	case reasonOf(err) == ReasonBomb || reasonOf(err) == ReasonTooMany:
		return err
	case err != nil:
		r.split.beside.refused(err) // The lines stay.
	case found:
		return nil
	case unit.splitName != "":
		into.splitMissing++
	}
	return r.readScopes(unit, files, into)
}
