package window

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"pyrometer.dev/remote-agent/internal/cputime"
	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/target"
)

// interval is the mutable phase of an Interval.
type interval struct {
	start, end time.Time
	// periodNs is the CPU time that a sample stands for.
	periodNs  int64
	services  map[string]*service // by the canonical text of their labels, and of those who are not known yet their pid
	processes map[uint32]*service
	counts    int
	frames    int
	// spent is what processes spent until the end, by the scheduler; nil before.
	spent map[uint32]cputime.Spent
}

type service struct {
	labels       []target.Label
	stacks       []Stack
	stackIndex   map[[16]byte]uint32
	sampleLabels []SampleLabels
	labelIndex   map[SampleLabels]uint32
	counts       map[countKey]uint64
	fate         Fate
	// provisional is the process that is not known well yet, and is asked for again when the window closes; 0 for none.
	// A container that lives for a moment is sampled before its engine has told of it.
	provisional uint32
	// dropped: rules of the user's want none of it.
	dropped bool
}

type countKey struct{ stack, labels uint32 }

func newInterval(start, end time.Time) *interval {
	return &interval{
		start: start, end: end,
		services:  map[string]*service{},
		processes: map[uint32]*service{},
	}
}

// take counts a sample and its fate; false when there is no room for it.
func (i *interval) take(sample *engine.Sample, late bool, options *Options) bool {
	s := i.serviceOfProcess(sample.PID, options)
	s.fate.Delivered += sample.Count
	if late {
		s.fate.Late += sample.Count
	}
	if !i.add(sample, options) {
		s.fate.NoRoom += sample.Count
		return false
	}
	return true
}

func (i *interval) serviceOfProcess(pid uint32, options *Options) *service {
	s := i.processes[pid]
	if s == nil {
		s = i.serviceOf(options.Identify(pid), pid)
		i.processes[pid] = s
		if options.Clocks != nil {
			options.Clocks.Track(pid, startedAfter(pid, i.start))
		}
	}
	return s
}

// startedAfter says whether a process is younger than an interval; false where that cannot be known.
func startedAfter(pid uint32, start time.Time) bool {
	ticks, err := target.StartTicks(pid)
	var uptime unix.Timespec
	if err != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &uptime) != nil {
		return false
	}
	const ticksPerSecond = 100                                                            // USER_HZ on all architectures of ours
	age := time.Duration(uptime.Nano()) - time.Duration(ticks)*time.Second/ticksPerSecond //nolint:gosec // since boot
	return age < time.Since(start)
}

// add counts a sample; false when there is no room for it.
func (i *interval) add(sample *engine.Sample, options *Options) bool {
	s := i.serviceOfProcess(sample.PID, options)
	labels := SampleLabels{PID: sample.PID, Thread: sample.Comm}
	stackIndex, stackKnown := s.stackIndex[sample.Hash]
	labelIndex, labelsKnown := s.labelIndex[labels]
	if stackKnown && labelsKnown {
		key := countKey{stackIndex, labelIndex}
		if _, known := s.counts[key]; known || i.counts < options.MaxCounts {
			if !known {
				i.counts++
			}
			s.counts[key] += sample.Count
			return true
		}
		return false
	}
	if i.counts >= options.MaxCounts || !stackKnown && i.frames+len(sample.Frames) > options.MaxFrames {
		return false
	}
	if !stackKnown {
		stackIndex = uint32(len(s.stacks)) //nolint:gosec // bounded by MaxCounts
		s.stackIndex[sample.Hash] = stackIndex
		s.stacks = append(s.stacks, Stack{Hash: sample.Hash, Frames: sample.Frames})
		i.frames += len(sample.Frames)
	}
	if !labelsKnown {
		labelIndex = uint32(len(s.sampleLabels)) //nolint:gosec // bounded by MaxCounts
		s.labelIndex[labels] = labelIndex
		s.sampleLabels = append(s.sampleLabels, labels)
	}
	s.counts[countKey{stackIndex, labelIndex}] += sample.Count
	i.counts++
	return true
}

