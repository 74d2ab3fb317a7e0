package window

import (
	"time"

	"pyrometer.dev/remote-agent/internal/cputime"
	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/target"
)

// Fate is what became of the samples of one service in one interval. The kernel counts what it fired, by the clock that
// samples carry; all else is counted here:
//
//	Fired = NewProcess + TailCallFailed + (Delivered - Late) + Missing
type Fate struct {
	// Fired were handed to the unwinder; Measured is false where the kernel's count could not be had.
	Fired    uint64
	Measured bool
	// NewProcess and TailCallFailed were lost in the kernel; see probe.SamplerCounters.
	NewProcess, TailCallFailed uint64
	// Delivered came out of the unwinder in this interval; Late of them had fired in an earlier one, and NoRoom found no
	// place in the window.
	Delivered, Late, NoRoom uint64
	// SchedulerNs is what the scheduler says that the service's processes spent, without the end of those that ended, of
	// which there were Ended.
	SchedulerNs int64
	Ended       uint64
}

// Missing are samples that had fired and were not there when the interval was closed: in flight, or lost. Negative when more
// came than had fired.
func (f *Fate) Missing() int64 {
	return int64(f.Fired) - int64(f.NewProcess+f.TailCallFailed+f.Delivered-f.Late) //nolint:gosec // counts of seconds
}

// add adds what became of the samples of the same interval.
func (f *Fate) add(other *Fate) {
	f.Fired += other.Fired
	f.Measured = f.Measured || other.Measured
	f.NewProcess += other.NewProcess
	f.TailCallFailed += other.TailCallFailed
	f.Delivered += other.Delivered
	f.Late += other.Late
	f.NoRoom += other.NoRoom
	f.SchedulerNs += other.SchedulerNs
	f.Ended += other.Ended
}

// boundaryTolerance is how many samples may fall on the other side of an interval's start or end: the kernel reads the clock
// twice for each, some microseconds apart.
const boundaryTolerance = 1

// Balanced says whether the kernel's count and ours agree.
func (f *Fate) Balanced() bool {
	missing := f.Missing()
	return f.Measured && missing >= -boundaryTolerance && missing <= boundaryTolerance
}

// ServiceFate is the fate of a service, by its labels.
type ServiceFate struct {
	Labels []target.Label
	Fate   Fate
}

// CPUClocks reads what the scheduler says; cputime.Clocks is one.
type CPUClocks interface {
	Track(pid uint32, startedSince bool)
	Take() map[uint32]cputime.Spent
}

// readClocks reads what processes spent until now, once an interval and as near to its end as possible.
func (a *Aggregator) readClocks(of *interval) {
	if a.options.Clocks == nil || of.spent != nil {
		return
	}
	of.spent = a.options.Clocks.Take()
}

// settleFates asks the kernel for its part of the fates of an interval that is closed. Without the lock.
func (a *Aggregator) settleFates(closed *interval) {
	if a.options.TakeFates == nil {
		return
	}
	fates, err := a.options.TakeFates(closed.start)
	closed.settle(fates, err == nil, a.options.Identify)
}

func (i *interval) settle(fates []engine.Fate, measured bool, identify func(pid uint32) target.Identity) {
	of := func(pid uint32) *service {
		if s := i.processes[pid]; s != nil {
			return s
		}
		s := i.serviceOf(identify(pid), pid)
		i.processes[pid] = s
		return s
	}
	for _, fate := range fates {
		s := of(fate.PID)
		s.fate.Fired += fate.Fired
		s.fate.NewProcess += fate.NewProcess
		s.fate.TailCallFailed += fate.TailCallFailed
	}
	for pid, spent := range i.spent {
		s := of(pid)
		s.fate.SchedulerNs += int64(spent.CPU / time.Nanosecond)
		if spent.Ended {
			s.fate.Ended++
		}
	}
	for _, s := range i.services {
		s.fate.Measured = measured
	}
}
