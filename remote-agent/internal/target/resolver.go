package target

import (
	"path"
	"strings"
	"sync"
	"time"
)

const (
	// verifyInterval is how long a process is believed to be the one that it was.
	verifyInterval = 10 * time.Second
	// forgetInterval is how long after the last question a process is forgotten.
	forgetInterval = 5 * time.Minute
	// provisionalInterval is how long an engine may take to tell of a container.
	provisionalInterval = 20 * time.Second
)

// unknownService is the service of processes of which nothing is known.
const unknownService = "unknown"

// kernelService is the service of all kernel threads.
const kernelService = "kernel"

// Hint is what a sample tells of its process. It is what remains when the process ended before anybody looked.
type Hint struct {
	Comm        string
	Executable  string
	ContainerID string
}

// Containers knows the containers of this machine. Docker implements it.
type Containers interface {
	// Lookup finds a container by its 64 hex digits, also for a while after it ended.
	Lookup(id string) (Container, bool)
	// Generation changes whenever Lookup may answer otherwise than before.
	Generation() uint64
}

// Resolver names processes. It reads /proc once a process and remembers. Safe for concurrent use; a question about one
// process never waits for /proc being read for another.
type Resolver struct {
	proc       procfs
	host       string
	containers Containers
	now        func() time.Time

	mu    sync.RWMutex
	known map[uint32]*resolved
	swept time.Time
	// rules are changed by SetNaming, which counts namings.
	rules   rules
	namings uint64
	// news wakes FollowDropped.
	news chan struct{}
}

// resolved is never written to after it was stored.
type resolved struct {
	identity Identity
	hint     Hint
	// process as it was found; startTicks is 0 when it was gone already.
	process  process
	verified time.Time
	// gone: the process has ended since.
	gone bool
	// open: the cgroup names a container that was not found, or not whole, in generation. first is when it was looked at.
	open       bool
	first      time.Time
	generation uint64
	namings    uint64
}

// NewResolver makes a resolver for the processes of this machine, host being its name.
func NewResolver(host string, containers Containers) *Resolver {
	return newResolver("/proc", host, containers, time.Now)
}

func newResolver(proc procfs, host string, containers Containers, now func() time.Time) *Resolver {
	return &Resolver{
		proc: proc, host: host, containers: containers, now: now,
		known: make(map[uint32]*resolved), swept: now(), news: make(chan struct{}, 1),
	}
}

// Note is to be called with each sample: it looks at a process when its first sample comes, for a second one may come too
// late. For a process that is known it costs one lookup.
func (r *Resolver) Note(pid uint32, hint Hint) {
	r.mu.RLock()
	known := r.known[pid]
	r.mu.RUnlock()
	// A new executable in the same process is an exec, which mostly makes another service of it.
	if known == nil || hint.Executable != "" && known.hint.Executable != hint.Executable {
		if r.resolve(pid, hint).Dropped {
			r.tellDropped()
		}
	}
}

// Identify returns who a process is. The identity of a pid that was never noted and is gone has only the host and the
// service "unknown".
func (r *Resolver) Identify(pid uint32) Identity {
	r.mu.RLock()
	known, namings := r.known[pid], r.namings
	r.mu.RUnlock()
	if known == nil {
		return r.resolve(pid, Hint{})
	}
	if known.namings != namings || known.open && known.generation != r.containers.Generation() {
		// From what was found then: the process may be gone by now.
		return r.remember(pid, known.process, known.hint, known.first)
	}
	now := r.now()
	if now.Sub(known.verified) >= verifyInterval {
		return r.verify(pid, known, now)
	}
	return known.answer(now)
}

// verify makes sure that the pid was not taken by another process.
func (r *Resolver) verify(pid uint32, known *resolved, now time.Time) Identity {
	start, err := r.proc.start(pid)
	if err == nil && start != known.process.startTicks {
		return r.resolve(pid, Hint{})
	}
	// Gone, or still the same.
	renewed := *known
	renewed.verified = now
	r.store(pid, &renewed)
	return known.answer(now)
}

