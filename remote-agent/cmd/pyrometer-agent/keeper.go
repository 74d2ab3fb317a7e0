//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"pyrometer.dev/remote-agent/internal/budget"
	"pyrometer.dev/remote-agent/internal/keeper"
	"pyrometer.dev/remote-agent/internal/privilege"
)

// keeperWait is how long the keeper lets an agent end whose pipe is closed: the kernel closes files one after the other.
const keeperWait = 5 * time.Second

// keeperUpkeepInterval is how often the keeper gives memory back that it does not use.
const keeperUpkeepInterval = time.Minute

// engineDescriptor is the first of ExtraFiles in the keeper: its end of the channel.
const engineDescriptor = 3

// keeperProcess is a small process that keeps root's rights when the agent gives them up, and does what the agent may not:
// it reads from container engines for it (internal/keeper), and after its end, which it sees by a pipe, removes the sockets and,
// where that is the plan, everything: also of an agent that was killed.
type keeperProcess struct {
	*keeper.Channel
	process *os.Process
	// alive is never written to; the kernel closes it with the agent.
	alive *os.File
}

// startKeeper is called while the agent has all rights.
func startKeeper(chosen *options) (*keeperProcess, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start the keeper: %w", err)
	}
	channel, theirs, err := keeper.Pair()
	if err != nil {
		return nil, errors.Join(err, read.Close(), write.Close())
	}
	child := exec.Command("/proc/self/exe", "keeper", "--run-dir", chosen.runDirectory, "--store", chosen.store,
		"--docker-host", chosen.dockerHost, "--keep", chosen.keep.String(), "--upload-dir", chosen.uploadDirectory)
	child.Args[0] = os.Args[0]
	child.Dir = "/"
	child.Stdin, child.ExtraFiles = read, []*os.File{theirs}
	// Not of the agent's terminal: what interrupts the agent shall not end who cleans up after it.
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = errors.Join(child.Start(), read.Close(), theirs.Close())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the keeper: %w", err), write.Close(), channel.Close())
	}
	return &keeperProcess{Channel: channel, process: child.Process, alive: write}, nil
}

// runKeeper is the command keeper, which only the agent calls.
func runKeeper(_ context.Context, arguments []string, std streams) int {
	var chosen options
	flags := flag.NewFlagSet("keeper", flag.ContinueOnError)
	chosen.places.register(flags)
	chosen.registerKeeping(flags)
	if code, ok := parseFlags(flags, arguments, std); !ok {
		return code
	}
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGPIPE)
	if err := confineKeeper(chosen.runDirectory); err != nil {
		return fail(std, err)
	}
	after := newCustody(&chosen)
	// It ends, at the latest, with this process.
	go serveEngines(&chosen, after.planned)
	go staySmall()
	// Nothing is ever sent: this ends with the agent.
	if _, err := io.Copy(io.Discard, std.in); err != nil {
		return fail(std, err)
	}
	if err := errors.Join(sweep(chosen.runDirectory), after.fulfil()); err != nil {
		return fail(std, err)
	}
	return exitOK
}

// staySmall keeps what a start takes out of the memory of a process that then waits: of its program and of its heap.
func staySmall() {
	for ; ; time.Sleep(keeperUpkeepInterval) {
		debug.FreeOSMemory()
		// Where the kernel does not take them back, they stay.
		_ = budget.ReleaseFilePages()
	}
}

// keeperCapabilities are what the keeper needs beside being root: an engine's socket may be another user's, as the store is. To
// take away tracefs, which an agent noted that it mounted, it needs the right to change mounts, of which its filter leaves it the
// taking away.
func keeperCapabilities(runDirectory string) privilege.Set {
	needed := privilege.SetOf(unix.CAP_DAC_OVERRIDE)
	if _, err := os.Lstat(filepath.Join(runDirectory, mountFileName)); err == nil {
		needed |= privilege.SetOf(unix.CAP_SYS_ADMIN)
	}
	return needed
}

// refusedToKeeper is what CAP_SYS_ADMIN would allow beyond the taking away of a mount, and what the keeper has no use for.
var refusedToKeeper = []uint32{
	unix.SYS_MOUNT, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK,
	unix.SYS_MOUNT_SETATTR, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_SETNS, unix.SYS_UNSHARE, unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN,
	unix.SYS_QUOTACTL, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME, unix.SYS_SYSLOG, unix.SYS_KEYCTL,
	unix.SYS_FANOTIFY_INIT, unix.SYS_OPEN_BY_HANDLE_AT,
}

// confineKeeper takes from the keeper what root could do beyond its work: start programs, listen, trace processes, mount.
func confineKeeper(runDirectory string) error {
	if _, err := privilege.DropAllBut(uint32(os.Getuid()), keeperCapabilities(runDirectory)); err != nil {
		return fmt.Errorf("confine the keeper: %w", err)
	}
	if err := privilege.Confine(refusedToKeeper...); err != nil {
		return fmt.Errorf("confine the keeper: %w", err)
	}
	return nil
}

// serveEngines reads from container engines for the agent and hears its plans. Where it cannot go on, containers have no names any
// more, which the agent's status says; what the plan was before is still to be done.
func serveEngines(chosen *options, planned func(keeper.Plan) error) {
	sockets := map[keeper.Engine]string{keeper.Podman: strings.TrimPrefix(podmanHost, "unix://")}
	if path := chosen.dockerSocket(); path != "" {
		sockets[keeper.Docker] = path
	}
	_ = keeper.Serve(os.NewFile(engineDescriptor, "channel"), sockets, planned) // the agent is told by the closed channel
}

// sweep removes the sockets of an agent that has ended, unless the next one has the run directory.
func sweep(runDirectory string) error {
	lock, err := lockFile(filepath.Join(runDirectory, lockFileName), keeperWait)
	switch {
	case errors.Is(err, os.ErrNotExist): // removed with everything else
		return nil
	case errors.Is(err, unix.EWOULDBLOCK): // the next agent's: it has replaced the sockets
		return nil
	case err != nil:
		return fmt.Errorf("remove sockets: %w", err)
	}
	defer lock.Close()
	return clearSockets(runDirectory)
}

// lockFile takes a lock whose file is there; closing it gives the lock back. unix.EWOULDBLOCK: somebody holds it and goes on to.
func lockFile(path string, patience time.Duration) (*os.File, error) {
	lock, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if err := takeLock(lock, patience); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// takeLock waits for a lock that somebody holds for a moment.
func takeLock(lock *os.File, patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for {
		err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(pollInterval)
	}
}
