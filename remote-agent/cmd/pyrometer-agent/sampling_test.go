//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

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