// answer is the identity, provisional while an engine may still tell of its container.
func (r *resolved) answer(now time.Time) Identity {
	identity := r.identity
	identity.Provisional = r.open && now.Sub(r.first) < provisionalInterval
	return identity
}

// SetNaming changes how services are called, from now on. The error is ErrBadNaming and says what is wrong.
func (r *Resolver) SetNaming(naming Naming) error {
	compiled, flaw := naming.compile()
	if flaw != nil {
		return flaw
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rules = compiled
	r.namings++
	r.tellDropped()
	return nil
}

// Naming is what was set.
func (r *Resolver) Naming() Naming {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.rules.Naming
}

func (r *Resolver) resolve(pid uint32, hint Hint) Identity {
	found, err := r.proc.read(pid)
	if err != nil {
		found = process{exited: true}
	}
	if found.executable == "" {
		found.executable = hint.Executable
	}
	if found.comm == "" {
		found.comm = hint.Comm
	}
	if len(found.containers) == 0 && hint.ContainerID != "" {
		found.containers = []string{hint.ContainerID}
	}
	if hint.Executable == "" {
		hint.Executable = found.executable
	}
	return r.remember(pid, found, hint, r.now())
}

// remember names what was found.
func (r *Resolver) remember(pid uint32, found process, hint Hint, first time.Time) Identity {
	// Before the question, so that an answer which came meanwhile is asked for again.
	generation := r.containers.Generation()
	container, inContainer := r.container(found.containers)
	r.mu.RLock()
	rules, namings := r.rules, r.namings
	r.mu.RUnlock()
	now := r.now()
	entry := &resolved{
		identity:   r.identify(&rules, found, container, inContainer),
		hint:       hint,
		process:    found,
		verified:   now,
		open:       len(found.containers) > 0 && !inContainer || container.Incomplete,
		first:      first,
		generation: generation,
		namings:    namings,
	}
	r.store(pid, entry)
	return entry.answer(now)
}

// container returns the innermost container that Docker knows: of a Docker in a container the outer one.
func (r *Resolver) container(ids []string) (Container, bool) {
	for _, id := range ids {
		if container, ok := r.containers.Lookup(id); ok {
			return container, true
		}
	}
	return Container{}, false
}

// values are a process' labels by name. service_name is, in this order: a container's label pyrometer.service, or its name,
// of a Compose service without the replica's number; the systemd unit; the executable; and of what ended before anybody
// looked, the name of the thread.
func (r *Resolver) values(found process, container Container, inContainer, leadingSlash bool) map[string]string {
	executable := path.Base(found.executable)
	if found.executable == "" || executable == "/" {
		executable = ""
	}
	if inContainer {
		values := container.values()
		if leadingSlash && container.Labels[serviceLabel] == "" {
			values[labelServiceName] = "/" + container.Name
		}
		values[labelHost] = r.host
		values[labelRuntime] = runtimeOf(executable)
		return values
	}
	values := map[string]string{labelHost: r.host, labelUnit: found.unit}
	if len(found.containers) > 0 {
		values[labelContainerID] = found.containers[0]
	}
	if found.exited {
		values[labelExited] = "true"
	}
	switch {
	case found.kernelThread:
		values[labelServiceName] = kernelService
	case found.unit != "":
		values[labelServiceName] = strings.TrimSuffix(found.unit, ".service")
		values[labelRuntime] = runtimeOf(executable)
	case executable != "":
		values[labelServiceName] = executable
		values[labelRuntime] = runtimeOf(executable)
	case found.comm != "":
		values[labelServiceName] = found.comm
		values[labelNamedBy] = "comm"
	default:
		values[labelServiceName] = unknownService
	}
	return values
}

// store remembers an entry and now and then forgets those that nobody asked for.
func (r *Resolver) store(pid uint32, entry *resolved) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[pid] = entry
	now := entry.verified
	if now.Sub(r.swept) < forgetInterval {
		return
	}
	r.swept = now
	for other, known := range r.known {
		// Asking renews verified.
		if now.Sub(known.verified) >= forgetInterval {
			delete(r.known, other)
		}
	}
}
