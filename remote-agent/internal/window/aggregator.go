package window

import (
	"context"
	"sync"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/target"
)

// Defaults of Options.
const (
	DefaultLength    = 15 * time.Second
	DefaultGrace     = time.Second
	DefaultMaxCounts = 200_000
	DefaultMaxFrames = 500_000
)

// Options of an Aggregator. Identify, Deliver and RateHz are required.
type Options struct {
	// Length of a window, a divisor of an hour: windows start at its multiples since the epoch.
	Length time.Duration
	// Grace is how long a window waits, after its end, for samples that are still on their way from the kernel.
	Grace time.Duration
	// RateHz is how often a busy CPU is sampled a second.
	RateHz int
	// Identify says which service a process is. Asked once a process and window.
	Identify func(pid uint32) target.Identity
	// Observe, when set, is told once of each mapping that a process was seen with. It must not block.
	Observe func(pid uint32, mapping *engine.Mapping)
	// TakeFates, when set, gives the kernel's count of what it fired in the interval that began at a time; each is asked for
	// once, when it is over.
	TakeFates func(start time.Time) ([]engine.Fate, error)
	// Clocks, when set, say what processes spent. Read at the end of each interval.
	Clocks CPUClocks
	// Deliver takes a closed interval, in order, each once; it must not block for long, since windows are closed by it.
	Deliver func(Interval)
	// MaxCounts bounds the distinct (service, stack, sample labels) of an interval, MaxFrames the frames that its
	// distinct stacks hold together (about 80 bytes each).
	MaxCounts int
	MaxFrames int
	// Now is the wall clock; time.Now when nil.
	Now func() time.Time
}

// Counters are fates of samples since the start. Every handled sample is counted in exactly one of Counted and NoRoom.
type Counters struct {
	// Counted are in a window; Late are those of them that came after their own window was closed, and were counted
	// in the next one.
	Counted uint64
	Late    uint64
	// NoRoom were dropped because the interval already held MaxCounts or MaxFrames.
	NoRoom uint64
	// Unwanted are those of Counted that are in no window: rules of the user's dropped their process.
	Unwanted uint64
}

// Aggregator counts samples into windows. HandleSample may run beside the other methods.
type Aggregator struct {
	options Options
	period  int64

	mu       sync.Mutex
	current  *interval
	next     *interval // samples of the time after current's end, while current waits out its grace
	counters Counters
	observed map[observation]struct{}

	delivery sync.Mutex // held over Deliver, so that intervals arrive in order
	over     bool       // Run has ended: no interval is delivered any more
}

type observation struct {
	pid     uint32
	mapping *engine.Mapping
}

// maxObservations bounds the memory of what Observe was told; when it is full the record starts anew, and Observe is
// told of some mappings twice.
const maxObservations = 100_000

var _ engine.Sink = (*Aggregator)(nil)

