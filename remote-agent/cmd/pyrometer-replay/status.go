package main

import (
	"context"
	"os"
	"runtime"
	"time"

	"pyrometer.dev/remote-agent/internal/control"
	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/lease"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/window"
)

// status is that of an agent which profiles and whose clock stands where the store ends.
type status struct {
	store    *store.Store
	recorder *store.Recorder
	leases   *lease.Leases
	live     bool
}

func (s *status) Status(ctx context.Context) *agentv1.Status {
	made := &agentv1.Status{
		State: agentv1.State_STATE_PROFILING, Version: "0.1.0+dev", Hostname: "replay.example", Kernel: "6.1.0-replay",
		Architecture: runtime.GOARCH, CpuCount: 4, Pid: uint32(os.Getpid()), //nolint:gosec // pids are positive
		SampleRateHz: sampleRateHz, WindowSeconds: uint32(window.DefaultLength / time.Second),
		Overhead:   &agentv1.Overhead{ProcessCpuCores: 0.008, BpfCpuCores: 0.004, ResidentBytes: 64 << 20},
		Docker:     &agentv1.DockerStatus{Reachable: true, Containers: 3},
		StoreBytes: uint64(s.store.Bytes()), //nolint:gosec // a size
	}
	stats, err := s.store.Stats(ctx)
	if err != nil {
		made.State, made.Message = agentv1.State_STATE_FAILED, "The recorded store cannot be read: "+err.Error()
		return made
	}
	made.WindowsStored = uint64(stats.Windows) //nolint:gosec // a count
	made.LastWindowEnd = stats.NewestEndMs
	made.WindowClosesAt = stats.NewestEndMs + window.DefaultLength.Milliseconds()
	made.StartedAt = stats.OldestMs
	held, _ := s.leases.List()
	made.Leases = control.Leases(held)
	// The time of what is only played back stands still, and nobody can say where.
	if s.live {
		made.Time = time.Now().UnixMilli()
	}
	fired := made.WindowsStored * 400
	made.Counters = []*agentv1.Counter{
		{Name: "samples.fired", Value: fired},
		{Name: "samples.delivered", Value: fired},
		{Name: "samples.lost.ring"},
		{Name: "windows.lost.store", Value: s.recorder.Lost()},
	}
	return made
}
