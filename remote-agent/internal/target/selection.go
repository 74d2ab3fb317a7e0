package target

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	// scanInterval is how often new processes of chosen containers are looked for. What lives shorter in a chosen
	// container is not profiled; its ticks are counted as unselected.
	scanInterval = time.Second
	// forgetScans is after how many scans everything is read again, for pids that were taken by other processes.
	forgetScans = 30
)

// Chosen is what is to be profiled, as the sampler understands it.
type Chosen struct {
	Everything bool
	PIDs       []uint32
}

// Selector turns a choice of containers and processes into one of processes, and follows the containers' processes as
// they come and go. Safe for concurrent use.
type Selector struct {
	proc   procfs
	apply  func(Chosen) error
	logger *slog.Logger
	wake   chan struct{}

	mu         sync.Mutex
	containers []string
	pids       []uint32
	applied    *Chosen
	seen       map[uint32][]string
	scans      int
}

// NewSelector makes a selector that has applied nothing yet. apply is called with each change.
func NewSelector(apply func(Chosen) error, logger *slog.Logger) *Selector {
	return newSelector("/proc", apply, logger)
}

func newSelector(proc procfs, apply func(Chosen) error, logger *slog.Logger) *Selector {
	return &Selector{proc: proc, apply: apply, logger: logger, wake: make(chan struct{}, 1), seen: make(map[uint32][]string)}
}

// Select changes what is profiled, at once. Both empty is everything on the machine. A container or process that is not
// there is no error: it is profiled when it comes.
func (s *Selector) Select(_ context.Context, containerIDs []string, pids []uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.containers, s.pids = slices.Clone(containerIDs), slices.Clone(pids)
	if len(s.containers) == 0 && len(s.pids) == 0 {
		clear(s.seen)
		return s.set(Chosen{Everything: true})
	}
	if err := s.scan(); err != nil {
		return err
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// Selected is what was chosen; both empty: everything.
func (s *Selector) Selected() (containerIDs []string, pids []uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.containers), slices.Clone(s.pids)
}

// Run follows the processes of chosen containers until ctx ends. It sleeps while there is nothing to follow.
func (s *Selector) Run(ctx context.Context) {
	for {
		if !s.following() {
			select {
			case <-ctx.Done():
				return
			case <-s.wake:
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(scanInterval):
		}
		if err := s.follow(); err != nil {
			s.logger.Warn("chosen containers cannot be followed", "reason", err)
		}
	}
}

func (s *Selector) following() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.containers) > 0
}

func (s *Selector) follow() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.containers) == 0 {
		return nil
	}
	return s.scan()
}

// scan is called with the lock held.
func (s *Selector) scan() error {
	chosen := slices.Clone(s.pids)
	if len(s.containers) > 0 {
		found, err := s.processesInContainers()
		if err != nil {
			return err
		}
		chosen = append(chosen, found...)
	}
	slices.Sort(chosen)
	return s.set(Chosen{PIDs: slices.Compact(chosen)})
}

func (s *Selector) processesInContainers() ([]uint32, error) {
	if s.scans++; s.scans >= forgetScans {
		s.scans = 0
		clear(s.seen)
	}
	entries, err := os.ReadDir(string(s.proc))
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var found []uint32
	present := make(map[uint32][]string, len(s.seen))
	for _, entry := range entries {
		number, err := strconv.ParseUint(entry.Name(), 10, 32)
		if err != nil {
			continue
		}
		pid := uint32(number)
		ids, known := s.seen[pid]
		if !known {
			cgroups, err := os.ReadFile(s.proc.path(pid, "cgroup"))
			if err != nil {
				continue // ended meanwhile
			}
			ids = containerIDs(string(cgroups))
		}
		present[pid] = ids
		if slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(s.containers, id) }) {
			found = append(found, pid)
		}
	}
	s.seen = present
	return found, nil
}

// set is called with the lock held. It does not bother the sampler when nothing changed.
func (s *Selector) set(chosen Chosen) error {
	unchanged := s.applied != nil && chosen.Everything == s.applied.Everything && slices.Equal(chosen.PIDs, s.applied.PIDs)
	if unchanged {
		return nil
	}
	if err := s.apply(chosen); err != nil {
		return fmt.Errorf("choose what is profiled: %w", err)
	}
	s.applied = &chosen
	return nil
}
