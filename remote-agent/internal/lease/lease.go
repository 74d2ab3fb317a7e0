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

// ErrTooMany answers a holder for whom there is no room.
var ErrTooMany = fmt.Errorf("%d recordings hold the agent already, and no more can: stop one", maxHolders)

const (
	// maxHolders bounds what a user of the control socket can make the agent remember.
	maxHolders          = 64
	maxDescriptionRunes = 200
)

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

// Leases are all of one agent. It is over when it is not continuous and nobody holds it any more; once over, it stays
// so, and nobody can hold it. Safe for concurrent use.
//
// Example: two recordings hold it; the first one's Release says "not over", the second one's says "over".
type Leases struct {
	boottime func() time.Duration
	now      func() time.Time

	mu         sync.Mutex
	continuous bool
	held       map[string]held
	over       bool
	// asked says that somebody ended it: who did ends the process too.
	asked bool
}

// New makes those of a continuous agent or of one that lives by its leases: then one is to be held at once.
func New(continuous bool) *Leases { return newLeases(continuous, boottime, time.Now) }

func newLeases(continuous bool, boottime func() time.Duration, now func() time.Time) *Leases {
	return &Leases{boottime: boottime, now: now, continuous: continuous, held: make(map[string]held)}
}

func boottime() time.Duration {
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
	if l.over {
		return Lease{}, ErrEnding
	}
	l.prune()
	before, known := l.held[holder]
	if !known && len(l.held) >= maxHolders {
		return Lease{}, ErrTooMany
	}
	until, expires := l.boottime()+duration, l.now().Add(duration)
	if known && before.until > until {
		until, expires = before.until, before.ExpiresAt
	}
	now := held{Lease{Holder: holder, Description: cut(description), ExpiresAt: expires}, until}
	l.held[holder] = now
	return now.Lease, nil
}

// Release gives a holder's lease back, if there is one. over says whether that ends the agent.
func (l *Leases) Release(holder string) (over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, holder)
	over = l.settle()
	l.asked = l.asked || over
	return over
}

// End ends the agent unless others than the holder have leases; forced, also then. It answers their leases when it does
// not end.
func (l *Leases) End(holder string, forced bool) (others []Lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !forced {
		l.prune()
		for _, other := range l.sorted() {
			if other.Holder != holder {
				others = append(others, other)
			}
		}
	}
	if len(others) == 0 {
		l.over, l.asked = true, true
	}
	return others
}

// Keep makes the agent continuous.
func (l *Leases) Keep() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return ErrEnding
	}
	l.continuous = true
	return nil
}

// Over says whether the agent is to end; it is to be asked now and then.
func (l *Leases) Over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settle()
}

// RanOut says that it is over because nobody renewed, and that nobody ends the agent unless whoever asks does.
func (l *Leases) RanOut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settle() && !l.asked
}

// List tells who holds the agent, sorted by name, and whether it is continuous.
func (l *Leases) List() (leases []Lease, continuous bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.prune()
	return l.sorted(), l.continuous
}

// settle is called with the lock held.
func (l *Leases) settle() bool {
	l.prune()
	l.over = l.over || !l.continuous && len(l.held) == 0
	return l.over
}

func (l *Leases) prune() {
	now := l.boottime()
	maps.DeleteFunc(l.held, func(_ string, each held) bool { return each.until <= now })
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
