package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
)

// WindowProfile is one window of a selection, summed over its series.
type WindowProfile struct {
	StartMs, EndMs int64
	Profile        *googlev1.Profile
}

var errReplaced = errors.New("the store was damaged and begun anew while it was read: ask again")

// Windows gives each window of a selection by itself, oldest first, to visit. Series whose windows begin together are
// summed. The store is not held while visit runs, so that a slow reader of the answer stops nobody; windows that
// retention deletes meanwhile are left out.
func (s *Store) Windows(ctx context.Context, selection Selection, visit func(WindowProfile) error) error {
	profileType, matchers, err := selection.parse()
	if err != nil {
		return err
	}
	generation := s.generation.Load()
	var chosen []candidate
	var starts []int64
	err = s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var err error
		if chosen, err = candidates(ctx, tx, profileType.String(), matchers); err != nil {
			return err
		}
		for i := range chosen {
			err := readHeads(ctx, tx, chosen[i].id, selection.StartMs, selection.EndMs, func(h *head) error {
				starts = append(starts, h.startMs)
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list windows: %w", err)
	}
	slices.Sort(starts)
	known, stacks := newCatalog(nil), stackCache{}
	for _, start := range slices.Compact(starts) {
		profile := WindowProfile{}
		err := s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if s.generation.Load() != generation {
				return errReplaced
			}
			known.db = tx
			m := s.newMerge(profileType)
			m.stacks = stacks
			for i := range chosen {
				if err := s.mergeSeries(ctx, tx, m, &chosen[i], start, start+1); err != nil {
					return err
				}
			}
			profile.StartMs, profile.EndMs = m.startMs, m.endMs
			var err error
			profile.Profile, err = m.profile(ctx, known)
			return err
		})
		if err != nil {
			return fmt.Errorf("read window of %d: %w", start, err)
		}
		if profile.EndMs == 0 {
			continue
		}
		if err := visit(profile); err != nil {
			return err
		}
	}
	return nil
}
