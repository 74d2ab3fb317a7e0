package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/window"
)

// sampleRateHz is the agent's default.
const sampleRateHz = 97

// synthesize fills an empty store up to end. Halfway the order list of revel_web begins to ask the database for each
// customer by itself (an N+1 query), which costs the web server and the database more time: it is a deploy.
func synthesize(ctx context.Context, f flags, end time.Time, logger *slog.Logger) (err error) {
	kept, err := store.Open(ctx, store.Options{Directory: f.store, Logger: logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	stats, err := kept.Stats(ctx)
	if err != nil {
		return err
	}
	if stats.Windows > 0 {
		logger.InfoContext(ctx, "the store is not empty, nothing was made up", slog.Int64("windows", stats.Windows))
		return nil
	}
	end = end.UTC().Truncate(window.DefaultLength)
	count := f.minutes * 60 / int(window.DefaultLength/time.Second)
	random := newGenerator(f.seed)
	for i := range count {
		start := end.Add(time.Duration(i-count) * window.DefaultLength)
		if err := kept.Append(ctx, random.interval(start, i >= count/2), names()); err != nil {
			return fmt.Errorf("write window %d: %w", i, err)
		}
	}
	logger.InfoContext(ctx, "store made up", slog.Int("windows", count), slog.Time("end", end))
	return nil
}

// startLive adds a window when its time is over, as an agent would.
func startLive(ctx context.Context, f flags, recorder *store.Recorder) *sync.WaitGroup {
	running := &sync.WaitGroup{}
	running.Go(func() { recorder.Run(ctx) })
	running.Go(func() {
		random := newGenerator(f.seed + 1)
		for {
			start := time.Now().Truncate(window.DefaultLength)
			timer := time.NewTimer(time.Until(start.Add(window.DefaultLength)))
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
				recorder.Deliver(random.interval(start, true))
			}
		}
	})
	return running
}

// generator makes windows whose load wanders slowly, as real services' does.
type generator struct {
	random *rand.Rand
	load   []float64 // by service, around 1
}

func newGenerator(seed uint64) *generator {
	g := &generator{random: rand.New(rand.NewPCG(seed, 97)), load: make([]float64, len(services))} //nolint:gosec // made-up data
	for i := range g.load {
		g.load[i] = 1
	}
	return g
}

func (g *generator) interval(start time.Time, changed bool) window.Interval {
	end := start.Add(window.DefaultLength)
	interval := window.Interval{Start: start, End: end, PeriodNs: window.PeriodNs(sampleRateHz)}
	for i, s := range services {
		g.load[i] += 0.3*(1-g.load[i]) + 0.06*g.random.NormFloat64()
		w := &window.Window{
			Labels: s.labels(changed), Type: window.CPU, Start: start, End: end, Period: window.PeriodNs(sampleRateHz),
		}
		first := s.firstPID
		if changed && s.deployed {
			first += 1000
		}
		for pid := range s.processes {
			w.SampleLabels = append(w.SampleLabels, window.SampleLabels{PID: first + pid, Thread: s.thread})
		}
		for j, stack := range s.stacks() {
			cores := stack.cores
			if changed {
				cores = stack.coresAfter
			}
			expected := cores * g.load[i] * sampleRateHz * window.DefaultLength.Seconds() / float64(s.processes)
			w.Stacks = append(w.Stacks, window.Stack{Hash: stack.hash, Frames: stack.frames})
			for p := range s.processes {
				if n := g.poisson(expected); n > 0 {
					w.Counts = append(w.Counts, window.Count{Stack: uint32(j), Labels: p, Count: n}) //nolint:gosec // small
				}
			}
		}
		interval.Windows = append(interval.Windows, w)
		interval.Fates = append(interval.Fates, window.ServiceFate{Labels: w.Labels, Fate: fateOf(w)})
	}
	return interval
}

// fateOf makes up what a healthy agent would say, and two lost samples of the worker at the full ten minutes.
func fateOf(w *window.Window) window.Fate {
	var delivered uint64
	for _, c := range w.Counts {
		delivered += c.Count
	}
	fate := window.Fate{
		Measured: true, Fired: delivered + 1, NewProcess: 1, Delivered: delivered,
		SchedulerNs: int64(delivered) * w.Period * 997 / 1000, //nolint:gosec // small
	}
	if strings.Contains(w.Labels[1].Value, "celery") && w.Start.Minute()%10 == 0 && w.Start.Second() == 0 {
		fate.Fired += 2
	}
	return fate
}

// poisson draws a count: by Knuth's method, and for large means by the normal distribution that it tends to.
func (g *generator) poisson(mean float64) uint64 {
	if mean <= 0 {
		return 0
	}
	if mean > 30 {
		return uint64(max(0, math.Round(mean+math.Sqrt(mean)*g.random.NormFloat64())))
	}
	limit, product := math.Exp(-mean), g.random.Float64()
	var n uint64
	for ; product > limit; n++ {
		product *= g.random.Float64()
	}
	return n
}
