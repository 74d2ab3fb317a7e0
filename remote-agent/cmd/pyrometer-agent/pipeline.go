//go:build linux

package main

import (
	"context"
	"os"
	"sync/atomic"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/target"
)

// pipeline is what becomes of samples: windows, names, the store, and the sockets on which all that is served. Compose
// makes it; the rest of this package does not know what it consists of.
//
// Order of calls: Listen with all rights, Open without them, HandleSample and ObserveMapping from then on, Run, and
// CloseWindow at any time in between.
type pipeline interface {
	engine.Sink
	// ObserveMapping is engine.Config.ObserveMapping.
	ObserveMapping(pid uint32, mapping *engine.Mapping)
	// Listen makes the control socket of each user and the push socket.
	Listen(runDirectory string, uids []int) error
	// Admit serves on one more control socket, which root has made and bound to path for a user.
	Admit(socket *os.File, path string, uid int) error
	// Open opens what belongs to the user that the agent has become: the store.
	Open(ctx context.Context) error
	// Run serves until ctx ends, then stores what is left and closes everything.
	Run(ctx context.Context) error
	// StopSampling stores what was sampled, for there will be no more; what is stored is served on.
	StopSampling(ctx context.Context) error
	// Retime changes the rate and the length of windows while nothing is sampled.
	Retime(rateHz int, window time.Duration)
	// CloseWindow closes the open window and returns when it is stored.
	CloseWindow(ctx context.Context) error
	// Facts are the pipeline's part of the status.
	Facts() facts
}

// facts are what the pipeline knows for the status.
type facts struct {
	// Unix milliseconds; 0 before the first window.
	WindowClosesAtMs int64
	LastWindowEndMs  int64
	WindowsStored    uint64
	StoreBytes       uint64
	// Problem is one sentence, "" while all is well.
	Problem  string
	Counters []engine.Counter
	Pushes   []*agentv1.PushStatus
	// IngestAddress is where SDKs push over TCP, empty where they do not.
	IngestAddress string
}

// identifiedSink looks at the process of each sample before the sample goes on: the process may be gone when its window
// closes. It passes samples on once a pipeline was set.
type identifiedSink struct {
	resolver *target.Resolver
	next     atomic.Pointer[pipeline]
	// early counts samples that came before there was a pipeline; none should.
	early atomic.Uint64
}

var _ engine.Sink = (*identifiedSink)(nil)

// HandleSample implements engine.Sink.
func (s *identifiedSink) HandleSample(sample *engine.Sample) {
	s.resolver.Note(sample.PID, target.Hint{
		Comm: sample.Comm, Executable: sample.Executable, ContainerID: sample.ContainerID,
	})
	next := s.next.Load()
	if next == nil {
		s.early.Add(sample.Count)
		return
	}
	(*next).HandleSample(sample)
}

// observeMapping implements engine.Config.ObserveMapping.
func (s *identifiedSink) observeMapping(pid uint32, mapping *engine.Mapping) {
	if next := s.next.Load(); next != nil {
		(*next).ObserveMapping(pid, mapping)
	}
}
