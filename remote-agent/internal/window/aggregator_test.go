package window

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/target"
)

// base is a multiple of 15 s.
var base = time.UnixMilli(1_700_000_010_000)

// bench is an aggregator with a clock of its own; pids from 100 on are the service "other".
type bench struct {
	*Aggregator
	mu        sync.Mutex
	now       time.Time
	delivered []Interval
	observed  []string
}

func newBench(change func(*Options)) *bench {
	b := &bench{now: base}
	options := Options{
		RateHz: 97,
		Identify: func(pid uint32) target.Identity {
			name := "web"
			if pid >= 100 {
				name = "other"
			}
			return target.Identity{Labels: []target.Label{{Name: "service_name", Value: name}}}
		},
		Observe: func(pid uint32, m *engine.Mapping) { b.observed = append(b.observed, fmt.Sprint(pid, " ", m.Path)) },
		Deliver: func(i Interval) { b.delivered = append(b.delivered, i) },
		Now: func() time.Time {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.now
		},
	}
	if change != nil {
		change(&options)
	}
	b.Aggregator = NewAggregator(options)
	return b
}

func (b *bench) at(offset time.Duration) *bench {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = base.Add(offset)
	return b
}

// sample is one of a stack that is written root first, "main>parse".
func (b *bench) sample(offset time.Duration, pid uint32, thread, stack string, count uint64) {
	var frames []*engine.Frame
	for name := range strings.SplitSeq(stack, ">") {
		frames = append(frames, &engine.Frame{Kind: engine.KindPython, Function: name})
	}
	slices.Reverse(frames)
	var hash [16]byte
	copy(hash[:], stack)
	b.HandleSample(&engine.Sample{
		TimeNs: base.Add(offset).UnixNano(), PID: pid, TID: pid, Comm: thread, Frames: frames, Hash: hash, Count: count,
	})
}

// picture of what was delivered: one line an interval, its services and counts in order.
func (b *bench) picture() string {
	var lines []string
	for _, interval := range b.delivered {
		var windows []string
		for _, w := range interval.Windows {
			var counts []string
			for _, c := range w.Counts {
				frames := w.Stacks[c.Stack].Frames
				names := make([]string, len(frames))
				for i, f := range frames {
					names[len(names)-1-i] = f.Function
				}
				l := w.SampleLabels[c.Labels]
				counts = append(counts, fmt.Sprintf("%s %d/%s %d", strings.Join(names, ">"), l.PID, l.Thread, c.Count))
			}
			slices.Sort(counts)
			windows = append(windows, w.Labels[0].Value+": "+strings.Join(counts, ", "))
		}
		slices.SortFunc(windows, cmp.Compare[string])
		lines = append(lines, fmt.Sprintf("%v-%v %s", interval.Start.Sub(base), interval.End.Sub(base), strings.Join(windows, " | ")))
	}
	return strings.Join(lines, "\n")
}

