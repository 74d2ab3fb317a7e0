package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/prometheus/prometheus/model/labels"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
)

// WindowCounts is one window of a selection, summed over its series.
type WindowCounts struct {
	StartMs, EndMs int64
	Stacks         []uint32 // ascending numbers of the samples of the profile that Windows returns
	Values         []int64
	Period         int64 // 0 when series differ in it, or when the window is empty
}

var errReplaced = errors.New("the store was damaged and begun anew while it was read: ask again")

// Windows gives each window of a selection by itself, oldest first, to visit, and returns their sum, whose sample i is
// stack i. Series whose windows begin together are summed. A window in which other series were measured and none of the
// selection is an empty one: that a service did nothing was measured as well. The store is not held while visit runs, so
// that a slow reader of the answer stops nobody; windows that retention deletes meanwhile are left out.
func (s *Store) Windows(ctx context.Context, selection Selection, visit func(*WindowCounts) error) (*googlev1.Profile, error) {
	profileType, matchers, err := selection.parse()
	if err != nil {
		return nil, err
	}
	generation := s.generation.Load()
	read := func(visit func(context.Context, *sql.Tx) error) error {
		return s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if s.generation.Load() != generation {
				return errReplaced
			}
			return visit(ctx, tx)
		})
	}
	var chosen []candidate
	var ends map[int64]int64
	err = read(func(ctx context.Context, tx *sql.Tx) error {
		if chosen, err = candidates(ctx, tx, profileType.String(), matchers); err != nil {
			return err
		}
		ends, err = measuredWindows(ctx, tx, profileType.String(), matchers, selection)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list windows: %w", err)
	}
	whole, numbers := s.newMerge(profileType), map[string]uint32{}
	whole.comments = s.options.Comments
	stacks := stackCache{}
	for _, start := range slices.Sorted(maps.Keys(ends)) {
		m := s.newMerge(profileType)
		m.stacks = stacks
		err := read(func(ctx context.Context, tx *sql.Tx) error {
			for i := range chosen {
				if err := s.mergeSeries(ctx, tx, m, &chosen[i], start, start+1); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read window of %d: %w", start, err)
		}
		if err := visit(whole.addWindow(m, numbers, start, ends[start])); err != nil {
			return nil, err
		}
	}
	ordered := make([]string, len(numbers))
	for stack, number := range numbers {
		ordered[number] = stack
	}
	var profile *googlev1.Profile
	err = read(func(ctx context.Context, tx *sql.Tx) error {
		profile, err = whole.profileOf(ctx, newCatalog(tx), ordered)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read stacks of windows: %w", err)
	}
	return profile, nil
}

// measuredWindows finds the ends of all windows of a range by their starts: those of every series that has the origin that
// is asked for, since what others push has windows of its own.
func measuredWindows(ctx context.Context, tx *sql.Tx, profileType string, matchers []*labels.Matcher, within Selection,
) (map[int64]int64, error) {
	var ofOrigin []*labels.Matcher
	for _, matcher := range matchers {
		if matcher.Name == OriginLabel {
			ofOrigin = append(ofOrigin, matcher)
		}
	}
	if len(ofOrigin) == 0 {
		ofOrigin = matchers
	}
	all, err := candidates(ctx, tx, profileType, ofOrigin)
	if err != nil {
		return nil, err
	}
	ends := map[int64]int64{}
	for i := range all {
		err := readHeads(ctx, tx, all[i].id, within.StartMs, within.EndMs, func(h *head) error {
			ends[h.startMs] = max(ends[h.startMs], h.endMs)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return ends, nil
}

// addWindow adds a window's sums to those of all windows, and numbers stacks that were not seen before.
func (m *merge) addWindow(window *merge, numbers map[string]uint32, startMs, endMs int64) *WindowCounts {
	if m.endMs == 0 {
		m.startMs = startMs
	}
	m.endMs = max(m.endMs, endMs)
	if m.period == 0 {
		m.period = window.period
	} else if window.period != 0 && window.period != m.period {
		m.period = -1
	}
	counts := &WindowCounts{StartMs: startMs, EndMs: endMs, Period: max(window.period, 0)}
	values := map[uint32]int64{}
	for _, stack := range slices.Sorted(maps.Keys(window.values)) {
		value := window.values[stack]
		if value == 0 {
			continue
		}
		number, known := numbers[stack]
		if !known {
			number = uint32(len(numbers)) //nolint:gosec // a count of stacks
			numbers[stack] = number
		}
		values[number] = value
		m.values[stack] += value
	}
	counts.Stacks = slices.Sorted(maps.Keys(values))
	counts.Values = make([]int64, len(counts.Stacks))
	for i, stack := range counts.Stacks {
		counts.Values[i] = values[stack]
	}
	return counts
}
