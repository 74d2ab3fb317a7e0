package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/prometheus/prometheus/model/labels"

	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

// Range is [Start, End) in Unix milliseconds; both 0: all that there is, as with Pyroscope.
type Range struct{ StartMs, EndMs int64 }

func (r Range) bounds() (start, end int64) {
	if r.StartMs == 0 && r.EndMs == 0 {
		return 0, 1 << 62
	}
	return r.StartMs, r.EndMs
}

// activeSeries calls visit for each series that has a window in the range and matches one of the alternatives, with
// the matchers that are left to its sample labels.
func activeSeries(ctx context.Context, tx *sql.Tx, within Range, alternatives [][]*labels.Matcher,
	visit func(*series, []*labels.Matcher) error,
) error {
	all, err := allSeries(ctx, tx, "")
	if err != nil {
		return err
	}
	start, end := within.bounds()
	for i := range all {
		open, possible := matchAny(&all[i], alternatives)
		if !possible {
			continue
		}
		var active bool
		err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM window "+
			"WHERE series_id = ? AND level = ? AND start_ms >= ? AND start_ms < ?)",
			all[i].id, levelMeasured, start, end).Scan(&active)
		if err != nil {
			return fmt.Errorf("look for windows: %w", err)
		}
		if active {
			if err := visit(&all[i], open); err != nil {
				return err
			}
		}
	}
	return nil
}

func matchAny(s *series, alternatives [][]*labels.Matcher) ([]*labels.Matcher, bool) {
	for _, matchers := range alternatives {
		if open, possible := s.match(matchers); possible {
			return open, true
		}
	}
	return nil, false
}

// sampleLabelsIn calls visit for each set of sample labels that the hours of the range know of a series.
func sampleLabelsIn(ctx context.Context, tx *sql.Tx, seriesID int64, within Range, open []*labels.Matcher,
	visit func([]target.Label),
) error {
	start, end := within.bounds()
	found, err := tx.QueryContext(ctx, "SELECT DISTINCT labels FROM sample_labels "+
		"WHERE series_id = ? AND hour >= ? AND hour <= ?", seriesID, start/hourMs, end/hourMs)
	if err != nil {
		return fmt.Errorf("read sample labels: %w", err)
	}
	return each(found, func() error {
		var text string
		if err := found.Scan(&text); err != nil {
			return fmt.Errorf("read sample labels: %w", err)
		}
		set, err := decodeLabels(text)
		if err != nil {
			return err
		}
		if matchSample(set, open) {
			visit(set)
		}
		return nil
	})
}

// LabelNames lists the names that can be selected by, of series and of samples, sorted.
func (s *Store) LabelNames(ctx context.Context, matchers []string, within Range) ([]string, error) {
	names := map[string]struct{}{}
	err := s.visitActive(ctx, matchers, within, func(ctx context.Context, tx *sql.Tx, of *series, open []*labels.Matcher) error {
		for _, name := range internalLabels {
			names[name] = struct{}{}
		}
		for _, label := range of.labels {
			names[label.Name] = struct{}{}
		}
		return sampleLabelsIn(ctx, tx, of.id, within, open, func(set []target.Label) {
			for _, label := range set {
				names[label.Name] = struct{}{}
			}
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list label names: %w", err)
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// LabelValues lists the values of a label, sorted, without the empty one.
func (s *Store) LabelValues(ctx context.Context, name string, matchers []string, within Range) ([]string, error) {
	values := map[string]struct{}{}
	err := s.visitActive(ctx, matchers, within, func(ctx context.Context, tx *sql.Tx, of *series, open []*labels.Matcher) error {
		if value, known := of.value(name); known {
			values[value] = struct{}{}
			return nil
		}
		return sampleLabelsIn(ctx, tx, of.id, within, open, func(set []target.Label) {
			values[valueOf(set, name)] = struct{}{}
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list label values: %w", err)
	}
	delete(values, "")
	return slices.Sorted(maps.Keys(values)), nil
}

// Series lists the distinct label sets of series, reduced to the names asked for; no names: all of them. Each also has
// Pyroscope's own labels, such as __profile_type__.
func (s *Store) Series(ctx context.Context, matchers, names []string, within Range) ([][]target.Label, error) {
	sets := map[string][]target.Label{}
	err := s.visitActive(ctx, matchers, within, func(_ context.Context, _ *sql.Tx, of *series, _ []*labels.Matcher) error {
		set := of.labelsNamed(names)
		key, err := encodeLabels(set)
		sets[key] = set
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list series: %w", err)
	}
	ordered := make([][]target.Label, 0, len(sets))
	for _, key := range slices.Sorted(maps.Keys(sets)) {
		ordered = append(ordered, sets[key])
	}
	return ordered, nil
}

func (s *series) labelsNamed(names []string) []target.Label {
	var set []target.Label
	if len(names) == 0 {
		set = slices.Clone(s.labels)
		names = internalLabels
	}
	for _, name := range names {
		if value, known := s.value(name); known {
			set = append(set, target.Label{Name: name, Value: value})
		}
	}
	sortLabels(set)
	return slices.Compact(set)
}

// ProfileTypes lists the types of which there is a window in the range.
func (s *Store) ProfileTypes(ctx context.Context, within Range) ([]window.ProfileType, error) {
	types := map[string]window.ProfileType{}
	err := s.visitActive(ctx, nil, within, func(_ context.Context, _ *sql.Tx, of *series, _ []*labels.Matcher) error {
		types[of.typeID] = of.profileType
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list profile types: %w", err)
	}
	ordered := make([]window.ProfileType, 0, len(types))
	for _, key := range slices.Sorted(maps.Keys(types)) {
		ordered = append(ordered, types[key])
	}
	return ordered, nil
}

func (s *Store) visitActive(ctx context.Context, matchers []string, within Range,
	visit func(context.Context, *sql.Tx, *series, []*labels.Matcher) error,
) error {
	alternatives, err := parseSelectors(matchers)
	if err != nil {
		return err
	}
	return s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return activeSeries(ctx, tx, within, alternatives, func(of *series, open []*labels.Matcher) error {
			return visit(ctx, tx, of, open)
		})
	})
}

// Stats is what the store holds in time.
type Stats struct {
	// Windows is 0 in an empty store; the times are Unix milliseconds then 0 too.
	Windows int64
	// OldestMs and NewestMs are beginnings of windows, NewestEndMs is the end of the newest.
	OldestMs, NewestMs, NewestEndMs int64
}

// Stats of all measured windows.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	var stats Stats
	err := s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT count(*), coalesce(min(start_ms), 0), coalesce(max(start_ms), 0), "+
			"coalesce((SELECT end_ms FROM window WHERE level = ?1 ORDER BY start_ms DESC LIMIT 1), 0) "+
			"FROM window WHERE level = ?1", levelMeasured).
			Scan(&stats.Windows, &stats.OldestMs, &stats.NewestMs, &stats.NewestEndMs)
	})
	if err != nil {
		return Stats{}, fmt.Errorf("read stats: %w", err)
	}
	return stats, nil
}
