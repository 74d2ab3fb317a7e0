package target

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/moby/moby/api/types/events"
)

const (
	// maxEngineStarts is how many starts that an engine told of wait for a look, the latest: of 5 s more than any engine can make.
	maxEngineStarts = 512
	// engineHaste is how much earlier than a first process the start may seem to be that an engine told of, in ticks: the engine tells by
	// the clock and the kernel by the time since boot, which are not read at once.
	engineHaste = ticksPerSecond / 2
)

// engineStart is a start of a container that an engine told of as it happened: a moment after the first process was made.
type engineStart struct {
	containerID string
	at          time.Time
}

// EngineStarts are the starts of containers that an engine told of, until a look takes them. nil is of an engine that tells nobody.
// Safe for concurrent use.
type EngineStarts struct {
	mu   sync.Mutex
	told []engineStart
	lost uint64
	// heard is until when no event is missing.
	heard time.Time
}

// Lost counts the starts that found no room, since the start of the agent.
func (e *EngineStarts) Lost() uint64 {
	if e == nil {
		return 0
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.lost
}

// note takes over an event; now is the time when it came.
func (e *EngineStarts) note(message events.Message, now time.Time) {
	if e == nil || message.Type != events.ContainerEventType {
		return
	}
	at := time.Unix(0, message.TimeNano)
	if message.TimeNano == 0 || at.After(now) {
		at = now // A clock that was set back would have it wait.
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = at
	if message.Action == events.ActionStart && message.Actor.Attributes["name"] != "" {
		e.told = e.bounded(append(e.told, engineStart{message.Actor.ID, at}))
	}
}

// follow says that events are heard from now on, at the latest.
func (e *EngineStarts) follow(now time.Time) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.heard.IsZero() {
		e.heard = now
	}
}

// since is from when on a new stream of events goes on where the last one broke off, as Docker's API takes it; "" where there was none.
// Docker remembers its last 256 events, since its own start.
func (e *EngineStarts) since() string {
	if e == nil {
		return ""
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.heard.IsZero() {
		return ""
	}
	next := e.heard.Add(1)
	return fmt.Sprintf("%d.%09d", next.Unix(), next.Nanosecond())
}

// take empties it. What could not be judged goes back.
func (e *EngineStarts) take() []engineStart {
	if e == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	told := e.told
	e.told = nil
	return told
}

// giveBack has starts taken again, before those that came meanwhile.
func (e *EngineStarts) giveBack(starts []engineStart) {
	if e == nil || len(starts) == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.told = e.bounded(slices.Concat(starts, e.told))
}

// bounded is called with the lock held.
func (e *EngineStarts) bounded(starts []engineStart) []engineStart {
	over := max(0, len(starts)-maxEngineStarts)
	e.lost += uint64(over) //nolint:gosec // not below zero
	return starts[over:]
}

// endedProcess was the first one of a container, and seen by a look for the last time.
type endedProcess struct {
	containerID string
	ticks, seen uint64
}

// judge tells of the starts that an engine told of and that no look saw or will see: their containers ended before. oldest are the
// processes that this look found. What it cannot know yet it leaves open in next.
func (s *Starts) judge(told []engineStart, next *look, oldest map[string]firstProcess, now time.Time) []ContainerStart {
	latest := make(map[string]int, len(told))
	for i, start := range told {
		latest[start.containerID] = i
	}
	var missed []ContainerStart
	for i, start := range told {
		age := now.Sub(start.at)
		ticks := next.at - min(next.at, ticksOf(max(age, 0)))
		made := ticks // until when its first process was made
		if latest[start.containerID] == i {
			made += engineHaste
		}
		if next.saw(start.containerID, ticks, made) {
			continue
		}
		container, known := s.resolver.containers.Lookup(start.containerID)
		running, runs := oldest[start.containerID]
		switch {
		case age < bootstrapTime, container.Incomplete && age < provisionalInterval, runs && running.ticks <= made && !next.knows(start.containerID):
			next.open = append(next.open, start)
		case known:
			if found, wanted := s.missed(start, container); wanted {
				missed = append(missed, found)
			}
		}
	}
	return missed
}

// saw says whether a look saw the process that a container was started for at some time, which was made until then.
func (l *look) saw(containerID string, at, made uint64) bool {
	if first, runs := l.first[containerID]; runs && first.ticks <= made {
		return true
	}
	return slices.ContainsFunc(l.past, func(past endedProcess) bool {
		return past.containerID == containerID && past.ticks <= at && at <= past.seen
	})
}

func (l *look) knows(containerID string) bool {
	_, knows := l.first[containerID]
	return knows
}

// missed is a start by what the engine says alone.
func (s *Starts) missed(start engineStart, container Container) (found ContainerStart, wanted bool) {
	labels, wanted := s.labels(process{exited: true, containers: []string{start.containerID}}, container, true)
	return ContainerStart{
		ContainerID: start.containerID, Occurrence: fmt.Sprintf("%s at %d", s.boot, start.at.UnixNano()), At: start.at, Labels: labels,
	}, wanted
}
