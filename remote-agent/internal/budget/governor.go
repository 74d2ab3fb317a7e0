package budget

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// Ceilings bound what the agent itself may cost.
type Ceilings struct {
	// MachinePercent is of all CPUs together: the process and its BPF programs.
	MachinePercent float64
	// MemoryBytes is of the resident process and its BPF maps.
	MemoryBytes uint64
}

// DefaultCeilings hold unless others are set.
var DefaultCeilings = Ceilings{MachinePercent: 1, MemoryBytes: 256 << 20}

// ErrBadCeilings is wrapped by errors of Ceilings that cannot be kept.
var ErrBadCeilings = errors.New("bad ceiling")

// Bounds of ceilings: below them the agent could do nothing.
const (
	minMachinePercent = 0.1
	maxMachinePercent = 100
	minMemoryBytes    = 64 << 20
	maxMemoryBytes    = 1 << 40
)

// Check says in one sentence what is wrong.
func (c Ceilings) Check() error {
	switch {
	case !(c.MachinePercent >= minMachinePercent && c.MachinePercent <= maxMachinePercent): // also not a number
		return fmt.Errorf("%w: %v %% of the machine is not from %v to %v", ErrBadCeilings, c.MachinePercent, minMachinePercent, maxMachinePercent)
	case c.MemoryBytes < minMemoryBytes || c.MemoryBytes > maxMemoryBytes:
		return fmt.Errorf("%w: %d MB of memory is not from %d to %d", ErrBadCeilings, c.MemoryBytes>>20, minMemoryBytes>>20, maxMemoryBytes>>20)
	}
	return nil
}

// Decision is what is to become of the sampling rate.
type Decision int

// Decisions. Only a rate that was lowered is ever raised.
const (
	Keep Decision = iota
	Lower
	Raise
)

const (
	// judgedSpan is what a mean is taken over. The first one is of the start, which is dear, and judged by nobody.
	judgedSpan = time.Minute
	// calmSpan is how long the next higher rate must have been affordable before it is tried: a rate that goes up and down
	// all the time makes windows that cannot be compared.
	calmSpan = 10 * time.Minute
	// calmShare of a ceiling is what the higher rate may be expected to take.
	calmShare = 0.8
)

// Mean is what the agent cost over the last judged span.
type Mean struct {
	// Known is false while there is no whole span.
	Known          bool
	MachinePercent float64
	MemoryBytes    uint64
}

// Governor says when to sample less. Safe for concurrent use.
type Governor struct {
	cpus    int
	started time.Time

	mu        sync.Mutex
	ceilings  Ceilings
	spans     []span
	rateHz    int
	calmSince time.Time
	mean      Mean
}

type span struct {
	length  time.Duration
	percent float64
	memory  uint64
}

// NewGovernor makes a governor of an agent that starts now.
func NewGovernor(ceilings Ceilings, cpus int, now time.Time) *Governor {
	return &Governor{ceilings: ceilings, cpus: cpus, started: now}
}

// Ceilings are those that hold.
func (g *Governor) Ceilings() Ceilings {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ceilings
}

// SetCeilings changes them. What was measured counts on.
func (g *Governor) SetCeilings(ceilings Ceilings) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ceilings, g.calmSince = ceilings, time.Time{}
}

// Mean is what the last whole span cost.
func (g *Governor) Mean() Mean {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mean
}

// Observe takes what a span of time cost at a rate, and decides. higherHz is the next higher rate that is wanted, 0 when the
// rate is what was asked for. Another rate begins a new mean.
func (g *Governor) Observe(now time.Time, length time.Duration, usage Usage, rateHz, higherHz int) Decision {
	g.mu.Lock()
	defer g.mu.Unlock()
	if rateHz != g.rateHz {
		g.rateHz, g.spans, g.calmSince = rateHz, nil, time.Time{}
	}
	if now.Sub(g.started) < judgedSpan || length <= 0 {
		return Keep
	}
	cores := usage.ProcessCores + max(usage.BPFCores, 0)
	g.spans = append(g.spans, span{length, 100 * cores / float64(g.cpus), usage.ResidentBytes + usage.BPFMapBytes})
	if !g.average() {
		return Keep
	}
	if g.mean.MachinePercent > g.ceilings.MachinePercent || g.mean.MemoryBytes > g.ceilings.MemoryBytes {
		g.calmSince = time.Time{}
		g.spans = nil // The next step is judged by a minute of its own.
		return Lower
	}
	expected := g.mean.MachinePercent * float64(higherHz) / float64(rateHz)
	calm := higherHz > 0 && expected < calmShare*g.ceilings.MachinePercent &&
		float64(g.mean.MemoryBytes) < calmShare*float64(g.ceilings.MemoryBytes)
	switch {
	case !calm:
		g.calmSince = time.Time{}
	case g.calmSince.IsZero():
		g.calmSince = now
	case now.Sub(g.calmSince) >= calmSpan:
		g.calmSince, g.spans = time.Time{}, nil
		return Raise
	}
	return Keep
}

// average forgets what is older than the judged span; false when there is not as much yet.
func (g *Governor) average() bool {
	var sum time.Duration
	first := len(g.spans)
	for first > 0 && sum < judgedSpan {
		first--
		sum += g.spans[first].length
	}
	if sum < judgedSpan {
		return false
	}
	g.spans = append(g.spans[:0], g.spans[first:]...)
	mean := Mean{Known: true}
	var memory float64
	for _, each := range g.spans {
		share := float64(each.length) / float64(sum)
		mean.MachinePercent += share * each.percent
		memory += share * float64(each.memory)
	}
	mean.MemoryBytes = uint64(memory)
	g.mean = mean
	return true
}
