//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"pyrometer.dev/remote-agent/internal/control"
)

const (
	// stopTimeout is longer than an agent takes to store what it has (finishTimeout).
	stopTimeout  = 20 * time.Second
	pollInterval = 50 * time.Millisecond
)

// runStop is the command stop.
func runStop(ctx context.Context, arguments []string, std streams) int {
	var where places
	flags := flag.NewFlagSet("stop", flag.ContinueOnError)
	where.register(flags)
	force := flags.Bool("force", false, "also when somebody holds the agent for a recording")
	if code, ok := parseFlags(flags, arguments, std); !ok {
		return code
	}
	if err := where.absolute(); err != nil {
		return fail(std, err)
	}
	found, err := readRecord(where.runDirectory)
	if errors.Is(err, errNoRecord) || err == nil && !found.running() {
		if err := stayAway(ctx, where); err != nil {
			return fail(std, err)
		}
		outcome{State: stateStopped, Message: "No agent runs."}.print(std)
		return exitNotRunning
	}
	if err != nil {
		return fail(std, err)
	}
	if err := endAgent(ctx, where, found, *force); err != nil {
		return fail(std, err)
	}
	if err := errors.Join(clearSockets(where.runDirectory), stayAway(ctx, where)); err != nil {
		return fail(std, err)
	}
	outcome{State: stateStopped, PID: found.PID, Version: found.Version}.print(std)
	return exitOK
}

// stayAway makes an agent that was stopped one that does not come back after a reboot.
func stayAway(ctx context.Context, where places) error {
	removed, err := removeBootFiles(where)
	if len(removed) > 0 {
		reloadUnits(ctx)
	}
	return err
}

// endAgent stops an agent that nobody holds, or any when forced.
func endAgent(ctx context.Context, where places, running *record, forced bool) error {
	if !forced {
		if err := askAdmin(where.runDirectory, adminRequest{Operation: opEnd}, nil); errors.As(err, new(heldElsewhere)) {
			return err
		}
		// Any other failure is of an agent that cannot answer; ending it is what was asked for.
	}
	return stopAgent(ctx, running)
}

// stopAgent asks an agent to end, waits until it has, and kills it when it does not.
func stopAgent(ctx context.Context, running *record) error {
	process, err := os.FindProcess(running.PID)
	if err != nil {
		return fmt.Errorf("stop agent %d: %w", running.PID, err)
	}
	if err := process.Signal(syscall.SIGTERM); err != nil {
		switch {
		case errors.Is(err, os.ErrProcessDone):
			return nil
		case errors.Is(err, os.ErrPermission):
			return errors.New("the agent belongs to another user: use sudo, or Stop agent in the app")
		default:
			return fmt.Errorf("stop agent %d: %w", running.PID, err)
		}
	}
	if waitForEnd(ctx, running, stopTimeout) {
		return nil
	}
	if ctx.Err() != nil {
		return errors.New("the stop was interrupted; the agent is ending")
	}
	if err := process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill agent %d, which does not end: %w", running.PID, err)
	}
	if !waitForEnd(ctx, running, stopTimeout) {
		return fmt.Errorf("agent %d does not end, not even when killed: look at it with ps", running.PID)
	}
	return nil
}

func waitForEnd(ctx context.Context, running *record, timeout time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for running.running() {
		select {
		case <-ctx.Done():
			return false
		case <-poll.C:
		}
	}
	return true
}

// clearSockets removes what an agent without rights could not remove when it ended. Where the caller has none either, the
// agent's keeper does. One on which somebody answers is not the ended agent's.
func clearSockets(runDirectory string) error {
	sockets, err := filepath.Glob(filepath.Join(runDirectory, "*.sock"))
	if err != nil {
		return fmt.Errorf("remove sockets: %w", err)
	}
	for _, socket := range sockets {
		if control.Answers(socket) {
			continue
		}
		if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, os.ErrPermission) {
			return fmt.Errorf("remove sockets: %w", err)
		}
	}
	return nil
}
