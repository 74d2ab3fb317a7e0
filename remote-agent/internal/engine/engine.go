package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
	"go.opentelemetry.io/ebpf-profiler/interpreter/interpreterconfig"
	"go.opentelemetry.io/ebpf-profiler/libpf"
	modulelog "go.opentelemetry.io/ebpf-profiler/log"
	"go.opentelemetry.io/ebpf-profiler/support"
	"go.opentelemetry.io/ebpf-profiler/times"
	"go.opentelemetry.io/ebpf-profiler/tracer"
	"golang.org/x/sys/unix"

	"pyrometer.dev/remote-agent/internal/probe"
)

const (
	// reportInterval is required by the module and used by its own reporters only.
	reportInterval = 15 * time.Second
	// monitorInterval is how often the module collects its counters.
	monitorInterval = 5 * time.Second
	// settleDuration is how long after the last tick its sample is surely delivered: the module polls its ring every
	// quarter of a second.
	settleDuration = 600 * time.Millisecond
	// clockSyncInterval is how often monotonic time is compared with the wall clock.
	clockSyncInterval = 3 * time.Minute
	// probabilisticInterval is required by the module; a threshold of 100 percent leaves nothing to chance.
	probabilisticInterval  = time.Minute
	probabilisticThreshold = tracer.ProbabilisticThresholdMax

	moduleFrameCacheSize = 65536
	// ringBytesACPU and ringByteLimit bound the module's ring of samples, which it sizes as rate x CPUs x largest sample (25 KB),
	// rounded up to a power of two: 97 Hz on 64 CPUs would be 256 MB of locked memory. Samples are some 2 KB and the ring is
	// emptied four times a second: 2 MB hold ten seconds of a CPU at 97 Hz and one at 997, and 16 MB the quarter of 300 busy CPUs.
	// It is mapped twice, and counts twice among what the agent holds in memory.
	ringBytesACPU = 2 << 20
	ringByteLimit = 16 << 20
)

// Config is what an engine is started with.
type Config struct {
	// RateHz is how often each CPU is sampled.
	RateHz int
	// Window is the length of the windows by which TakeFates counts; 0: fates are not kept.
	Window time.Duration
	// Sink gets every sample.
	Sink Sink
	// ObserveMapping is told of each file as soon as a process is seen with it, so that it can be opened while the process
	// lives. Called from several goroutines; must not block. Optional.
	ObserveMapping func(pid uint32, mapping *Mapping)
	// PerfMap says whether a process writes a perf map, and its path as the process sees it: then stacks go on through code that
	// lies in no file. Such frames have that path for their mapping's and the address in the process's memory. Called apart from
	// the samples. Optional.
	PerfMap func(pid uint32) (path string, ok bool)
	// Logger also gets what the unwinder logs.
	Logger *slog.Logger
}

// ErrClosed answers what is asked of an engine after its close.
var ErrClosed = errors.New("the agent does not sample any more: start it again")

// Engine samples the machine until it is closed. One engine can run in a process at a time: the unwinder keeps its
// counters in package variables.
type Engine struct {
	tracer   *tracer.Tracer
	entry    *entry
	reporter *sampleReporter
	counters *moduleCounters
	cancel   context.CancelFunc
	drained  chan struct{}
	failed   chan struct{}
	// bpfStatistics keeps the kernel measuring the run time of BPF programs; nil where that is not permitted.
	bpfStatistics io.Closer

	// life guards closed and the adding to users, who use the sampler and the unwinder; retired is closed when there are none any
	// more and last is set.
	life    sync.Mutex
	closed  bool
	users   sync.WaitGroup
	retired chan struct{}
	// last is what Counters and BPFRunTime answer after the close.
	last struct {
		counters []Counter
		failure  error
		runTime  time.Duration
		timed    bool
	}

	// mu is held while the sampler is changed.
	mu        sync.Mutex
	selection Selection
	selected  bool
	finished  bool
}

// use keeps the engine from being closed until release is called. Whoever uses it may use it once more.
func (e *Engine) use() (release func(), err error) {
	e.life.Lock()
	defer e.life.Unlock()
	if e.closed {
		return nil, ErrClosed
	}
	e.users.Add(1)
	return e.users.Done, nil
}

// Selection says what is profiled: everything, or the processes of PIDs.
type Selection struct {
	Everything bool
	PIDs       []uint32
}