func (b *bench) expect(t *testing.T, want string) {
	t.Helper()
	want = strings.ReplaceAll(strings.TrimSpace(want), "\t", "")
	if got := b.picture(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestEqualStacksAreCountedByServiceProcessAndThread(t *testing.T) {
	b := newBench(nil)
	b.sample(1*time.Second, 7, "a", "main>parse", 1)
	b.sample(2*time.Second, 7, "a", "main>parse", 2)
	b.sample(3*time.Second, 7, "b", "main>parse", 1)
	b.sample(4*time.Second, 8, "a", "main>render", 1)
	b.sample(5*time.Second, 100, "a", "main>parse", 5)
	b.at(15*time.Second + 999*time.Millisecond).closeDue()
	b.expect(t, "")
	b.at(16 * time.Second).closeDue()
	b.expect(t, "0s-15s other: main>parse 100/a 5 | web: main>parse 7/a 3, main>parse 7/b 1, main>render 8/a 1")
	w := b.delivered[0].Windows[0]
	if w.Period != 10_309_278 || w.Type.String() != "process_cpu:cpu:nanoseconds:cpu:nanoseconds" {
		t.Errorf("period %d type %s", w.Period, w.Type)
	}
	if got := b.Counters(); got != (Counters{Counted: 10}) {
		t.Errorf("%+v", got)
	}
}

func TestSamplesGoToTheWindowOfTheirOwnTime(t *testing.T) {
	b := newBench(nil)
	b.sample(14*time.Second, 7, "a", "x", 1)
	b.sample(15*time.Second, 7, "a", "y", 1) // of the next window, before this one is closed
	b.sample(14*time.Second, 7, "a", "x", 1) // came out of order, in its grace
	b.at(16 * time.Second).closeDue()
	b.sample(13*time.Second, 7, "a", "late", 1)
	b.at(31 * time.Second).closeDue()
	b.expect(t, `0s-15s web: x 7/a 2
		15s-30s web: late 7/a 1, y 7/a 1`)
	if got := b.Counters(); got != (Counters{Counted: 4, Late: 1}) {
		t.Errorf("%+v", got)
	}
}

func TestFirstAndLastWindowAreCut(t *testing.T) {
	b := newBench(nil)
	b.at(4 * time.Second)
	b.Aggregator = NewAggregator(b.options)
	b.sample(5*time.Second, 7, "a", "x", 1)
	b.at(16 * time.Second).closeDue()
	b.sample(17*time.Second, 7, "a", "y", 1)
	b.at(21 * time.Second).Flush()
	b.sample(22*time.Second, 7, "a", "z", 1)
	b.at(31 * time.Second).closeDue()
	b.expect(t, `4s-15s web: x 7/a 1
		15s-21s web: y 7/a 1
		21s-30s web: z 7/a 1`)
}

func TestFlushInTheGraceClosesBoth(t *testing.T) {
	b := newBench(nil)
	b.sample(14*time.Second, 7, "a", "x", 1)
	b.sample(15*time.Second, 7, "a", "y", 1)
	b.at(15*time.Second + 500*time.Millisecond).Flush()
	b.expect(t, `0s-15s web: x 7/a 1
		15s-15.5s web: y 7/a 1`)
}

func TestNothingIsDeliveredAfterTheEnd(t *testing.T) {
	b := newBench(nil)
	b.sample(time.Second, 7, "a", "x", 1)
	b.at(2 * time.Second)
	ended, end := context.WithCancel(t.Context())
	end()
	b.Run(ended)
	b.at(4 * time.Second).Flush()
	b.expect(t, "0s-2s web: x 7/a 1")
}

func TestWindowsCloseWithoutSamples(t *testing.T) {
	b := newBench(nil)
	b.at(16 * time.Second).closeDue()
	b.at(31 * time.Second).closeDue()
	if len(b.delivered) != 2 || len(b.delivered[1].Windows) != 0 {
		t.Errorf("%+v", b.delivered)
	}
}

func TestStepsOfTheClock(t *testing.T) {
	t.Run("back", func(t *testing.T) {
		b := newBench(nil)
		b.sample(time.Second, 7, "a", "x", 1)
		b.at(-time.Hour).closeDue()
		b.sample(-time.Hour+time.Second, 7, "a", "y", 1)
		b.at(-time.Hour + 16*time.Second).closeDue()
		b.expect(t, `0s-15s web: x 7/a 1
			-1h0m0s--59m45s web: y 7/a 1`)
	})
	t.Run("forward", func(t *testing.T) {
		b := newBench(nil)
		b.sample(time.Second, 7, "a", "x", 1)
		b.sample(time.Hour+20*time.Second, 7, "a", "y", 1)
		b.at(time.Hour + 20*time.Second).closeDue()
		b.at(time.Hour + 31*time.Second).closeDue()
		b.expect(t, `0s-15s web: x 7/a 1
			1h0m19s-1h0m30s web: y 7/a 1`)
	})
}

func TestWhatHasNoRoomIsCounted(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Options)
		want   Counters
	}{
		"counts": {func(o *Options) { o.MaxCounts = 2 }, Counters{Counted: 3, NoRoom: 7}},
		"frames": {func(o *Options) { o.MaxFrames = 4 }, Counters{Counted: 5, NoRoom: 5}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(test.change)
			b.sample(1, 7, "a", "main>x", 1)
			b.sample(2, 7, "a", "main>y", 1)
			b.sample(3, 7, "a", "main>x", 1) // known
			b.sample(4, 7, "b", "main>x", 2) // a new count of a known stack
			b.sample(5, 7, "a", "main>z", 5)
			if got := b.Counters(); got != test.want {
				t.Errorf("%+v", got)
			}
			b.at(16 * time.Second).closeDue()
			b.sample(16*time.Second, 7, "a", "main>z", 1)
			if got := b.Counters(); got.Counted != test.want.Counted+1 {
				t.Errorf("the next window has no room either: %+v", got)
			}
		})
	}
}

func TestMappingsAreObservedOnceAProcess(t *testing.T) {
	b := newBench(nil)
	libc := &engine.Mapping{FileID: "1", Path: "libc.so"}
	for _, pid := range []uint32{7, 7, 8} {
		frame := &engine.Frame{Kind: engine.KindNative, Mapping: libc}
		b.HandleSample(&engine.Sample{TimeNs: base.UnixNano(), PID: pid, Frames: []*engine.Frame{frame, frame}, Count: 1})
	}
	if got := fmt.Sprint(b.observed); got != "[7 libc.so 8 libc.so]" {
		t.Error(got)
	}
}

