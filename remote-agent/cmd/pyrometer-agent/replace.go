//go:build linux

package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"connectrpc.com/connect"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/lease"
	"pyrometer.dev/remote-agent/internal/target"
)

const (
	// askTimeout bounds how long the agent that is to go may take to tell what it is told to do.
	askTimeout = 10 * time.Second
	// handoverLease is the least that a lease lasts that is handed over: whoever holds it has to find the new agent first.
	handoverLease = time.Minute
)

// legacy is what an agent leaves to the one that takes its place.
type legacy struct {
	// status is nil where the agent does not answer.
	status *agentv1.Status
	// started are the options that it was started with, defaults where they cannot be read.
	started options
	// words are its arguments, with its name and the command; none where they cannot be read.
	words   []string
	askedAt time.Time
}

// replace stops the agent that runs, which stores its last window, and starts this one with the same settings for the same
// users. Recordings go on: who holds a lease holds one of the new agent. Where the new one does not start, the one before does
// again.
func replace(ctx context.Context, chosen *options, running *record, std streams) (outcome, error) {
	left := legacyOf(ctx, running, chosen.places, std)
	before, err := openPredecessor(running, left)
	if err != nil {
		fmt.Fprintf(std.out, "That agent cannot be started again should this one not start: %s\n", sentence(err))
	} else {
		defer before.Close()
	}
	if err := stopAgent(ctx, running); err != nil {
		return outcome{}, err
	}
	chosen.inherit(running, left)
	result, err := launch(ctx, thisAgent(chosen), std)
	if err == nil {
		left.handOver(ctx, chosen.places, std)
		return result, nil
	}
	reason := sentence(err)
	if before == nil {
		return outcome{}, errors.New("the agent that ran was stopped, and none runs now: " + reason)
	}
	fmt.Fprintf(std.out, "It does not start: %s Starting the agent %s again.\n", reason, running.Version)
	// Also where the start was interrupted.
	ctx = context.WithoutCancel(ctx)
	if err := before.resume(ctx, std); err != nil {
		return outcome{}, fmt.Errorf("the new agent does not start: %s The one before does not either, and none runs now: %w", reason, err)
	}
	left.handOver(ctx, before.options.places, std)
	return outcome{}, fmt.Errorf("the new agent does not start, and the one before, %s, runs again: %s", running.Version, reason)
}

// legacyOf asks the agent that runs. What cannot be had is said, and does not keep an agent that is ill from being replaced.
func legacyOf(ctx context.Context, running *record, where places, std streams) *legacy {
	left := &legacy{askedAt: time.Now()}
	if err := left.readOptions(running.PID); err != nil {
		fmt.Fprintf(std.out, "Not all settings of that agent can be read, so some are as usual: %s\n", sentence(err))
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	client, err := dialAgent(where)
	if err == nil {
		var answered *connect.Response[agentv1.GetStatusResponse]
		if answered, err = client.GetStatus(ctx, connect.NewRequest(&agentv1.GetStatusRequest{})); err == nil {
			left.status = answered.Msg.GetStatus()
		}
	}
	if err != nil {
		fmt.Fprintf(std.out, "That agent does not say who records with it, so recordings may end: %s\n", sentence(said(err)))
	}
	return left
}

// readOptions reads what an agent was started with from its arguments: the store does not keep all of it.
func (l *legacy) readOptions(pid int) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	l.started.register(flags)
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil {
		return fmt.Errorf("read the agent's arguments: %w", err)
	}
	var arguments []string
	for argument := range bytes.SplitSeq(bytes.TrimSuffix(text, []byte{0}), []byte{0}) {
		arguments = append(arguments, string(argument))
	}
	if len(arguments) < 2 || arguments[1] != "run" {
		return fmt.Errorf("read the agent's arguments: %.100q are not an agent's", arguments)
	}
	l.words = arguments
	return flags.Parse(arguments[2:])
}

// inherit keeps what others rely on when an agent is replaced: who may use it, how long it goes on, and where it keeps,
// takes and tells things. The first user stays the one who asked: the outcome names that socket.
func (o *options) inherit(replaced *record, left *legacy) {
	for _, uid := range replaced.UIDs {
		if !slices.Contains(o.uids, uid) {
			o.uids = append(o.uids, uid)
		}
	}
	started := &left.started
	o.store = cmp.Or(replaced.Store, o.store)
	o.log = cmp.Or(o.log, replaced.Log)
	o.ingestListen = cmp.Or(o.ingestListen, started.ingestListen)
	o.metricsListen = cmp.Or(o.metricsListen, started.metricsListen)
	if o.dockerHost == target.DefaultDockerHost {
		o.dockerHost = cmp.Or(started.dockerHost, o.dockerHost)
	}
	if len(o.debuginfod) == 0 {
		o.debuginfod = started.debuginfod
	}
	if o.keep == lease.DefaultKeep {
		o.keep = cmp.Or(started.keep, o.keep)
	}
	o.uploadDirectory = cmp.Or(o.uploadDirectory, started.uploadDirectory)
	o.inheritSampling(left)
	switch leases := left.status.GetLeases(); {
	case replaced.Continuous, left.status.GetState() == agentv1.State_STATE_PROFILING && left.status.GetLeaseExpiresAt() == 0:
		o.lease = 0
	case o.replace && o.lease == 0 && len(leases) > 0:
		// A restart makes no agent continuous that was not.
		o.lease, o.holder, o.holderName = handoverLease, leases[0].GetHolder(), leases[0].GetDescription()
	}
	o.atBoot = o.atBoot || replaced.AtBoot && o.lease == 0
}

// inheritSampling passes flags on: what was set without one, the store keeps.
func (o *options) inheritSampling(left *legacy) {
	status := left.status
	if o.rateHz == 0 && left.started.rateHz != 0 {
		now := cmp.Or(status.GetBurstReturnsToHz(), status.GetBudget().GetWantedRateHz(), status.GetSampleRateHz())
		o.rateHz = cmp.Or(int(now), left.started.rateHz)
	}
	if o.window == 0 && left.started.window != 0 {
		o.window = cmp.Or(time.Duration(status.GetWindowSeconds())*time.Second, left.started.window)
	}
}

// handOver tells the new agent what the one before was told while it ran: what is profiled, and who holds it.
func (l *legacy) handOver(ctx context.Context, where places, std streams) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if selection := l.status.GetSelection(); len(selection.GetContainerIds())+len(selection.GetPids())+len(selection.GetServices()) > 0 {
		client, err := dialAgent(where)
		if err == nil {
			_, err = client.SetSelection(ctx, connect.NewRequest(&agentv1.SetSelectionRequest{
				ContainerIds: selection.GetContainerIds(), Pids: selection.GetPids(), Services: selection.GetServices(),
			}))
		}
		if err != nil {
			fmt.Fprintf(std.out, "Everything is profiled now, since the choice before cannot be had: %s\n", sentence(said(err)))
		}
	}
	for _, each := range l.status.GetLeases() {
		lasts := max(handoverLease, time.UnixMilli(each.GetExpiresAt()).Sub(l.askedAt))
		hold := adminRequest{Operation: opHold, Holder: each.GetHolder(), HolderName: each.GetDescription(), Seconds: int(lasts / time.Second)}
		if err := askAdmin(where.runDirectory, hold, nil); err != nil {
			fmt.Fprintf(std.out, "The recording %q does not go on: %s\n", each.GetDescription(), sentence(err))
		}
	}
}