// serviceOf finds or makes the service of an identity. One that is provisional is the process' own until it is known.
func (i *interval) serviceOf(identity target.Identity, pid uint32) *service {
	key := labelsKey(identity.Labels)
	if identity.Dropped {
		key = droppedKey
	}
	if identity.Provisional {
		key = provisionalPrefix + strconv.FormatUint(uint64(pid), 10)
	} else {
		pid = 0
	}
	s := i.services[key]
	if s == nil {
		s = &service{
			labels:      identity.Labels,
			provisional: pid,
			dropped:     identity.Dropped,
			stackIndex:  map[[16]byte]uint32{},
			labelIndex:  map[SampleLabels]uint32{},
			counts:      map[countKey]uint64{},
		}
		i.services[key] = s
	}
	return s
}

// Keys that no labels have: those begin with a length.
const (
	droppedKey        = "dropped"
	provisionalPrefix = "pid "
)

// identifyAgain asks again for those that were not known well when their first sample came.
func (i *interval) identifyAgain(identify func(pid uint32) target.Identity) {
	for key, s := range i.services {
		if s.provisional == 0 {
			continue
		}
		delete(i.services, key)
		identity := identify(s.provisional)
		identity.Provisional = false
		i.merge(s, i.serviceOf(identity, s.provisional))
	}
}

// labelsKey is equal for equal labels and for those alone: the lengths keep hostile values from running together.
func labelsKey(labels []target.Label) string {
	var key strings.Builder
	for _, label := range labels {
		for _, part := range [2]string{label.Name, label.Value} {
			key.WriteString(strconv.Itoa(len(part)))
			key.WriteByte(':')
			key.WriteString(part)
		}
	}
	return key.String()
}

// adopt adds what another interval has counted. It may go over the bounds, by what the other one held.
func (i *interval) adopt(other *interval) {
	if other == nil {
		return
	}
	for _, from := range other.services {
		identity := target.Identity{Labels: from.labels, Dropped: from.dropped, Provisional: from.provisional != 0}
		i.merge(from, i.serviceOf(identity, from.provisional))
	}
}

// merge adds a service's counts and fate to another, whose processes they are from now on where they were nobody's.
func (i *interval) merge(from, into *service) {
	unbounded := &Options{MaxCounts: int(^uint(0) >> 1), MaxFrames: int(^uint(0) >> 1)}
	for key, count := range from.counts {
		labels, stack := from.sampleLabels[key.labels], from.stacks[key.stack]
		if known := i.processes[labels.PID]; known == nil || known == from {
			i.processes[labels.PID] = into
		}
		i.add(&engine.Sample{
			PID: labels.PID, Comm: labels.Thread, Frames: stack.Frames, Hash: stack.Hash, Count: count,
		}, unbounded)
	}
	if i.processes[from.provisional] == from {
		i.processes[from.provisional] = into // had a fate and no sample
	}
	into.fate.add(&from.fate)
}

// freeze ends the mutable phase. unwanted is how many samples rules of the user's dropped.
func (i *interval) freeze() (closed Interval, unwanted uint64) {
	closed = Interval{Start: i.start, End: i.end, PeriodNs: i.periodNs, Windows: make([]*Window, 0, len(i.services))}
	for _, s := range i.services {
		if s.dropped {
			for _, count := range s.counts {
				unwanted += count
			}
			continue
		}
		closed.Fates = append(closed.Fates, ServiceFate{Labels: s.labels, Fate: s.fate})
		if len(s.counts) == 0 {
			continue // Nothing of it was delivered: it has a fate and no window.
		}
		w := &Window{
			Labels: s.labels, Type: CPU, Start: i.start, End: i.end, Period: i.periodNs,
			Stacks: s.stacks, SampleLabels: s.sampleLabels, Counts: make([]Count, 0, len(s.counts)),
		}
		for key, count := range s.counts {
			w.Counts = append(w.Counts, Count{Stack: key.stack, Labels: key.labels, Count: count})
		}
		closed.Windows = append(closed.Windows, w)
	}
	return closed, unwanted
}
