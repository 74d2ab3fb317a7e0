package budget

import (
	"errors"
	"math"
	"testing"
	"time"
)

// governed runs a governor by a clock of its own, with rates as the agent has them.
type governed struct {
	t        *testing.T
	governor *Governor
	now      time.Time
	lower    int
	steps    []int
}

var testRates = []int{97, 49, 19}

func newGoverned(t *testing.T) *governed {
	start := time.Unix(1000, 0)
	return &governed{t: t, governor: NewGovernor(DefaultCeilings, 2, start), now: start}
}

// spend lets time pass in spans of five seconds; cores is what the process takes at a rate.
func (g *governed) spend(length time.Duration, cores func(rateHz int) float64, memory uint64) {
	const step = 5 * time.Second
	for range length / step {
		g.now = g.now.Add(step)
		rate, higher := testRates[g.lower], 0
		if g.lower > 0 {
			higher = testRates[g.lower-1]
		}
		usage := Usage{ProcessCores: cores(rate), BPFCores: -1, ResidentBytes: memory}
		switch g.governor.Observe(g.now, step, usage, rate, higher) {
		case Keep:
			continue
		case Lower:
			g.lower = min(g.lower+1, len(testRates)-1)
		case Raise:
			g.lower--
		}
		g.steps = append(g.steps, testRates[g.lower])
	}
}

func (g *governed) want(what string, steps ...int) {
	g.t.Helper()
	if len(steps) != len(g.steps) {
		g.t.Fatalf("%s: rates %v, want %v", what, g.steps, steps)
	}
	for i := range steps {
		if g.steps[i] != steps[i] {
			g.t.Fatalf("%s: rates %v, want %v", what, g.steps, steps)
		}
	}
}

func linear(coresAt97 float64) func(int) float64 {
	return func(rateHz int) float64 { return coresAt97 * float64(rateHz) / 97 }
}

const little = 50 << 20

func TestStartIsNotJudged(t *testing.T) {
	g := newGoverned(t)
	g.spend(55*time.Second, linear(2), little)
	g.spend(5*time.Minute, linear(0.015), little)
	g.want("a dear start")
}

func TestRateFallsInStepsAndReturnsOnceCalm(t *testing.T) {
	g := newGoverned(t)
	g.spend(3*time.Minute, linear(0.019), little)
	g.want("0.95 % of two cores")
	g.spend(20*time.Second, linear(0.1), little)
	g.want("20 s of too much are 1.8 % as a mean of a minute, from the fourth span on", 49)
	g.spend(2*time.Minute+30*time.Second, linear(0.05), little)
	g.want("1.26 % at 49 Hz", 49, 19)
	g.spend(9*time.Minute, linear(0.012), little)
	g.want("not before ten minutes", 49, 19)
	g.spend(3*time.Minute, linear(0.012), little)
	g.want("cheap for ten minutes", 49, 19, 49)
	g.spend(30*time.Minute, linear(0.012), little)
	g.want("one step at a time, and not above what was asked for", 49, 19, 49, 97)
}

func TestRateThatWouldBeTooMuchIsNotTried(t *testing.T) {
	g := newGoverned(t)
	g.spend(3*time.Minute, linear(0.03), little)
	g.want("1.5 %", 49)
	g.spend(time.Hour, linear(0.03), little)
	g.want("0.76 % at 49 Hz are 1.5 % at 97", 49)
}

func TestMemoryCountsWithMaps(t *testing.T) {
	g := newGoverned(t)
	g.spend(5*time.Minute, linear(0.001), 250<<20)
	g.want("below 256 MB")
	g.governor.SetCeilings(Ceilings{MachinePercent: 1, MemoryBytes: 200 << 20})
	g.spend(10*time.Second, linear(0.001), 250<<20)
	g.want("a lower ceiling", 49)
	if mean := g.governor.Mean(); !mean.Known || mean.MemoryBytes != 250<<20 || math.Abs(mean.MachinePercent-0.05) > 0.001 {
		t.Errorf("mean = %+v", mean)
	}
	usage := Usage{BPFCores: 0.02, ResidentBytes: 100 << 20, BPFMapBytes: 150 << 20}
	governor := NewGovernor(DefaultCeilings, 2, time.Unix(0, 0))
	governor.Observe(time.Unix(100, 0), time.Minute, usage, 97, 0)
	if mean := governor.Mean(); mean.MachinePercent != 1 || mean.MemoryBytes != 250<<20 {
		t.Errorf("mean with BPF = %+v", mean)
	}
}

func TestCeilingsThatCannotBeKept(t *testing.T) {
	if err := DefaultCeilings.Check(); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]Ceilings{
		"no cpu": {0, 256 << 20}, "not a number": {math.NaN(), 256 << 20}, "more than all": {101, 256 << 20},
		"no memory": {1, 0}, "little memory": {1, 10 << 20},
	} {
		if err := c.Check(); !errors.Is(err, ErrBadCeilings) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRealMeterAndGovernor(t *testing.T) {
	meter, err := NewMeter(func() (time.Duration, bool) { return 0, false })
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for time.Since(start) < 50*time.Millisecond { // Real work, of which the kernel's own count is asked.
	}
	usage, err := meter.Measure()
	if err != nil {
		t.Fatal(err)
	}
	governor := NewGovernor(Ceilings{MachinePercent: 0.1, MemoryBytes: 1 << 40}, 1, start.Add(-time.Hour))
	if usage.ProcessCores <= 0.001 || governor.Observe(time.Now(), time.Minute, usage, 97, 0) != Lower {
		t.Errorf("busy for 50 ms: %+v, mean %+v", usage, governor.Mean())
	}
}