// Start loads the unwinder and the sampler and attaches them; nothing is sampled until Select. It takes 3 to 5 seconds of
// CPU. It needs the capabilities to load BPF programs and to open perf events, and CAP_SYS_ADMIN for the run time of BPF
// programs; all may be dropped afterwards but those of privilege.Kept.
func Start(ctx context.Context, config Config) (*Engine, error) {
	if config.ObserveMapping == nil {
		config.ObserveMapping = func(uint32, *Mapping) {}
	}
	if err := rlimit.RemoveMemlock(); err != nil {
		return nil, fmt.Errorf("raise locked memory limit: %w", err)
	}
	modulelog.SetLogger(*config.Logger)
	ctx, cancel := context.WithCancel(ctx)
	engine := &Engine{
		entry:    &entry{rateHz: uint64(config.RateHz), window: config.Window},
		reporter: newSampleReporter(config.Sink, config.ObserveMapping),
		counters: moduleMeter(),
		cancel:   cancel,
		drained:  make(chan struct{}),
		failed:   make(chan struct{}),
		retired:  make(chan struct{}),
	}
	if err := engine.start(ctx, config); err != nil {
		cancel()
		if engine.tracer != nil {
			engine.tracer.Close()
		}
		return nil, err
	}
	statistics, err := ebpf.EnableStats(uint32(unix.BPF_STATS_RUN_TIME))
	if err != nil {
		config.Logger.Info("run time of BPF programs cannot be measured", "reason", err)
	} else {
		engine.bpfStatistics = statistics
	}
	return engine, nil
}

func (e *Engine) start(ctx context.Context, config Config) error {
	times.StartRealtimeSync(ctx, clockSyncInterval)
	module, err := tracer.NewTracer(ctx, &tracer.Config{
		TraceReporter:          e.reporter,
		ExecutableReporter:     e.reporter,
		Intervals:              times.New(reportInterval, monitorInterval, probabilisticInterval),
		InterpretersConfig:     interpreterconfig.AllInterpreters(),
		FilterIdleFrames:       true,
		SamplesPerSecond:       ringSamplesPerSecond(config.RateHz, runtime.NumCPU()),
		FrameCacheSize:         moduleFrameCacheSize,
		KernelVersionCheck:     true,
		ProbabilisticInterval:  probabilisticInterval,
		ProbabilisticThreshold: probabilisticThreshold,
		// tracer.Enable insists on it, although a perf event program does not use what it loads.
		LoadProbe: true,
	})
	if err != nil {
		return fmt.Errorf("start unwinder: %w", err)
	}
	e.tracer = module
	module.StartPIDEventProcessor(ctx)
	if err := module.AttachSchedMonitor(); err != nil {
		return fmt.Errorf("watch for ended processes: %w", err)
	}
	traces := make(chan *libpf.EbpfTrace)
	if err := module.StartMapMonitors(ctx, traces); err != nil {
		return fmt.Errorf("read samples from the kernel: %w", err)
	}
	if err := module.Enable(ctx, e.entry); err != nil {
		return fmt.Errorf("attach sampler: %w", err)
	}
	if config.PerfMap != nil {
		e.reporter.made = newMadeCode(e.entry.jitMaps, config.PerfMap, config.Logger)
		go e.reporter.made.run(ctx)
	}
	go e.handleTraces(ctx, traces)
	return nil
}

// handleTraces is the one goroutine in which samples are converted and given to the sink. It goes on for a while after
// ctx ends: the module's reader would wait for ever with a sample in its hands otherwise.
func (e *Engine) handleTraces(ctx context.Context, traces <-chan *libpf.EbpfTrace) {
	defer close(e.drained)
	stop, failed := ctx.Done(), e.tracer.Done()
	var deadline <-chan time.Time
	for {
		select {
		case trace := <-traces:
			// nil only marks the end of a batch.
			if trace != nil {
				e.tracer.HandleTrace(trace)
			}
		case <-failed:
			failed = nil
			close(e.failed)
		case <-stop:
			stop = nil
			deadline = time.After(settleDuration)
		case <-deadline:
			return
		}
	}
}

// ringSamplesPerSecond returns what to tell the module about the rate, so that its ring stays below its bounds.
func ringSamplesPerSecond(rateHz, cpuCount int) int {
	fitting := min(ringByteLimit, cpuCount*ringBytesACPU) / (cpuCount * support.Sizeof_Trace)
	return max(1, min(rateHz, fitting))
}

// Select changes what is profiled. It takes effect at once and may be called at any time.
func (e *Engine) Select(selection Selection) error {
	release, err := e.use()
	if err != nil {
		return err
	}
	defer release()
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.choose(selection); err != nil {
		return err
	}
	e.selection, e.selected = selection, true
	return nil
}

// choose is called with the lock held.
func (e *Engine) choose(selection Selection) error {
	if e.finished {
		return ErrClosed
	}
	if selection.Everything {
		return e.entry.sampler.SetMode(probe.ModeEverything)
	}
	if err := e.entry.sampler.SetChosen(selection.PIDs); err != nil {
		return err
	}
	return e.entry.sampler.SetMode(probe.ModeChosen)
}

