//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"pyrometer.dev/remote-agent/internal/keeper"
	"pyrometer.dev/remote-agent/internal/lease"
)

// tellTimeout bounds how long the agent waits for its keeper.
const tellTimeout = 5 * time.Second

// tellKeeper tells the keeper what is to become of what is stored once the agent has ended: what was sampled under a lease goes after
// a while, unless somebody stopped the agent, who wants it to stay. So it does also when the agent is killed.
func (a *agent) tellKeeper() {
	ctx, cancel := context.WithTimeout(context.Background(), tellTimeout)
	defer cancel()
	_, continuous := a.leases.List()
	until := a.leases.KeptUntil()
	stopped := a.leases.Phase() == lease.Ended
	wanted := continuous || stopped && until == 0
	if err := a.noteRecording(wanted); err != nil {
		a.logger.Warn("should the machine go down, what was recorded stays", "reason", err)
	}
	if err := a.keeper.Tell(ctx, keeper.Plan{Remove: !wanted, Stopped: stopped, At: until}); err != nil {
		a.logger.Warn("the keeper does not know what is to be removed", "reason", err)
	}
}

// recordingFileName is in the store while what lies there is to go by itself: after so many seconds without a window. A machine that
// went down has no keeper any more; the app reads it when it connects next. Named so that agents before know it for theirs.
const recordingFileName = "profiles.db.recording"

func (a *agent) noteRecording(wanted bool) error {
	path := filepath.Join(a.options.store, recordingFileName)
	if !wanted {
		return os.WriteFile(path, []byte(strconv.Itoa(int(a.options.keep/time.Second))+"\n"), 0o600)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// keepWindows stops sampling, since nobody renewed, leaves nothing in the kernel, and goes on to answer until the windows were kept
// for long enough or the agent is told to end.
func (a *agent) keepWindows(ctx context.Context, served <-chan error) error {
	a.tellKeeper()
	a.logger.Info("nobody renewed the lease: the agent stops sampling")
	if err := a.endSampling(ctx); err != nil {
		return err
	}
	a.announce.announce(stateKept, "")
	leases, measures := time.NewTicker(leaseInterval), time.NewTicker(defaultWindow)
	defer leases.Stop()
	defer measures.Stop()
	var ended ending
	var told time.Time
	for {
		phase := a.leases.Phase()
		if phase == lease.Expired {
			a.ending = "Nobody renewed the recording, and its windows were kept for long enough: everything is removed."
			return nil
		}
		since, until, _ := a.leases.Kept()
		a.ending = fmt.Sprintf("Unless the agent is started again, everything is removed %s.", clockWords(until, time.Now()))
		if !until.Equal(told) {
			told = until
			if err := a.record.setKept(since, until); err != nil {
				a.logger.Warn("state cannot be written", "reason", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-served:
			return fmt.Errorf("serve: %w", errors.Join(err, errNotServed))
		case <-measures.C:
			a.measure()
		case <-leases.C:
			if ended.overdue(a.leases.Phase()) {
				return nil
			}
		}
	}
}

// endSampling stores what was sampled and takes all that is ours out of the kernel.
func (a *agent) endSampling(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	a.sampling.close()
	err := errors.Join(a.engine.Finish(ctx), a.pipeline.StopSampling(ctx), a.engine.Close())
	a.stopFollowing()
	debug.FreeOSMemory()
	return err
}

// keptSentence says what a kept agent is. It is read on the machine whose clock and time zone it is by.
func keptSentence(since, until, now time.Time) string {
	return fmt.Sprintf("Nobody renewed this recording since %s. Its windows stay readable until %s; then everything is removed.",
		clockWords(since, now), clockWords(until, now))
}

// clockWords is a time as people say it: "12:31", "tomorrow 12:31", "2026-11-30 12:31".
func clockWords(at, now time.Time) string {
	at, now = at.Local(), now.Local()
	const day, clock = time.DateOnly, "15:04"
	switch at.Format(day) {
	case now.Format(day):
		return at.Format(clock)
	case now.AddDate(0, 0, 1).Format(day):
		return "tomorrow " + at.Format(clock)
	case now.AddDate(0, 0, -1).Format(day):
		return "yesterday " + at.Format(clock)
	default:
		return at.Format(day + " " + clock)
	}
}
