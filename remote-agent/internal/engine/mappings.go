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
}

func newMappingTable() *mappingTable {
	return &mappingTable{byFile: make(map[libpf.FileID]weak.Pointer[Mapping])}
}

// intern returns the mapping of a file. path may be a base name, when the whole path is not known.
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