// PassOver makes pids what is not sampled whatever is selected. It takes effect at once and may be called at any time.
func (e *Engine) PassOver(pids []uint32) error {
	release, err := e.use()
	if err != nil {
		return err
	}
	defer release()
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.entry.sampler.SetUnwanted(pids)
}

// Fate is what became of the ticks that hit one process in one window.
type Fate = probe.Fate

// TakeFates returns what became of the ticks of the window that began at a time, which must be over, and forgets it and those
// before. Ticks are told apart by the same clock as samples.
func (e *Engine) TakeFates(window time.Time) ([]Fate, error) {
	release, err := e.use()
	if err != nil {
		return nil, err
	}
	defer release()
	return e.entry.sampler.TakeFates(window)
}

// AttachOnlineCPUs follows CPUs that came or went; to be called now and then. It returns how many are sampled.
func (e *Engine) AttachOnlineCPUs() (int, error) {
	release, err := e.use()
	if err != nil {
		return 0, err
	}
	defer release()
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.entry.sampler.AttachOnlineCPUs()
}

// Retime changes the rate and the length of windows. Nothing is sampled for settleDuration, so that no sample of the old rate
// comes after between, which is called in the middle and takes the fates of what was sampled.
func (e *Engine) Retime(ctx context.Context, rateHz int, window time.Duration, between func()) error {
	release, err := e.use()
	if err != nil {
		return err
	}
	defer release()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.finished {
		return ErrClosed
	}
	if err = e.pause(ctx); err == nil {
		between()
		err = e.entry.sampler.Retime(uint64(rateHz), window) //nolint:gosec // a rate
	}
	if e.selected {
		err = errors.Join(err, e.choose(e.selection))
	}
	return err
}

// Done is closed when the unwinder cannot go on.
func (e *Engine) Done() <-chan struct{} { return e.failed }

// Finish stops sampling for good and waits until what was sampled has reached the sink.
func (e *Engine) Finish(ctx context.Context) error {
	release, err := e.use()
	if err != nil {
		return err
	}
	defer release()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.finished = true
	return e.pause(ctx)
}

// pause is called while the engine is used.
func (e *Engine) pause(ctx context.Context) error {
	if err := e.entry.sampler.SetMode(probe.ModeNothing); err != nil {
		return err
	}
	select {
	case <-time.After(settleDuration):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the last samples: %w", context.Cause(ctx))
	}
}

// BPFRunTime is the time that the sampler and the unwinder behind it have spent on all CPUs; false where the kernel may
// not be asked to measure it.
func (e *Engine) BPFRunTime() (time.Duration, bool) {
	release, err := e.use()
	if err != nil {
		<-e.retired
		return e.last.runTime, e.last.timed
	}
	defer release()
	return e.bpfRunTime()
}

// bpfRunTime is called while the engine is used.
func (e *Engine) bpfRunTime() (time.Duration, bool) {
	if e.bpfStatistics == nil {
		return 0, false
	}
	// A tail call stays inside the run of the program that was entered: this is the whole walk.
	statistics, err := e.entry.sampler.Program().Stats()
	if err != nil {
		return 0, false
	}
	return statistics.Runtime, true
}

// Close detaches everything. Samples that were not delivered yet are lost; Finish first to have them. The sink is not
// called after Close returned. What was counted can still be asked for; anything else is answered by ErrClosed. A second Close does
// nothing.
func (e *Engine) Close() error {
	if !e.retire() {
		return nil
	}
	failures := []error{e.entry.close()}
	e.cancel()
	<-e.drained
	e.tracer.Close()
	if e.bpfStatistics != nil {
		failures = append(failures, e.bpfStatistics.Close())
	}
	e.letGo()
	return errors.Join(failures...)
}

// letGo has the kernel unload the unwinder's programs and maps: the module detaches them when it is closed, gives them to nobody, and
// leaves it to the garbage collector to close their descriptors.
func (e *Engine) letGo() {
	e.tracer, e.entry, e.reporter = nil, nil, nil
	// Twice: what the first one finds to be garbage may hold more.
	runtime.GC()
	runtime.GC()
}

// retire waits until nobody uses the engine, keeps what was counted, and lets nobody use it from then on. It returns false when
// that had been done before.
func (e *Engine) retire() bool {
	e.life.Lock()
	before := e.closed
	e.closed = true
	e.life.Unlock()
	if before {
		return false
	}
	e.users.Wait()
	e.last.counters, e.last.failure = e.count()
	e.last.runTime, e.last.timed = e.bpfRunTime()
	close(e.retired)
	return true
}
