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

	"pyrometer.dev/remote-agent/internal/pause"
)

const (
	// scanInterval is how often new processes of chosen containers are looked for. What lives shorter in a chosen
	// container is not profiled; its ticks are counted as unselected.
	scanInterval = time.Second
	// forgetScans is after how many scans everything is read again, for pids that were taken by other processes.
	forgetScans = 30
	// youngScans is how often a new process is looked at before it is remembered: it may run another program yet, or be moved into its
	// container.
	youngScans = 3
	// unsettledScans is how often one is looked at whose container no engine tells of.
	unsettledScans = 20
)

// Choice is what somebody wants to be profiled; all empty: everything on the machine. What is not there is no error: it is
// profiled when it comes.
type Choice struct {
	// ContainerIDs have 64 hex digits.
	ContainerIDs []string
	PIDs         []uint32
	// Services are names of services, by the naming that is set: also of containers and processes that come later.
	Services []string
}

// Everything says that nothing was chosen.
func (c Choice) Everything() bool {
	return len(c.ContainerIDs) == 0 && len(c.PIDs) == 0 && len(c.Services) == 0
}

func (c Choice) clone() Choice {
	return Choice{slices.Clone(c.ContainerIDs), slices.Clone(c.PIDs), slices.Clone(c.Services)}
}

// Has says whether a process is chosen, which is in some containers and of a service.
func (c Choice) Has(pid uint32, containerIDs []string, service string) bool {
	return c.Everything() || slices.Contains(c.PIDs, pid) || c.follows(containerIDs, service)
}

// follows says whether what is chosen by more than a process id has a process.
func (c Choice) follows(containerIDs []string, service string) bool {
	return service != "" && slices.Contains(c.Services, service) ||
		slices.ContainsFunc(containerIDs, func(id string) bool { return slices.Contains(c.ContainerIDs, id) })
}

// Servicer says which service a process is of; Resolver is one.
type Servicer interface {
	// ServiceOf looks at a process; "" where there is none. settled: an engine will not tell more of its container.
	ServiceOf(pid uint32) (service string, settled bool)
}

// Chosen is what is to be profiled, as the sampler understands it.
type Chosen struct {
	Everything bool
	PIDs       []uint32
}

// Selector turns a choice into one of processes, and follows the processes of containers and services as they come and go. Safe
// for concurrent use.
type Selector struct {
	proc     procfs
	services Servicer
	apply    func(Chosen) error
	logger   *slog.Logger
	wake     chan struct{}

	mu      sync.Mutex
	choice  Choice
	applied *Chosen
	seen    map[uint32]seenProcess
	scans   int
}

// seenProcess is what a process was found to be, after so many looks.
type seenProcess struct {
	containerIDs []string
	service      string
	settled      bool
	looks        int
}

// NewSelector makes a selector that has applied nothing yet. apply is called with each change.
func NewSelector(services Servicer, apply func(Chosen) error, logger *slog.Logger) *Selector {
	return newSelector("/proc", services, apply, logger)
}

func newSelector(proc procfs, services Servicer, apply func(Chosen) error, logger *slog.Logger) *Selector {
	return &Selector{
		proc: proc, services: services, apply: apply, logger: logger, wake: make(chan struct{}, 1), seen: make(map[uint32]seenProcess),
	}
}

// Select changes what is profiled, at once.
func (s *Selector) Select(_ context.Context, choice Choice) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.choice = choice.clone()
	clear(s.seen)
	if s.choice.Everything() {
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

// Selected is what was chosen.
func (s *Selector) Selected() Choice {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.choice.clone()
}

// Run follows the processes of chosen containers and services until ctx ends. It sleeps while there is nothing to follow.
func (s *Selector) Run(ctx context.Context) {
	for {
		if !s.following() {
			select {
			case <-ctx.Done():
				return
			case <-s.wake:
			}
		}
		if !pause.For(ctx, scanInterval) {
			return
		}
		if err := s.follow(); err != nil {
			s.logger.Warn("what is chosen cannot be followed", "reason", err)
		}
	}
}

func (s *Selector) following() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isFollowing()
}

// isFollowing is called with the lock held.
func (s *Selector) isFollowing() bool { return len(s.choice.ContainerIDs)+len(s.choice.Services) > 0 }

func (s *Selector) follow() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.isFollowing() {
		return nil
	}
	return s.scan()
}

// scan is called with the lock held.
func (s *Selector) scan() error {
	chosen := slices.Clone(s.choice.PIDs)
	if s.isFollowing() {
		found, err := s.followed()
		if err != nil {
			return err
		}
		chosen = append(chosen, found...)
	}
	slices.Sort(chosen)
	return s.set(Chosen{PIDs: slices.Compact(chosen)})
}

// followed are the processes that are there of what is chosen by more than a process id.
func (s *Selector) followed() ([]uint32, error) {
	if s.scans++; s.scans >= forgetScans {
		s.scans = 0
		clear(s.seen)
	}
	entries, err := os.ReadDir(string(s.proc))
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var found []uint32
	present := make(map[uint32]seenProcess, len(s.seen))
	for _, entry := range entries {
		number, err := strconv.ParseUint(entry.Name(), 10, 32)
		if err != nil {
			continue
		}
		pid := uint32(number)
		process := s.seen[pid]
		if process.looks < youngScans || !process.settled && process.looks < unsettledScans {
			if process, err = s.look(pid, process.looks); err != nil {
				continue // ended meanwhile
			}
		}
		present[pid] = process
		if s.choice.follows(process.containerIDs, process.service) {
			found = append(found, pid)
		}
	}
	s.seen = present
	return found, nil
}

// look reads who a process is, after so many looks.
func (s *Selector) look(pid uint32, looks int) (seenProcess, error) {
	cgroups, err := os.ReadFile(s.proc.path(pid, "cgroup"))
	if err != nil {
		return seenProcess{}, err
	}
	found := seenProcess{containerIDs: containerIDs(string(cgroups)), settled: true, looks: looks + 1}
	if len(s.choice.Services) > 0 {
		found.service, found.settled = s.services.ServiceOf(pid)
	}
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
