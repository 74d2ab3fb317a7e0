package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

// Service is one series of CPU time, summed up.
type Service struct {
	Labels []target.Label
	// Cores used on average over the time that windows cover in the range.
	Cores float64
	// LastSeenMs is the end of its last window, Unix milliseconds.
	LastSeenMs int64
	// Processes is the largest number of them in one window.
	Processes int
}

// Services lists who used CPU time in a range, most first; both ends 0 is the last closed window.
func (s *Store) Services(ctx context.Context, within Range) ([]Service, error) {
	var services []Service
	err := s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if within.StartMs == 0 && within.EndMs == 0 {
			err := tx.QueryRowContext(ctx, "SELECT coalesce(max(start_ms), 0) FROM window WHERE level = ?", levelMeasured).
				Scan(&within.StartMs)
			if err != nil {
				return fmt.Errorf("find last window: %w", err)
			}
			within.EndMs = within.StartMs + 1
		}
		all, err := allSeries(ctx, tx, window.CPU.String())
		if err != nil {
			return err
		}
		byID := map[int64]*series{}
		for i := range all {
			byID[all[i].id] = &all[i]
		}
		services, err = readServices(ctx, tx, byID, within)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list services: %w", err)
	}
	slices.SortStableFunc(services, func(a, b Service) int { return cmp.Compare(b.Cores, a.Cores) })
	return services, nil
}

func readServices(ctx context.Context, tx *sql.Tx, byID map[int64]*series, within Range) ([]Service, error) {
	found, err := tx.QueryContext(ctx, "SELECT series_id, max(end_ms), sum(total), max(processes) "+
		"FROM window WHERE level = ? AND start_ms >= ? AND start_ms < ? GROUP BY series_id",
		levelMeasured, within.StartMs, within.EndMs)
	if err != nil {
		return nil, fmt.Errorf("sum windows: %w", err)
	}
	var services []Service
	var totals []int64
	err = each(found, func() error {
		var id, end, total int64
		var processes int
		if err := found.Scan(&id, &end, &total, &processes); err != nil {
			return fmt.Errorf("sum windows: %w", err)
		}
		of := byID[id]
		if of == nil {
			return nil
		}
		services = append(services, Service{Labels: of.labels, LastSeenMs: end, Processes: processes})
		totals = append(totals, total)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(services) == 0 {
		return nil, nil
	}
	coveredMs, err := covered(ctx, tx, within)
	if err != nil {
		return nil, err
	}
	for i := range services {
		services[i].Cores = float64(totals[i]) / (float64(coveredMs) * 1e6)
	}
	return services, nil
}

// covered is for how many milliseconds of a range there is a window of CPU time, of whatever series: time in which no
// agent ran does not count, and windows that overlap, as pushed ones do, count once.
func covered(ctx context.Context, tx *sql.Tx, within Range) (int64, error) {
	found, err := tx.QueryContext(ctx, "SELECT DISTINCT window.start_ms, window.end_ms FROM window "+
		"JOIN series ON series.id = window.series_id "+
		"WHERE series.profile_type = ? AND window.level = ? AND window.start_ms >= ? AND window.start_ms < ? "+
		"ORDER BY window.start_ms", window.CPU.String(), levelMeasured, within.StartMs, within.EndMs)
	if err != nil {
		return 0, fmt.Errorf("sum covered time: %w", err)
	}
	var sum, until int64
	err = each(found, func() error {
		var start, end int64
		if err := found.Scan(&start, &end); err != nil {
			return fmt.Errorf("sum covered time: %w", err)
		}
		sum += max(0, end-max(start, until))
		until = max(until, end)
		return nil
	})
	return sum, err
}
