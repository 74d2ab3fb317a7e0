package push

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/zeebo/xxh3"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	"pyrometer.dev/remote-agent/internal/store"
)

const (
	// maxShiftMs is how far a window may be moved to a millisecond that is free.
	maxShiftMs = 1000
	// maxLayouts bounds what is remembered for windows that come later. One whose layout is forgotten keeps forgottenRoomMs.
	maxLayouts      = 256
	forgottenRoomMs = 100
)

// layout is where a window stands at a server, whose identity of a profile is label set and millisecond: part i of it, of so many
// samples, is StartMs+i. Written down before the first part is sent, for what is sent again after a crash must be cut the same way,
// also when functions got longer names meanwhile. A window in one part at its own start has none.
type layout struct {
	ID int64 `json:"id"`
	// Series is seriesHash of the label set.
	Series  string `json:"series"`
	StartMs int64  `json:"start_ms"`
	Samples []int  `json:"samples"`
}

func (l *layout) endMs() int64 { return l.StartMs + int64(len(l.Samples)) }

// layouts are those of one server.
type layouts struct {
	Version int      `json:"version"`
	Known   []layout `json:"known"` // in the order in which they were made
	// Forgotten is the last window whose layout may have been forgotten.
	Forgotten int64 `json:"forgotten"`
}

const (
	layoutVersion = 1
	layoutName    = "push.layout:" // followed by the server's key
)

// seriesHash stands for a label set where many are kept.
func seriesHash(key string) string { return strconv.FormatUint(xxh3.HashString(key), 16) }

func (l *layouts) find(id int64) *layout {
	for i := range l.Known {
		if l.Known[i].ID == id {
			return &l.Known[i]
		}
	}
	return nil
}

// add remembers a layout, and forgets the oldest of a window that is done with.
func (l *layouts) add(made layout, at *place) {
	if len(l.Known) >= maxLayouts {
		oldest := slices.IndexFunc(l.Known, func(one layout) bool {
			return one.ID <= at.Done && !slices.ContainsFunc(at.Aside, func(waits aside) bool { return waits.ID == one.ID })
		})
		if oldest >= 0 {
			l.Forgotten = max(l.Forgotten, l.Known[oldest].ID)
			l.Known = slices.Delete(l.Known, oldest, oldest+1)
		}
	}
	l.Known = append(l.Known, made)
}

// loadLayouts reads what was kept. Damaged ones are as good as none: windows that were sent are asked for.
func (p *Pusher) loadLayouts(ctx context.Context) error {
	value, err := p.options.Store.Setting(ctx, layoutName+p.server.key())
	if err != nil {
		return err
	}
	var kept layouts
	if value == nil || json.Unmarshal(value, &kept) != nil || kept.Version != layoutVersion {
		kept = layouts{Version: layoutVersion}
	}
	p.layouts = kept
	return nil
}

// lay cuts a window into parts and gives each a millisecond that no other profile of its label set has.
func (p *Pusher) lay(ctx context.Context, w *store.Outgoing, key string, whole *googlev1.Profile) ([]*googlev1.Profile, error) {
	known := p.layouts.find(w.ID)
	var parts []*googlev1.Profile
	if known != nil {
		parts = cut(whole, known.Samples)
	} else {
		parts = split(whole, cmp.Or(p.options.samples, maxSamples), cmp.Or(p.options.bytes, maxBytes))
		made := layout{ID: w.ID, Series: seriesHash(key)}
		for _, part := range parts {
			made.Samples = append(made.Samples, len(part.GetSample()))
		}
		var err error
		if made.StartMs, err = p.free(ctx, w, key, len(parts)); err != nil {
			return nil, err
		}
		if len(parts) > 1 || made.StartMs != w.StartMs {
			p.layouts.add(made, &p.place)
			encoded, err := json.Marshal(&p.layouts)
			if err != nil {
				return nil, fmt.Errorf("encode layouts: %w", err)
			}
			if err := p.options.Store.SetSetting(ctx, layoutName+p.server.key(), encoded); err != nil {
				return nil, err
			}
		}
		known = &made
	}
	for i, part := range parts {
		part.TimeNanos = (known.StartMs + int64(i)) * 1e6
	}
	return parts, nil
}

// free finds the first milliseconds from the start of a window on that no window of its label set has which was stored before:
// labels that told them apart were left out or replaced, or what pushed them began them closer together than their parts.
func (p *Pusher) free(ctx context.Context, w *store.Outgoing, key string, parts int) (int64, error) {
	near, err := p.near.of(ctx, p.options.Store, w, &p.server, key)
	if err != nil {
		return 0, err
	}
	type span struct{ start, end int64 }
	var taken []span
	for _, one := range near {
		switch {
		case one.id >= w.ID:
		case p.layouts.find(one.id) != nil: // below
		case one.id <= p.layouts.Forgotten:
			taken = append(taken, span{one.startMs, one.startMs + forgottenRoomMs})
		default:
			taken = append(taken, span{one.startMs, one.startMs + 1})
		}
	}
	series := seriesHash(key)
	for i := range p.layouts.Known {
		if one := &p.layouts.Known[i]; one.Series == series && one.ID != w.ID {
			taken = append(taken, span{one.StartMs, one.endMs()})
		}
	}
	slices.SortFunc(taken, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	at := w.StartMs
	for _, one := range taken {
		if one.start >= at+int64(parts) {
			break
		}
		at = max(at, one.end)
	}
	if at-w.StartMs > maxShiftMs {
		return 0, &failure{refused: true, sentence: fmt.Sprintf(
			"%s counts one profile of a series a millisecond, and more were pushed to the agent: windows were left out. "+
				"Give what pushes them labels of their own.", p.server.URL)}
	}
	return at, nil
}

// neighbors remembers the windows around one time: those of an interval are sent one after the other.
type neighbors struct {
	fromMs, untilMs int64
	lastID          int64
	byKey           map[string][]neighbor
}

type neighbor struct{ id, startMs int64 }

// of lists the windows of a label set from forgottenRoomMs before the start of one of them to maxShiftMs behind it, and perhaps some more.
func (n *neighbors) of(ctx context.Context, from Store, w *store.Outgoing, server *Server, key string) ([]neighbor, error) {
	first, last := w.StartMs-forgottenRoomMs, w.StartMs+2*maxShiftMs
	if first < n.fromMs || last > n.untilMs || w.ID > n.lastID {
		*n = neighbors{fromMs: first, untilMs: last + maxShiftMs, byKey: map[string][]neighbor{}}
		windows, err := from.WindowsBetween(ctx, n.fromMs, n.untilMs)
		if err != nil {
			return nil, err
		}
		for i := range windows {
			other := pushedLabels(&windows[i], server)
			n.byKey[other.key] = append(n.byKey[other.key], neighbor{windows[i].ID, windows[i].StartMs})
			n.lastID = max(n.lastID, windows[i].ID)
		}
	}
	return n.byKey[key], nil
}
