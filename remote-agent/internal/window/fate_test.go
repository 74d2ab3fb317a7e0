package window

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/cputime"
	"pyrometer.dev/remote-agent/internal/engine"
)

// fakeClocks says what processes spent.
type fakeClocks struct {
	tracked []uint32
	spent   map[uint32]cputime.Spent
	taken   int
}

func (c *fakeClocks) Track(pid uint32, _ bool) { c.tracked = append(c.tracked, pid) }
func (c *fakeClocks) Take() map[uint32]cputime.Spent {
	c.taken++
	return c.spent
}

// fatesOf is one line a service.
func fatesOf(interval Interval) string {
	var lines []string
	for i := range interval.Fates {
		f := &interval.Fates[i].Fate
		lines = append(lines, fmt.Sprintf("%s fired %d new %d tail %d delivered %d late %d noroom %d missing %d balanced %v cpu %d ended %d",
			interval.Fates[i].Labels[0].Value, f.Fired, f.NewProcess, f.TailCallFailed, f.Delivered, f.Late, f.NoRoom, f.Missing(),
			f.Balanced(), f.SchedulerNs, f.Ended))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestEverySampleHasAFate(t *testing.T) {
	asked := map[time.Time]int{}
	kernel := []engine.Fate{{PID: 1, Fired: 5, NewProcess: 1}, {PID: 2, Fired: 3}, {PID: 100, Fired: 4, NewProcess: 2, TailCallFailed: 2}}
	clocks := &fakeClocks{spent: map[uint32]cputime.Spent{1: {CPU: 50 * time.Millisecond}, 2: {CPU: 30 * time.Millisecond}, 3: {Ended: true}}}
	b := newBench(func(o *Options) {
		o.TakeFates = func(start time.Time) ([]engine.Fate, error) {
			asked[start]++
			return kernel, nil
		}
		o.Clocks = clocks
		o.MaxCounts = 2
	})
	b.sample(time.Second, 1, "a", "main>x", 4)
	b.sample(2*time.Second, 2, "a", "main>x", 1)
	b.sample(3*time.Second, 2, "a", "main>y", 2) // no room for a third count
	b.at(15 * time.Second).untilDue()
	b.untilDue()
	if clocks.taken != 1 {
		t.Errorf("the clocks were read %d times at the end of an interval", clocks.taken)
	}
	b.at(16 * time.Second).closeDue()
	const want = `other fired 4 new 2 tail 2 delivered 0 late 0 noroom 0 missing 0 balanced true cpu 0 ended 0
web fired 8 new 1 tail 0 delivered 7 late 0 noroom 2 missing 0 balanced true cpu 80000000 ended 1`
	if got := fatesOf(b.delivered[0]); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(b.delivered[0].Windows) != 1 || asked[base] != 1 || !slices.Equal(clocks.tracked, []uint32{1, 2}) {
		t.Errorf("%d windows, asked %v, tracked %v", len(b.delivered[0].Windows), asked, clocks.tracked)
	}
}

func TestWindowThatDoesNotBalance(t *testing.T) {
	var kernel []engine.Fate
	var failure error
	b := newBench(func(o *Options) {
		o.TakeFates = func(time.Time) ([]engine.Fate, error) { return kernel, failure }
	})
	for i, test := range []struct {
		name             string
		fired, delivered uint64
		late             uint64
		failure          error
		want             bool
	}{
		{"all came", 10, 10, 0, nil, true},
		{"one on the other side of the boundary", 11, 10, 0, nil, true},
		{"two are missing", 12, 10, 0, nil, false},
		{"what was missing comes late", 10, 12, 2, nil, true},
		{"more came than fired", 8, 10, 0, nil, false},
		{"the kernel cannot be asked", 10, 10, 0, errors.New("no"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			start := time.Duration(i) * 15 * time.Second
			kernel, failure = []engine.Fate{{PID: 1, Fired: test.fired}}, test.failure
			b.sample(start+time.Second, 1, "a", "main", test.delivered-test.late)
			if test.late > 0 {
				b.sample(start-time.Second, 1, "a", "main", test.late)
			}
			b.at(start + 16*time.Second).closeDue()
			fate := b.delivered[i].Fates[0].Fate
			if fate.Balanced() != test.want || fate.Late != test.late {
				t.Errorf("%+v, balanced %v, want %v", fate, fate.Balanced(), test.want)
			}
		})
	}
}

func TestFatesOfTheLastWindow(t *testing.T) {
	var starts []time.Duration
	b := newBench(func(o *Options) {
		o.TakeFates = func(start time.Time) ([]engine.Fate, error) {
			starts = append(starts, start.Sub(base))
			return []engine.Fate{{PID: 1, Fired: 3}}, nil
		}
	})
	b.sample(time.Second, 1, "a", "main", 3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.at(4 * time.Second).Run(ctx)
	if got := fatesOf(b.delivered[0]); !strings.Contains(got, "fired 3") || !strings.Contains(got, "balanced true") || len(starts) != 1 {
		t.Errorf("%s, asked for %v", got, starts)
	}
}
