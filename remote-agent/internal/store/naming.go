package store

import (
	"context"
	"database/sql"
	"fmt"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/symbol"
)

// UnnamedLocation is a native address that waits to be named.
type UnnamedLocation struct {
	ID int64
	// Mapping is the value that the sampled frame had when it was seen in this run, else an equal one.
	Mapping *engine.Mapping
	Address uint64
}

// Naming says what was found out about a location. Without lines nothing names it now: it keeps the name that it had, and is
// asked for again when its file gets names.
type Naming struct {
	Location UnnamedLocation
	Lines    []symbol.Line
}

// sameLocation ends updates by row id. While a resolver worked, retention may have deleted the row and SQLite given its
// id to another, or the whole database may have been replaced: a name must never land on another address.
const sameLocation = " WHERE id = ? AND address = ? AND mapping_id IN (SELECT id FROM mapping WHERE file_id = ?)"

func (l *UnnamedLocation) identity() []any {
	return []any{l.ID, int64(l.Address), l.Mapping.FileID} //nolint:gosec // two's complement
}

// UnnamedLocations lists addresses that wait for their names, the newest first: a person looks at those now.
func (s *Store) UnnamedLocations(ctx context.Context, limit int) ([]UnnamedLocation, error) {
	var waiting []UnnamedLocation
	var mappings []int64
	err := s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		found, err := tx.QueryContext(ctx, "SELECT location.id, address, mapping.id, file_id, build_id, path "+
			"FROM location JOIN mapping ON mapping.id = mapping_id WHERE state = 1 ORDER BY attempts, location.id DESC LIMIT ?",
			limit)
		if err != nil {
			return fmt.Errorf("read locations: %w", err)
		}
		byID := map[int64]*engine.Mapping{}
		return each(found, func() error {
			var id, address, mappingID int64
			row := engine.Mapping{}
			if err := found.Scan(&id, &address, &mappingID, &row.FileID, &row.BuildID, &row.Path); err != nil {
				return fmt.Errorf("read locations: %w", err)
			}
			if byID[mappingID] == nil {
				byID[mappingID] = &row
			}
			waiting = append(waiting, UnnamedLocation{ID: id, Mapping: byID[mappingID], Address: uint64(address)}) //nolint:gosec // two's complement
			mappings = append(mappings, mappingID)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list unnamed locations: %w", err)
	}
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	for i, id := range mappings {
		if seen := s.dictionary.pointers[id]; seen != nil {
			waiting[i].Mapping = seen
		}
	}
	return waiting, nil
}

// CountUnnamed is how many addresses wait for their names.
func (s *Store) CountUnnamed(ctx context.Context) (int, error) {
	var waiting int
	err := s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT count(*) FROM location WHERE state = 1").Scan(&waiting)
	})
	if err != nil {
		return 0, fmt.Errorf("count unnamed locations: %w", err)
	}
	return waiting, nil
}

// NameLocations amends the dictionary: every window that was ever stored shows the names from now on.
func (s *Store) NameLocations(ctx context.Context, namings []Naming) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		r := s.newRows(ctx, tx)
		for _, naming := range namings {
			lines, err := r.lines(naming.Lines)
			if err != nil {
				return err
			}
			if len(lines) == 0 {
				arguments := append([]any{stateNamed, stateUnnamed}, naming.Location.identity()...)
				_, err = r.exec("UPDATE location SET state = CASE WHEN length(lines) > 0 THEN ? ELSE ? END"+sameLocation, arguments...)
			} else {
				arguments := append([]any{lines, stateNamed}, naming.Location.identity()...)
				_, err = r.exec("UPDATE location SET lines = ?, state = ?"+sameLocation, arguments...)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("name %d locations: %w", len(namings), err)
	}
	return nil
}

// renewNames lets addresses of a file be asked for again: those that nothing named before and, with all, those that have a
// name, which they keep until there is a better one.
func (s *Store) renewNames(ctx context.Context, fileID string, all bool) error {
	states := []any{statePending, stateUnnamed, stateUnnamed}
	if all {
		states[2] = stateNamed
	}
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		// What was pushed (kind "") is not ours to read.
		_, err := tx.ExecContext(ctx, "UPDATE location SET state = ?, attempts = 0 WHERE state IN (?, ?) AND kind <> '' "+
			"AND mapping_id IN (SELECT id FROM mapping WHERE file_id = ?)", append(states, fileID)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("renew names of locations: %w", err)
	}
	return nil
}

// nativeMappings lists the files that sampled native code lies in.
func (s *Store) nativeMappings(ctx context.Context) ([]*engine.Mapping, error) {
	var mappings []*engine.Mapping
	err := s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		found, err := tx.QueryContext(ctx, "SELECT file_id, build_id, path FROM mapping WHERE path <> '' AND EXISTS "+
			"(SELECT 1 FROM location WHERE mapping_id = mapping.id AND kind <> '')")
		if err != nil {
			return fmt.Errorf("read mappings: %w", err)
		}
		return each(found, func() error {
			mapping := &engine.Mapping{}
			if err := found.Scan(&mapping.FileID, &mapping.BuildID, &mapping.Path); err != nil {
				return fmt.Errorf("read mappings: %w", err)
			}
			mappings = append(mappings, mapping)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list files of native code: %w", err)
	}
	return mappings, nil
}

// maxAttempts is how often an address is asked for whose resolver had an error, before it counts as unnameable.
const maxAttempts = 3

// postpone notes that a resolver had an error, so that others are asked for first.
func (s *Store) postpone(ctx context.Context, locations []UnnamedLocation) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		r := s.newRows(ctx, tx)
		for _, location := range locations {
			arguments := append([]any{maxAttempts, stateNamed, stateUnnamed}, location.identity()...)
			_, err := r.exec("UPDATE location SET attempts = attempts + 1, state = CASE WHEN attempts + 1 < ? THEN state "+
				"WHEN length(lines) > 0 THEN ? ELSE ? END"+sameLocation, arguments...)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
