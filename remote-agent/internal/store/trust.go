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
	// NativeNs are samples with a native frame, and LinedNs those of them in which the innermost one has a line: the code that
	// starts a program never has one.
	NativeNs, LinedNs int64
	// FrameNs weighs each native frame by its sample, NamedFrameNs those that have a name. One static function without a name
	// in the middle of every stack costs its own weight and not all of them.
	FrameNs, NamedFrameNs int64
	Runtimes              []Runtime
}

// Cut is a reason why stacks end early.
type Cut struct {
	Reason  string
	ValueNs int64
}

// Coverage is how well one file's addresses are named.
type Coverage struct {
	Mapping engine.Mapping
	// ValueNs are samples with a frame in the file, LinedNs those in which the innermost of them has a line.
	ValueNs, LinedNs int64
	// FrameNs weighs each frame in the file by its sample, NamedFrameNs those that have a name.
	FrameNs, NamedFrameNs int64
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
		m := s.newMerge(profileType)
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
		coverage.Mapping = *from.mappings[id]
		paths[coverage.Mapping.Path] = true
		t.Mappings = append(t.Mappings, *coverage)
	}
	slices.SortFunc(t.Mappings, func(a, b Coverage) int {
		return cmp.Or(cmp.Compare(b.UnnamedFrameNs(), a.UnnamedFrameNs()), cmp.Compare(b.ValueNs, a.ValueNs),
			cmp.Compare(a.Mapping.Path, b.Mapping.Path), cmp.Compare(a.Mapping.BuildID, b.Mapping.BuildID))
	})
	t.Mappings = t.Mappings[:min(len(t.Mappings), maxCoverages)]
	t.Runtimes = runtimesOf(kinds, paths)
	return nil
}

// UnnamedFrameNs is the weight of the frames in the file that have no name.
func (c *Coverage) UnnamedFrameNs() int64 { return c.FrameNs - c.NamedFrameNs }

// fileState is what is known of the frames of one stack in one file: how many there are, how many have names, and whether the
// innermost has a line.
type fileState struct {
	frames, named int64
	lined         bool
}

func (t *Trust) lookAtFrames(ids []int64, value int64, from *catalog, files map[int64]*Coverage, kinds map[engine.FrameKind]bool) {
	states := map[int64]fileState{}
	for _, id := range ids {
		row := from.locations[id]
		kinds[row.kind] = true
		if row.mapping == 0 || row.kind != engine.KindNative {
			continue
		}
		named, lined := len(row.lines) > 0, len(row.lines) > 0 && row.lines[0].line > 0
		if len(states) == 0 {
			t.NativeNs += value
			if lined {
				t.LinedNs += value
			}
		}
		state, seen := states[row.mapping]
		if !seen {
			state.lined = lined
		}
		state.frames++
		if named {
			state.named++
		}
		states[row.mapping] = state
	}
	for mapping, state := range states {
		coverage := files[mapping]
		if coverage == nil {
			coverage = &Coverage{}
			files[mapping] = coverage
		}
		coverage.ValueNs += value
		coverage.FrameNs += state.frames * value
		coverage.NamedFrameNs += state.named * value
		if state.lined {
			coverage.LinedNs += value
		}
		t.FrameNs += state.frames * value
		t.NamedFrameNs += state.named * value
	}
}
