package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"
)

const (
	// retentionInterval is how often Keep looks for what is too old or too much, and for what is to be rolled up.
	retentionInterval = 5 * time.Minute
	// vacuumPages are given back to the file system at a time, so that writing windows never waits for long.
	vacuumPages = 2_000
)

// Keep deletes what is over Options.MaxAge and MaxBytes, and rolls windows up, until the context ends.
func (s *Store) Keep(ctx context.Context) {
	ticker := time.NewTicker(retentionInterval)
	defer ticker.Stop()
	for {
		if err := s.Retain(ctx); err != nil && ctx.Err() == nil {
			s.options.Logger.WarnContext(ctx, "delete old windows", slog.Any("error", err))
		}
		s.rollUpLogged(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Retain deletes whole hours, the oldest first: those that ended before MaxAge, and then as many as are over MaxBytes.
// The current hour always stays.
func (s *Store) Retain(ctx context.Context) error {
	nowMs := s.options.Now().UnixMilli()
	deleted := false
	for {
		oldest, size, err := s.extent(ctx)
		if err != nil {
			return err
		}
		tooOld := s.options.MaxAge > 0 && (oldest+1)*hourMs < nowMs-s.options.MaxAge.Milliseconds()
		tooMuch := s.options.MaxBytes > 0 && size > s.options.MaxBytes
		if oldest < 0 || oldest >= nowMs/hourMs || !tooOld && !tooMuch {
			break
		}
		if err := s.deleteHour(ctx, oldest); err != nil {
			return err
		}
		deleted = true
	}
	if !deleted {
		return nil
	}
	return s.vacuum(ctx)
}

// extent is the oldest hour with a window, -1 when there is none, and the bytes in use.
func (s *Store) extent(ctx context.Context) (oldest, bytes int64, err error) {
	err = s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT coalesce(min(start_ms) / ?, -1) FROM window", hourMs).Scan(&oldest)
		if err != nil {
			return err
		}
		var pages, free, pageSize int64
		for pragma, into := range map[string]*int64{"page_count": &pages, "freelist_count": &free, "page_size": &pageSize} {
			if err := tx.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(into); err != nil {
				return err
			}
		}
		bytes = (pages - free) * pageSize
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("read extent of store: %w", err)
	}
	return oldest, bytes, nil
}

// deleteHour deletes an hour and all before it, and then what only they used.
func (s *Store) deleteHour(ctx context.Context, hour int64) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		s.dictionary = newDictionary()
		for _, step := range []struct {
			query     string
			arguments []any
		}{
			{"DELETE FROM window WHERE start_ms < ?", []any{(hour + 1) * hourMs}},
			{"DELETE FROM rollup WHERE slot_ms < ?", []any{(hour + 1) * hourMs}},
			{"DELETE FROM rollup_due WHERE slot_ms < ?", []any{(hour + 1) * hourMs}},
			{"DELETE FROM fate WHERE start_ms < ?", []any{(hour + 1) * hourMs}},
			{"DELETE FROM container_start WHERE at_ms < ?", []any{(hour + 1) * hourMs}},
			{"DELETE FROM fate_service WHERE NOT EXISTS (SELECT 1 FROM fate WHERE service_id = fate_service.id)", nil},
			{"DELETE FROM stack WHERE hour <= ?", []any{hour}},
			{"DELETE FROM stack_block WHERE hour <= ?", []any{hour}},
			{"DELETE FROM sample_labels WHERE hour <= ?", []any{hour}},
			{"DELETE FROM location WHERE last_hour <= ?", []any{hour}},
			{"DELETE FROM mapping WHERE NOT EXISTS (SELECT 1 FROM location WHERE mapping_id = mapping.id)", nil},
			{"DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM window WHERE series_id = series.id)", nil},
		} {
			if _, err := tx.ExecContext(ctx, step.query, step.arguments...); err != nil {
				return fmt.Errorf("%s: %w", step.query, err)
			}
		}
		return deleteUnusedFunctions(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("delete hour %d: %w", hour, err)
	}
	return nil
}

// deleteUnusedFunctions reads which functions the lines of locations name: they stand in blobs, where SQL sees nothing.
func deleteUnusedFunctions(ctx context.Context, tx *sql.Tx) error {
	used := map[int64]struct{}{}
	found, err := tx.QueryContext(ctx, "SELECT lines FROM location")
	if err != nil {
		return err
	}
	err = each(found, func() error {
		var encoded sql.RawBytes
		if err := found.Scan(&encoded); err != nil {
			return err
		}
		lines, err := decodeLines(encoded)
		for _, l := range lines {
			used[l.function] = struct{}{}
		}
		return err
	})
	if err != nil {
		return err
	}
	var unused []int64
	if found, err = tx.QueryContext(ctx, "SELECT id FROM function"); err != nil {
		return err
	}
	err = each(found, func() error {
		var id int64
		if err := found.Scan(&id); err != nil {
			return err
		}
		if _, keep := used[id]; !keep {
			unused = append(unused, id)
		}
		return nil
	})
	if err != nil || len(unused) == 0 {
		return err
	}
	remove, err := tx.PrepareContext(ctx, "DELETE FROM function WHERE id = ?")
	if err != nil {
		return err
	}
	for _, id := range unused {
		if _, err := remove.ExecContext(ctx, id); err != nil {
			return err
		}
	}
	return remove.Close()
}

// vacuum gives free pages back to the file system.
func (s *Store) vacuum(ctx context.Context) error {
	for {
		var before, after int64
		err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if err := tx.QueryRowContext(ctx, "PRAGMA freelist_count").Scan(&before); err != nil {
				return err
			}
			// The pragma frees a page for each row that is stepped over, so its rows are read to the end.
			found, err := tx.QueryContext(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", vacuumPages))
			if err != nil {
				return err
			}
			if err := each(found, func() error { return nil }); err != nil {
				return err
			}
			return tx.QueryRowContext(ctx, "PRAGMA freelist_count").Scan(&after)
		})
		if err != nil {
			return fmt.Errorf("give space back: %w", err)
		}
		if after == 0 || after >= before {
			return nil
		}
	}
}
