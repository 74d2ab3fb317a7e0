package control

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/gen/agent/v1/agentv1connect"
	"pyrometer.dev/remote-agent/internal/gen/querier/v1/querierv1connect"
	"pyrometer.dev/remote-agent/internal/lease"
	"pyrometer.dev/remote-agent/internal/push"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/timed"
	"pyrometer.dev/remote-agent/internal/window"
)

type bed struct {
	directory string
	store     *store.Store
	recorder  *store.Recorder
	parts     *fakeParts
	timed     *timed.Recorder
	stop      context.CancelFunc
	served    chan error
}

type fakeParts struct {
	mu       sync.Mutex
	message  string
	choice   target.Choice
	pushed   push.Server
	unpushed string
	flushed  bool
	// closing, when set, is what CloseWindow waits for.
	closing  func(context.Context) error
	exited   chan struct{}
	leases   *lease.Leases
	sampling string
	naming   target.Naming
}

type fakeSampling struct{ *fakeParts }

func (f fakeSampling) Set(_ context.Context, rateHz int, window, burst time.Duration) error {
	if rateHz == 98 {
		return fmt.Errorf("%w: 98", ErrBadSampling)
	}
	f.sampling = fmt.Sprint(rateHz, " ", window, " ", burst)
	return nil
}

type fakeNaming struct{ *fakeParts }

func (f fakeNaming) Set(_ context.Context, naming target.Naming) error {
	if naming.RelabelConfigs == "bad" {
		return target.ErrBadNaming
	}
	f.naming = naming
	return nil
}

func (f *fakeParts) Status(context.Context) *agentv1.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &agentv1.Status{State: agentv1.State_STATE_PROFILING, Message: f.message, Time: time.Now().UnixMicro()}
}

func (f *fakeParts) Select(_ context.Context, choice target.Choice) error {
	f.choice = choice
	return nil
}

func (f *fakeParts) Selected() target.Choice { return f.choice }

func (f *fakeParts) CloseWindow(ctx context.Context) error {
	f.flushed = true
	if f.closing != nil {
		return f.closing(ctx)
	}
	return nil
}

func (f *fakeParts) Exit() { close(f.exited) }

func (f *fakeParts) Set(_ context.Context, server push.Server, keepSecrets bool) error {
	if server.URL == "bad" {
		return push.ErrBadSettings
	}
	f.pushed = server
	if keepSecrets {
		f.pushed.Credentials.User = "as before"
	}
	return nil
}

func (f *fakeParts) Remove(_ context.Context, url, tenant string) error {
	f.unpushed = url + " " + tenant
	return nil
}

func newBed(t *testing.T) *bed {
	t.Helper()
	return newLeasedBed(t, true)
}

func newLeasedBed(t *testing.T, continuous bool) *bed {
	t.Helper()
	directory := t.TempDir()
	kept, err := store.Open(t.Context(), store.Options{Directory: filepath.Join(directory, "store")})
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	b := &bed{
		directory: directory, store: kept, recorder: store.NewRecorder(kept, nil, logger),
		timed: timed.NewRecorder(func(uint32) target.Identity {
			return target.Identity{Labels: []target.Label{{Name: "service_name", Value: "web"}}}
		}, 10_000_000),
		parts: &fakeParts{exited: make(chan struct{}), leases: lease.New(continuous, time.Hour)}, served: make(chan error, 1),
	}
	ctx, cancel := context.WithCancel(context.Background())
	b.stop = cancel
	listener, err := ListenControl(directory, os.Getuid())
	if err != nil {
		t.Fatal(err)
	}
	pushListener, err := ListenPush(directory)
	if err != nil {
		t.Fatal(err)
	}
	server := NewServer(Agent{
		Status: b.parts, Windows: b.recorder, Select: b.parts, Lease: b.parts.leases, Stop: b.parts, Push: b.parts, Store: kept,
		Sampling: fakeSampling{b.parts}, Naming: fakeNaming{b.parts}, Timed: b.timed,
	}, logger)
	recorded := make(chan struct{})
	go func() { b.recorder.Run(ctx); close(recorded) }()
	go func() {
		b.served <- server.Serve(ctx, Listeners{Control: []net.Listener{listener}, Push: []net.Listener{pushListener}})
	}()
	t.Cleanup(func() {
		cancel()
		<-recorded
		if err := <-b.served; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := kept.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return b
}

func (b *bed) socket() string { return filepath.Join(b.directory, SocketName(os.Getuid())) }

func over(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}}
}

func (b *bed) agent() agentv1connect.AgentServiceClient {
	return agentv1connect.NewAgentServiceClient(over(b.socket()), "http://agent")
}

func (b *bed) querier() querierv1connect.QuerierServiceClient {
	return querierv1connect.NewQuerierServiceClient(over(b.socket()), "http://agent")
}

func someInterval(start time.Time) window.Interval {
	frame := func(name string) *engine.Frame {
		return &engine.Frame{Kind: engine.KindPython, Function: name, File: "/app/" + name + ".py", Line: 7}
	}
	end := start.Add(15 * time.Second)
	return window.Interval{Start: start, End: end, Windows: []*window.Window{{
		Labels: []target.Label{{Name: "host", Value: "h"}, {Name: "service_name", Value: "web"}},
		Type:   window.CPU, Start: start, End: end, Period: 10_000_000,
		Stacks: []window.Stack{
			{Hash: [16]byte{1}, Frames: []*engine.Frame{frame("parse"), frame("main")}},
			{Hash: [16]byte{2}, Frames: []*engine.Frame{frame("render"), frame("main")}},
		},
		SampleLabels: []window.SampleLabels{{PID: 1, Thread: "a"}, {PID: 2, Thread: "b"}},
		Counts:       []window.Count{{Stack: 0, Labels: 0, Count: 3}, {Stack: 1, Labels: 1, Count: 4}},
	}}}
}

const (
	cpuType = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
	baseMs  = 1_700_000_010_000 // a multiple of 15 s
)
