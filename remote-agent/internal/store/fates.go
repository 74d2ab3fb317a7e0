package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/prometheus/prometheus/model/labels"

	"pyrometer.dev/remote-agent/internal/window"
)

// Fates adds up what became of samples over windows; see window.Fate.
type Fates struct {
	Fired, NewProcess, TailCallFailed, Delivered, Late, NoRoom uint64
	// Missing had fired and never came; InFlight were still on their way when the last window was closed.
	Missing  int64
	InFlight int64
	// SampledNs is what the delivered samples stand for, SchedulerNs what the scheduler says of the same processes in the
	// same windows; of Ended processes it does not know the end.
	SampledNs, SchedulerNs int64
	Ended                  uint64
	// Windows were counted, of which Unmeasured have no count of the kernel and Unbalanced do not add up; FirstUnbalancedMs
	// is the start of the first of those.
	Windows, Unmeasured, Unbalanced int
	FirstUnbalancedMs               int64
}

const fateVersion = 1

// encodeFate writes a fate: version and whether it was measured, then varints.
func encodeFate(f *window.Fate) []byte {
	measured := byte(0)
	if f.Measured {
		measured = 1
	}
	encoded := []byte{fateVersion, measured}
	for _, number := range []uint64{
		f.Fired, f.NewProcess, f.TailCallFailed, f.Delivered, f.Late, f.NoRoom, uint64(max(f.SchedulerNs, 0)), f.Ended,
	} {
		encoded = binary.AppendUvarint(encoded, number)
	}
	return encoded
}

func decodeFate(encoded []byte) (window.Fate, error) {
	if len(encoded) < 2 || encoded[0] != fateVersion {
		return window.Fate{}, errors.New("fate of a window is damaged")
	}
	f := window.Fate{Measured: encoded[1] == 1}
	reader := varints{bytes: encoded[2:]}
	for _, into := range []*uint64{&f.Fired, &f.NewProcess, &f.TailCallFailed, &f.Delivered, &f.Late, &f.NoRoom} {
		*into = reader.next()
	}
	f.SchedulerNs, f.Ended = int64(reader.next()), reader.next() //nolint:gosec // as it was written
	if reader.failed {
		return window.Fate{}, errors.New("fate of a window is damaged")
	}
	return f, nil
}

// appendFates writes the fates of an interval.
func (r *rows) appendFates(interval *window.Interval) error {
	for i := range interval.Fates {
		fate := &interval.Fates[i]
		text, err := encodeLabels(fate.Labels)
		if err != nil {
			return err
		}
		id, known := r.fateServices[text]
		if !known {
			found, err := r.find("SELECT id FROM fate_service WHERE labels = ?", []any{text}, &id)
			if err == nil && !found {
				id, err = r.exec("INSERT INTO fate_service (labels) VALUES (?)", text)
			}
			if err != nil {
				return err
			}
			r.fateServices[text] = id
		}
		// A window may come twice when the clock was set back: the later one counts.
		_, err = r.exec("INSERT OR REPLACE INTO fate (service_id, start_ms, end_ms, period, body) VALUES (?, ?, ?, ?, ?)",
			id, interval.Start.UnixMilli(), interval.End.UnixMilli(), interval.PeriodNs, encodeFate(&fate.Fate))
		if err != nil {
			return err
		}
	}
	return nil
}

// fates adds up what services of a selection met.
func fates(ctx context.Context, tx *sql.Tx, matchers []*labels.Matcher, startMs, endMs int64) (Fates, error) {
	var sum Fates
	var ids []int64
	found, err := tx.QueryContext(ctx, "SELECT id, labels FROM fate_service")
	if err != nil {
		return sum, fmt.Errorf("read services of fates: %w", err)
	}
	err = each(found, func() error {
		var id int64
		var text string
		if err := found.Scan(&id, &text); err != nil {
			return err
		}
		set, err := decodeLabels(text)
		if err != nil {
			return err
		}
		// Fates are of services: a selection of threads or processes has none.
		if open, possible := (&series{labels: set, profileType: window.CPU}).match(matchers); possible && len(open) == 0 {
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		return sum, fmt.Errorf("read services of fates: %w", err)
	}
	lastMs, inFlight := int64(0), int64(0)
	for _, id := range ids {
		found, err := tx.QueryContext(ctx, "SELECT start_ms, period, body FROM fate WHERE service_id = ? AND start_ms >= ? AND start_ms < ?",
			id, startMs, endMs)
		if err != nil {
			return sum, fmt.Errorf("read fates: %w", err)
		}
		err = each(found, func() error {
			var start, period int64
			var body sql.RawBytes
			if err := found.Scan(&start, &period, &body); err != nil {
				return err
			}
			fate, err := decodeFate(body)
			if err != nil {
				return err
			}
			if start > lastMs {
				lastMs, inFlight = start, 0
			}
			if start == lastMs && fate.Measured {
				inFlight += max(fate.Missing(), 0)
			}
			sum.add(&fate, start, period)
			return nil
		})
		if err != nil {
			return sum, fmt.Errorf("read fates: %w", err)
		}
	}
	// What was missing at one window's end and came late stands against each other in the sum.
	sum.InFlight = min(inFlight, max(sum.Missing, 0))
	sum.Missing -= sum.InFlight
	return sum, nil
}

func (sum *Fates) add(fate *window.Fate, startMs, period int64) {
	sum.Fired += fate.Fired
	sum.NewProcess += fate.NewProcess
	sum.TailCallFailed += fate.TailCallFailed
	sum.Delivered += fate.Delivered
	sum.Late += fate.Late
	sum.NoRoom += fate.NoRoom
	sum.SchedulerNs += fate.SchedulerNs
	sum.Ended += fate.Ended
	sum.SampledNs += int64(fate.Delivered) * period //nolint:gosec // bounded by rate x CPUs x time
	sum.Windows++
	if !fate.Measured {
		sum.Unmeasured++
		return
	}
	sum.Missing += fate.Missing() - int64(fate.Late) //nolint:gosec // a count
	if !fate.Balanced() {
		sum.Unbalanced++
		if sum.FirstUnbalancedMs == 0 || startMs < sum.FirstUnbalancedMs {
			sum.FirstUnbalancedMs = startMs
		}
	}
}