// NewAggregator makes an aggregator whose first window begins now. Run closes its windows.
func NewAggregator(options Options) *Aggregator {
	if options.Length <= 0 {
		options.Length = DefaultLength
	}
	if options.Grace <= 0 {
		options.Grace = DefaultGrace
	}
	if options.MaxCounts <= 0 {
		options.MaxCounts = DefaultMaxCounts
	}
	if options.MaxFrames <= 0 {
		options.MaxFrames = DefaultMaxFrames
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	a := &Aggregator{
		options:  options,
		period:   PeriodNs(options.RateHz),
		observed: map[observation]struct{}{},
	}
	a.current = a.open(options.Now())
	return a
}

// PeriodNs is the CPU time that one sample stands for.
func PeriodNs(rateHz int) int64 {
	rate := int64(rateHz)
	return (int64(time.Second) + rate/2) / rate
}

// open makes the interval that begins at start and ends at the next multiple of the length.
func (a *Aggregator) open(start time.Time) *interval {
	start = start.Truncate(time.Millisecond)
	end := start.Truncate(a.options.Length).Add(a.options.Length)
	made := newInterval(start, end)
	made.periodNs = a.period
	return made
}

// Retime changes how often samples come and how long windows are. What was counted so far becomes a window of its own, since
// a sample stands for another time from now on: to be called while nothing is sampled. 0 leaves a value as it is.
func (a *Aggregator) Retime(rateHz int, length time.Duration) {
	a.flush(func() {
		if rateHz > 0 {
			a.period = PeriodNs(rateHz)
		}
		if length > 0 {
			a.options.Length = length
		}
	})
}

// HandleSample counts a sample into the interval of its own time. See engine.Sink.
func (a *Aggregator) HandleSample(sample *engine.Sample) {
	a.mu.Lock()
	defer a.mu.Unlock()
	into, late := a.current, false
	switch at := sample.TimeNs; {
	case at >= a.current.end.UnixNano():
		if a.next == nil {
			a.next = a.open(a.current.end)
		}
		into = a.next
	case at < a.current.start.UnixNano():
		a.counters.Late += sample.Count
		late = true
	}
	if !into.take(sample, late, &a.options) {
		a.counters.NoRoom += sample.Count
		return
	}
	a.counters.Counted += sample.Count
	a.observe(sample)
}

func (a *Aggregator) observe(sample *engine.Sample) {
	if a.options.Observe == nil {
		return
	}
	var last *engine.Mapping
	for _, frame := range sample.Frames {
		mapping := frame.Mapping
		if mapping == nil || mapping == last {
			continue
		}
		last = mapping
		key := observation{pid: sample.PID, mapping: mapping}
		if _, known := a.observed[key]; known {
			continue
		}
		if len(a.observed) >= maxObservations {
			clear(a.observed)
		}
		a.observed[key] = struct{}{}
		a.options.Observe(sample.PID, mapping)
	}
}

// Run closes windows when their time is over, with or without samples, until the context ends; then it closes the
// open one, delivers it, and returns.
func (a *Aggregator) Run(ctx context.Context) {
	for {
		// Looked at again at least once a second: a step of the wall clock must not hold a window open.
		wait := min(a.untilDue(), time.Second)
		timer := time.NewTimer(max(wait, time.Millisecond))
		select {
		case <-ctx.Done():
			timer.Stop()
			a.Flush()
			a.delivery.Lock()
			defer a.delivery.Unlock()
			a.over = true
			return
		case <-timer.C:
			a.closeDue()
		}
	}
}

// untilDue is how long until the current interval ends, or, when it has, until it is closed. At its end the clocks are read.
func (a *Aggregator) untilDue() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.options.Now()
	if now.Before(a.current.end) {
		return a.current.end.Sub(now)
	}
	a.readClocks(a.current)
	return a.current.end.Add(a.options.Grace).Sub(now)
}

// closeDue closes the current interval when its time is over, or when the clock was set back to before its start.
func (a *Aggregator) closeDue() {
	a.delivery.Lock()
	defer a.delivery.Unlock()
	a.mu.Lock()
	now := a.options.Now()
	setBack := now.Before(a.current.start.Add(-a.options.Grace))
	if now.Before(a.current.end.Add(a.options.Grace)) && !setBack {
		a.mu.Unlock()
		return
	}
	closed := a.current
	a.readClocks(closed)
	switch next := a.next; {
	case setBack:
		a.current = a.open(now)
		a.current.adopt(next)
	case now.Before(closed.end.Add(a.options.Length + a.options.Grace)):
		a.current = next
		if next == nil {
			a.current = a.open(closed.end)
		}
	default: // The clock was set forward, or the machine slept: the time in between was not measured.
		a.current = a.open(now.Add(-a.options.Grace))
		a.current.adopt(next)
	}
	a.next = nil
	a.mu.Unlock()
	a.deliver(closed)
}

// deliver is called with the delivery lock held.
func (a *Aggregator) deliver(closed *interval) {
	a.settleFates(closed)
	closed.identifyAgain(a.options.Identify)
	frozen, unwanted := closed.freeze()
	a.mu.Lock()
	a.counters.Unwanted += unwanted
	a.mu.Unlock()
	a.options.Deliver(frozen)
}

// Flush closes the open window now, delivers it, and begins a new one; after the end of Run it does nothing.
func (a *Aggregator) Flush() { a.flush(func() {}) }

// flush changes settings, with the lock held, between the window that it closes and the one that it begins.
func (a *Aggregator) flush(change func()) {
	a.delivery.Lock()
	defer a.delivery.Unlock()
	if a.over {
		return
	}
	a.mu.Lock()
	now := a.options.Now()
	var closed []*interval
	if now.After(a.current.end) {
		closed = append(closed, a.current)
		a.current = a.next
		if a.current == nil {
			a.current = a.open(closed[0].end)
		}
	} else {
		a.current.adopt(a.next)
	}
	a.next = nil
	for _, interval := range append(closed, a.current) {
		a.readClocks(interval)
	}
	last := a.current
	if end := now.Truncate(time.Millisecond); end.After(last.start) && end.Before(last.end) {
		last.end = end
	}
	change()
	a.current = a.open(last.end)
	a.mu.Unlock()
	for _, interval := range append(closed, last) {
		a.deliver(interval)
	}
}

// ClosesAt is when the open window's samples will be delivered.
func (a *Aggregator) ClosesAt() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.current.end.Add(a.options.Grace)
}

// Length of a window.
func (a *Aggregator) Length() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.options.Length
}

// Counters since the start.
func (a *Aggregator) Counters() Counters {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.counters
}
