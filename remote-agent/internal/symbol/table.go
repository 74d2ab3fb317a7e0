package symbol

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"unsafe"
)

// Table names the functions of one file. It is made of disjoint address ranges in rising order, each owned by one function or
// by none, so that a look-up is one binary search and nested, overlapping and absurdly long symbols cost nothing:
//
//	symbols   outer [0x100,0x200)   inner [0x140,0x160)
//	starts    0x100  0x140  0x160  0x200
//	owners    outer  inner  outer  -
//
// Never written to after it was built; safe for concurrent use.
type Table struct {
	starts []uint64
	// owners index functions; noFunction is a gap.
	owners    []int32
	functions []function
	// names holds the names end to end, each closed by a NUL.
	names string
}

type function struct {
	start uint64
	name  uint32
}

const noFunction = -1

// Function is what a table knows of an address.
type Function struct {
	// Name as the symbol table has it, without a version ("@@GLIBC_2.14"). Hostile text: see cleanName.
	Name string
	// Start is the ELF virtual address of the function's first instruction.
	Start uint64
}

// Lookup returns the function that an ELF virtual address lies in.
func (t *Table) Lookup(address uint64) (Function, bool) {
	index, exact := slices.BinarySearch(t.starts, address)
	if !exact {
		index--
	}
	if index < 0 || t.owners[index] == noFunction {
		return Function{}, false
	}
	found := t.functions[t.owners[index]]
	name, _, _ := strings.Cut(t.names[found.name:], "\x00")
	made := Function{Name: strings.Clone(name), Start: found.start} // The mapping of a parked table goes with it.
	runtime.KeepAlive(t)
	return made, true
}

// Len is the number of functions.
func (t *Table) Len() int { return len(t.functions) }

// Bytes is the memory that the table holds, or the size of its file where it is parked.
func (t *Table) Bytes() int64 {
	return int64(len(t.names)) + int64(len(t.starts))*8 + int64(len(t.owners))*4 +
		int64(len(t.functions))*int64(unsafe.Sizeof(function{})) + int64(unsafe.Sizeof(*t))
}

// symbol is a function symbol on its way into a table.
type symbol struct {
	// start and end are ELF virtual addresses, end exclusive; end == start where the file does not say the size.
	start, end uint64
	// limit is where a symbol of unknown size ends at the latest: the end of its section or segment.
	limit uint64
	// name is an offset, first in the file's string table, then in the builder's names.
	name uint32
	rank rank
}

// rank orders symbols at one address; higher is better. See better.
type rank uint8

const (
	rankGlobal   rank = 1 << iota // over local
	rankStrong                    // over weak
	rankCurrent                   // over a name that is kept for old programs (cfree@GLIBC_2.2.5 beside free)
	rankFunction                  // over a label without a type
)

// Bounds of one table. A browser's or a database's symbols fit; a table above them is refused and counted.
const (
	maxTableSymbols   = 1 << 20
	maxTableNameBytes = 48 << 20
	maxNameBytes      = 16 << 10
)

// tableBuilder collects symbols and makes a table of them.
type tableBuilder struct {
	symbols []symbol
	// names holds the names of symbols that were read, each closed by a NUL.
	names []byte
}

func (b *tableBuilder) nameOf(s symbol) []byte {
	rest := b.names[s.name:]
	for end, char := range rest {
		if char == 0 {
			return rest[:end]
		}
	}
	return rest
}

// better says whether symbol a names an address better than b, by the rules of perf (choose_best_symbol in
// tools/perf/util/symbol.c): a known size, strong over weak, global over local, fewer leading underscores, the longer name.
// Ours are two more in front, a function over a label and a current name over one for old programs (perf calls free "cfree"),
// and the alphabet at the end, so that the answer does not depend on the order of the table.
func (b *tableBuilder) better(a, other symbol) bool {
	if known := a.end > a.start; known != (other.end > other.start) {
		return known
	}
	if a.rank != other.rank {
		return a.rank > other.rank
	}
	name, otherName := b.nameOf(a), b.nameOf(other)
	if n, m := underscores(name), underscores(otherName); n != m {
		return n < m
	}
	if len(name) != len(otherName) {
		return len(name) > len(otherName)
	}
	return string(name) < string(otherName)
}

