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
	wall time.Time
}

func newBed(continuous bool) *bed {
	b := &bed{boot: time.Hour, wall: time.UnixMilli(1000)}
	b.Leases = newLeases(continuous, keep, func() time.Duration { return b.boot }, func() time.Time { return b.wall })
	return b
}

// keep is how long windows stay in these tests.
const keep = 24 * time.Hour

// pass moves both clocks.
func (b *bed) pass(by time.Duration) { b.boot, b.wall = b.boot+by, b.wall.Add(by) }

func (b *bed) expect(t *testing.T, want Phase) {
	t.Helper()
	if phase := b.Phase(); phase != want {
		t.Errorf("the phase is %d, want %d", phase, want)
	}
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
	if b.Release("cli") {
		t.Error("over while the window holds it")
	}
	b.expect(t, Wanted)
	if b.Release("nobody") {
		t.Error("over by the release of one that holds nothing")
	}
	if !b.Release("window") {
		t.Error("not over without a holder")
	}
	b.expect(t, Ended)
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
	b.pass(30 * time.Second)
	if leases, _ := b.List(); !slices.Equal(names(leases), []string{"b"}) {
		t.Errorf("after 30 s: %v", leases)
	}
	b.expect(t, Wanted)
	b.hold(t, "b", 20*time.Second)
	b.hold(t, "b", 5*time.Second) // never earlier than it was
	b.pass(19 * time.Second)
	b.expect(t, Wanted)
	b.pass(time.Second)
	b.expect(t, Kept)
}

func TestWindowsAreKeptForADayAfterTheLastLeaseRanOut(t *testing.T) {
	b := newBed(false)
	b.hold(t, "a", 10*time.Minute)
	if _, _, kept := b.Kept(); kept {
		t.Error("kept while somebody holds it")
	}
	renewedAt := b.wall
	b.pass(10*time.Minute - time.Nanosecond)
	b.expect(t, Wanted)
	b.pass(time.Nanosecond)
	b.expect(t, Kept)
	if since, until, kept := b.Kept(); !kept || !since.Equal(renewedAt) || !until.Equal(renewedAt.Add(10*time.Minute+keep)) {
		t.Errorf("kept = %v to %v, %t", since, until, kept)
	}
	if _, err := b.Hold("a", "", time.Minute); !errors.Is(err, ErrKept) {
		t.Errorf("a kept agent was held: %v", err)
	}
	if err := b.Keep(); !errors.Is(err, ErrKept) {
		t.Errorf("a kept agent was made continuous: %v", err)
	}
	if b.Release("a") {
		t.Error("a lease that had run out ended the agent when it was given back")
	}
	b.pass(keep - time.Nanosecond)
	b.expect(t, Kept)
	b.pass(time.Nanosecond)
	b.expect(t, Expired)
	if _, err := b.Hold("a", "", time.Minute); !errors.Is(err, ErrEnding) {
		t.Errorf("an agent that is over was held: %v", err)
	}
}

func TestAKeptAgentCanBeEnded(t *testing.T) {
	b := newBed(false)
	b.hold(t, "a", time.Minute)
	b.pass(time.Hour)
	b.expect(t, Kept)
	if others := b.End("", false); len(others) > 0 {
		t.Errorf("others = %v", others)
	}
	b.expect(t, Ended)
}

// TestClocksThatAreSet: a wall clock that jumps changes what is told and nothing else; sleep counts.
func TestClocksThatAreSet(t *testing.T) {
	b := newBed(false)
	b.hold(t, "a", 10*time.Minute)
	b.wall = b.wall.AddDate(3, 0, 0)
	b.expect(t, Wanted)
	b.wall = b.wall.AddDate(-6, 0, 0)
	b.pass(20 * time.Hour) // slept: nobody looked when the lease ran out
	b.expect(t, Kept)
	if _, until, _ := b.Kept(); !until.Equal(b.wall.Add(10*time.Minute + keep - 20*time.Hour)) {
		t.Errorf("kept until %v at %v", until, b.wall)
	}
	before, _, _ := b.Kept()
	b.wall = b.wall.Add(wallJitter / 2)
	if since, _, _ := b.Kept(); !since.Equal(before) {
		t.Error("the time that is told trembles")
	}
	b.wall = b.wall.AddDate(1, 0, 0)
	if _, until, _ := b.Kept(); !until.Equal(b.wall.Add(10*time.Minute + keep - 20*time.Hour)) {
		t.Errorf("after the clock was set: kept until %v at %v", until, b.wall)
	}
	b.expect(t, Kept)
	b.boot += 4*time.Hour + 10*time.Minute
	b.expect(t, Expired)

	slept := newBed(false)
	slept.hold(t, "a", 10*time.Minute)
	slept.boot += 3 * keep
	slept.expect(t, Expired)
}

func TestContinuousAgentOutlivesLeases(t *testing.T) {
	b := newBed(true)
	b.hold(t, "a", time.Second)
	if b.Release("a") {
		t.Error("a continuous agent ended with a recording")
	}
	b.expect(t, Wanted)
	leased := newBed(false)
	leased.hold(t, "a", time.Second)
	if err := leased.Keep(); err != nil {
		t.Fatal(err)
	}
	leased.pass(time.Hour)
	leased.expect(t, Wanted)
	if _, continuous := leased.List(); !continuous {
		t.Error("an agent that is to go on is not continuous")
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
			want := Wanted
			if len(test.others) == 0 {
				want = Ended
			}
			b.expect(t, want)
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
