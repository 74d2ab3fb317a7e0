package engine

import "go.opentelemetry.io/ebpf-profiler/metrics"

// Counter is a named number that only grows while the agent runs. The names are documented in remote-agent/README.md.
type Counter struct {
	Name  string
	Value uint64
}

// Counters returns the fate of every tick of the sampling clock. Once sampling paused and settled,
//
//	samples.ticks = samples.idle + samples.unselected + samples.dropped_by_rule + samples.fired
//	samples.fired = samples.delivered + the sum of samples.lost.*
//
// After Close they are what they were then.
func (e *Engine) Counters() ([]Counter, error) {
	release, err := e.use()
	if err != nil {
		<-e.retired
		return e.last.counters, e.last.failure
	}
	defer release()
	return e.count()
}

// count is called while the engine is used.
func (e *Engine) count() ([]Counter, error) {
	ticks, err := e.entry.sampler.Counters()
	if err != nil {
		return nil, err
	}
	lostInRing, err := e.entry.metric(metrics.IDBPFRingbufOutputErr)
	if err != nil {
		return nil, err
	}
	unreadable := e.counters.get(metricRingNoData) + e.counters.get(metricRingReadError)
	return []Counter{
		{Name: "samples.ticks", Value: ticks.Ticks},
		{Name: "samples.idle", Value: ticks.Idle},
		{Name: "samples.unselected", Value: ticks.Unselected},
		{Name: "samples.dropped_by_rule", Value: ticks.Unwanted},
		{Name: "samples.fired", Value: ticks.Fired},
		{Name: "samples.delivered", Value: e.reporter.delivered.Load()},
		{Name: "samples.lost.new_process", Value: ticks.NewProcess},
		{Name: "samples.lost.tail_call", Value: ticks.TailCallFailed},
		{Name: "samples.lost.ring", Value: lostInRing},
		{Name: "samples.lost.unreadable", Value: unreadable},
		{Name: "samples.fate_unknown", Value: ticks.FateLost},
		{Name: "stacks.cut", Value: e.reporter.cut.Load()},
	}, nil
}
