package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// A roll-up is the sum of the windows of a series that begin in a slot of time: five minutes, or the hour, whose dictionary its
// ids are of. It is written once the slot is over, and read in place of its windows where a query covers the slot: an hour is then one
// body in place of 240. Windows that were measured at different rates stay apart, so that counts stay small.
//
// rollup_due names the slots of which a window came that is in no roll-up yet, and such a slot has none: it is deleted with the first
// window that comes late.

// Levels of roll-ups. Measured windows are level 0.
const (
	levelMinutes = 1
	levelHour    = 2
)

// slotMs is how long a slot of a level is.
var slotMs = [...]int64{levelMinutes: 300_000, levelHour: hourMs}

const (
	// rollupGrace is how long a slot stays open after its end, for windows that are still on their way.
	rollupGrace = time.Minute
	// maxRollupEntries bounds a body, as a window's is; what is more goes into another row.
	maxRollupEntries = 200_000
)

// rollupSlot is a slot of a series.
type rollupSlot struct {
	series, startMs int64
	level           int
}

// noteForRollup says that a window came whose slot is to be summed up, once more if it already was.
func (r *rows) noteForRollup(series, startMs int64) error {
	slot := startMs - startMs%slotMs[levelMinutes]
	_, isFirst, err := r.insert("INSERT INTO rollup_due (level, slot_ms, series_id) VALUES (?, ?, ?)", levelMinutes, slot, series)
	if err != nil || !isFirst {
		return err
	}
	_, err = r.exec("DELETE FROM rollup WHERE series_id = ? AND (level = ? AND slot_ms = ? OR level = ? AND slot_ms = ?)",
		series, levelMinutes, slot, levelHour, startMs-startMs%hourMs)
	return err
}

// RollUp sums up the slots that are over.
func (s *Store) RollUp(ctx context.Context) error {
	closedMs := s.options.Now().Add(-rollupGrace).UnixMilli()
	for level := levelMinutes; level <= levelHour; level++ {
		due, err := s.rollupsDue(ctx, level, closedMs-slotMs[level])
		if err != nil {
			return err
		}
		for _, slot := range due {
			// One transaction each: a window that is to be written waits for no more than one.
			err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.rollUpSlot(ctx, tx, slot) })
			if err != nil {
				return fmt.Errorf("roll up %d of series %d: %w", slot.startMs, slot.series, err)
			}
		}
	}
	return nil
}

