package target

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"pyrometer.dev/remote-agent/internal/pause"
)

const (
	// startsInterval is how often containers that started are looked for. Of one that lives for less, Docker's events tell.
	startsInterval = 5 * time.Second
	// startsShare bounds what looking costs: the pause after a look is at least so many times as long as the look.
	startsShare = 1000
	// bootstrapTime is how old a container's first process must be: before, it may be one of those by which the runtime makes the
	// container, which end at once.
	bootstrapTime = time.Second
	// ticksPerSecond is USER_HZ on all architectures of ours.
	ticksPerSecond = 100
	// monitorComm is Podman's and CRI-O's, which waits for a container in a cgroup that is named after it.
	monitorComm = "conmon"
)

// ContainerStart is a container that began to run, for the first time or again.
type ContainerStart struct {
	ContainerID string
	// Occurrence tells this start of the container from its others, also when the clock was set since: the machine's boot, and
	// the ticks from that to the start; of one that no look saw, the time that the engine told.
	Occurrence string
	At         time.Time
	// Labels of its service. Not to be written to.
	Labels []Label
}

// Starts finds the starts of containers by their first processes, whether they use CPU time or not. A container runs as long as
// the process that it was started for, and everything else in it began later: so the oldest process tells, with every engine and with
// none. Of containers that end before they are looked at an engine's events tell. Not safe for concurrent use.
type Starts struct {
	resolver *Resolver
	engine   *EngineStarts
	boot     string
	uptime   func() (time.Duration, error)
	logger   *slog.Logger

	before look
}

// look is what one look at the machine found. Times are ticks since boot.
type look struct {
	// at is when it began. Processes that began before since need no look at their cgroups any more: there were two.
	at, since uint64
	// first are the first processes of the containers that run, by their ids.
	first map[string]firstProcess
	// waiting are containers of which no engine has told, and since when they wait for that.
	waiting map[string]time.Time
	// past are first processes that ended, the latest: an engine may tell of their starts after that.
	past []endedProcess
	// open are the starts that an engine told of and that the next look judges.
	open []engineStart
}

type firstProcess struct {
	pid   uint32
	ticks uint64
}

// NewStarts names what it finds as a resolver does. engine tells of starts as they happen; nil where none does.
func NewStarts(resolver *Resolver, engine *EngineStarts, logger *slog.Logger) *Starts {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		logger.Warn("starts of containers may be told twice when the machine boots again", "reason", err)
	}
	return newStarts(resolver, engine, strings.TrimSpace(string(boot)), sinceBoot, logger)
}

func newStarts(resolver *Resolver, engine *EngineStarts, boot string, uptime func() (time.Duration, error), logger *slog.Logger) *Starts {
	return &Starts{resolver: resolver, engine: engine, boot: boot, uptime: uptime, logger: logger}
}

func sinceBoot() (time.Duration, error) {
	var uptime unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &uptime); err != nil {
		return 0, fmt.Errorf("read time since boot: %w", err)
	}
	return time.Duration(uptime.Nano()), nil
}

// Run tells record of the starts of containers until ctx ends: first of those that run, then of each that starts. What record fails
// with is told again after the next look. record must know what it was told before: another Starts tells of all that run once more.
func (s *Starts) Run(ctx context.Context, record func(context.Context, []ContainerStart) error) {
	told, problem := false, ""
	for {
		began := time.Now()
		heard := s.engine.take()
		next, found, err := s.look(heard)
		took := time.Since(began)
		// The first time also of none, so that from when on starts are known is known.
		if err == nil && (len(found) > 0 || !told) {
			err = record(ctx, found)
		}
		if err == nil {
			s.before, told, problem = next, true, ""
			s.engine.giveBack(next.open)
		} else {
			s.engine.giveBack(heard)
			if ctx.Err() == nil && err.Error() != problem {
				problem = err.Error()
				s.logger.Warn("starts of containers are not known", "reason", err)
			}
		}
		if !pause.For(ctx, max(startsInterval, startsShare*took)) {
			return
		}
	}
}