func underscores(name []byte) int {
	for i, char := range name {
		if char != '_' {
			return i
		}
	}
	return len(name)
}

// build makes the table. The builder is used up.
func (b *tableBuilder) build() *Table {
	b.keepBest()
	b.closeOpenEnds()
	table := b.layRanges()
	b.packNames(table)
	return table
}

// keepBest sorts by address and leaves one symbol an address.
func (b *tableBuilder) keepBest() {
	slices.SortFunc(b.symbols, func(a, other symbol) int { return cmp.Compare(a.start, other.start) })
	kept := b.symbols[:0]
	for _, candidate := range b.symbols {
		last := len(kept) - 1
		switch {
		case last < 0 || kept[last].start != candidate.start:
			kept = append(kept, candidate)
		case b.better(candidate, kept[last]):
			kept[last] = candidate
		}
	}
	b.symbols = kept
}

// closeOpenEnds gives symbols of unknown size an end: the next symbol or the end of their section. One inside of a symbol
// of known size is a label of that function (loops in assembly) and goes.
func (b *tableBuilder) closeOpenEnds() {
	var covered uint64 // where the symbols of known size so far end
	kept := b.symbols[:0]
	for i, current := range b.symbols {
		if current.end > current.start {
			covered = max(covered, current.end)
			kept = append(kept, current)
			continue
		}
		if current.start < covered {
			continue
		}
		current.end = current.limit
		if i+1 < len(b.symbols) {
			current.end = min(current.end, b.symbols[i+1].start)
		}
		if current.end > current.start {
			kept = append(kept, current)
		}
	}
	b.symbols = kept
}

// layRanges makes the table's ranges.
func (b *tableBuilder) layRanges() *Table {
	starts, owners := layRanges(len(b.symbols), func(i int) (uint64, uint64) { return b.symbols[i].start, b.symbols[i].end })
	return &Table{starts: starts, owners: owners}
}

// layRanges cuts count spans, which overlap and are sorted by where they start, into disjoint ranges: where several cover an
// address, the one that starts last owns it; of those that start together the last one. A range belongs to the span whose
// index is its owner, or to noFunction, and ends where the next one starts.
func layRanges(count int, spanOf func(index int) (start, end uint64)) (starts []uint64, owners []int32) {
	starts, owners = make([]uint64, 0, count+count/8+1), make([]int32, 0, count+count/8+1)
	var open []int32 // spans that cover the place where the sweep is, the owner last
	endOf := func(index int32) uint64 {
		_, end := spanOf(int(index))
		return end
	}
	emit := func(at uint64) {
		owner := int32(noFunction)
		if len(open) > 0 {
			owner = open[len(open)-1]
		}
		last := len(starts) - 1
		switch {
		case last >= 0 && starts[last] == at:
			owners[last] = owner
		case last >= 0 && owners[last] == owner:
		default:
			starts = append(starts, at)
			owners = append(owners, owner)
		}
	}
	closeUntil := func(address uint64) {
		for len(open) > 0 && endOf(open[len(open)-1]) <= address {
			end := endOf(open[len(open)-1])
			for len(open) > 0 && endOf(open[len(open)-1]) <= end {
				open = open[:len(open)-1]
			}
			emit(end)
		}
	}
	for i := range count {
		start, _ := spanOf(i)
		closeUntil(start)
		open = append(open, int32(i))
		emit(start)
	}
	closeUntil(^uint64(0))
	return slices.Clip(starts), slices.Clip(owners)
}

// packNames copies the names of the symbols that own a range; those of aliases and swallowed labels go.
func (b *tableBuilder) packNames(table *Table) {
	index := make([]int32, len(b.symbols))
	for i := range index {
		index[i] = noFunction
	}
	var names strings.Builder
	for i, owner := range table.owners {
		if owner == noFunction {
			continue
		}
		if index[owner] == noFunction {
			index[owner] = int32(len(table.functions))
			table.functions = append(table.functions, function{start: b.symbols[owner].start, name: uint32(names.Len())})
			names.Write(b.nameOf(b.symbols[owner]))
			names.WriteByte(0)
		}
		table.owners[i] = index[owner]
	}
	table.functions = slices.Clip(table.functions)
	table.names = names.String()
	b.symbols, b.names = nil, nil
}
