//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pyrometer.dev/remote-agent/internal/control"
	"pyrometer.dev/remote-agent/internal/cputime"
	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/push"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/symbol"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/timed"
	"pyrometer.dev/remote-agent/internal/window"
)

// What the store keeps. A week of a busy host is some hundred megabytes.
const (
	maxStoreAge   = 7 * 24 * time.Hour
	maxStoreBytes = 2 << 30
)

// controlSocketName is the file name of a user's control socket.
func controlSocketName(uid int) string { return control.SocketName(uid) }

// storing is the pipeline of a real agent: windows, names, the store, Pyroscope, and the sockets that serve them.
type storing struct {
	agent   *agent
	logger  *slog.Logger
	symbols *symbol.FileResolver
	control []net.Listener
	push    []net.Listener
	// ingest is the address where SDKs push over TCP, empty where they do not.
	ingest  string
	metrics []net.Listener

	// Set by Open.
	store      *store.Store
	symbolizer atomic.Pointer[store.Symbolizer]
	recorder   *store.Recorder
	aggregator *window.Aggregator
	timed      *timed.Recorder
	pushers    *push.Pushers
	server     *control.Server
	// sampling ends with stopSampling: no window is closed any more. recorded is closed when what was sampled is stored.
	sampling     context.Context //nolint:containedctx // begins before Run
	stopSampling context.CancelFunc
	recorded     chan struct{}

	// admitted are listeners that came later, served until the agent ends.
	mu       sync.Mutex
	serving  context.Context //nolint:containedctx // lives as long as Run
	admitted sync.WaitGroup
}

var _ pipeline = (*storing)(nil)

// compose makes the pipeline of an agent.
func compose(a *agent) pipeline {
	s := &storing{agent: a, logger: a.logger, recorded: make(chan struct{})}
	s.sampling, s.stopSampling = context.WithCancel(context.Background())
	s.symbols = symbol.NewResolver(symbol.Options{Logger: a.logger, Directory: a.options.store, Debuginfod: a.options.debuginfod, OnNames: func(fileID string, all bool) {
		if symbolizer := s.symbolizer.Load(); symbolizer != nil {
			symbolizer.Renew(fileID, all)
		}
	}})
	return s
}

// HandleSample implements engine.Sink.
func (s *storing) HandleSample(sample *engine.Sample) {
	s.aggregator.HandleSample(sample)
	s.timed.HandleSample(sample)
}

// ObserveMapping implements pipeline.
func (s *storing) ObserveMapping(pid uint32, mapping *engine.Mapping) {
	s.symbols.Observe(pid, mapping)
}

// Listen implements pipeline.
func (s *storing) Listen(runDirectory string, uids []int) error {
	for _, uid := range uids {
		listener, err := control.ListenControl(runDirectory, uid)
		if err != nil {
			return err
		}
		s.control = append(s.control, keptSocket{listener})
	}
	listener, err := control.ListenPush(runDirectory)
	if err != nil {
		return err
	}
	s.push = []net.Listener{keptSocket{listener}}
	if address := s.agent.options.ingestListen; address != "" {
		listener, err := control.ListenIngest(address)
		if err != nil {
			return err
		}
		s.push, s.ingest = append(s.push, listener), listener.Addr().String()
	}
	if address := s.agent.options.metricsListen; address != "" {
		listener, err := control.ListenMetrics(address)
		if err != nil {
			return err
		}
		s.metrics = append(s.metrics, listener)
	}
	return nil
}

// keptSocket is a listener whose socket the agent cannot remove when it closes it, having given up its rights. Its keeper
// does.
type keptSocket struct{ net.Listener }

// Close closes the listener.
func (k keptSocket) Close() error {
	if err := k.Listener.Close(); err != nil && !errors.Is(err, os.ErrPermission) {
		return err
	}
	return nil
}

// Open implements pipeline.
func (s *storing) Open(ctx context.Context) error {
	opened, err := store.Open(ctx, store.Options{
		Directory: s.agent.options.store, MaxAge: maxStoreAge, MaxBytes: maxStoreBytes, Logger: s.logger,
		Comments: []string{"host: " + s.agent.hostname, "pyrometer-agent " + version()},
	})
	if err != nil {
		return err
	}
	s.store = opened
	symbolizer := store.NewSymbolizer(opened, s.symbols, s.logger)
	s.symbolizer.Store(symbolizer)
	s.recorder = store.NewRecorder(opened, symbolizer, s.logger)
	s.aggregator = window.NewAggregator(window.Options{
		Length: s.agent.sampling.window, RateHz: s.agent.sampling.rateHz,
		Identify: s.agent.resolver.Identify, Deliver: s.recorder.Deliver,
		TakeFates: s.agent.engine.TakeFates, Clocks: cputime.New(),
	})
	s.timed = timed.NewRecorder(s.agent.resolver.Identify, window.PeriodNs(s.agent.sampling.rateHz))
	if s.pushers, err = push.New(ctx, push.Options{Store: opened, Logger: s.logger}); err != nil {
		return errors.Join(err, opened.Close())
	}
	naming := namings{s.agent.resolver, opened}
	if err := naming.load(ctx); err != nil {
		// Names of its own are better than no profiles.
		s.logger.Warn("services are called as by default", "reason", err)
	}
	if err := naming.take(ctx, s.agent.options.naming); err != nil {
		s.logger.Warn("services are not called as the start said", "reason", err)
	}
	bounds := ceilings{s.agent.economy.governor, opened}
	if err := bounds.load(ctx); err != nil {
		s.logger.Warn("the ceilings are the default ones", "reason", err)
	}
	sampled := keptSampling{s.agent.sampling, opened}
	if err := sampled.load(ctx, s.agent.options); err != nil {
		s.logger.Warn("the sampling is as at the first start", "reason", err)
	}
	s.server = control.NewServer(control.Agent{
		Status: s.agent, Windows: s.recorder, Select: s.agent.selector, Survey: s.agent.resolver,
		Sampling: sampled, Naming: naming, Budget: bounds, Lease: s.agent.leases,
		Stop: s.agent, Push: s.pushers, Store: opened, Packages: s.symbols,
		Timed: s.timed, Symbols: s.symbols,
	}, s.logger)
	return nil
}

