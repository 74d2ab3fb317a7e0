package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"pyrometer.dev/remote-agent/internal/target"
)

// PointsQuery asks for a selection over time.
type PointsQuery struct {
	Selection
	// GroupBy names labels: a result for each combination of their values, one for all when it is empty.
	GroupBy []string
	// StepMs is the distance of points. A point sums the windows that begin in (point - step, point], as Pyroscope's do.
	StepMs int64
	// Average divides by the number of windows instead of giving their sum.
	Average bool
	// Limit keeps the results with the largest sums; 0 keeps all.
	Limit int
}

// Points of one combination of group-by labels. Steps without a window have no point.
type Points struct {
	Labels []target.Label
	Points []Point
}

// Point is a value in the profile type's sample unit, at Unix milliseconds.
type Point struct {
	TimeMs int64
	Value  float64
}

// maxSteps bounds the answer, and so what a mistaken step can cost.
const maxSteps = 50_000

// SelectSeries answers with points a step.
func (s *Store) SelectSeries(ctx context.Context, query PointsQuery) ([]Points, error) {
	profileType, matchers, err := query.parse()
	if err != nil {
		return nil, err
	}
	if query.StepMs <= 0 {
		return nil, badQuery{errors.New("step must be greater than 0")}
	}
	if (query.EndMs-query.StartMs)/query.StepMs > maxSteps {
		return nil, badQuery{fmt.Errorf("the range has more than %d steps; take a longer step", maxSteps)}
	}
	results := groups{query: &query, byKey: map[string]*group{}}
	err = s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		chosen, err := candidates(ctx, tx, profileType.String(), matchers)
		if err != nil {
			return err
		}
		for i := range chosen {
			if err := s.addPoints(ctx, tx, &results, &chosen[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("select series: %w", err)
	}
	return results.points(), nil
}

// addPoints sums the windows of one series. Bodies are read only when sample labels matter.
func (s *Store) addPoints(ctx context.Context, tx *sql.Tx, into *groups, of *candidate) error {
	query := into.query
	start := query.StartMs - query.StepMs + 1 // the first point looks back one step
	var fromSamples []string
	for _, name := range query.GroupBy {
		if _, known := of.value(name); !known {
			fromSamples = append(fromSamples, name)
		}
	}
	if len(of.open) == 0 && len(fromSamples) == 0 {
		g, err := into.group(&of.series, nil)
		if err != nil {
			return err
		}
		return readHeads(ctx, tx, of.id, start, query.EndMs, func(h *head) error {
			g.add(query, h.startMs, h.total)
			return nil
		})
	}
	byLabels := sampleGroups{tx: tx, of: of, into: into}
	return s.readWindows(ctx, tx, of.id, start, query.EndMs, func(h *head, counts []count) error {
		return byLabels.add(ctx, h, counts)
	})
}

// sampleGroups sums the counts of windows by the group that their sample labels belong to.
type sampleGroups struct {
	tx   *sql.Tx
	of   *candidate
	into *groups
	hour int64
	// groups by sample-label id of the hour, nil where the selector does not match.
	groups []*group
}

func (b *sampleGroups) add(ctx context.Context, h *head, counts []count) error {
	if b.groups == nil || b.hour != h.hour() {
		sets, err := sampleLabelSets(ctx, b.tx, seriesHour{b.of.id, h.hour()})
		if err != nil {
			return err
		}
		b.hour, b.groups = h.hour(), make([]*group, len(sets))
		for id, set := range sets {
			if !matchSample(set, b.of.open) {
				continue
			}
			if b.groups[id], err = b.into.group(&b.of.series, set); err != nil {
				return err
			}
		}
	}
	sums := map[*group]int64{}
	for _, c := range counts {
		if int(c.labels) < len(b.groups) && b.groups[c.labels] != nil {
			sums[b.groups[c.labels]] += c.count * h.scale
		}
	}
	for g, sum := range sums {
		g.add(b.into.query, h.startMs, sum)
	}
	return nil
}

type groups struct {
	query *PointsQuery
	byKey map[string]*group
}

type group struct {
	labels []target.Label
	key    string
	sum    int64
	steps  map[int64]*step
}

type step struct {
	sum     int64
	windows int64
}

func (g *groups) group(of *series, sample []target.Label) (*group, error) {
	names := slices.Compact(slices.Sorted(slices.Values(g.query.GroupBy)))
	set := make([]target.Label, 0, len(names))
	for _, name := range names {
		value, known := of.value(name)
		if !known {
			value = valueOf(sample, name)
		}
		if value != "" {
			set = append(set, target.Label{Name: name, Value: value})
		}
	}
	key, err := encodeLabels(set)
	if err != nil {
		return nil, err
	}
	found := g.byKey[key]
	if found == nil {
		found = &group{labels: set, key: key, steps: map[int64]*step{}}
		g.byKey[key] = found
	}
	return found, nil
}

func (g *group) add(query *PointsQuery, startMs, value int64) {
	index := (startMs - query.StartMs + query.StepMs - 1) / query.StepMs
	at := g.steps[index]
	if at == nil {
		at = &step{}
		g.steps[index] = at
	}
	at.sum += value
	at.windows++
	g.sum += value
}

func (g *groups) points() []Points {
	ordered := make([]*group, 0, len(g.byKey))
	for _, found := range g.byKey {
		if len(found.steps) > 0 {
			ordered = append(ordered, found)
		}
	}
	slices.SortFunc(ordered, func(a, b *group) int { return cmp.Or(cmp.Compare(b.sum, a.sum), cmp.Compare(a.key, b.key)) })
	if g.query.Limit > 0 && len(ordered) > g.query.Limit {
		ordered = ordered[:g.query.Limit]
	}
	slices.SortFunc(ordered, func(a, b *group) int { return cmp.Compare(a.key, b.key) })
	results := make([]Points, len(ordered))
	for i, found := range ordered {
		results[i].Labels = found.labels
		for index, at := range found.steps {
			point := Point{TimeMs: g.query.StartMs + index*g.query.StepMs, Value: float64(at.sum)}
			if point.TimeMs > g.query.EndMs {
				continue // Pyroscope's steps end at the range's end as well
			}
			if g.query.Average {
				point.Value /= float64(at.windows)
			}
			results[i].Points = append(results[i].Points, point)
		}
		slices.SortFunc(results[i].Points, func(a, b Point) int { return cmp.Compare(a.TimeMs, b.TimeMs) })
	}
	return slices.DeleteFunc(results, func(p Points) bool { return len(p.Points) == 0 })
}
