package engine

import (
	"runtime"
	"sync"
	"weak"

	"go.opentelemetry.io/ebpf-profiler/libpf"
)

// vdsoPath is how the unwinder names the kernel's page of code in each process.
const vdsoPath = "linux-vdso.1.so"

// mappingTable makes equal files one *Mapping for as long as anybody refers to it. Safe for concurrent use.
//
// Files are told apart by content (FileID). The path is that of the process which was first seen with the file: the same
// library in another container may lie elsewhere, with the same names in it.
type mappingTable struct {
	mu sync.Mutex
	// Weak, so that a host where builds make new binaries all day does not fill the agent's memory.
	byFile map[libpf.FileID]weak.Pointer[Mapping]
	// recent holds on to those whose whole path was told: the module tells it once, before the first sample refers to it.
	recent *generational[libpf.FileID, *Mapping]
}

// recentFileLimit is how many files may be reported before the first of them is sampled, at least.
const recentFileLimit = 8192

func newMappingTable() *mappingTable {
	return &mappingTable{
		byFile: make(map[libpf.FileID]weak.Pointer[Mapping]),
		recent: newGenerational[libpf.FileID, *Mapping](recentFileLimit),
	}
}

// introduce interns a file whose whole path is known, and keeps it for a while.
func (t *mappingTable) introduce(file libpf.FrameMappingFileData, path string) *Mapping {
	mapping := t.intern(file, path)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.recent.put(file.FileID, mapping)
	return mapping
}

// intern returns the mapping of a file. path is for a file that was not introduced, or long ago: its base name.
func (t *mappingTable) intern(file libpf.FrameMappingFileData, path string) *Mapping {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mapping := t.byFile[file.FileID].Value(); mapping != nil {
		return mapping
	}
	if path == vdsoPath {
		path = "[vdso]"
	}
	mapping := &Mapping{FileID: file.FileID.StringNoQuotes(), BuildID: file.GnuBuildID, Path: path}
	reference := weak.Make(mapping)
	t.byFile[file.FileID] = reference
	runtime.AddCleanup(mapping, func(id libpf.FileID) { t.forget(id, reference) }, file.FileID)
	return mapping
}

// forget drops an entry whose mapping is gone, unless a newer one has taken its place.
func (t *mappingTable) forget(id libpf.FileID, reference weak.Pointer[Mapping]) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byFile[id] == reference {
		delete(t.byFile, id)
	}
}
