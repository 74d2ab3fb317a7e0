// Package lease knows for whom the agent goes on: recordings that hold it for a while, and whoever made it continuous.
package lease

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// ErrEnding answers who wants to hold an agent that is ending already.
var ErrEnding = errors.New("the agent is ending: start it again")

// ErrKept answers who wants to hold an agent that samples no more.
var ErrKept = errors.New("nobody renewed this recording in time, so the agent stopped sampling and only keeps its windows: start it again")

// ErrTooMany answers a holder for whom there is no room.
var ErrTooMany = fmt.Errorf("%d recordings hold the agent already, and no more can: stop one", maxHolders)

const (
	// maxHolders bounds what a user of the control socket can make the agent remember.
	maxHolders          = 64
	maxDescriptionRunes = 200
	// wallJitter is how far a time by the wall clock may be off before it is told anew.
	wallJitter = time.Second
)

// DefaultKeep is how long what was recorded stays when nobody renewed.
const DefaultKeep = 24 * time.Hour

var holderPattern = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,64}$`)

// CheckHolder says in one sentence what is wrong with a holder's name; nil when nothing is.
func CheckHolder(holder string) error {
	if !holderPattern.MatchString(holder) {
		return fmt.Errorf("%.100q is no name of a lease's holder: use 1 to 64 letters, digits and \"-_.:\"", holder)
	}
	return nil
}

// Lease is one holder's.
type Lease struct {
	// Holder is the name that whoever renews chose.
	Holder string
	// Description is for people, and hostile text.
	Description string
	// ExpiresAt is by the wall clock as it was at the last renewal; what counts is a clock that nobody sets.
	ExpiresAt time.Time
}

// held is a lease with its end by CLOCK_BOOTTIME, which goes on while the machine sleeps.
type held struct {
	Lease
	until time.Duration
}

// Phase is what an agent is to do, by its leases.
type Phase int

// Phases, in their order; an agent never goes back to an earlier one.
const (
	// Wanted: somebody holds it, or it is continuous.
	Wanted Phase = iota
	// Kept: nobody renewed. It samples no more, and what it stored can be read.
	Kept
	// Expired: what was recorded was kept for long enough.
	Expired
	// Ended: somebody gave the last lease back or stopped it, who ends the process too.
	Ended
)

// Leases are all of one agent. Only a wanted one can be held. All spans are of CLOCK_BOOTTIME, which nobody sets and which goes
// on while the machine sleeps. Safe for concurrent use.
//
// Example: two recordings hold it; one gives its lease back, of the other nobody hears any more. When that lease has run out the
// agent is kept, and a day later it has expired. Had the other given its lease back too, the agent would have ended.
type Leases struct {
	boottime func() time.Duration
	now      func() time.Time
	keep     time.Duration

	mu         sync.Mutex
	continuous bool
	held       map[string]held
	ended      bool
	// renewed is when somebody held it last, 0 before anybody did; ranOut when the last lease ended that was not given back.
	renewed, ranOut time.Duration
	// keptUntil is 0 until nobody wants it.
	keptUntil time.Duration
	// told are the times by the wall clock as they were told last.
	told struct{ since, until time.Time }
}

// New makes those of a continuous agent or of one that lives by its leases, from when it is held for the first time. keep is how long what
// was recorded stays when nobody renewed.
func New(continuous bool, keep time.Duration) *Leases {
	return newLeases(continuous, keep, Boottime, time.Now)
}

func newLeases(continuous bool, keep time.Duration, boottime func() time.Duration, now func() time.Time) *Leases {
	return &Leases{boottime: boottime, now: now, keep: keep, continuous: continuous, held: make(map[string]held)}
}

// Boottime is the time since the machine was booted, sleep included.
func Boottime() time.Duration {
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &at); err != nil {
		return 0 // there since Linux 2.6.39
	}
	return time.Duration(at.Nano())
}

// Hold makes a holder's lease end a duration from now, or later when it would have ended later.
func (l *Leases) Hold(holder, description string, duration time.Duration) (Lease, error) {
	if err := CheckHolder(holder); err != nil {
		return Lease{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refusal(); err != nil {
		return Lease{}, err
	}
	before, known := l.held[holder]
	if !known && len(l.held) >= maxHolders {
		return Lease{}, ErrTooMany
	}
	until, expires := l.boottime()+duration, l.now().Add(duration)
	if known && before.until > until {
		until, expires = before.until, before.ExpiresAt
	}
	now := held{Lease{Holder: holder, Description: cut(description), ExpiresAt: expires}, until}
	l.held[holder], l.renewed = now, l.boottime()
	return now.Lease, nil
}

// Release gives a holder's lease back, if there is one. over says whether that ends the agent.
func (l *Leases) Release(holder string) (over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.settle() != Wanted {
		return l.ended
	}
	delete(l.held, holder)
	l.ended = !l.continuous && len(l.held) == 0
	return l.ended
}

// End ends the agent unless others than the holder have leases; forced, also then. It answers their leases when it does
// not end.
func (l *Leases) End(holder string, forced bool) (others []Lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !forced {
		l.settle()
		for _, other := range l.sorted() {
			if other.Holder != holder {
				others = append(others, other)
			}
		}
	}
	if len(others) == 0 {
		l.ended = true
	}
	return others
}

// Keep makes the agent continuous.
func (l *Leases) Keep() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refusal(); err != nil {
		return err
	}
	l.continuous = true
	return nil
}

// Phase says what the agent is to do; it is to be asked now and then.
func (l *Leases) Phase() Phase {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settle()
}

// Kept tells of an agent that nobody wants since when nobody renewed and until when its windows stay, by the wall clock as it
// is set now; false of another.
func (l *Leases) Kept() (since, until time.Time, kept bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle()
	if l.keptUntil == 0 {
		return time.Time{}, time.Time{}, false
	}
	// Without its monotonic part, which would hide that the clock was set.
	now, boot := l.now().Round(0), l.boottime()
	since, until = now.Add(l.renewed-boot), now.Add(l.keptUntil-boot)
	// The two clocks are not read at once: what differs by less is no news.
	if until.Sub(l.told.until).Abs() > wallJitter {
		l.told.since, l.told.until = since, until
	}
	return l.told.since, l.told.until, true
}

// KeptUntil is until when the windows of an agent stay that nobody wants, by CLOCK_BOOTTIME; 0 of another.
func (l *Leases) KeptUntil() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle()
	return l.keptUntil
}

// List tells who holds the agent, sorted by name, and whether it is continuous.
func (l *Leases) List() (leases []Lease, continuous bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle()
	return l.sorted(), l.continuous
}

// refusal says why the agent cannot be held; nil when it can. Called with the lock held.
func (l *Leases) refusal() error {
	switch l.settle() {
	case Wanted:
		return nil
	case Kept:
		return ErrKept
	default:
		return ErrEnding
	}
}

// settle takes note of leases that ran out. It is called with the lock held.
func (l *Leases) settle() Phase {
	now := l.boottime()
	maps.DeleteFunc(l.held, func(_ string, each held) bool {
		if each.until > now {
			return false
		}
		l.ranOut = max(l.ranOut, each.until)
		return true
	})
	if l.ended {
		return Ended
	}
	if l.continuous || len(l.held) > 0 || l.renewed == 0 {
		return Wanted
	}
	if l.keptUntil == 0 {
		// From when it ran out, not from now: the machine may have slept.
		l.keptUntil = l.ranOut + l.keep
	}
	if now >= l.keptUntil {
		return Expired
	}
	return Kept
}

func (l *Leases) sorted() []Lease {
	leases := make([]Lease, 0, len(l.held))
	for _, each := range l.held {
		leases = append(leases, each.Lease)
	}
	slices.SortFunc(leases, func(a, b Lease) int { return strings.Compare(a.Holder, b.Holder) })
	return leases
}

func cut(description string) string {
	if utf8.RuneCountInString(description) <= maxDescriptionRunes {
		return description
	}
	return string([]rune(description)[:maxDescriptionRunes-1]) + "…"
}
