package target

import (
	"fmt"
	"os"
	"slices"
	"strconv"
)

// Seen is a process that runs now.
type Seen struct {
	PID        uint32
	Executable string
	Comm       string
	// ContainerIDs are all that its cgroups name, innermost first. Container is the innermost one that an engine knows.
	ContainerIDs []string
	Container    Container
	// Identity is by the naming that is set, Proposed by the one that was asked about.
	Identity Identity
	Proposed Identity
}

// Survey looks at every process of the machine, and at how it would be called under another naming; nil asks about none. What
// is wrong with that one is answered beside the processes. It remembers nothing: what it costs is over with it.
func (r *Resolver) Survey(proposed *Naming) (found []Seen, flaw *NamingError, err error) {
	r.mu.RLock()
	present := r.rules
	r.mu.RUnlock()
	var other *rules
	if proposed != nil {
		compiled, flawed := proposed.compile()
		if flaw = flawed; flaw == nil {
			other = &compiled
		}
	}
	entries, err := os.ReadDir(string(r.proc))
	if err != nil {
		return nil, nil, fmt.Errorf("list processes: %w", err)
	}
	for _, entry := range entries {
		pid, err := strconv.ParseUint(entry.Name(), 10, 32)
		if err != nil {
			continue
		}
		process, err := r.proc.read(uint32(pid))
		if err != nil || process.ended {
			continue
		}
		container, inContainer := r.container(process.containers)
		seen := Seen{
			PID: uint32(pid), Executable: process.executable, Comm: process.comm, ContainerIDs: process.containers, Container: container,
			Identity: r.identify(&present, process, container, inContainer),
		}
		if other != nil {
			seen.Proposed = r.identify(other, process, container, inContainer)
		}
		found = append(found, seen)
	}
	slices.SortFunc(found, func(a, b Seen) int { return int(int64(a.PID) - int64(b.PID)) })
	return found, flaw, nil
}

// ServiceOf is the service of a process as it is now, by the naming that is set; "" where it has ended or rules drop it. settled is
// false while an engine may tell more of its container.
func (r *Resolver) ServiceOf(pid uint32) (service string, settled bool) {
	r.mu.RLock()
	present := r.rules
	r.mu.RUnlock()
	process, err := r.proc.read(pid)
	if err != nil || process.ended {
		return "", false
	}
	container, inContainer := r.container(process.containers)
	settled = len(process.containers) == 0 || inContainer && !container.Incomplete
	return r.identify(&present, process, container, inContainer).Service(), settled
}

// identify names a process by rules.
func (r *Resolver) identify(by *rules, found process, container Container, inContainer bool) Identity {
	return by.apply(r.values(found, container, inContainer, by.LeadingSlash), metaLabels(found, container, inContainer))
}
