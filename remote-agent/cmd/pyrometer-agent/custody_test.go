//go:build linux

package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/keeper"
)

// bedOfCustody is a keeper whose agent has ended, with a clock that its sleep moves.
type bedOfCustody struct {
	*custody
	boot time.Duration
	// each is called in every sleep.
	each func()
}

func newBedOfCustody(t *testing.T) *bedOfCustody {
	t.Helper()
	directory := t.TempDir()
	b := &bedOfCustody{boot: time.Hour, each: func() {}}
	b.custody = &custody{
		places: places{store: filepath.Join(directory, "store"), runDirectory: filepath.Join(directory, "run")}, keep: 2 * time.Hour,
		boottime: func() time.Duration { return b.boot },
		sleep: func(length time.Duration) {
			if length <= 0 || length > custodyInterval {
				t.Fatalf("it sleeps %v", length)
			}
			b.boot += length
			b.each()
		},
	}
	err := errors.Join(os.Mkdir(b.store, 0o700), os.Mkdir(b.runDirectory, 0o700),
		os.WriteFile(filepath.Join(b.store, "profiles.db"), nil, 0o600), os.WriteFile(filepath.Join(b.runDirectory, lockFileName), nil, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bedOfCustody) tell(t *testing.T, plans ...keeper.Plan) {
	t.Helper()
	for _, plan := range plans {
		if err := b.planned(plan); err != nil {
			t.Fatal(err)
		}
	}
}

func (b *bedOfCustody) there() bool {
	_, err := os.Stat(filepath.Join(b.store, "profiles.db"))
	return err == nil
}

func TestCustodyEndsAsPlanned(t *testing.T) {
	for _, test := range []struct {
		name  string
		plans []keeper.Plan
		// after is when everything is gone, counted from the agent's end; 0: it stays.
		after time.Duration
	}{
		{"killed before it sampled", nil, 0},
		{"continuous", []keeper.Plan{{}}, 0},
		{"killed while it was held", []keeper.Plan{{Remove: true}}, 2 * time.Hour},
		{"killed while it was kept", []keeper.Plan{{Remove: true}, {Remove: true, At: 2 * time.Hour}}, time.Hour},
		{"kept for long enough", []keeper.Plan{{Remove: true}, {Remove: true, At: time.Hour}}, time.Nanosecond},
		{"later than can be", []keeper.Plan{{Remove: true, At: 1000 * time.Hour}}, 2 * time.Hour},
		{"made continuous", []keeper.Plan{{Remove: true}, {}}, 0},
		{"stopped", []keeper.Plan{{Remove: true}, {}}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBedOfCustody(t)
			b.tell(t, test.plans...)
			began := b.boot
			b.each = func() {
				if b.boot-began < test.after && !b.there() {
					t.Fatalf("removed after %v", b.boot-began)
				}
			}
			if err := b.fulfil(); err != nil {
				t.Fatal(err)
			}
			if b.there() != (test.after == 0) {
				t.Errorf("the store is there: %t", b.there())
			}
			if took := b.boot - began; test.after > time.Nanosecond && (took < test.after || took > test.after+custodyInterval) {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// TestCustodySleepsWithTheMachine: the clock goes on while the machine sleeps, and a keeper that sleeps does not.
func TestCustodySleepsWithTheMachine(t *testing.T) {
	b := newBedOfCustody(t)
	b.tell(t, keeper.Plan{Remove: true})
	slept := false
	b.each = func() {
		if !slept {
			b.boot += 30 * time.Hour
		}
		slept = true
	}
	if err := b.fulfil(); err != nil || b.there() {
		t.Errorf("after the machine slept: there %t, %v", b.there(), err)
	}
	if b.boot > 32*time.Hour {
		t.Errorf("it ended at %v", b.boot)
	}
}

func TestCustodyPassesOnToTheNextKeeper(t *testing.T) {
	for name, take := range map[string]func(b *bedOfCustody) error{
		"another is in charge": func(b *bedOfCustody) error { return os.WriteFile(b.keeperFile(), []byte("1\n"), 0o600) },
		"all was removed":      func(b *bedOfCustody) error { return os.Remove(b.keeperFile()) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBedOfCustody(t)
			b.tell(t, keeper.Plan{Remove: true})
			b.each = func() {
				if err := take(b); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.fulfil(); err != nil || !b.there() || b.boot > time.Hour+2*custodyInterval {
				t.Errorf("there %t at %v, %v", b.there(), b.boot, err)
			}
		})
	}
}

func TestCustodyWaitsForWhoStartsOrRuns(t *testing.T) {
	for _, name := range []string{startLockFileName, lockFileName} {
		t.Run(name, func(t *testing.T) {
			b := newBedOfCustody(t)
			path := filepath.Join(b.runDirectory, name)
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			lock, err := lockFile(path, 0)
			if err != nil {
				t.Fatal(err)
			}
			b.tell(t, keeper.Plan{Remove: true, At: b.boot})
			waited := 0
			b.each = func() {
				if !b.there() {
					t.Fatal("removed while somebody has the run directory")
				}
				if waited++; waited == 3 {
					lock.Close()
				}
			}
			if err := b.fulfil(); err != nil || b.there() || waited != 3 {
				t.Errorf("there %t after %d looks, %v", b.there(), waited, err)
			}
		})
	}
}

func TestClockWords(t *testing.T) {
	now := time.Date(2026, 12, 31, 23, 30, 0, 0, time.Local)
	for at, want := range map[time.Time]string{
		now.Add(-time.Minute):     "23:29",
		now.Add(12 * time.Hour):   "tomorrow 11:30",
		now.Add(-24 * time.Hour):  "yesterday 23:30",
		now.Add(-100 * time.Hour): "2026-12-27 19:30",
	} {
		if got := clockWords(at, now); got != want {
			t.Errorf("%v is %q, want %q", at, got, want)
		}
	}
	if got, want := keptSentence(now, now.Add(time.Hour), now),
		"Nobody renewed this recording since 23:30. Its windows stay readable until tomorrow 00:30; then everything is removed."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
