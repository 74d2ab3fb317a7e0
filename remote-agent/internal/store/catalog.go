package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"pyrometer.dev/remote-agent/internal/engine"
)

// catalog holds the rows of the dictionary that a query has met, so that each is read once.
type catalog struct {
	db        *sql.Tx
	locations map[int64]*locationRow
	functions map[int64]*functionRow
	mappings  map[int64]*engine.Mapping
}

type locationRow struct {
	kind    engine.FrameKind
	mapping int64
	address uint64
	lines   []line
	// unnamed is what stands in for a name, made when it is first needed.
	unnamed string
}

type functionRow struct {
	name, systemName, file string
	startLine              int64
}

func newCatalog(db *sql.Tx) *catalog {
	return &catalog{
		db: db, locations: map[int64]*locationRow{}, functions: map[int64]*functionRow{}, mappings: map[int64]*engine.Mapping{},
	}
}

// load reads locations, and the functions and mappings that they name. ids must be ascending.
func (c *catalog) load(ctx context.Context, ids []int64) error {
	missing := unknown(ids, c.locations)
	functions, mappings := map[int64]struct{}{}, map[int64]struct{}{}
	err := c.byID(ctx, "SELECT id, kind, mapping_id, address, lines FROM location", missing, func(found *sql.Rows) error {
		var id, address int64
		var kind string
		var lines sql.RawBytes
		row := &locationRow{}
		if err := found.Scan(&id, &kind, &row.mapping, &address, &lines); err != nil {
			return fmt.Errorf("read locations: %w", err)
		}
		row.kind, row.address = engine.FrameKind(kind), uint64(address) //nolint:gosec // two's complement
		var err error
		if row.lines, err = decodeLines(lines); err != nil {
			return err
		}
		c.locations[id] = row
		mappings[row.mapping] = struct{}{}
		for _, l := range row.lines {
			functions[l.function] = struct{}{}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = c.byID(ctx, "SELECT id, name, system_name, file, start_line FROM function", unknownKeys(functions, c.functions),
		func(found *sql.Rows) error {
			var id int64
			row := &functionRow{}
			if err := found.Scan(&id, &row.name, &row.systemName, &row.file, &row.startLine); err != nil {
				return fmt.Errorf("read functions: %w", err)
			}
			c.functions[id] = row
			return nil
		})
	if err != nil {
		return err
	}
	err = c.byID(ctx, "SELECT id, file_id, build_id, path FROM mapping", unknownKeys(mappings, c.mappings),
		func(found *sql.Rows) error {
			var id int64
			row := &engine.Mapping{}
			if err := found.Scan(&id, &row.FileID, &row.BuildID, &row.Path); err != nil {
				return fmt.Errorf("read mappings: %w", err)
			}
			c.mappings[id] = row
			return nil
		})
	if err != nil {
		return err
	}
	return c.complete(missing)
}

// complete finds rows that the others point to and that are not there: the profile would be wrong without them.
func (c *catalog) complete(ids []int64) error {
	for _, id := range ids {
		row := c.locations[id]
		if row == nil {
			return fmt.Errorf("location %d is not in the store", id)
		}
		if row.mapping != 0 && c.mappings[row.mapping] == nil {
			return fmt.Errorf("mapping %d is not in the store", row.mapping)
		}
		for _, l := range row.lines {
			if c.functions[l.function] == nil {
				return fmt.Errorf("function %d is not in the store", l.function)
			}
		}
	}
	return nil
}

// idsAtOnce is how many ids one query asks for: enough that its own cost is small beside the rows'.
const idsAtOnce = 500

// byID runs a query of a table for ids.
func (c *catalog) byID(ctx context.Context, query string, ids []int64, read func(*sql.Rows) error) error {
	for len(ids) > 0 {
		some := ids[:min(idsAtOnce, len(ids))]
		ids = ids[len(some):]
		arguments := make([]any, len(some))
		for i, id := range some {
			arguments[i] = id
		}
		marks := strings.Repeat(",?", len(some))[1:]
		found, err := c.db.QueryContext(ctx, query+" WHERE id IN ("+marks+")", arguments...) //nolint:gosec // constant texts
		if err != nil {
			return fmt.Errorf("read dictionary: %w", err)
		}
		if err := each(found, func() error { return read(found) }); err != nil {
			return err
		}
	}
	return nil
}

func unknown[V any](ids []int64, known map[int64]V) []int64 {
	missing := make([]int64, 0, len(ids))
	for _, id := range ids {
		if _, there := known[id]; !there {
			missing = append(missing, id)
		}
	}
	return missing
}

func unknownKeys[V any](ids map[int64]struct{}, known map[int64]V) []int64 {
	missing := make([]int64, 0, len(ids))
	for id := range ids {
		if _, there := known[id]; !there && id != 0 {
			missing = append(missing, id)
		}
	}
	return missing
}
