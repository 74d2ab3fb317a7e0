package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/prometheus/prometheus/model/labels"

	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

// candidate is a series that a selector may match, with what is left to ask of its sample labels.
type candidate struct {
	series
	open []*labels.Matcher
}

// allSeries reads the series table; profileType "" is every type.
func allSeries(ctx context.Context, db *sql.Tx, profileType string) ([]series, error) {
	found, err := db.QueryContext(ctx,
		"SELECT id, labels, profile_type FROM series WHERE ? IN ('', profile_type) ORDER BY labels, profile_type", profileType)
	if err != nil {
		return nil, fmt.Errorf("read series: %w", err)
	}
	var all []series
	err = each(found, func() error {
		var s series
		var text string
		if err := found.Scan(&s.id, &text, &s.typeID); err != nil {
			return fmt.Errorf("read series: %w", err)
		}
		if s.labels, err = decodeLabels(text); err != nil {
			return err
		}
		if s.profileType, err = window.ParseProfileType(s.typeID); err != nil {
			return err
		}
		all = append(all, s)
		return nil
	})
	return all, err
}

// each calls read for each row and closes the rows.
func each(found *sql.Rows, read func() error) (err error) {
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		if err := read(); err != nil {
			return err
		}
	}
	if err := found.Err(); err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	return nil
}

func candidates(ctx context.Context, db *sql.Tx, profileType string, matchers []*labels.Matcher) ([]candidate, error) {
	all, err := allSeries(ctx, db, profileType)
	if err != nil {
		return nil, err
	}
	var matching []candidate
	for _, s := range all {
		if open, possible := s.match(matchers); possible {
			matching = append(matching, candidate{series: s, open: open})
		}
	}
	return matching, nil
}

// head is a window without its body.
type head struct {
	startMs, endMs int64
	period, scale  int64
	total          int64
}

func (h *head) hour() int64 { return h.startMs / hourMs }

// readHeads calls visit for each measured window of a series that begins in the range, oldest first.
func readHeads(ctx context.Context, db *sql.Tx, seriesID, startMs, endMs int64, visit func(*head) error) error {
	found, err := db.QueryContext(ctx, "SELECT start_ms, end_ms, period, scale, total FROM window "+
		"WHERE series_id = ? AND level = ? AND start_ms >= ? AND start_ms < ? ORDER BY start_ms, id",
		seriesID, levelMeasured, startMs, endMs)
	if err != nil {
		return fmt.Errorf("read windows: %w", err)
	}
	var h head
	return each(found, func() error {
		if err := found.Scan(&h.startMs, &h.endMs, &h.period, &h.scale, &h.total); err != nil {
			return fmt.Errorf("read windows: %w", err)
		}
		return visit(&h)
	})
}

// readWindows is readHeads with the counts of each window, which hold until visit returns.
func (s *Store) readWindows(ctx context.Context, db *sql.Tx, seriesID, startMs, endMs int64,
	visit func(*head, []count) error,
) error {
	found, err := db.QueryContext(ctx, "SELECT start_ms, end_ms, period, scale, total, body FROM window "+
		"WHERE series_id = ? AND level = ? AND start_ms >= ? AND start_ms < ? ORDER BY start_ms, id",
		seriesID, levelMeasured, startMs, endMs)
	if err != nil {
		return fmt.Errorf("read windows: %w", err)
	}
	return s.eachBody(found, visit)
}

// eachBody visits rows of start, end, period, scale, total and body.
func (s *Store) eachBody(found *sql.Rows, visit func(*head, []count) error) error {
	var h head
	var body sql.RawBytes
	var buffers decodedBody
	return each(found, func() error {
		if err := found.Scan(&h.startMs, &h.endMs, &h.period, &h.scale, &h.total, &body); err != nil {
			return fmt.Errorf("read windows: %w", err)
		}
		counts, err := s.codec.decode(body, &buffers)
		if err != nil {
			return fmt.Errorf("window of %d: %w", h.startMs, err)
		}
		return visit(&h, counts)
	})
}

// sampleLabelSets reads the sample labels of a series and hour, by id.
func sampleLabelSets(ctx context.Context, db *sql.Tx, at seriesHour) ([][]target.Label, error) {
	found, err := db.QueryContext(ctx, "SELECT id, labels FROM sample_labels WHERE series_id = ? AND hour = ?",
		at.series, at.hour)
	if err != nil {
		return nil, fmt.Errorf("read sample labels: %w", err)
	}
	var sets [][]target.Label
	err = each(found, func() error {
		var id int
		var text string
		if err := found.Scan(&id, &text); err != nil {
			return fmt.Errorf("read sample labels: %w", err)
		}
		for len(sets) <= id {
			sets = append(sets, nil)
		}
		var err error
		sets[id], err = decodeLabels(text)
		return err
	})
	return sets, err
}

// sampleFilter answers which sample-label ids of an hour fulfil a candidate's open matchers.
type sampleFilter struct {
	db   *sql.Tx
	of   *candidate
	hour int64
	pass []bool
	read bool
}

// passing returns nil when every id passes.
func (f *sampleFilter) passing(ctx context.Context, hour int64) ([]bool, error) {
	if len(f.of.open) == 0 {
		return nil, nil
	}
	if f.read && f.hour == hour {
		return f.pass, nil
	}
	sets, err := sampleLabelSets(ctx, f.db, seriesHour{f.of.id, hour})
	if err != nil {
		return nil, err
	}
	f.hour, f.read, f.pass = hour, true, make([]bool, len(sets))
	for id, set := range sets {
		f.pass[id] = matchSample(set, f.of.open)
	}
	return f.pass, nil
}
