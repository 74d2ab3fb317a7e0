package symbol

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// largeTable has functions named f0, f1... of 16 bytes each, 16 bytes apart from 0x1000 on.
func largeTable(functions int) *Table {
	builder := &tableBuilder{}
	for i := range functions {
		start := uint64(0x1000 + 32*i)
		builder.symbols = append(builder.symbols, symbol{start: start, end: start + 16, limit: start + 16, name: uint32(len(builder.names))})
		builder.names = append(fmt.Appendf(builder.names, "f%d", i), 0)
	}
	return builder.build()
}

func TestParkedTableIsTheSame(t *testing.T) {
	directory := t.TempDir()
	table := largeTable(5000)
	parked, err := table.park(directory)
	if err != nil {
		t.Fatal(err)
	}
	if parked.Len() != table.Len() || parked.Bytes() != table.Bytes() {
		t.Errorf("%d functions in %d bytes, want %d in %d", parked.Len(), parked.Bytes(), table.Len(), table.Bytes())
	}
	for address := uint64(0xff0); address < 0x1000+32*5001; address += 5 {
		want, wantKnown := table.Lookup(address)
		if got, known := parked.Lookup(address); got != want || known != wantKnown {
			t.Fatalf("%#x: %v %v, want %v %v", address, got, known, want, wantKnown)
		}
	}
	if left, err := os.ReadDir(directory); err != nil || len(left) != 0 {
		t.Errorf("files are left: %v %v", left, err)
	}
	name, _ := parked.Lookup(0x1000)
	if mappings := parkedMappings(t, directory); mappings != 1 {
		t.Errorf("%d mappings, want 1", mappings)
	}
	parked = nil
	for range 100 { // A cleanup runs some time after the collection.
		runtime.GC()
		if parkedMappings(t, directory) == 0 {
			break
		}
	}
	if mappings := parkedMappings(t, directory); mappings != 0 {
		t.Errorf("%d mappings after the table went", mappings)
	}
	if name.Name != "f0" {
		t.Errorf("a name went with its table: %q", name.Name)
	}
}

// parkedMappings counts this process' mappings of files that were in a folder.
func parkedMappings(t *testing.T, directory string) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(maps), directory+"/")
}

func TestTableStaysWhereItCannotBeParked(t *testing.T) {
	if parked, err := largeTable(10).park(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Errorf("parked nowhere: %v", parked)
	}
	if parked, err := (&Table{}).park(t.TempDir()); err != nil || parked.Len() != 0 {
		t.Errorf("empty table: %v %v", parked, err)
	}
}
