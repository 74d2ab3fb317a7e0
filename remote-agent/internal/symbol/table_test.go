package symbol

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// tableOf builds a table of lines "start size name [flags]" with w(eak), l(ocal), n(o type), o(ld version); the section ends at limit.
func tableOf(t *testing.T, limit uint64, lines string) *Table {
	t.Helper()
	builder := &tableBuilder{}
	for line := range strings.Lines(lines) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		var s symbol
		var size uint64
		if _, err := fmt.Sscanf(fields[0]+" "+fields[1], "%v %v", &s.start, &size); err != nil {
			t.Fatal(err)
		}
		flags := strings.Join(fields[3:], "")
		s.end, s.limit, s.name = min(s.start+size, limit), limit, uint32(len(builder.names))
		if !strings.Contains(flags, "w") {
			s.rank |= rankStrong
		}
		if !strings.Contains(flags, "l") {
			s.rank |= rankGlobal
		}
		if !strings.Contains(flags, "o") {
			s.rank |= rankCurrent
		}
		if !strings.Contains(flags, "n") {
			s.rank |= rankFunction
		}
		builder.names = append(append(builder.names, fields[2]...), 0)
		builder.symbols = append(builder.symbols, s)
	}
	return builder.build()
}

// picture draws which name each 16 bytes from 0x100 to 0x200 have, one letter each.
func picture(table *Table) string {
	var drawn strings.Builder
	for address := uint64(0x100); address < 0x200; address += 0x10 {
		found, ok := table.Lookup(address)
		if again, _ := table.Lookup(address + 0xf); again != found {
			drawn.WriteByte('?')
		}
		if !ok {
			found.Name = "."
		}
		drawn.WriteString(found.Name[:1])
	}
	return drawn.String()
}

func TestTableRanges(t *testing.T) {
	for _, test := range []struct{ name, symbols, want string }{
		{"none", "", "................"},
		{"one with gaps around", "0x120 0x20 a", "..aa............"},
		{"neighbours", "0x100 0x20 a\n 0x120 0x20 b", "aabb............"},
		{"nested", "0x100 0x80 a\n 0x120 0x20 b", "aabbaaaa........"},
		{"nested twice", "0x100 0x80 a\n 0x110 0x50 b\n 0x120 0x10 c", "abcbbbaa........"},
		{"nested to the same end", "0x100 0x40 a\n 0x120 0x20 b", "aabb............"},
		{"overlapping", "0x100 0x40 a\n 0x120 0x60 b", "aabbbbbb........"},
		{"overlapping, a third inside both", "0x100 0x40 a\n 0x120 0x60 b\n 0x130 0x40 c", "aabccccb........"},
		{"unknown size ends at the next", "0x100 0 a\n 0x140 0x20 b", "aaaabb.........."},
		{"unknown size ends with the section", "0x1c0 0 a", "............aaaa"},
		{"unknown size inside of a known one is a label", "0x100 0x80 a\n 0x120 0 b", "aaaaaaaa........"},
		{"two unknown sizes", "0x100 0 a\n 0x120 0 b\n 0x140 0x10 c", "aabbc..........."},
		{"a gap is not filled by a known size", "0x100 0x10 a\n 0x140 0x10 b", "a...b..........."},
		{"an absurd size ends with the section", "0x100 0xffffff a\n 0x140 0x10 b", "aaaabaaaaaaaaaaa"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := picture(tableOf(t, 0x200, test.symbols)); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestAliases(t *testing.T) {
	for _, test := range []struct{ name, symbols, want string }{
		{"known size over unknown", "0x100 0 longer_name\n 0x100 0x10 short l w n", "short"},
		{"function over label", "0x100 0x10 longer_name n\n 0x100 0x10 short l w", "short"},
		{"function over label of a current name", "0x100 0x10 longer_name n\n 0x100 0x10 short o", "short"},
		{"current over old", "0x100 0x10 cfree o\n 0x100 0x10 free l w", "free"},
		{"strong over weak", "0x100 0x10 longer_name w\n 0x100 0x10 short l", "short"},
		{"global over local", "0x100 0x10 longer_name l\n 0x100 0x10 short", "short"},
		{"fewer leading underscores", "0x100 0x10 __libc_malloc\n 0x100 0x10 malloc", "malloc"},
		{"the longer name", "0x100 0x10 memcpy\n 0x100 0x10 memcpy_avx", "memcpy_avx"},
		{"the alphabet", "0x100 0x10 bbb\n 0x100 0x10 aaa", "aaa"},
	} {
		t.Run(test.name, func(t *testing.T) {
			lines := strings.Split(test.symbols, "\n")
			for range 2 {
				found, _ := tableOf(t, 0x200, strings.Join(lines, "\n")).Lookup(0x108)
				if found.Name != test.want {
					t.Errorf("got %q, want %q", found.Name, test.want)
				}
				slices.Reverse(lines)
			}
		})
	}
}

func TestLookupAtTheEdges(t *testing.T) {
	table := tableOf(t, math.MaxUint64, "0x100 0x10 a\n 0xfffffffffffffff0 0 last")
	for address, want := range map[uint64]string{0: "", 0xff: "", 0x100: "a", 0x10f: "a", 0x110: "", math.MaxUint64 - 1: "last", math.MaxUint64: ""} {
		if found, ok := table.Lookup(address); found.Name != want || ok != (want != "") {
			t.Errorf("%#x: got %q", address, found.Name)
		}
	}
	if _, ok := (&Table{}).Lookup(1); ok {
		t.Error("an empty table knows something")
	}
}

// TestTableAgainstSlowSearch compares with the definition: of the symbols that cover an address the one that starts last.
func TestTableAgainstSlowSearch(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		builder := &tableBuilder{}
		taken := map[uint64]bool{}
		for i := range random.IntN(40) {
			start := random.Uint64N(200)
			if taken[start] {
				continue
			}
			taken[start] = true
			name := fmt.Sprintf("s%d", i)
			builder.symbols = append(builder.symbols, symbol{start: start, end: min(start+1+random.Uint64N(80), 256), limit: 256, name: uint32(len(builder.names))})
			builder.names = append(append(builder.names, name...), 0)
		}
		symbols, names := slices.Clone(builder.symbols), &tableBuilder{names: slices.Clone(builder.names)}
		table := builder.build()
		for address := range uint64(300) {
			var want Function
			covered := false
			for _, s := range symbols {
				if s.start <= address && address < s.end && (!covered || s.start > want.Start) {
					want, covered = Function{Name: string(names.nameOf(s)), Start: s.start}, true
				}
			}
			if got, ok := table.Lookup(address); ok != covered || got != want {
				t.Fatalf("round %d, address %d: got %v, want %v of %v", round, address, got, want, symbols)
			}
		}
		if !slices.IsSorted(table.starts) || len(table.starts) > 2*len(symbols)+1 {
			t.Fatalf("round %d: %d ranges of %d symbols", round, len(table.starts), len(symbols))
		}
	}
}
