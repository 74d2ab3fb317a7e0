//go:build linux && amd64

// Package nthfail is for tests: it runs a program one of whose calls that change files fails, whichever is asked for. It stops the
// program at each system call (ptrace), since a static one takes no library that could fail them.
package nthfail

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Run runs a command whose nth call that makes, writes, renames or removes a file, or flushes it, fails with EIO; none does for 0. reached says
// whether it came to that: there were fewer calls otherwise. The command's outputs have to be files.
func Run(command *exec.Cmd, nth int) (state syscall.WaitStatus, reached bool, err error) {
	runtime.LockOSThread() // the tracer is a thread
	defer runtime.UnlockOSThread()
	command.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return 0, false, fmt.Errorf("start it: %w", err)
	}
	t := &tracer{leader: command.Process.Pid, left: nth, failing: map[int]bool{}}
	state, err = t.follow()
	return state, nth > 0 && t.left <= 0, err
}

type tracer struct {
	leader int
	// left is how many calls are still to come, the one that fails included.
	left int
	// failing are threads whose call is being failed.
	failing map[int]bool
}

// follow runs the program to its end.
func (t *tracer) follow() (syscall.WaitStatus, error) {
	var status unix.WaitStatus
	if _, err := unix.Wait4(t.leader, &status, 0, nil); err != nil {
		return 0, fmt.Errorf("wait for its start: %w", err)
	}
	options := unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_EXITKILL
	if err := unix.PtraceSetOptions(t.leader, options); err != nil {
		return 0, fmt.Errorf("trace it: %w", err)
	}
	thread, signal := t.leader, 0
	for {
		if err := unix.PtraceSyscall(thread, signal); err != nil && !errors.Is(err, unix.ESRCH) {
			return 0, fmt.Errorf("let it go on: %w", err)
		}
		var err error
		// Only what this thread traces: other tests have processes, too.
		thread, err = unix.Wait4(-1, &status, unix.WALL|unix.WNOTHREAD, nil)
		if err != nil {
			return 0, fmt.Errorf("wait for it: %w", err)
		}
		signal = 0
		switch {
		case status.Exited() || status.Signaled():
			if thread == t.leader {
				return syscall.WaitStatus(status), nil
			}
		case status.StopSignal() == unix.SIGTRAP|0x80:
			// A thread that stops while another one ends the program is gone before it is looked at.
			if err := t.call(thread); err != nil && !errors.Is(err, unix.ESRCH) {
				return 0, err
			}
		case status.StopSignal() != unix.SIGTRAP && status.StopSignal() != unix.SIGSTOP: // those are of tracing
			signal = int(status.StopSignal())
		}
	}
}

// callInfo is the kernel's struct ptrace_syscall_info, as far as calls are concerned.
type callInfo struct {
	op     uint8
	_      [3]uint8
	_      uint32
	_, _   uint64
	number uint64
	args   [6]uint64
}

const (
	getSyscallInfo = 0x420e // PTRACE_GET_SYSCALL_INFO, since Linux 5.3
	entry          = 1
	exit           = 2
)

// call looks at a system call that begins or ends.
func (t *tracer) call(thread int) error {
	var info callInfo
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, getSyscallInfo, uintptr(thread), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno != 0 {
		return fmt.Errorf("look at a call: %w", errno)
	}
	switch {
	case info.op == entry && changes(thread, info):
		t.left--
		if t.left != 0 {
			return nil
		}
		t.failing[thread] = true
		// There is no such call, so nothing happens.
		return change(thread, func(registers *unix.PtraceRegs) { registers.Orig_rax = ^uint64(0) })
	case info.op == exit && t.failing[thread]:
		delete(t.failing, thread)
		return change(thread, func(registers *unix.PtraceRegs) { registers.Rax = ^uint64(unix.EIO) + 1 })
	}
	return nil
}

func change(thread int, with func(*unix.PtraceRegs)) error {
	var registers unix.PtraceRegs
	if err := unix.PtraceGetRegs(thread, &registers); err != nil {
		return fmt.Errorf("read registers: %w", err)
	}
	with(&registers)
	if err := unix.PtraceSetRegs(thread, &registers); err != nil {
		return fmt.Errorf("set registers: %w", err)
	}
	return nil
}

// changes says whether a call changes files.
func changes(thread int, info callInfo) bool {
	switch info.number {
	case unix.SYS_RENAME, unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2, unix.SYS_UNLINK, unix.SYS_UNLINKAT, unix.SYS_RMDIR, unix.SYS_MKDIR,
		unix.SYS_MKDIRAT, unix.SYS_SYMLINK, unix.SYS_SYMLINKAT, unix.SYS_LINK, unix.SYS_LINKAT, unix.SYS_FCHMOD, unix.SYS_FCHMODAT,
		unix.SYS_CHMOD, unix.SYS_TRUNCATE, unix.SYS_FTRUNCATE, unix.SYS_FSYNC, unix.SYS_FDATASYNC:
		return true
	case unix.SYS_OPENAT:
		return info.args[2]&unix.O_CREAT != 0
	case unix.SYS_OPEN:
		return info.args[1]&unix.O_CREAT != 0
	case unix.SYS_WRITE, unix.SYS_PWRITE64, unix.SYS_WRITEV:
		return isFile(thread, info.args[0])
	case unix.SYS_COPY_FILE_RANGE:
		return isFile(thread, info.args[2])
	case unix.SYS_SENDFILE:
		return isFile(thread, info.args[0])
	case unix.SYS_SPLICE:
		return isFile(thread, info.args[2])
	default:
		return false
	}
}

// isFile says whether a descriptor is of a file, and not of what outputs of a test go to.
func isFile(thread int, descriptor uint64) bool {
	path := fmt.Sprintf("/proc/%d/fd/%d", thread, descriptor)
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	name, err := os.Readlink(path)
	return err == nil && !strings.HasSuffix(name, OutputName)
}

// OutputName ends the names of files that outputs go to, which do not count.
const OutputName = ".output"
