// Package privilege is what the agent does about its rights: it says what is missing, asks the kernel for no more than it
// needs, and lets go of the rest once it samples.
package privilege

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Capability is a number of linux/capability.h.
type Capability uint

// Name returns the kernel's name, as in "CAP_BPF".
func (c Capability) Name() string {
	if name, ok := capabilityNames[c]; ok {
		return name
	}
	return fmt.Sprintf("capability %d", uint(c))
}

var capabilityNames = map[Capability]string{
	unix.CAP_BPF:                "CAP_BPF",
	unix.CAP_PERFMON:            "CAP_PERFMON",
	unix.CAP_SYS_PTRACE:         "CAP_SYS_PTRACE",
	unix.CAP_DAC_READ_SEARCH:    "CAP_DAC_READ_SEARCH",
	unix.CAP_CHECKPOINT_RESTORE: "CAP_CHECKPOINT_RESTORE",
	unix.CAP_SYSLOG:             "CAP_SYSLOG",
	unix.CAP_SYS_ADMIN:          "CAP_SYS_ADMIN",
	unix.CAP_SYS_RESOURCE:       "CAP_SYS_RESOURCE",
	unix.CAP_SETUID:             "CAP_SETUID",
	unix.CAP_SETGID:             "CAP_SETGID",
	unix.CAP_CHOWN:              "CAP_CHOWN",
}

// Kept are the capabilities that a running agent cannot do without.
var Kept = []Capability{
	unix.CAP_BPF,                // amend the unwinder's maps when processes come and go
	unix.CAP_PERFMON,            // the same for tracing programs; perf events of a CPU that comes online
	unix.CAP_SYS_PTRACE,         // read memory and mappings of other users' processes
	unix.CAP_DAC_READ_SEARCH,    // open their files for names
	unix.CAP_CHECKPOINT_RESTORE, // /proc/PID/map_files: files that were deleted meanwhile
	unix.CAP_SYSLOG,             // addresses in /proc/kallsyms
}

// Set is a set of capabilities as the kernel's bit mask.
type Set uint64

// SetOf makes a set.
func SetOf(capabilities ...Capability) Set {
	var set Set
	for _, capability := range capabilities {
		set |= 1 << capability
	}
	return set
}

// Has says whether a capability is in the set.
func (s Set) Has(capability Capability) bool { return s&(1<<capability) != 0 }

// Effective returns what the calling thread may do now.
func Effective() (Set, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	// The kernel writes two of them: the low and the high 32 bits of each set.
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return 0, fmt.Errorf("read capabilities: %w", err)
	}
	return Set(data[0].Effective) | Set(data[1].Effective)<<32, nil
}
