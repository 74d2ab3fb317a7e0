//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"syscall"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
)

// predecessor is the agent that ran before, kept so that it can be started again when the one that was to take its place does
// not start. Its program may have no name any more: what an app starts is a copy that is removed once it runs. The open file is
// enough to run it.
type predecessor struct {
	*launching
	file *os.File
}

// openPredecessor is called while the agent still runs.
func openPredecessor(running *record, left *legacy) (*predecessor, error) {
	if len(left.words) == 0 {
		return nil, errors.New("its arguments are not known")
	}
	file, err := os.Open("/proc/" + strconv.Itoa(running.PID) + "/exe")
	if err != nil {
		return nil, fmt.Errorf("open its program: %w", err)
	}
	if err := rootsAlone(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if !running.running() { // its number may be another's by now
		return nil, errors.Join(errors.New("it has ended"), file.Close())
	}
	chosen := left.started
	// As it was, but for what it was told since. That is said in flags that every agent knows, after those of its own.
	chosen.uids, chosen.log = running.UIDs, running.Log
	chosen.places = places{store: running.Store, runDirectory: left.started.runDirectory}
	chosen.atBoot = running.AtBoot
	return &predecessor{&launching{
		options: &chosen,
		// Not of /proc/self: who opens it is the child, or systemd.
		program: fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), file.Fd()),
		version: running.Version, words: slices.Concat(left.words, overruled(running, left)),
	}, file}, nil
}

// rootsAlone refuses a program that somebody else could have made or changed. The record that names the process is the agent's to
// write, which has fewer rights than who starts it again.
func rootsAlone(program *os.File) error {
	info, err := program.Stat()
	if err != nil {
		return fmt.Errorf("look at its program: %w", err)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || stat.Uid != 0 || info.Mode().Perm()&0o022 != 0 {
		return errors.New("its program is not root's alone")
	}
	return nil
}

// overruled are flags for what an agent was told while it ran.
func overruled(running *record, left *legacy) (flags []string) {
	for _, uid := range running.UIDs {
		if !slices.Contains(left.started.uids, uid) {
			flags = append(flags, "--uid", strconv.Itoa(uid))
		}
	}
	leases := left.status.GetLeases()
	switch {
	case running.Continuous, left.status.GetState() == agentv1.State_STATE_PROFILING && left.status.GetLeaseExpiresAt() == 0:
		flags = append(flags, "--lease", "0s")
	case len(leases) > 0:
		flags = append(flags, "--lease", handoverLease.String(), "--holder", leases[0].GetHolder(), "--holder-name", leases[0].GetDescription())
	}
	if running.AtBoot && !left.started.atBoot {
		flags = append(flags, "--at-boot")
	}
	return flags
}

// resume starts it again and waits until it samples.
func (p *predecessor) resume(ctx context.Context, std streams) error {
	if !p.atBoot {
		// The one that did not start may have been meant to come back.
		if err := stayAway(ctx, p.places); err != nil {
			return err
		}
	}
	_, err := launch(ctx, p.launching, std)
	return err
}

// Close lets the program go.
func (p *predecessor) Close() error { return p.file.Close() }
