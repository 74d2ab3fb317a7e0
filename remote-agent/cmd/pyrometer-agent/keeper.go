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
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"pyrometer.dev/remote-agent/internal/keeper"
	"pyrometer.dev/remote-agent/internal/privilege"
	"pyrometer.dev/remote-agent/internal/target"
)

// keeperWait is how long the keeper lets an agent end whose pipe is closed: the kernel closes files one after the other.
const keeperWait = 5 * time.Second

// engineDescriptor is the first of ExtraFiles in the keeper: its end of the channel.
const engineDescriptor = 3

// keeperProcess is a small process that keeps root's rights when the agent gives them up, and does what the agent may not:
// it reads from container engines for it (internal/keeper), and after its end removes the sockets, also those of an agent
// that was killed. It ends with the agent, whose end it sees by a pipe.
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
	child := exec.Command("/proc/self/exe", "keeper", "--run-dir", chosen.runDirectory, "--docker-host", chosen.dockerHost)
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
	flags.StringVar(&chosen.dockerHost, "docker-host", target.DefaultDockerHost, "where Docker listens")
	if code, ok := parseFlags(flags, arguments, std); !ok {
		return code
	}
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGPIPE)
	if err := confineKeeper(); err != nil {
		return fail(std, err)
	}
	// It ends, at the latest, with this process.
	go serveEngines(&chosen)
	// Nothing is ever sent: this ends with the agent.
	if _, err := io.Copy(io.Discard, std.in); err != nil {
		return fail(std, err)
	}
	if err := sweep(chosen.runDirectory); err != nil {
		return fail(std, err)
	}
	return exitOK
}

// keeperCapabilities are what the keeper needs beside being root: an engine's socket may be another user's.
var keeperCapabilities = privilege.SetOf(unix.CAP_DAC_OVERRIDE)

// confineKeeper takes from the keeper what root could do beyond its work: start programs, listen, trace processes.
func confineKeeper() error {
	if _, err := privilege.DropAllBut(uint32(os.Getuid()), keeperCapabilities); err != nil {
		return fmt.Errorf("confine the keeper: %w", err)
	}
	if err := privilege.Confine(); err != nil {
		return fmt.Errorf("confine the keeper: %w", err)
	}
	return nil
}

// serveEngines reads from container engines for the agent. Where it cannot go on, containers have no names any more, which
// the agent's status says; the sockets are still to be removed.
func serveEngines(chosen *options) {
	sockets := map[keeper.Engine]string{keeper.Podman: strings.TrimPrefix(podmanHost, "unix://")}
	if path := chosen.dockerSocket(); path != "" {
		sockets[keeper.Docker] = path
	}
	_ = keeper.Serve(os.NewFile(engineDescriptor, "channel"), sockets) // the agent is told by the closed channel
}

// sweep removes the sockets of an agent that has ended, unless the next one has the run directory.
func sweep(runDirectory string) error {
	lock, err := os.OpenFile(filepath.Join(runDirectory, lockFileName), os.O_RDWR|unix.O_NOFOLLOW, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil // removed with everything else
	}
	if err != nil {
		return fmt.Errorf("remove sockets: %w", err)
	}
	defer lock.Close()
	if err := takeLock(lock, keeperWait); err != nil {
		return nil //nolint:nilerr // the next agent's: it has replaced the sockets
	}
	return clearSockets(runDirectory)
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
