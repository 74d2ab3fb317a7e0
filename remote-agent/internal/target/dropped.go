package target

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"pyrometer.dev/remote-agent/internal/pause"
)

const (
	// dropInterval is how often dropped processes are looked at again: one that became another program, or whose pid was taken by
	// another, may be wanted. Each costs two reads of /proc.
	dropInterval = 3 * time.Second
	// dropPause bounds how often news of dropped processes are taken up.
	dropPause = 100 * time.Millisecond
)

// FollowDropped tells apply which processes the user's rules drop, whenever that changes, until ctx ends: so that the sampler
// passes over them. A process is known to be dropped from its first sample on.
func (r *Resolver) FollowDropped(ctx context.Context, apply func(pids []uint32) error, logger *slog.Logger) {
	var applied []uint32
	var looked time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.news:
		case <-time.After(dropInterval):
		}
		now := r.now()
		again := now.Sub(looked) >= dropInterval
		if again {
			looked = now
		}
		if dropped := r.dropped(again); !slices.Equal(dropped, applied) {
			if err := apply(dropped); err != nil {
				logger.Warn("processes that rules drop are unwound", "reason", err)
			}
			applied = dropped
		}
		if !pause.For(ctx, dropPause) {
			return
		}
	}
}

// dropped are the processes that rules drop, by pid. again: those that were dropped are looked at anew.
func (r *Resolver) dropped(again bool) []uint32 {
	r.mu.RLock()
	if len(r.rules.relabel) == 0 {
		r.mu.RUnlock()
		return nil
	}
	known, namings := maps.Clone(r.known), r.namings
	r.mu.RUnlock()
	generation := r.containers.Generation()
	var found []uint32
	for pid, entry := range known {
		identity := entry.answer(r.now())
		if entry.namings != namings || entry.open && entry.generation != generation {
			identity = r.remember(pid, entry.process, entry.hint, entry.first)
		}
		if !identity.Dropped || identity.Provisional || entry.gone || entry.process.exited {
			continue
		}
		if again && !r.unchanged(pid, entry) {
			continue
		}
		found = append(found, pid)
	}
	slices.Sort(found)
	return found
}

// unchanged says whether a pid is still the process and the program that it was. Another one is looked at when its first
// sample comes.
func (r *Resolver) unchanged(pid uint32, entry *resolved) bool {
	process, err := r.proc.read(pid)
	if err == nil && process.startTicks == entry.process.startTicks && process.executable == entry.process.executable {
		return true
	}
	if err == nil {
		r.resolve(pid, Hint{})
		return false
	}
	ended := *entry
	ended.gone = true
	r.store(pid, &ended)
	return false
}

// tellDropped wakes FollowDropped.
func (r *Resolver) tellDropped() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}
