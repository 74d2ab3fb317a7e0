package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

const (
	// maxContainerStarts are kept, the latest: a container that fails again and again starts often.
	maxContainerStarts = 20_000
	// maxToldStarts are answered, the latest: a timeline has no room for more.
	maxToldStarts = 200
	// startsKnownFrom is the setting that says from when on all starts are known, in Unix milliseconds.
	startsKnownFrom = "container_starts_known_from"
)

// ContainerStart is a container that began to run.
type ContainerStart struct {
	ContainerID string
	// AtMs is Unix milliseconds.
	AtMs int64
	// Again: it had run before, as far as the store goes back.
	Again  bool
	Labels []target.Label
}

// AddContainerStarts keeps starts that are not kept yet. lookedAt is when they were found: from the first time on, that is after the
// first call, also one with no starts, every start is known.
func (s *Store) AddContainerStarts(ctx context.Context, lookedAt time.Time, starts []target.ContainerStart) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO setting (name, value) VALUES (?, ?)",
			startsKnownFrom, strconv.FormatInt(lookedAt.UnixMilli(), 10))
		if err != nil {
			return err
		}
		for i := range starts {
			start := &starts[i]
			text, err := encodeLabels(start.Labels)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, "INSERT OR IGNORE INTO container_start (container_id, occurrence, at_ms, again, labels) "+
				"VALUES (?1, ?2, ?3, EXISTS (SELECT 1 FROM container_start WHERE container_id = ?1), ?4)",
				start.ContainerID, start.Occurrence, start.At.UnixMilli(), text)
			if err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM container_start WHERE id <= (SELECT max(id) FROM container_start) - ?", maxContainerStarts)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep %d starts of containers: %w", len(starts), err)
	}
	return nil
}

// ContainerStarts are the starts of containers in a range that a selector takes by the labels of their services, oldest first, and from
// when on all are known, in Unix milliseconds; 0: none is. A selector of processes or threads takes none.
func (s *Store) ContainerStarts(ctx context.Context, selector string, within Range) (starts []ContainerStart, knownFromMs int64, err error) {
	matchers, err := parseSelector(selector)
	if err != nil {
		return nil, 0, err
	}
	if err := checkRange(within.StartMs, within.EndMs); err != nil {
		return nil, 0, err
	}
	err = s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var kept []byte
		err := tx.QueryRowContext(ctx, "SELECT value FROM setting WHERE name = ?", startsKnownFrom).Scan(&kept)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if knownFromMs, err = strconv.ParseInt(string(kept), 10, 64); err != nil {
			return fmt.Errorf("read %s: %w", startsKnownFrom, err)
		}
		found, err := tx.QueryContext(ctx, "SELECT container_id, at_ms, again, labels FROM container_start "+
			"WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms DESC", within.StartMs, within.EndMs)
		if err != nil {
			return err
		}
		return each(found, func() error {
			var start ContainerStart
			var text string
			if len(starts) == maxToldStarts {
				return nil
			}
			if err := found.Scan(&start.ContainerID, &start.AtMs, &start.Again, &text); err != nil {
				return err
			}
			if start.Labels, err = decodeLabels(text); err != nil {
				return err
			}
			of := series{labels: start.Labels, profileType: window.CPU, typeID: window.CPU.String()}
			if open, possible := of.match(matchers); possible && matchSample(nil, open) {
				starts = append(starts, start)
			}
			return nil
		})
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list starts of containers: %w", err)
	}
	slices.Reverse(starts)
	return starts, knownFromMs, nil
}