// Retime implements pipeline.
func (s *storing) Retime(rateHz int, length time.Duration) {
	s.aggregator.Retime(rateHz, length)
	if rateHz > 0 {
		s.timed.Retime(window.PeriodNs(rateHz))
	}
}

// Admit implements pipeline.
func (s *storing) Admit(socket *os.File, path string, uid int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serving == nil || s.serving.Err() != nil {
		return errors.New("the agent does not serve now: try again when it profiles")
	}
	listener, err := control.AdoptControl(socket, path, uid)
	if err != nil {
		return err
	}
	serving := s.serving
	s.admitted.Go(func() {
		if err := s.server.Serve(serving, control.Listeners{Control: []net.Listener{keptSocket{listener}}}); err != nil {
			s.logger.Warn("admitted user is not served any more", "uid", uid, "reason", err)
		}
	})
	return nil
}

// Run implements pipeline.
func (s *storing) Run(ctx context.Context) error {
	s.mu.Lock()
	s.serving = ctx
	s.mu.Unlock()

	var background, recording sync.WaitGroup
	background.Go(func() { s.store.Keep(ctx) })
	background.Go(func() { s.symbolizer.Load().Run(ctx) })
	closed, stopWatching := s.recorder.Watch()
	defer stopWatching()
	background.Go(func() { s.pushers.Run(ctx, closed) })
	// The recorder goes on until the last window was delivered to it.
	record, stopRecording := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRecording()
	recording.Go(func() {
		s.recorder.Run(record)
		close(s.recorded)
	})
	starts := target.NewStarts(s.agent.resolver, s.agent.dockerStarts, s.logger)
	background.Go(func() {
		starts.Run(s.sampling, func(ctx context.Context, found []target.ContainerStart) error {
			return s.store.AddContainerStarts(ctx, time.Now(), found)
		})
	})
	stop := context.AfterFunc(ctx, s.stopSampling)
	defer stop()
	background.Go(func() {
		s.aggregator.Run(s.sampling)
		stopRecording()
	})
	served := s.server.Serve(ctx, control.Listeners{Control: s.control, Push: s.push, Metrics: s.metrics})
	if ctx.Err() == nil {
		// A listener broke: the agent ends, with what it has sampled kept.
		s.agent.Exit()
		<-ctx.Done()
	}
	s.admitted.Wait()
	background.Wait()
	recording.Wait()
	return errors.Join(served, s.symbols.Close(), s.store.Close())
}

// CloseWindow implements pipeline.
func (s *storing) CloseWindow(ctx context.Context) error {
	lost := s.recorder.Lost()
	s.aggregator.Flush()
	if err := s.recorder.Sync(ctx); err != nil {
		return fmt.Errorf("store the last window: %w", err)
	}
	if s.recorder.Lost() > lost {
		return errors.New(s.recorder.Problem())
	}
	return nil
}

// StopSampling implements pipeline.
func (s *storing) StopSampling(ctx context.Context) error {
	s.stopSampling()
	select {
	case <-s.recorded:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("store the last window: %w", ctx.Err())
	}
}

// Facts implements pipeline.
func (s *storing) Facts() facts {
	counted := s.aggregator.Counters()
	named := s.symbolizer.Load().Counters()
	pushed := s.pushers.Status()
	var tooOld, refused uint64
	for i := range pushed {
		tooOld, refused = tooOld+pushed[i].TooOld, refused+pushed[i].Refused
	}
	known := facts{
		WindowClosesAtMs: s.aggregator.ClosesAt().UnixMilli(),
		LastWindowEndMs:  s.recorder.LastEndMs(),
		WindowsStored:    s.recorder.Stored(),
		StoreBytes:       uint64(max(s.store.Bytes(), 0)),
		Problem:          s.recorder.Problem(),
		Counters: []engine.Counter{
			{Name: "samples.counted", Value: counted.Counted},
			{Name: "samples.late", Value: counted.Late},
			{Name: "samples.lost.window_full", Value: counted.NoRoom},
			{Name: "samples.unwanted", Value: counted.Unwanted},
			{Name: "windows.stored", Value: s.recorder.Stored()},
			{Name: "windows.lost.store", Value: s.recorder.Lost()},
			{Name: "windows.unpushed.too_old", Value: tooOld},
			{Name: "windows.unpushed.refused", Value: refused},
			{Name: "container_starts.lost", Value: s.agent.dockerStarts.Lost()},
			{Name: "symbols.named", Value: named.Named},
			{Name: "symbols.unnamed", Value: named.Unnamed},
			{Name: "symbols.failed", Value: named.Failed},
		},
		Pushes: control.PushesOf(pushed), IngestAddress: s.ingest,
	}
	if s.sampling.Err() != nil {
		known.WindowClosesAtMs = 0
	}
	if known.Problem == "" {
		known.Problem = s.store.Problem()
	}
	files := s.symbols.Counters()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		known.Counters = append(known.Counters, engine.Counter{Name: name, Value: files[name]})
	}
	return known
}