// look finds what started since the look before, of which an engine told some.
func (s *Starts) look(told []engineStart) (look, []ContainerStart, error) {
	uptime, err := s.uptime()
	if err != nil {
		return look{}, nil, err
	}
	now := s.resolver.now()
	next := look{
		at: ticksOf(uptime), since: s.before.at, first: make(map[string]firstProcess), waiting: make(map[string]time.Time),
		past: slices.Clone(s.before.past),
	}
	since := s.before.since
	ended := make(map[string]bool)
	for id, first := range s.before.first {
		if found, err := s.resolver.proc.stat(first.pid); err == nil && !found.ended && found.startTicks == first.ticks {
			next.first[id] = first
		} else {
			ended[id], since = true, 0 // Older ones may have outlived it.
			next.past = append(next.past, endedProcess{id, first.ticks, s.before.at})
		}
	}
	next.past = next.past[max(0, len(next.past)-maxEngineStarts):]
	oldest, err := s.oldest(since)
	if err != nil {
		return look{}, nil, err
	}
	var started []ContainerStart
	for id, process := range oldest {
		if _, runs := next.first[id]; runs {
			continue
		}
		if ended[id] && process.ticks < s.before.at {
			next.first[id] = process // It ran beside the one that was taken for the first.
			continue
		}
		start, outcome := s.start(id, process, uptime, now)
		switch outcome {
		case startFound:
			started = append(started, start)
			next.first[id] = process
		case startOfNoInterest:
			next.first[id] = process
		case startNotSettled:
			next.since = s.before.since
			next.waiting[id] = now
			if before, waits := s.before.waiting[id]; waits {
				next.waiting[id] = before
			}
		case startGone:
		}
	}
	started = append(started, s.judge(told, &next, oldest, now)...)
	slices.SortFunc(started, func(a, b ContainerStart) int { return a.At.Compare(b.At) })
	return next, started, nil
}

// oldest are the oldest processes of containers, of those that began after so many ticks.
func (s *Starts) oldest(since uint64) (map[string]firstProcess, error) {
	entries, err := os.ReadDir(string(s.resolver.proc))
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	found := make(map[string]firstProcess)
	for _, entry := range entries {
		number, err := strconv.ParseUint(entry.Name(), 10, 32)
		if err != nil {
			continue
		}
		pid := uint32(number)
		process, err := s.resolver.proc.stat(pid)
		if err != nil || process.ended || process.kernelThread || process.startTicks < since || process.comm == monitorComm {
			continue
		}
		cgroups, err := os.ReadFile(s.resolver.proc.path(pid, "cgroup"))
		if err != nil {
			continue
		}
		ids := containerIDs(string(cgroups))
		if len(ids) == 0 {
			continue
		}
		id := ids[0]
		if container, known := s.resolver.container(ids); known {
			id = container.ID
		}
		if other, known := found[id]; !known || process.startTicks < other.ticks || process.startTicks == other.ticks && pid < other.pid {
			found[id] = firstProcess{pid, process.startTicks}
		}
	}
	return found, nil
}

type startOutcome int

const (
	startFound startOutcome = iota
	// startOfNoInterest: rules of the user's drop it, or nothing is done in it.
	startOfNoInterest
	// startNotSettled: it is too young, or an engine may tell more of it.
	startNotSettled
	// startGone: it has ended meanwhile.
	startGone
)

// start names the start of a container by its first process.
func (s *Starts) start(id string, first firstProcess, uptime time.Duration, now time.Time) (ContainerStart, startOutcome) {
	age := uptime - time.Duration(first.ticks)*time.Second/ticksPerSecond //nolint:gosec // since boot
	if age < bootstrapTime {
		return ContainerStart{}, startNotSettled
	}
	r := s.resolver
	process, err := r.proc.read(first.pid)
	if err != nil || process.startTicks != first.ticks {
		return ContainerStart{}, startGone
	}
	container, known := r.container(process.containers)
	if !known || container.Incomplete {
		if since, waits := s.before.waiting[id]; !waits || now.Sub(since) < provisionalInterval {
			return ContainerStart{}, startNotSettled
		}
	}
	labels, wanted := s.labels(process, container, known)
	if !wanted {
		return ContainerStart{}, startOfNoInterest
	}
	return ContainerStart{
		ContainerID: id, Occurrence: s.boot + " " + strconv.FormatUint(first.ticks, 10), At: now.Add(-age), Labels: labels,
	}, startFound
}

// labels are those of the service that a process is of; not wanted where rules drop it, or nothing is done in its container.
func (s *Starts) labels(process process, container Container, known bool) (labels []Label, wanted bool) {
	if container.Pod != "" && container.Name == sandboxName {
		return nil, false
	}
	r := s.resolver
	r.mu.RLock()
	rules := r.rules
	r.mu.RUnlock()
	identity := r.identify(&rules, process, container, known)
	return identity.Labels, !identity.Dropped
}

func ticksOf(uptime time.Duration) uint64 {
	return uint64(uptime / (time.Second / ticksPerSecond)) //nolint:gosec // since boot
}
