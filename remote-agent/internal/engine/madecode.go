package engine

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/zeebo/xxh3"
)

const (
	// A compiler makes more code as it goes: a process whose stacks end at such code is looked at again after lookInterval, one
	// without a perf map after patientInterval.
	lookInterval    = 2 * time.Second
	patientInterval = 30 * time.Second
	// sweepInterval is how often ended processes are forgotten.
	sweepInterval = 10 * time.Second
	// maxMadeProcesses bounds the processes that are remembered.
	maxMadeProcesses = 4096

	madeFrameLimit = 32768
	madeStackLimit = 2048
)

// unsupportedMapping is the unwinder's error for code in anonymous memory that no interpreter of its own knows. Kernels before
// 5.17 cannot tell it from other reasons: there such stacks stay cut.
const unsupportedMapping = 4018

// madeCode lets stacks go on through code that compilers make at run time, in processes that write a perf map: they promise
// the frame pointers that perf needs. Where the unwinder ends a stack at such code, the process is looked at apart from the
// samples, and what is found is made known to the unwinder.
type madeCode struct {
	maps    *jitMaps
	perfMap func(pid uint32) (path string, ok bool)
	logger  *slog.Logger
	cut     string
	notices chan uint32

	mu sync.Mutex
	// mappings are of processes whose code the unwinder knows.
	mappings map[uint32]*Mapping

	// Of the goroutine of run.
	processes map[uint32]*madeProcess

	// Of the goroutine that samples.
	frames *generational[madeFrame, *Frame]
	stacks *generational[[16]byte, []*Frame]
}

type madeFrame struct {
	mapping *Mapping
	address uint64
}

type madeProcess struct {
	started  uint64 // tells a process from a later one of the same id
	nextLook time.Time
	regions  map[region]bool
}

func newMadeCode(maps *jitMaps, perfMap func(pid uint32) (path string, ok bool), logger *slog.Logger) *madeCode {
	return &madeCode{
		maps: maps, perfMap: perfMap, logger: logger, cut: unwindError(unsupportedMapping), notices: make(chan uint32, 64),
		mappings: map[uint32]*Mapping{}, processes: map[uint32]*madeProcess{},
		frames: newGenerational[madeFrame, *Frame](madeFrameLimit), stacks: newGenerational[[16]byte, []*Frame](madeStackLimit),
	}
}

// own gives frames of made code the mapping of their process: one address means another function in each. The frames that
// came in are shared and stay as they are. Called for each sample, from one goroutine; never blocks.
func (m *madeCode) own(pid uint32, frames []*Frame, hash [16]byte) ([]*Frame, [16]byte, *Mapping) {
	made := false
	for _, frame := range frames {
		made = made || frame.Mapping == anonymousMapping
		if frame.Kind == KindError && frame.Function == m.cut {
			select {
			case m.notices <- pid:
			default: // The next sample of the process says it again.
			}
		}
	}
	if !made {
		return frames, hash, nil
	}
	m.mu.Lock()
	mapping := m.mappings[pid]
	m.mu.Unlock()
	if mapping == nil {
		return frames, hash, nil
	}
	hash = xxh3.Hash128(append(hash[:], mapping.FileID...)).Bytes()
	if known, ok := m.stacks.get(hash); ok {
		return known, hash, mapping
	}
	owned := make([]*Frame, len(frames))
	for i, frame := range frames {
		owned[i] = frame
		if frame.Mapping != anonymousMapping {
			continue
		}
		key := madeFrame{mapping, frame.Address}
		known, ok := m.frames.get(key)
		if !ok {
			known = &Frame{Kind: frame.Kind, Mapping: mapping, Address: frame.Address}
			m.frames.put(key, known)
		}
		owned[i] = known
	}
	m.stacks.put(hash, owned)
	return owned, hash, mapping
}

// run looks at processes until the context ends.
func (m *madeCode) run(ctx context.Context) {
	sweep := time.NewTicker(sweepInterval)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case pid := <-m.notices:
			m.look(pid, time.Now())
		case <-sweep.C:
			m.sweep()
		}
	}
}

// look makes the code of a process known.
func (m *madeCode) look(pid uint32, now time.Time) {
	known := m.processes[pid]
	if known != nil && now.Before(known.nextLook) {
		return
	}
	started, err := startTimeOf(pid)
	if err != nil {
		return // It has ended.
	}
	if known != nil && known.started != started {
		m.forget(pid, known)
		known = nil
	}
	if known == nil {
		if len(m.processes) >= maxMadeProcesses {
			return
		}
		known = &madeProcess{started: started, regions: map[region]bool{}}
		m.processes[pid] = known
	}
	known.nextLook = now.Add(patientInterval)
	path, ok := m.perfMap(pid)
	if !ok {
		return
	}
	found, err := madeRegions(pid)
	if err != nil {
		return // It ends at this moment, or may not be looked at.
	}
	known.nextLook = now.Add(lookInterval)
	for r := range known.regions {
		if !found[r] {
			m.drop(pid, known, r)
		}
	}
	for r := range found {
		if known.regions[r] {
			continue
		}
		if err := m.maps.add(pid, r); err != nil {
			m.logger.Info("stacks stay cut at code that was made at run time", slog.Uint64("pid", uint64(pid)), slog.Any("reason", err))
			break
		}
		known.regions[r] = true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mappings[pid] == nil && len(known.regions) > 0 {
		identity := xxh3.HashString128(fmt.Sprintf("made code of %d since %d", pid, started)).Bytes()
		m.mappings[pid] = &Mapping{FileID: fmt.Sprintf("%x", identity), Path: path}
	}
}

func (m *madeCode) sweep() {
	for pid, known := range m.processes {
		if started, err := startTimeOf(pid); err != nil || started != known.started {
			m.forget(pid, known)
		}
	}
}

// forget removes everything of a process.
func (m *madeCode) forget(pid uint32, known *madeProcess) {
	for r := range known.regions {
		m.drop(pid, known, r)
	}
	delete(m.processes, pid)
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.mappings, pid)
}

func (m *madeCode) drop(pid uint32, known *madeProcess, r region) {
	delete(known.regions, r)
	if err := m.maps.remove(pid, r); err != nil {
		m.logger.Warn("forget code that was made at run time", slog.Any("error", err))
	}
}
