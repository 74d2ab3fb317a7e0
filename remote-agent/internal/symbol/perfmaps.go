package symbol

import (
	"os"
	"strconv"
	"sync"
	"time"
)

const (
	// perfMapPatience is how long looking for one process's perf map may take.
	perfMapPatience = time.Second
	// maxHungLooks bounds the looks that may be stuck, each in a thread, before nobody's perf map is looked for any more.
	maxHungLooks = 32
)

// PerfMaps finds the perf maps of processes. A look that does not return, as a FUSE or network mount over a container's /tmp can
// arrange, is given up, and its container is left alone until it does: others do not wait for it. Safe for concurrent use.
type PerfMaps struct {
	mutex sync.Mutex
	// looking are the mount namespaces in which somebody looks.
	looking map[string]bool
}

// NewPerfMaps makes a finder of perf maps.
func NewPerfMaps() *PerfMaps { return &PerfMaps{looking: map[string]bool{}} }

// Find says whether a process has a perf map that may be read, and its path as the process sees it. It returns after a second at
// the latest.
func (p *PerfMaps) Find(pid uint32) (path string, ok bool) {
	namespace, err := mountNamespace(pid)
	if err != nil || !p.begin(namespace) {
		return "", false
	}
	found := make(chan string, 1)
	go func() {
		path := perfMapPathOf(pid)
		p.end(namespace) // before the answer: who has it may ask for the next process at once
		found <- path
	}()
	patience := time.NewTimer(perfMapPatience)
	defer patience.Stop()
	select {
	case path = <-found:
		return path, path != ""
	case <-patience.C:
		return "", false
	}
}

// mountNamespace tells processes that see the same file systems, of which one may hang.
func mountNamespace(pid uint32) (string, error) {
	return os.Readlink("/proc/" + strconv.FormatUint(uint64(pid), 10) + "/ns/mnt")
}

func (p *PerfMaps) begin(namespace string) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.looking[namespace] || len(p.looking) >= maxHungLooks {
		return false
	}
	p.looking[namespace] = true
	return true
}

func (p *PerfMaps) end(namespace string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.looking, namespace)
}

// perfMapPathOf is "" where a process has no perf map that may be read.
func perfMapPathOf(pid uint32) string {
	path, err := perfMapOf(pid)
	if err != nil {
		return ""
	}
	opened, err := openPerfMap(pid, path)
	if err != nil || opened.Close() != nil {
		return ""
	}
	return path
}
