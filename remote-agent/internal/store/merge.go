package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
)

// MergeProfile sums all windows of a selection to one pprof. Equal stacks are one sample; sample labels select but do
// not come back, as with Pyroscope's SelectMergeProfile. Nothing is cut. A selection without windows gives a profile
// without samples.
func (s *Store) MergeProfile(ctx context.Context, selection Selection) (*googlev1.Profile, error) {
	profileType, matchers, err := selection.parse()
	if err != nil {
		return nil, err
	}
	var merged *googlev1.Profile
	err = s.read(ctx, func(ctx context.Context, db *sql.Tx) error {
		chosen, err := candidates(ctx, db, profileType.String(), matchers)
		if err != nil {
			return err
		}
		m := s.newMerge(profileType)
		m.comments = s.options.Comments
		for i := range chosen {
			if err := s.mergeSeries(ctx, db, m, &chosen[i], selection.StartMs, selection.EndMs); err != nil {
				return err
			}
		}
		merged, err = m.profile(ctx, newCatalog(db))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("merge profile: %w", err)
	}
	return merged, nil
}

// mergeSeries adds the windows of one series. Stacks are summed by id within an hour, and only what is left is looked
// up in the dictionary.
func (s *Store) mergeSeries(ctx context.Context, db *sql.Tx, m *merge, of *candidate, startMs, endMs int64) error {
	filter := sampleFilter{db: db, of: of}
	hour := int64(-1)
	var sums hourSums
	err := s.readSums(ctx, db, of.id, levelHour, startMs, endMs, func(h *head, counts []count) error {
		if h.hour() != hour {
			if err := m.addHour(ctx, db, seriesHour{of.id, hour}, &sums); err != nil {
				return err
			}
			hour = h.hour()
		}
		pass, err := filter.passing(ctx, hour)
		if err != nil {
			return err
		}
		m.cover(h)
		sums.add(counts, pass, h.scale)
		return nil
	})
	if err != nil {
		return err
	}
	return m.addHour(ctx, db, seriesHour{of.id, hour}, &sums)
}

// hourSums are values by stack id of one series and hour.
type hourSums struct{ values []int64 }

// add sums counts whose sample labels pass; a nil pass lets all through.
func (s *hourSums) add(counts []count, pass []bool, scale int64) {
	if len(counts) == 0 {
		return
	}
	if need := int(counts[len(counts)-1].stack) + 1; need > len(s.values) { // ids ascend
		s.values = append(s.values, make([]int64, need-len(s.values))...)
	}
	for _, c := range counts {
		if pass != nil && (int(c.labels) >= len(pass) || !pass[c.labels]) {
			continue
		}
		s.values[c.stack] += c.count * scale
	}
}

// addHour adds the sums of an hour, and clears them for the next one.
func (m *merge) addHour(ctx context.Context, db *sql.Tx, at seriesHour, sums *hourSums) error {
	if len(sums.values) == 0 {
		return nil
	}
	defer func() { sums.values = sums.values[:0] }()
	if m.stacks != nil {
		return m.addKnown(ctx, db, at, sums.values)
	}
	return m.codec.readStacks(ctx, db, at, func(id int, locations []byte) {
		if id < len(sums.values) && sums.values[id] != 0 {
			m.add(locations, sums.values[id])
		}
	})
}

// stackCache keeps the dictionary of the last hour of each series, for merges of one window after the other: an hour's
// dictionary is much larger than a window.
type stackCache map[int64]*hourStacks

type hourStacks struct {
	hour      int64
	locations [][]byte // by stack id
}

func (m *merge) addKnown(ctx context.Context, db *sql.Tx, at seriesHour, values []int64) error {
	known := m.stacks[at.series]
	if known == nil || known.hour != at.hour || len(known.locations) < len(values) {
		known = &hourStacks{hour: at.hour}
		err := m.codec.readStacks(ctx, db, at, func(id int, locations []byte) {
			for len(known.locations) <= id {
				known.locations = append(known.locations, nil)
			}
			known.locations[id] = bytes.Clone(locations)
		})
		if err != nil {
			return err
		}
		m.stacks[at.series] = known
	}
	for id, value := range values {
		if value == 0 {
			continue
		}
		if id >= len(known.locations) {
			return fmt.Errorf("stack %d is not in the store", id)
		}
		m.add(known.locations[id], value)
	}
	return nil
}
