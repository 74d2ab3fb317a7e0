package engine

import (
	"context"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/ebpf-profiler/metrics"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// Counters of the module's user space that mean lost samples, by the field names of its metrics.json.
const (
	metricRingNoData    = "agent.errors.trace_event_no_data"
	metricRingReadError = "agent.errors.trace_event_read_error"
)

// moduleCounters keeps the sums of the module's counters by name. The module reports them some seconds late.
type moduleCounters struct {
	noop.Meter
	sums map[string]*atomic.Int64
}

var _ metric.Meter = (*moduleCounters)(nil)

// moduleMeter is one for the process: the module keeps its instruments in package variables, which its goroutines read
// without a lock, so they are set once.
var moduleMeter = sync.OnceValue(func() *moduleCounters {
	meter := &moduleCounters{sums: make(map[string]*atomic.Int64)}
	metrics.Start(meter)
	return meter
})

// Int64Counter makes a counter whose sum get returns.
func (m *moduleCounters) Int64Counter(name string, _ ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	sum := new(atomic.Int64)
	m.sums[name] = sum
	return moduleCounter{sum: sum}, nil
}

func (m *moduleCounters) get(name string) uint64 {
	sum, ok := m.sums[name]
	if !ok {
		return 0
	}
	return uint64(max(sum.Load(), 0))
}

type moduleCounter struct {
	noop.Int64Counter
	sum *atomic.Int64
}

// Add adds an increment; attributes are not told apart.
func (c moduleCounter) Add(_ context.Context, increment int64, _ ...metric.AddOption) {
	c.sum.Add(increment)
}