// rollupsDue lists slots that begin at a time or before, oldest first.
func (s *Store) rollupsDue(ctx context.Context, level int, untilMs int64) ([]rollupSlot, error) {
	var due []rollupSlot
	err := s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		found, err := tx.QueryContext(ctx,
			"SELECT series_id, slot_ms FROM rollup_due WHERE level = ? AND slot_ms <= ? ORDER BY slot_ms, series_id", level, untilMs)
		if err != nil {
			return err
		}
		return each(found, func() error {
			slot := rollupSlot{level: level}
			err := found.Scan(&slot.series, &slot.startMs)
			due = append(due, slot)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list what is to be rolled up: %w", err)
	}
	return due, nil
}

// rate is what tells apart the rows of a slot.
type rate struct{ period, scale int64 }

// rolledUp is what becomes a roll-up.
type rolledUp struct {
	startMs, endMs int64
	counts         []count
}

func (s *Store) rollUpSlot(ctx context.Context, tx *sql.Tx, slot rollupSlot) error {
	sums := map[rate]*rolledUp{}
	err := s.readSums(ctx, tx, slot.series, slot.level-1, slot.startMs, slot.startMs+slotMs[slot.level], func(h *head, counts []count) error {
		at := rate{h.period, h.scale}
		sum := sums[at]
		if sum == nil {
			sum = &rolledUp{startMs: h.startMs, endMs: h.endMs}
			sums[at] = sum
		}
		sum.startMs, sum.endMs = min(sum.startMs, h.startMs), max(sum.endMs, h.endMs)
		sum.counts = append(sum.counts, counts...)
		return nil
	})
	if err != nil {
		return err
	}
	r := s.newRows(ctx, tx)
	if _, err := r.exec("DELETE FROM rollup_due WHERE level = ? AND slot_ms = ? AND series_id = ?",
		slot.level, slot.startMs, slot.series); err != nil {
		return err
	}
	if slot.level == levelMinutes {
		hour := slot.startMs - slot.startMs%hourMs
		if _, _, err := r.insert("INSERT INTO rollup_due (level, slot_ms, series_id) VALUES (?, ?, ?)",
			levelHour, hour, slot.series); err != nil {
			return err
		}
	}
	for at, sum := range sums {
		summed := sumEqual(sum.counts)
		for more := true; more; { // also one without entries: that nothing ran was measured, too
			part := summed[:min(len(summed), maxRollupEntries)]
			summed = summed[len(part):]
			more = len(summed) > 0
			if _, err := r.exec("INSERT INTO rollup (series_id, level, slot_ms, start_ms, end_ms, period, scale, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
				slot.series, slot.level, slot.startMs, sum.startMs, sum.endMs, at.period, at.scale, s.codec.encode(part)); err != nil {
				return err
			}
		}
	}
	return nil
}

// sumEqual adds up the counts of equal stacks and labels, in place.
func sumEqual(counts []count) []count {
	slices.SortFunc(counts, compareCounts)
	summed := counts[:0]
	for _, c := range counts {
		if last := len(summed) - 1; last >= 0 && compareCounts(summed[last], c) == 0 {
			summed[last].count += c.count
			continue
		}
		summed = append(summed, c)
	}
	return summed
}

// compareCounts orders by stack, then by labels.
func compareCounts(a, b count) int {
	return cmp.Or(cmp.Compare(a.stack, b.stack), cmp.Compare(a.labels, b.labels))
}

// readSums visits what the windows of a series that begin in a range sum up to: roll-ups of a level where the range covers their
// slots, those of the level below in between, and windows at last. It goes by time from slot to slot; the total of a head is not set.
func (s *Store) readSums(ctx context.Context, tx *sql.Tx, seriesID int64, level int, startMs, endMs int64,
	visit func(*head, []count) error,
) error {
	if level == levelMeasured {
		return s.readWindows(ctx, tx, seriesID, startMs, endMs, visit)
	}
	slots, err := rolledUpSlots(ctx, tx, seriesID, level, startMs, endMs)
	if err != nil {
		return err
	}
	for len(slots) > 0 {
		first, last := slots[0], slots[0]+slotMs[level]
		for slots = slots[1:]; len(slots) > 0 && slots[0] == last; slots = slots[1:] {
			last += slotMs[level]
		}
		if err := s.readSums(ctx, tx, seriesID, level-1, startMs, first, visit); err != nil {
			return err
		}
		if err := s.readRollups(ctx, tx, seriesID, level, first, last, visit); err != nil {
			return err
		}
		startMs = last
	}
	return s.readSums(ctx, tx, seriesID, level-1, startMs, endMs, visit)
}

// rolledUpSlots lists the beginnings of slots that lie whole in a range, oldest first.
func rolledUpSlots(ctx context.Context, tx *sql.Tx, seriesID int64, level int, startMs, endMs int64) ([]int64, error) {
	if endMs-startMs < slotMs[level] {
		return nil, nil
	}
	found, err := tx.QueryContext(ctx, "SELECT DISTINCT slot_ms FROM rollup "+
		"WHERE series_id = ? AND level = ? AND slot_ms >= ? AND slot_ms <= ? ORDER BY slot_ms",
		seriesID, level, startMs, endMs-slotMs[level])
	if err != nil {
		return nil, fmt.Errorf("read roll-ups: %w", err)
	}
	var slots []int64
	err = each(found, func() error {
		var slot int64
		err := found.Scan(&slot)
		slots = append(slots, slot)
		return err
	})
	return slots, err
}

func (s *Store) readRollups(ctx context.Context, tx *sql.Tx, seriesID int64, level int, startMs, endMs int64,
	visit func(*head, []count) error,
) error {
	found, err := tx.QueryContext(ctx, "SELECT start_ms, end_ms, period, scale, 0, body FROM rollup "+
		"WHERE series_id = ? AND level = ? AND slot_ms >= ? AND slot_ms < ? ORDER BY slot_ms, id",
		seriesID, level, startMs, endMs)
	if err != nil {
		return fmt.Errorf("read roll-ups: %w", err)
	}
	return s.eachBody(found, visit)
}

// rollUpLogged is RollUp for Keep: what fails is tried again the next time, and queries read the windows until then.
func (s *Store) rollUpLogged(ctx context.Context) {
	if err := s.RollUp(ctx); err != nil && ctx.Err() == nil {
		s.options.Logger.WarnContext(ctx, "roll windows up", slog.Any("error", err))
	}
}
