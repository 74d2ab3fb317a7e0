//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/budget"
	"pyrometer.dev/remote-agent/internal/control"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
)

// retimings notes what was asked of the engine.
type retimings struct {
	mu    sync.Mutex
	asked []string
	fails error
}

func (r *retimings) retime(_ context.Context, rateHz int, window time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, fmt.Sprint(rateHz, "/", window))
	return r.fails
}

func (r *retimings) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.asked, " ")
}

func newSampling(r *retimings) *sampling {
	return &sampling{retime: r.retime, logger: slog.New(slog.DiscardHandler), rateHz: 97, window: 15 * time.Second}
}

func TestSamplingChangesAndBurstsReturn(t *testing.T) {
	asked := &retimings{}
	s := newSampling(asked)
	ctx := context.Background()
	if err := s.Set(ctx, 0, 5*time.Second, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(ctx, 997, 0, time.Hour); err != nil {
		t.Fatal(err)
	}
	if now, rest := s.current(); now.rateHz != 997 || rest != 97 || now.burstEnds.IsZero() {
		t.Errorf("in the burst: %+v, %d", now, rest)
	}
	// A window's length does not end a burst, and a second burst returns to where the first one came from.
	if err := s.Set(ctx, 0, 15*time.Second, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(ctx, 199, 0, 20*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for now, _ := s.current(); !now.burstEnds.IsZero() && time.Now().Before(deadline); now, _ = s.current() {
		time.Sleep(5 * time.Millisecond)
	}
	if now, rest := s.current(); now.rateHz != 97 || rest != 97 || !now.burstEnds.IsZero() {
		t.Errorf("after the burst: %+v, %d", now, rest)
	}
	if err := s.Set(ctx, 997, 0, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(ctx, 49, 0, 0); err != nil {
		t.Fatal(err)
	}
	if now, rest := s.current(); now.rateHz != 49 || rest != 49 || !now.burstEnds.IsZero() {
		t.Errorf("a rate for good: %+v, %d", now, rest)
	}
	if want := "97/5s 997/5s 997/15s 199/15s 97/15s 997/15s 49/15s"; asked.text() != want {
		t.Errorf("asked %s, want %s", asked.text(), want)
	}
}

func TestBadSamplingIsExplained(t *testing.T) {
	asked := &retimings{}
	s := newSampling(asked)
	for _, test := range []struct {
		name          string
		rate          int
		window, burst time.Duration
		says          string
	}{
		{"rate", 100, 0, 0, "[19 49 97 199 997]"},
		{"window", 0, 7 * time.Second, 0, "divides an hour"},
		{"burst", 997, 0, 2 * time.Hour, "1h0m0s"},
		{"burst of nothing", 0, 0, time.Minute, "needs a rate"},
	} {
		err := s.Set(context.Background(), test.rate, test.window, test.burst)
		if !errors.Is(err, control.ErrBadSampling) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want a word of %q", test.name, err, test.says)
		}
	}
	if asked.text() != "" {
		t.Errorf("asked %s", asked.text())
	}
	asked.fails = errors.New("no")
	if err := s.Set(context.Background(), 199, 0, 0); err == nil {
		t.Error("a failure was not told")
	}
	if now, _ := s.current(); now.rateHz != 97 {
		t.Errorf("a rate that could not be set is told: %+v", now)
	}
}

func TestBudgetShiftsTheRate(t *testing.T) {
	asked := &retimings{}
	s := newSampling(asked)
	shift := func(by, wantRate, wantHigher int) {
		t.Helper()
		if err := s.shift(t.Context(), by); err != nil {
			t.Fatal(err)
		}
		now, rest := s.current()
		if rate, higher := s.rateAndHigher(); rate != wantRate || higher != wantHigher || now.rateHz != wantRate || rest != now.wantedHz {
			t.Errorf("by %d: %d Hz, then %d, now %+v", by, rate, higher, now)
		}
	}
	shift(-1, 97, 0) // Never above what was asked for.
	shift(1, 49, 97)
	shift(1, 19, 49)
	shift(1, 19, 49) // The lowest one stays.
	shift(-1, 49, 97)
	// The length of windows leaves the budget alone, a rate that is asked for does not.
	if err := s.Set(t.Context(), 0, 5*time.Second, 0); err != nil {
		t.Fatal(err)
	}
	shift(0, 49, 97)
	if err := s.Set(t.Context(), 199, 0, 0); err != nil {
		t.Fatal(err)
	}
	shift(0, 199, 0)
	if want := "49/15s 19/15s 49/15s 49/5s 199/5s"; asked.text() != want {
		t.Errorf("asked %s, want %s", asked.text(), want)
	}
	asked.fails = errors.New("no")
	if err := s.shift(t.Context(), 1); err == nil {
		t.Error("a failure was not told")
	}
	if rate, _ := s.rateAndHigher(); rate != 199 {
		t.Errorf("a rate that could not be set is told: %d", rate)
	}
}

func TestCeilingsAreKept(t *testing.T) {
	opened, err := store.Open(t.Context(), store.Options{Directory: filepath.Join(t.TempDir(), "store")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	governor := func() *budget.Governor { return budget.NewGovernor(budget.DefaultCeilings, 2, time.Now()) }
	t.Cleanup(func() { debug.SetMemoryLimit(math.MaxInt64) })
	first := ceilings{governor(), opened}
	if err := first.Set(t.Context(), 2.5, 0); err != nil {
		t.Fatal(err)
	}
	if err := first.Set(t.Context(), 0, 1<<20); !errors.Is(err, budget.ErrBadCeilings) {
		t.Errorf("one megabyte: %v", err)
	}
	again := ceilings{governor(), opened}
	if err := again.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := again.governor.Ceilings(); got != (budget.Ceilings{MachinePercent: 2.5, MemoryBytes: 256 << 20}) {
		t.Errorf("ceilings = %+v", got)
	}
}

func TestNamingIsKept(t *testing.T) {
	opened, err := store.Open(t.Context(), store.Options{Directory: filepath.Join(t.TempDir(), "store")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	wanted := target.Naming{
		Labels: []target.Label{{Name: "env", Value: "prod"}}, LeadingSlash: true,
		RelabelConfigs: "- {action: drop, source_labels: [service_name], regex: cron}",
	}
	first := namings{target.NewResolver("h", target.Engines{}), opened}
	if err := first.Set(t.Context(), wanted); err != nil {
		t.Fatal(err)
	}
	if err := first.Set(t.Context(), target.Naming{RelabelConfigs: "- ["}); !errors.Is(err, target.ErrBadNaming) {
		t.Errorf("broken rules: %v", err)
	}
	again := namings{target.NewResolver("h", target.Engines{}), opened}
	if err := again.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := again.resolver.Naming(); fmt.Sprint(got) != fmt.Sprint(wanted) {
		t.Errorf("naming = %+v, want %+v", got, wanted)
	}
}

func TestSamplingIsKeptButForABurst(t *testing.T) {
	directory := t.TempDir()
	open := func(flags options) (keptSampling, func()) {
		t.Helper()
		opened, err := store.Open(t.Context(), store.Options{Directory: filepath.Join(directory, "store")})
		if err != nil {
			t.Fatal(err)
		}
		kept := keptSampling{newSampling(&retimings{}), opened}
		if err := kept.load(t.Context(), &flags); err != nil {
			t.Fatal(err)
		}
		return kept, func() {
			kept.close()
			if err := opened.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	first, end := open(options{})
	if err := first.Set(t.Context(), 49, 5*time.Second, 0); err != nil {
		t.Fatal(err)
	}
	if err := first.Set(t.Context(), 997, 0, time.Hour); err != nil {
		t.Fatal(err)
	}
	end()
	second, end := open(options{})
	if now, _ := second.current(); now.rateHz != 49 || now.window != 5*time.Second || !now.burstEnds.IsZero() {
		t.Errorf("at the next start: %+v", now)
	}
	end()
	third, end := open(options{rateHz: 97, window: 15 * time.Second})
	if now, _ := third.current(); now.rateHz != 97 || now.window != 15*time.Second {
		t.Errorf("with flags: %+v", now)
	}
	end()
}
