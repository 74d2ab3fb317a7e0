package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

// Outgoing is a stored window by its place in the order of storing, in which a pusher goes through them. Ids have no gaps, but where
// windows were deleted.
type Outgoing struct {
	ID             int64
	Labels         []target.Label
	Type           window.ProfileType
	StartMs, EndMs int64
}

// WindowsAfter lists measured windows that were stored after one, in order.
func (s *Store) WindowsAfter(ctx context.Context, id int64, limit int) ([]Outgoing, error) {
	windows, err := s.outgoing(ctx, "window.id > ? AND level = ? ORDER BY window.id LIMIT ?", id, levelMeasured, limit)
	if err != nil {
		return nil, fmt.Errorf("list windows after %d: %w", id, err)
	}
	return windows, nil
}

// WindowsBetween lists measured windows that begin from one time to another, both with them, in the order of storing.
func (s *Store) WindowsBetween(ctx context.Context, fromMs, untilMs int64) ([]Outgoing, error) {
	windows, err := s.outgoing(ctx, "level = ? AND start_ms BETWEEN ? AND ? ORDER BY window.id", levelMeasured, fromMs, untilMs)
	if err != nil {
		return nil, fmt.Errorf("list windows from %d to %d: %w", fromMs, untilMs, err)
	}
	return windows, nil
}

func (s *Store) outgoing(ctx context.Context, condition string, arguments ...any) ([]Outgoing, error) {
	var windows []Outgoing
	err := s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		found, err := tx.QueryContext(ctx, "SELECT window.id, labels, profile_type, start_ms, end_ms "+
			"FROM window JOIN series ON series.id = series_id WHERE "+condition, arguments...)
		if err != nil {
			return err
		}
		return each(found, func() error {
			var w Outgoing
			var labels, profileType string
			err := found.Scan(&w.ID, &labels, &profileType, &w.StartMs, &w.EndMs)
			if err == nil {
				w.Labels, err = decodeLabels(labels)
			}
			if err == nil {
				w.Type, err = window.ParseProfileType(profileType)
			}
			windows = append(windows, w)
			return err
		})
	})
	return windows, err
}

// CountAfter counts the measured windows that were stored after one.
func (s *Store) CountAfter(ctx context.Context, id int64) (int64, error) {
	var waiting int64
	err := s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT count(*) FROM window WHERE id > ? AND level = ?", id, levelMeasured).Scan(&waiting)
	})
	if err != nil {
		return 0, fmt.Errorf("count windows after %d: %w", id, err)
	}
	return waiting, nil
}

// PlaceBefore is the place, in the order of storing, of who begins with the windows after a time: the id of the last measured window that
// begins before it or, where there is none, of the last that was ever deleted.
func (s *Store) PlaceBefore(ctx context.Context, startMs int64) (int64, error) {
	var id int64
	err := s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT coalesce((SELECT max(id) FROM window WHERE level = ? AND start_ms < ?), "+
			"(SELECT min(id) - 1 FROM window), (SELECT seq FROM sqlite_sequence WHERE name = 'window'), 0)",
			levelMeasured, startMs).Scan(&id)
	})
	if err != nil {
		return 0, fmt.Errorf("find window before %d: %w", startMs, err)
	}
	return id, nil
}

// WindowProfile makes the pprof of one stored window, without its sample labels; nil when it is gone.
func (s *Store) WindowProfile(ctx context.Context, id int64) (*googlev1.Profile, error) {
	var made *googlev1.Profile
	err := s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var h head
		var seriesID int64
		var profileType string
		var body []byte
		err := tx.QueryRowContext(ctx, "SELECT series_id, profile_type, start_ms, end_ms, period, scale, total, body "+
			"FROM window JOIN series ON series.id = series_id WHERE window.id = ?", id).
			Scan(&seriesID, &profileType, &h.startMs, &h.endMs, &h.period, &h.scale, &h.total, &body)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		parsed, err := window.ParseProfileType(profileType)
		if err != nil {
			return err
		}
		counts, err := s.codec.decode(body, &decodedBody{})
		if err != nil {
			return err
		}
		m, sums := s.newMerge(parsed), hourSums{}
		m.cover(&h)
		sums.add(counts, nil, h.scale)
		if err := m.addHour(ctx, tx, seriesHour{seriesID, h.hour()}, &sums); err != nil {
			return err
		}
		made, err = m.profile(ctx, newCatalog(tx))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make profile of window %d: %w", id, err)
	}
	return made, nil
}
