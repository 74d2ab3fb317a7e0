package store

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"pyrometer.dev/remote-agent/internal/window"
)

// Recorder takes closed intervals from the aggregator and keeps them: names, store, and word to who waits for it.
type Recorder struct {
	store      *Store
	symbolizer *Symbolizer
	logger     *slog.Logger
	queue      chan queued
	// ended is closed when Run has ended: nothing is stored after that.
	ended chan struct{}

	stored    atomic.Uint64
	lost      atomic.Uint64
	lastEndMs atomic.Int64

	watchersMu sync.Mutex
	watchers   map[chan struct{}]struct{}

	problemMu sync.Mutex
	problem   string
}

const (
	// queuedIntervals may wait for a slow disk; more are lost, and counted.
	queuedIntervals = 4
	// namingBudget is how long a window waits for names before it is stored.
	namingBudget = 500 * time.Millisecond
)

// NewRecorder makes a recorder; symbolizer may be nil.
func NewRecorder(store *Store, symbolizer *Symbolizer, logger *slog.Logger) *Recorder {
	return &Recorder{
		store: store, symbolizer: symbolizer, logger: logger,
		queue:    make(chan queued, queuedIntervals),
		ended:    make(chan struct{}),
		watchers: map[chan struct{}]struct{}{},
	}
}

// queued is an interval, or a mark that Sync waits for.
type queued struct {
	interval window.Interval
	reached  chan<- struct{}
}

// Deliver is for window.Options: it queues an interval and never blocks.
func (r *Recorder) Deliver(interval window.Interval) {
	select {
	case <-r.ended:
		r.lost.Add(uint64(len(interval.Windows)))
		return
	default:
	}
	select {
	case r.queue <- queued{interval: interval}:
	default:
		r.lost.Add(uint64(len(interval.Windows)))
		r.setProblem("The disk is too slow: windows are lost. Look at what else writes to it.")
	}
}

// Run stores what is delivered until the context ends, and then what is still queued.
func (r *Recorder) Run(ctx context.Context) {
	defer close(r.ended)
	for {
		select {
		case next := <-r.queue:
			r.take(ctx, next)
		case <-ctx.Done():
			r.drain(context.WithoutCancel(ctx))
			return
		}
	}
}

func (r *Recorder) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for {
		select {
		case next := <-r.queue:
			r.take(ctx, next)
		default:
			return
		}
	}
}

// Sync returns when everything that was delivered before is stored, or counted as lost. After the end of Run it is.
func (r *Recorder) Sync(ctx context.Context) error {
	reached := make(chan struct{})
	select {
	case r.queue <- queued{reached: reached}:
	case <-r.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-reached:
		return nil
	case <-r.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Recorder) take(ctx context.Context, next queued) {
	if next.reached != nil {
		close(next.reached)
		return
	}
	r.keep(ctx, next.interval)
}

func (r *Recorder) keep(ctx context.Context, interval window.Interval) {
	var names Names
	if r.symbolizer != nil {
		names = r.symbolizer.Before(ctx, interval, namingBudget)
	}
	// A window that was measured is stored even while the agent stops.
	if err := r.store.Append(context.WithoutCancel(ctx), interval, names); err != nil {
		r.lost.Add(uint64(len(interval.Windows)))
		r.logger.ErrorContext(ctx, "store windows", slog.Any("error", err))
		if IsFull(err) {
			r.setProblem("The disk is full: windows are lost until there is room for " + r.store.path + ".")
		} else {
			r.setProblem("Windows could not be stored: " + err.Error())
		}
	} else {
		r.stored.Add(uint64(len(interval.Windows)))
		r.setProblem("")
	}
	r.lastEndMs.Store(interval.End.UnixMilli())
	if r.symbolizer != nil {
		r.symbolizer.Wake()
	}
	r.notify()
}

// Stored and Lost count windows since the start.
func (r *Recorder) Stored() uint64 { return r.stored.Load() }

// Lost counts windows that could not be stored.
func (r *Recorder) Lost() uint64 { return r.lost.Load() }

// LastEndMs is the end of the last closed interval in Unix milliseconds, 0 before the first.
func (r *Recorder) LastEndMs() int64 { return r.lastEndMs.Load() }

// Problem is empty while windows are stored; else one sentence that says what is wrong and what to do.
func (r *Recorder) Problem() string {
	r.problemMu.Lock()
	defer r.problemMu.Unlock()
	return r.problem
}

func (r *Recorder) setProblem(problem string) {
	r.problemMu.Lock()
	defer r.problemMu.Unlock()
	r.problem = problem
}

// Watch gives a channel that gets a value when an interval was closed; several may fall together. stop ends it.
func (r *Recorder) Watch() (closed <-chan struct{}, stop func()) {
	watcher := make(chan struct{}, 1)
	r.watchersMu.Lock()
	defer r.watchersMu.Unlock()
	r.watchers[watcher] = struct{}{}
	return watcher, func() {
		r.watchersMu.Lock()
		defer r.watchersMu.Unlock()
		delete(r.watchers, watcher)
	}
}

func (r *Recorder) notify() {
	r.watchersMu.Lock()
	defer r.watchersMu.Unlock()
	for watcher := range r.watchers {
		select {
		case watcher <- struct{}{}:
		default:
		}
	}
}
