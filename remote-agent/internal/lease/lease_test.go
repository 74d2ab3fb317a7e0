package lease

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// bed is an agent's leases with clocks that the test moves.
type bed struct {
	*Leases
	boot time.Duration
}

func newBed(continuous bool) *bed {
	b := &bed{boot: time.Hour}
	b.Leases = newLeases(continuous, func() time.Duration { return b.boot }, func() time.Time { return time.UnixMilli(1000) })
	return b
}

func (b *bed) hold(t *testing.T, holder string, duration time.Duration) {
	t.Helper()
	if _, err := b.Hold(holder, "of "+holder, duration); err != nil {
		t.Fatalf("hold %s: %v", holder, err)
	}
}

func names(leases []Lease) []string {
	var found []string
	for _, each := range leases {
		found = append(found, each.Holder)
	}
	return found
}

func TestAgentEndsWithItsLastHolder(t *testing.T) {
	b := newBed(false)
	b.hold(t, "window", time.Minute)
	b.hold(t, "cli", time.Minute)
	if b.Release("cli") || b.Over() {
		t.Error("over while the window holds it")
	}
	if b.Release("nobody") {
		t.Error("over by the release of one that holds nothing")
	}
	if !b.Release("window") || !b.Over() {
		t.Error("not over without a holder")
	}
	if b.RanOut() {
		t.Error("a lease that was given back is said to have run out")
	}
	if _, err := b.Hold("late", "", time.Minute); !errors.Is(err, ErrEnding) {
		t.Errorf("an ending agent was held: %v", err)
	}
	if err := b.Keep(); !errors.Is(err, ErrEnding) {
		t.Errorf("an ending agent was kept: %v", err)
	}
}

func TestLeasesRunOutEachByItself(t *testing.T) {
	b := newBed(false)
	b.hold(t, "a", 30*time.Second)
	b.hold(t, "b", 40*time.Second)
	b.boot += 30 * time.Second
	if leases, _ := b.List(); !slices.Equal(names(leases), []string{"b"}) || b.Over() {
		t.Errorf("after 30 s: %v, over %t", leases, b.Over())
	}
	b.hold(t, "b", 20*time.Second)
	b.hold(t, "b", 5*time.Second) // never earlier than it was
	b.boot += 19 * time.Second
	if b.Over() {
		t.Error("over before the renewed lease ran out")
	}
	b.boot += time.Second
	if !b.RanOut() || !b.Over() {
		t.Error("not over when the last lease ran out")
	}
}

func TestContinuousAgentOutlivesLeases(t *testing.T) {
	b := newBed(true)
	b.hold(t, "a", time.Second)
	if b.Release("a") || b.Over() {
		t.Error("a continuous agent ended with a recording")
	}
	leased := newBed(false)
	leased.hold(t, "a", time.Second)
	if err := leased.Keep(); err != nil {
		t.Fatal(err)
	}
	leased.boot += time.Hour
	if _, continuous := leased.List(); !continuous || leased.Over() {
		t.Error("a kept agent ended with its lease")
	}
}

func TestEndAsksForOthers(t *testing.T) {
	for _, test := range []struct {
		name       string
		continuous bool
		holders    []string
		by         string
		forced     bool
		others     []string
	}{
		{"nobody else", false, []string{"a"}, "a", false, nil},
		{"continuous, nobody holds it", true, nil, "", false, nil},
		{"another", false, []string{"a", "c", "b"}, "a", false, []string{"b", "c"}},
		{"another of a continuous one", true, []string{"b"}, "", false, []string{"b"}},
		{"another, forced", true, []string{"b"}, "a", true, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBed(test.continuous)
			for _, holder := range test.holders {
				b.hold(t, holder, time.Minute)
			}
			if others := names(b.End(test.by, test.forced)); !slices.Equal(others, test.others) {
				t.Errorf("others = %q, want %q", others, test.others)
			}
			if b.Over() != (len(test.others) == 0) {
				t.Errorf("over = %t", b.Over())
			}
			if b.RanOut() {
				t.Error("an agent that was ended is said to have run out of leases")
			}
		})
	}
}

func TestHoldersAreBounded(t *testing.T) {
	b := newBed(true)
	for _, bad := range []string{"", "a b", "a\n", strings.Repeat("a", 65), "é"} {
		if _, err := b.Hold(bad, "", time.Minute); err == nil {
			t.Errorf("the holder %q was accepted", bad)
		}
	}
	for i := range maxHolders {
		b.hold(t, fmt.Sprint(i), time.Minute)
	}
	if _, err := b.Hold("one more", "", time.Minute); err == nil {
		t.Error("a name with a blank was accepted")
	}
	if _, err := b.Hold("more", "", time.Minute); !errors.Is(err, ErrTooMany) {
		t.Errorf("one too many: %v", err)
	}
	b.hold(t, "7", time.Hour)
	long, err := b.Hold("7", strings.Repeat("é", 300), time.Minute)
	if err != nil || long.Description != strings.Repeat("é", 199)+"…" {
		t.Errorf("a long description = %q, %v", long.Description, err)
	}
}
