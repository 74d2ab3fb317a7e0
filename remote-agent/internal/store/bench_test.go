package store

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/window"
)

// manyWindows stores windows of 15 s of one service: 2,000 stacks of 10 to 40 frames, of which each window
// has most.
func manyWindows(b *testing.B, windows int) *Store {
	b.Helper()
	s := openStore(b, nil)
	random := rand.New(rand.NewPCG(1, 2))
	stacks := make([]window.Stack, 2_000)
	for i := range stacks {
		frames := make([]*engine.Frame, 10+random.IntN(30))
		for j := range frames {
			frames[j] = frameOf(fmt.Sprintf("function_%d", random.IntN(1_500)))
			if j < 6 {
				frames[j] = frameOf(fmt.Sprintf("0x%x", 0x1000+16*random.IntN(3_000)))
			}
		}
		h := keyHasher{}
		h.number(uint64(i))
		stacks[i] = window.Stack{Hash: h.sum(), Frames: frames}
	}
	for i := range windows {
		w := windowOf("web", baseMs-baseMs%hourMs+int64(i)*stepMs)
		w.Stacks = stacks
		w.SampleLabels = []window.SampleLabels{{PID: 1, Thread: "a"}, {PID: 2, Thread: "b"}}
		for j := range stacks {
			w.Counts = append(w.Counts, window.Count{Stack: uint32(j), Labels: uint32(j % 2), Count: 1 + random.Uint64N(5)})
		}
		s.must(b, w)
	}
	return s
}

func BenchmarkMerge240WindowsOf2000Stacks(b *testing.B) {
	s := manyWindows(b, 240)
	for name, selector := range map[string]string{"all": "{}", "one thread": `{thread="a"}`} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				made, err := s.MergeProfile(b.Context(), selection(selector, 1, baseMs*2))
				if err != nil {
					b.Fatal(err)
				}
				encoded, err := proto.Marshal(made)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(encoded)), "answer-bytes")
			}
			b.ReportMetric(float64(s.Bytes()), "store-bytes")
		})
	}
}

// A quarter of a day of one service, an hour of whose windows begins in the middle of a slot.
func BenchmarkMerge1440Windows(b *testing.B) {
	for name, rolledUp := range map[string]bool{"windows": false, "roll-ups": true} {
		b.Run(name, func(b *testing.B) {
			s := manyWindows(b, 6*240)
			var rollUp time.Duration
			if rolledUp {
				s.options.Now = func() time.Time { return time.UnixMilli(baseMs + 8*hourMs) }
				began := time.Now()
				s.mustRollUp(b)
				rollUp = time.Since(began)
			}
			start := int64(baseMs - baseMs%hourMs + 100_000)
			for b.Loop() {
				if _, err := s.MergeProfile(b.Context(), selection("{}", start, start+5*hourMs)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rollUp.Milliseconds()), "ms-to-roll-up")
			b.ReportMetric(float64(s.Bytes()), "store-bytes")
		})
	}
}

func BenchmarkSelectSeries240Windows(b *testing.B) {
	s := manyWindows(b, 240)
	for name, groupBy := range map[string][]string{"by service": {"service_name"}, "by thread": {"thread"}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := s.SelectSeries(b.Context(), PointsQuery{
					Selection: selection("{}", baseMs-hourMs, baseMs+hourMs), StepMs: stepMs, GroupBy: groupBy,
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWindowsOneByOne(b *testing.B) {
	s := manyWindows(b, 240)
	for b.Loop() {
		whole, err := s.Windows(b.Context(), selection("{}", 1, baseMs*2), func(*WindowCounts) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
		if _, err := proto.Marshal(whole); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendKnownWindow(b *testing.B) {
	s := manyWindows(b, 240)
	windows, err := s.WindowsAfter(b.Context(), 0, 1)
	if err != nil || len(windows) != 1 {
		b.Fatal(err)
	}
	w := windowOf("web", baseMs)
	for i := range 2_000 {
		h := keyHasher{}
		h.number(uint64(i))
		w.Stacks = append(w.Stacks, window.Stack{Hash: h.sum()})
		w.Counts = append(w.Counts, window.Count{Stack: uint32(i), Count: 1})
	}
	w.SampleLabels = []window.SampleLabels{{PID: 1, Thread: "a"}}
	w.End = w.Start.Add(15 * time.Second)
	for b.Loop() {
		s.must(b, w)
	}
}

// What a machine does on which processes come and go: every window brings stacks of its own.
func BenchmarkAppendNewWindow(b *testing.B) {
	s := openStore(b, nil)
	random := rand.New(rand.NewPCG(1, 2))
	number := uint64(0)
	for b.Loop() {
		w := windowOf("web", baseMs)
		for i := range 500 {
			frames := make([]*engine.Frame, 25)
			for j := range frames {
				frames[j] = frameOf(fmt.Sprintf("function_%d", random.IntN(3_000)))
			}
			h := keyHasher{}
			h.number(number)
			number++
			w.Stacks = append(w.Stacks, window.Stack{Hash: h.sum(), Frames: frames})
			w.Counts = append(w.Counts, window.Count{Stack: uint32(i), Count: 1})
		}
		w.SampleLabels = []window.SampleLabels{{PID: 1, Thread: "a"}}
		s.must(b, w)
	}
}
