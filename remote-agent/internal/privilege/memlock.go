package privilege

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

// ErrMemlock says that BPF maps are charged against RLIMIT_MEMLOCK and that it may not be raised.
var ErrMemlock = errors.New("this kernel (older than 5.11) charges BPF memory to RLIMIT_MEMLOCK and CAP_SYS_RESOURCE, " +
	"which may raise it, is missing: run the agent with CAP_SYS_RESOURCE or on a newer kernel")

// AllowMemlock lets the unwinder load now and also after rights were given up. It raises RLIMIT_MEMLOCK around each load, which
// it does for every executable that it meets, and gives up where it may not. With CAP_SYS_RESOURCE the limit is raised
// here for good: raising what is unlimited already needs no right. (A login of systemd's has 8 MiB.)
//
// Without the capability: kernels since 5.11 charge BPF memory to the cgroup and never ask for that limit, so a seccomp filter
// answers the call with success without doing it. It sets no_new_privs for all threads and for good.
func AllowMemlock() error {
	effective, err := Effective()
	if err != nil {
		return err
	}
	if effective.Has(unix.CAP_SYS_RESOURCE) {
		unlimited := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
		if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unlimited); err != nil {
			return fmt.Errorf("raise RLIMIT_MEMLOCK: %w", err)
		}
		return nil
	}
	// Probes how the kernel accounts; an error means: against the limit, and the limit cannot be raised.
	if err := rlimit.RemoveMemlock(); err != nil {
		return fmt.Errorf("%w (%w)", ErrMemlock, err)
	}
	return installMemlockFilter()
}

// auditArchitecture is what seccomp calls the architecture of a system call of this program (linux/audit.h).
var auditArchitecture = map[string]uint32{
	"amd64": unix.AUDIT_ARCH_X86_64,
	"arm64": unix.AUDIT_ARCH_AARCH64,
}

// Offsets in struct seccomp_data; arguments are 64 bits, little endian.
const (
	seccompNumber       = 0
	seccompArchitecture = 4
	seccompArgument0    = 16
	argumentSize        = 8
	highHalf            = 4
)

// memlockFilter answers prlimit64(any, RLIMIT_MEMLOCK, not NULL, any) with success and allows everything else.
func memlockFilter(architecture uint32) []unix.SockFilter {
	const (
		load          = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		jumpIfEqual   = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		giveBack      = unix.BPF_RET | unix.BPF_K
		resource      = seccompArgument0 + 1*argumentSize
		newLimit      = seccompArgument0 + 2*argumentSize
		pretendAnswer = unix.SECCOMP_RET_ERRNO // with errno 0 in the low bits
	)
	return []unix.SockFilter{
		{Code: load, K: seccompArchitecture},
		{Code: jumpIfEqual, K: architecture, Jf: 9}, // numbers mean other calls elsewhere
		{Code: load, K: seccompNumber},
		{Code: jumpIfEqual, K: unix.SYS_PRLIMIT64, Jf: 7},
		{Code: load, K: resource},
		{Code: jumpIfEqual, K: unix.RLIMIT_MEMLOCK, Jf: 5},
		{Code: load, K: newLimit},
		{Code: jumpIfEqual, K: 0, Jf: 2}, // some bit is set: a new limit
		{Code: load, K: newLimit + highHalf},
		{Code: jumpIfEqual, K: 0, Jt: 1},
		{Code: giveBack, K: pretendAnswer},
		{Code: giveBack, K: unix.SECCOMP_RET_ALLOW},
	}
}

func installMemlockFilter() error {
	architecture, ok := auditArchitecture[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("filter RLIMIT_MEMLOCK: no seccomp architecture for %s", runtime.GOARCH)
	}
	return installFilter(memlockFilter(architecture), "filter RLIMIT_MEMLOCK")
}

// installFilter filters the system calls of all threads, for good.
func installFilter(filter []unix.SockFilter, purpose string) error {
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]} //nolint:gosec // some lines
	// Both calls must come from one thread: no_new_privs is a thread's, and lets it install a filter without CAP_SYS_ADMIN.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("%s: set no_new_privs: %w", purpose, err)
	}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC,
		uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return fmt.Errorf("%s: install: %w", purpose, errno)
	}
	if thread != 0 {
		return fmt.Errorf("%s: thread %d has another filter", purpose, thread)
	}
	return nil
}
