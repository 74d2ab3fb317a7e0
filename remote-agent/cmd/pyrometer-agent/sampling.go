//go:build linux

package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"pyrometer.dev/remote-agent/internal/control"
)

// rates are what can be chosen while the agent runs: primes, so that work which is timed by a round number is not always
// met at the same place.
var rates = []int{19, 49, 97, 199, 997}

const maxBurst = time.Hour

// sampling is how often each CPU is looked at and how long windows are, which may change while the agent runs. Safe for
// concurrent use.
type sampling struct {
	// retime does it.
	retime func(ctx context.Context, rateHz int, window time.Duration) error
	logger *slog.Logger

	// changing is held over retime, mu over the values.
	changing sync.Mutex
	mu       sync.Mutex
	rateHz   int
	window   time.Duration
	// lower is how many steps below rateHz the budget holds what is really sampled.
	lower int
	// rest is the rate after the burst, burst its end; nil without one.
	rest      int
	burst     *time.Timer
	burstEnds time.Time
}

var _ control.Sampling = (*sampling)(nil)

// Set implements control.Sampling.
func (s *sampling) Set(ctx context.Context, rateHz int, window, burst time.Duration) error {
	switch {
	case rateHz != 0 && !slices.Contains(rates, rateHz):
		return fmt.Errorf("%w: %d samples a second cannot be had: choose one of %v", control.ErrBadSampling, rateHz, rates)
	case window != 0 && !validWindow(window):
		return fmt.Errorf("%w: %v is not a whole number of seconds that divides an hour, as 15s is", control.ErrBadSampling, window)
	case burst < 0 || burst > maxBurst:
		return fmt.Errorf("%w: a burst lasts up to %v, not %v", control.ErrBadSampling, maxBurst, burst)
	case burst > 0 && rateHz == 0:
		return fmt.Errorf("%w: a burst needs a rate", control.ErrBadSampling)
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	before, rest := s.current()
	lower := 0 // Who asks for a rate gets it, until it turns out to be too dear.
	if rateHz == 0 {
		rateHz, lower = before.wantedHz, s.lower
	}
	if window == 0 {
		window = before.window
	}
	if actual := lowered(rateHz, lower); actual != before.rateHz || window != before.window {
		if err := s.retime(ctx, actual, window); err != nil {
			return fmt.Errorf("change the sampling: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	changedRate := rateHz != s.rateHz
	s.rateHz, s.window, s.lower = rateHz, window, lower
	switch {
	case burst > 0:
		s.endBurst()
		s.rest, s.burstEnds = rest, time.Now().Add(burst)
		s.burst = time.AfterFunc(burst, s.returnToRest)
	case changedRate:
		s.endBurst()
	}
	s.logger.Info("sampling changed", "rate_hz", rateHz, "window", window, "burst", burst)
	return nil
}

type samplingNow struct {
	// rateHz is what is sampled, wantedHz what was asked for: more, where the budget does not allow it.
	rateHz    int
	wantedHz  int
	window    time.Duration
	burstEnds time.Time
}

// current tells what is now, and at which rate is sampled when no burst goes on.
func (s *sampling) current() (now samplingNow, rest int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest = s.rateHz
	if s.burst != nil {
		rest = s.rest
	}
	return samplingNow{lowered(s.rateHz, s.lower), s.rateHz, s.window, s.burstEnds}, rest
}

// lowered is a rate some steps down; the lowest one stays.
func lowered(rateHz, steps int) int {
	for ; steps > 0; steps-- {
		below := 0
		for _, each := range rates {
			if each < rateHz {
				below = each // ascending
			}
		}
		if below == 0 {
			break
		}
		rateHz = below
	}
	return rateHz
}

// rateAndHigher is what is sampled, and the next step towards what was asked for; 0 when that is what is sampled.
func (s *sampling) rateAndHigher() (rateHz, higherHz int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lower > 0 {
		higherHz = lowered(s.rateHz, s.lower-1)
	}
	return lowered(s.rateHz, s.lower), higherHz
}

// shift goes steps down, or back up as far as what was asked for. At the lowest rate it changes nothing.
func (s *sampling) shift(ctx context.Context, by int) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.Lock()
	lower := max(s.lower+by, 0)
	before, after, window := lowered(s.rateHz, s.lower), lowered(s.rateHz, lower), s.window
	s.mu.Unlock()
	if after == before {
		return nil
	}
	if err := s.retime(ctx, after, window); err != nil {
		return fmt.Errorf("change the sampling: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lower = lower
	s.logger.Warn("the budget changed the sampling", "rate_hz", after, "before_hz", before, "wanted_hz", s.rateHz)
	return nil
}

// endBurst is called with the lock held.
func (s *sampling) endBurst() {
	if s.burst != nil {
		s.burst.Stop()
	}
	s.burst, s.burstEnds = nil, time.Time{}
}

// returnToRest ends a burst.
func (s *sampling) returnToRest() {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.Lock()
	// Another setting, or a longer burst, may have come meanwhile.
	over := s.burst != nil && !time.Now().Before(s.burstEnds)
	rest, window := s.rest, s.window
	s.mu.Unlock()
	if !over {
		return
	}
	if err := s.retime(context.Background(), rest, window); err != nil {
		s.logger.Error("the burst cannot be ended", "reason", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endBurst()
	s.rateHz, s.lower = rest, 0
	s.logger.Info("the burst is over", "rate_hz", rest)
}

// close ends a burst without returning.
func (s *sampling) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endBurst()
}

func validWindow(window time.Duration) bool {
	return window >= time.Second && time.Hour%window == 0 && window%time.Second == 0
}
