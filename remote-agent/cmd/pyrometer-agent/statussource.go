//go:build linux

package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"pyrometer.dev/remote-agent/internal/control"
	"pyrometer.dev/remote-agent/internal/engine"
	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/lease"
)

var discardLogger = slog.New(slog.DiscardHandler)

// statesOfContract are the agent's states in the contract's words.
var statesOfContract = map[state]agentv1.State{
	stateStarting:  agentv1.State_STATE_STARTING,
	stateProfiling: agentv1.State_STATE_PROFILING,
	stateKept:      agentv1.State_STATE_KEPT,
	stateStopping:  agentv1.State_STATE_STOPPING,
	stateFailed:    agentv1.State_STATE_FAILED,
}

// Status makes the contract's status. It implements control.StatusSource.
func (a *agent) Status(context.Context) *agentv1.Status {
	now := a.announce.current()
	known := a.pipeline.Facts()
	usage := a.meter.Last()
	docker := a.docker.Status()
	held, continuous := a.leases.List()
	sampled, rest := a.sampling.current()
	status := &agentv1.Status{
		State:          statesOfContract[now.State],
		Message:        now.Message,
		Version:        version(),
		Hostname:       a.hostname,
		Kernel:         kernelRelease(),
		Architecture:   runtime.GOARCH,
		CpuCount:       uint32(runtime.NumCPU()),
		Pid:            uint32(os.Getpid()),
		StartedAt:      a.started.UnixMilli(),
		SampleRateHz:   uint32(sampled.rateHz),
		WindowSeconds:  uint32(sampled.window / time.Second),
		Naming:         control.NamingOf(a.resolver.Naming()),
		Selection:      control.SelectionOf(a.selector),
		WindowClosesAt: known.WindowClosesAtMs,
		LastWindowEnd:  known.LastWindowEndMs,
		WindowsStored:  known.WindowsStored,
		LeaseExpiresAt: lastExpiryMs(held, continuous),
		Leases:         control.Leases(held),
		StoreBytes:     known.StoreBytes,
		Pushes:         known.Pushes,
		IngestAddress:  known.IngestAddress,
		Debuginfod:     a.options.debuginfod,
		Overhead: &agentv1.Overhead{
			ProcessCpuCores: usage.ProcessCores, BpfCpuCores: usage.BPFCores, ResidentBytes: usage.ResidentBytes,
			BpfMapBytes: usage.BPFMapBytes, DiskBytesPerSecond: usage.WrittenBytes,
			NetworkBytesPerSecond: usage.NetworkBytes,
		},
		Budget: a.economy.status(sampled),
		Docker: &agentv1.DockerStatus{
			Reachable: docker.Reachable, Message: docker.Message, Containers: uint32(docker.Containers),
		},
	}
	status.StartsAtBoot = a.record.atBoot()
	if since, until, kept := a.leases.Kept(); kept && now.State == stateKept {
		status.UnrenewedSince, status.RemovalAt = since.UnixMilli(), until.UnixMilli()
		status.Message = keptSentence(since, until, time.Now())
	}
	if status.Message == "" {
		status.Message = known.Problem
	}
	if status.Message == "" {
		status.Message = a.economy.sentence(sampled)
	}
	counters, err := a.engine.Counters()
	if err != nil {
		a.logger.Warn("counters cannot be read", "reason", err)
	}
	for _, counter := range append(counters, known.Counters...) {
		status.Counters = append(status.Counters, &agentv1.Counter{Name: counter.Name, Value: counter.Value})
	}
	status.Counters = append(status.Counters, &agentv1.Counter{Name: "samples.lost.early", Value: a.sink.early.Load()})
	if !sampled.burstEnds.IsZero() {
		status.BurstEndsAt, status.BurstReturnsToHz = sampled.burstEnds.UnixMilli(), uint32(rest)
	}
	// Last, so that it is right when it is read.
	status.Time = time.Now().UnixMilli()
	return status
}

// lastExpiryMs is when an agent that is not continuous ends unless somebody renews.
func lastExpiryMs(held []lease.Lease, continuous bool) (last int64) {
	for _, each := range held {
		last = max(last, each.ExpiresAt.UnixMilli())
	}
	if continuous {
		return 0
	}
	return last
}

// Exit begins to end the agent and returns at once. It implements control.Stopper, with CloseWindow.
func (a *agent) Exit() { a.exit() }

// CloseWindow closes the open window and returns when it is stored.
func (a *agent) CloseWindow(ctx context.Context) error {
	if err := a.engine.Finish(ctx); err != nil && !errors.Is(err, engine.ErrClosed) {
		return err
	}
	return a.pipeline.CloseWindow(ctx)
}

func kernelRelease() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}
