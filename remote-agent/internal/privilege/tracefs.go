package privilege

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Where tracepoints are found: the unwinder learns of ended processes through one.
var tracefsPaths = []string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}

// ErrTracefs says that tracepoints cannot be reached.
var ErrTracefs = errors.New("tracefs is not mounted and may not be mounted: " +
	"run `mount -t tracefs tracefs /sys/kernel/tracing` as root, or start the agent with CAP_SYS_ADMIN")

// MountTracefs mounts tracefs where no tracefs is, as systemd does at boot. It returns whether it did: a mount is left in
// place, for it holds nothing and others may have begun to use it.
func MountTracefs() (bool, error) {
	if tracefsMounted() {
		return false, nil
	}
	flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC)
	if err := unix.Mount("tracefs", tracefsPaths[0], "tracefs", flags, ""); err != nil {
		return false, fmt.Errorf("%w (%w)", ErrTracefs, err)
	}
	return true, nil
}

func tracefsMounted() bool {
	for _, path := range tracefsPaths {
		if _, err := os.Stat(path + "/events/sched/sched_process_free"); err == nil {
			return true
		}
	}
	return false
}
