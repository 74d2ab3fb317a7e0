package privilege

import (
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
)

// refusedCalls are what the agent has no use for once it samples, and what somebody who got hold of it would want: to change other
// processes, to become another program, and to be reached from outside. All sockets that it was asked to listen on are there
// by then; those that come later are made by root and passed on. io_uring would be a way around.
var refusedCalls = []uint32{
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_LISTEN, unix.SYS_IO_URING_SETUP,
}

// x32Bit marks system calls of the x32 ABI, which have the architecture of amd64 and other numbers.
const x32Bit = 0x40000000

// Confine makes refusedCalls and those of also fail with EPERM, in all threads and for good. no_new_privs is set already: see Drop.
func Confine(also ...uint32) error {
	architecture, ok := auditArchitecture[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("refuse system calls: no seccomp architecture for %s", runtime.GOARCH)
	}
	return installFilter(confinement(architecture, append(slices.Clone(refusedCalls), also...)), "refuse system calls")
}

// confinement refuses the calls by their numbers, and everything by another ABI.
func confinement(architecture uint32, refused []uint32) []unix.SockFilter {
	const (
		load          = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		jumpIfEqual   = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		jumpIfAtLeast = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		giveBack      = unix.BPF_RET | unix.BPF_K
		refusal       = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	)
	calls := uint8(len(refused)) //nolint:gosec // some dozens
	filter := []unix.SockFilter{
		{Code: load, K: seccompArchitecture},
		{Code: jumpIfEqual, K: architecture, Jf: calls + 3},
		{Code: load, K: seccompNumber},
		{Code: jumpIfAtLeast, K: x32Bit, Jt: calls + 1},
	}
	for i, number := range refused {
		filter = append(filter, unix.SockFilter{Code: jumpIfEqual, K: number, Jt: calls - uint8(i)}) //nolint:gosec // some dozens
	}
	return append(filter, unix.SockFilter{Code: giveBack, K: unix.SECCOMP_RET_ALLOW}, unix.SockFilter{Code: giveBack, K: refusal})
}
