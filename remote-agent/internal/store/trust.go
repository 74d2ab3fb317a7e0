package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"pyrometer.dev/remote-agent/internal/engine"
)

// Trust says how far the samples of a selection can be believed.
type Trust struct {
	Fates Fates
	// TotalNs are all samples, CutNs those whose stack could not be walked to its root, by Cuts' reasons.
	TotalNs, CutNs int64
	Cuts           []Cut
	// Mappings are the files that native frames lie in, those with the most unnamed samples first.
	Mappings []Coverage
	// NativeNs are samples with a native frame, NamedNs those of them in which every native frame has a name, and LinedNs
	// those in which the innermost one has a line: the code that starts a program never has one.
	NativeNs, NamedNs, LinedNs int64
	Runtimes                   []Runtime
}

// Cut is a reason why stacks end early.
type Cut struct {
	Reason  string
	ValueNs int64
}

// Coverage is how well one file's addresses are named. A sample counts once for a file, whatever its depth.
type Coverage struct {
	Path, BuildID string
	// ValueNs are samples with a frame in the file, NamedNs those in which all of them have a name, LinedNs those in which the
	// innermost of them has a line.
	ValueNs, NamedNs, LinedNs int64
	// Mend says what to do, "" where nothing is missing.
	Mend string
}

// maxCoverages bounds what is listed; the rest is in the sums.
const maxCoverages = 100

// Trust looks at the windows of a selection of CPU time.
func (s *Store) Trust(ctx context.Context, selection Selection) (*Trust, error) {
	profileType, matchers, err := selection.parse()
	if err != nil {
		return nil, err
	}
	trust := &Trust{}
	err = s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		chosen, err := candidates(ctx, tx, profileType.String(), matchers)
		if err != nil {
			return err
		}
		m := newMerge(profileType)
		for i := range chosen {
			if err := s.mergeSeries(ctx, tx, m, &chosen[i], selection.StartMs, selection.EndMs); err != nil {
				return err
			}
		}
		if err := trust.look(ctx, m, newCatalog(tx)); err != nil {
			return err
		}
		trust.Fates, err = fates(ctx, tx, matchers, selection.StartMs, selection.EndMs)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("judge samples: %w", err)
	}
	return trust, nil
}

// look goes through all stacks once.
func (t *Trust) look(ctx context.Context, m *merge, from *catalog) error {
	used := map[int64]struct{}{}
	stacks := make(map[string][]int64, len(m.values))
	for stack := range m.values {
		ids, err := decodeIDs([]byte(stack))
		if err != nil {
			return err
		}
		stacks[stack] = ids
		for _, id := range ids {
			used[id] = struct{}{}
		}
	}
	if err := from.load(ctx, slices.Sorted(maps.Keys(used))); err != nil {
		return err
	}
	cuts, files, kinds := map[string]int64{}, map[int64]*Coverage{}, map[engine.FrameKind]bool{}
	for stack, ids := range stacks {
		value := m.values[stack]
		t.TotalNs += value
		if len(ids) == 0 {
			continue
		}
		if root := from.locations[ids[len(ids)-1]]; root.kind == engine.KindError {
			t.CutNs += value
			for _, l := range root.lines {
				cuts[from.functions[l.function].name] += value
			}
		}
		t.lookAtFrames(ids, value, from, files, kinds)
	}
	for reason, value := range cuts {
		t.Cuts = append(t.Cuts, Cut{reason, value})
	}
	slices.SortFunc(t.Cuts, func(a, b Cut) int { return cmp.Or(cmp.Compare(b.ValueNs, a.ValueNs), cmp.Compare(a.Reason, b.Reason)) })
	paths := map[string]bool{}
	for id, coverage := range files {
		mapping := from.mappings[id]
		coverage.Path, coverage.BuildID = mapping.Path, mapping.BuildID
		coverage.Mend = mendOf(coverage)
		paths[mapping.Path] = true
		t.Mappings = append(t.Mappings, *coverage)
	}
	slices.SortFunc(t.Mappings, func(a, b Coverage) int {
		return cmp.Or(cmp.Compare(b.ValueNs-b.NamedNs, a.ValueNs-a.NamedNs), cmp.Compare(b.ValueNs, a.ValueNs),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.BuildID, b.BuildID))
	})
	t.Mappings = t.Mappings[:min(len(t.Mappings), maxCoverages)]
	t.Runtimes = runtimesOf(kinds, paths)
	return nil
}

// fileState is what is known of the frames of one stack in one file: of all whether they have names, of the innermost whether
// it has a line.
type fileState struct{ named, lined bool }

func (t *Trust) lookAtFrames(ids []int64, value int64, from *catalog, files map[int64]*Coverage, kinds map[engine.FrameKind]bool) {
	states := map[int64]fileState{}
	all := fileState{named: true}
	for _, id := range ids {
		row := from.locations[id]
		kinds[row.kind] = true
		if row.mapping == 0 || row.kind != engine.KindNative {
			continue
		}
		named, lined := len(row.lines) > 0, len(row.lines) > 0 && row.lines[0].line > 0
		if len(states) == 0 {
			all.lined = lined
		}
		state, seen := states[row.mapping]
		if !seen {
			state = fileState{named: true, lined: lined}
		}
		state.named = state.named && named
		all.named = all.named && named
		states[row.mapping] = state
	}
	if len(states) == 0 {
		return
	}
	t.NativeNs += value
	if all.named {
		t.NamedNs += value
	}
	if all.lined {
		t.LinedNs += value
	}
	for mapping, state := range states {
		coverage := files[mapping]
		if coverage == nil {
			coverage = &Coverage{}
			files[mapping] = coverage
		}
		coverage.ValueNs += value
		if state.named {
			coverage.NamedNs += value
		}
		if state.lined {
			coverage.LinedNs += value
		}
	}
}