func TestRunClosesOnTimeAndAtTheEnd(t *testing.T) {
	intervals := make(chan Interval, 10)
	b := newBench(func(o *Options) { o.Deliver = func(i Interval) { intervals <- i } })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { b.Run(ctx); close(done) }()
	b.at(16 * time.Second)
	b.delivered = append(b.delivered, <-intervals)
	b.sample(17*time.Second, 7, "a", "x", 1)
	b.at(20 * time.Second)
	cancel()
	<-done
	b.delivered = append(b.delivered, <-intervals)
	b.expect(t, "0s-15s \n15s-20s web: x 7/a 1")
}

func TestLabelsWithTheSameTextStayApart(t *testing.T) {
	one := labelsKey([]target.Label{{Name: "a", Value: "b1:c"}})
	other := labelsKey([]target.Label{{Name: "a", Value: "b"}, {Name: "c", Value: ""}})
	if one == other {
		t.Error("hostile labels collide")
	}
}

func TestProfileTypes(t *testing.T) {
	parsed, err := ParseProfileType("memory:alloc_space:bytes:space:bytes:delta")
	if err != nil || parsed.String() != "memory:alloc_space:bytes:space:bytes" {
		t.Errorf("%v %v", parsed, err)
	}
	for _, bad := range []string{"", "cpu", "a:b:c:d:e:f", "a:b:c:d:e:f:g"} {
		if _, err := ParseProfileType(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestWindowOfAContainerThatIsToldOfLate(t *testing.T) {
	known := false
	b := newBench(func(o *Options) {
		o.Identify = func(pid uint32) target.Identity {
			name := "web"
			if pid == 7 && !known {
				name = "sh"
			}
			return target.Identity{
				Labels: []target.Label{{Name: "service_name", Value: name}}, Provisional: pid == 7 && !known,
			}
		}
	})
	b.sample(time.Second, 7, "t", "main>a", 2)
	b.sample(time.Second, 8, "t", "main>a", 1)
	b.sample(16*time.Second, 7, "t", "main>b", 5) // waits in the next window
	known = true
	b.at(17 * time.Second).closeDue()
	b.at(32 * time.Second).closeDue()
	var got []string
	for _, interval := range b.delivered {
		for _, w := range interval.Windows {
			var total uint64
			for _, count := range w.Counts {
				total += count.Count
			}
			got = append(got, fmt.Sprint(w.Labels[0].Value, " ", total))
		}
	}
	if want := []string{"web 3", "web 5"}; !slices.Equal(got, want) {
		t.Errorf("delivered %q, want %q", got, want)
	}
}

func TestWhatRulesDropIsCountedAndNotDelivered(t *testing.T) {
	b := newBench(func(o *Options) {
		o.Identify = func(pid uint32) target.Identity {
			if pid == 7 {
				return target.Identity{Dropped: true}
			}
			return target.Identity{Labels: []target.Label{{Name: "service_name", Value: "web"}}}
		}
	})
	b.sample(time.Second, 7, "t", "main>a", 2)
	b.sample(time.Second, 8, "t", "main>a", 1)
	b.at(16 * time.Second).closeDue()
	if len(b.delivered) != 1 || len(b.delivered[0].Windows) != 1 {
		t.Errorf("delivered %+v", b.delivered)
	}
	if counters := b.Counters(); counters.Counted != 3 || counters.Unwanted != 2 {
		t.Errorf("counters = %+v", counters)
	}
}

func TestRetimeBeginsAWindow(t *testing.T) {
	b := newBench(nil)
	b.sample(time.Second, 7, "t", "main>a", 2)
	b.at(4*time.Second).Retime(199, 5*time.Second)
	b.sample(4500*time.Millisecond, 7, "t", "main>a", 3)
	b.at(6 * time.Second).closeDue()
	b.at(6*time.Second).Retime(199, 0) // is so already
	var got []string
	for _, interval := range b.delivered {
		for _, w := range interval.Windows {
			got = append(got, fmt.Sprint(w.Start.Sub(base), " ", w.End.Sub(base), " ", w.Period, " ", w.Counts[0].Count))
		}
	}
	if want := []string{"0s 4s 10309278 2", "4s 5s 5025126 3"}; !slices.Equal(got, want) {
		t.Errorf("delivered %q, want %q", got, want)
	}
	if b.Length() != 5*time.Second {
		t.Errorf("length = %v", b.Length())
	}
}
