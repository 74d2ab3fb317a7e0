// Package window counts equal stacks of a service over short intervals that are aligned to the wall clock.
package window

import (
	"fmt"
	"strings"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/target"
)

// ProfileType says what the values of a profile mean, in Pyroscope's five parts.
type ProfileType struct {
	Name       string
	SampleType string
	SampleUnit string
	PeriodType string
	PeriodUnit string
}

// CPU is the time that stacks spent on a CPU.
var CPU = ProfileType{
	Name: "process_cpu", SampleType: "cpu", SampleUnit: "nanoseconds", PeriodType: "cpu", PeriodUnit: "nanoseconds",
}

// String is the form that selectors and Pyroscope's API use, for example "process_cpu:cpu:nanoseconds:cpu:nanoseconds".
func (t ProfileType) String() string {
	return strings.Join([]string{t.Name, t.SampleType, t.SampleUnit, t.PeriodType, t.PeriodUnit}, ":")
}

// ParseProfileType reads what String writes; a trailing ":delta" is accepted and dropped, as Pyroscope does.
func ParseProfileType(text string) (ProfileType, error) {
	parts := strings.Split(text, ":")
	if len(parts) == 6 && parts[5] == "delta" {
		parts = parts[:5]
	}
	if len(parts) != 5 {
		return ProfileType{}, fmt.Errorf("profile-type selection must be of the form "+
			"<name>:<sample-type>:<sample-unit>:<period-type>:<period-unit>(:delta), got(%d): %q", len(parts), text)
	}
	return ProfileType{
		Name: parts[0], SampleType: parts[1], SampleUnit: parts[2], PeriodType: parts[3], PeriodUnit: parts[4],
	}, nil
}

// Stack is one distinct stack of a window.
type Stack struct {
	// Hash is equal for equal Frames.
	Hash [16]byte
	// Frames, leaf first.
	Frames []*engine.Frame
}

// SampleLabels tell samples of one service apart. They can be selected by, but make no series of their own: a service
// with a thousand processes stays one series.
type SampleLabels struct {
	PID uint32
	// Thread is the name of the thread (comm), not its id: pools that start a thread a request would make a label set
	// for each.
	Thread string
}

// Count is how often a stack was seen with a label set. Both are indices into the window's columns.
type Count struct {
	Stack  uint32
	Labels uint32
	Count  uint64
}

// Window is what was collected of one service and profile type in one interval. It is never written to after it
// was delivered.
//
// Two threads of one process, of which the second was seen twice in one stack, give
//
//	Stacks: [main>parse, main>render]   SampleLabels: [{7 worker-1}, {7 worker-2}]
//	Counts: [{0 0 1}, {1 1 2}]          value of the second = 2 * Period
type Window struct {
	// Labels of the service, as in target.Identity.
	Labels []target.Label
	Type   ProfileType
	// Start and End are wall clock times: aligned, but for the first and the last window of a run, which begin and end
	// when the run does.
	Start time.Time
	End   time.Time
	// Period is the value of one count, in the type's sample unit: nanoseconds for CPU.
	Period       int64
	Stacks       []Stack
	SampleLabels []SampleLabels
	Counts       []Count
}

// Total is the sum of the window's values, in the type's sample unit.
func (w *Window) Total() int64 {
	var count uint64
	for _, c := range w.Counts {
		count += c.Count
	}
	return int64(count) * w.Period //nolint:gosec // a window's counts are bounded by rate x CPUs x seconds
}

// Interval is all windows of one interval: one a service. It may be empty.
type Interval struct {
	Start   time.Time
	End     time.Time
	Windows []*Window
	// Fates are of all services that were fired at, also of those without a window.
	Fates []ServiceFate
	// PeriodNs is the CPU time that one sample stands for.
	PeriodNs int64
}
