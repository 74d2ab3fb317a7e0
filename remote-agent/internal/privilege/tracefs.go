package privilege

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Where tracepoints are found: the unwinder learns of ended processes through one.
var tracefsPaths = []string{TracefsPath, "/sys/kernel/debug/tracing"}

// ErrTracefs says that tracepoints cannot be reached.
var ErrTracefs = errors.New("tracefs is not mounted and may not be mounted: " +
	"run `mount -t tracefs tracefs /sys/kernel/tracing` as root, or start the agent with CAP_SYS_ADMIN")

// TracefsPath is where MountTracefs mounts.
const TracefsPath = "/sys/kernel/tracing"

// MountTracefs mounts tracefs where no tracefs is, as systemd does at boot. It returns whether it did: the mount stays when
// the agent ends, for the next one needs it, and goes when the agent is removed.
func MountTracefs() (bool, error) {
	if tracefsMounted() {
		return false, nil
	}
	flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC)
	if err := unix.Mount("tracefs", TracefsPath, "tracefs", flags, ""); err != nil {
		return false, fmt.Errorf("%w (%w)", ErrTracefs, err)
	}
	return true, nil
}

// UnmountTracefs takes away what MountTracefs mounted. It returns false, and leaves the mount, while others use it.
func UnmountTracefs() (bool, error) {
	err := unix.Unmount(TracefsPath, unix.UMOUNT_NOFOLLOW)
	switch {
	case err == nil || errors.Is(err, unix.EINVAL): // somebody else took it away
		return true, nil
	case errors.Is(err, unix.EBUSY):
		return false, nil
	default:
		return false, fmt.Errorf("unmount %s: %w", TracefsPath, err)
	}
}

func tracefsMounted() bool {
	for _, path := range tracefsPaths {
		if _, err := os.Stat(path + "/events/sched/sched_process_free"); err == nil {
			return true
		}
	}
	return false
}
