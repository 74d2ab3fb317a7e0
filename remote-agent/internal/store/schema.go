package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// schemaVersion is kept in SQLite's user_version. Each step of upgrades leads from its index to the next version;
// steps that were released are never edited. Changes are listed in CHANGELOG.md beside this file.
var upgrades = []string{version1, version2, version3, version4, version5}

const version5 = `
-- Starts of containers, see containerstarts.go.
CREATE TABLE container_start (
	id INTEGER PRIMARY KEY,
	container_id TEXT NOT NULL,
	occurrence TEXT NOT NULL,    -- which of the container's starts, see target.ContainerStart
	at_ms INTEGER NOT NULL,      -- Unix milliseconds
	again INTEGER NOT NULL,      -- 1: not the container's first one
	labels TEXT NOT NULL,        -- as in series
	UNIQUE (container_id, occurrence)
);
CREATE INDEX container_start_at ON container_start (at_ms);
`

const version4 = `
-- Sums of the windows of a series that begin in a slot of five minutes (level 1) or an hour (2), see rollup.go.
CREATE TABLE rollup (
	id INTEGER PRIMARY KEY,
	series_id INTEGER NOT NULL,
	level INTEGER NOT NULL,
	slot_ms INTEGER NOT NULL,    -- when the slot begins
	start_ms INTEGER NOT NULL,   -- of its first window
	end_ms INTEGER NOT NULL,     -- of its last one
	period INTEGER NOT NULL,     -- as of the windows, as is scale
	scale INTEGER NOT NULL,
	body BLOB NOT NULL
);
CREATE INDEX rollup_at ON rollup (series_id, level, slot_ms);
-- Slots with a window that is in no roll-up yet.
CREATE TABLE rollup_due (
	level INTEGER NOT NULL,
	slot_ms INTEGER NOT NULL,
	series_id INTEGER NOT NULL,
	PRIMARY KEY (level, slot_ms, series_id)
) WITHOUT ROWID;
INSERT INTO rollup_due SELECT DISTINCT 1, start_ms - start_ms % 300000, series_id FROM window;
`

const version3 = `
-- New stacks of a window in one row, see stackblock.go. The table stack holds those of before, and is only read.
CREATE TABLE stack_block (
	id INTEGER PRIMARY KEY,
	series_id INTEGER NOT NULL,
	hour INTEGER NOT NULL,
	first INTEGER NOT NULL,      -- id of the block's first stack
	count INTEGER NOT NULL,
	body BLOB NOT NULL
);
CREATE UNIQUE INDEX stack_block_at ON stack_block (series_id, hour, first);
`

const version2 = `
-- What became of the samples of a service in a window, also of those of which nothing was delivered; see fates.go.
CREATE TABLE fate_service (
	id INTEGER PRIMARY KEY,
	labels TEXT NOT NULL UNIQUE  -- as in series
);
CREATE TABLE fate (
	service_id INTEGER NOT NULL,
	start_ms INTEGER NOT NULL,
	end_ms INTEGER NOT NULL,
	period INTEGER NOT NULL,     -- nanoseconds that one sample stands for
	body BLOB NOT NULL,          -- see encodeFate
	PRIMARY KEY (service_id, start_ms)
) WITHOUT ROWID;
`

const version1 = `
CREATE TABLE series (
	id INTEGER PRIMARY KEY,
	labels TEXT NOT NULL,        -- JSON [["name","value"],...], sorted by name
	profile_type TEXT NOT NULL,  -- "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
	UNIQUE (labels, profile_type)
);
-- Functions, mappings and locations are one dictionary for all series and hours; last_hour of a location says in which
-- hour it was last seen, so that it can go when that hour goes. Keys are hashes of what identifies the row.
CREATE TABLE function (
	id INTEGER PRIMARY KEY,
	key BLOB NOT NULL UNIQUE,
	name TEXT NOT NULL,
	system_name TEXT NOT NULL,
	file TEXT NOT NULL,
	start_line INTEGER NOT NULL
);
CREATE TABLE mapping (
	id INTEGER PRIMARY KEY,
	file_id TEXT NOT NULL,
	build_id TEXT NOT NULL,
	path TEXT NOT NULL,
	UNIQUE (file_id, build_id, path)
);
CREATE TABLE location (
	id INTEGER PRIMARY KEY,
	key BLOB NOT NULL UNIQUE,
	kind TEXT NOT NULL,           -- engine.FrameKind; "" for profiles that were pushed
	mapping_id INTEGER NOT NULL,  -- 0: none
	address INTEGER NOT NULL,     -- unsigned 64 bits, in two's complement
	lines BLOB NOT NULL,          -- see encodeLines
	state INTEGER NOT NULL,       -- 0 named, 1 to be named, 2 nothing names it
	attempts INTEGER NOT NULL DEFAULT 0,
	last_hour INTEGER NOT NULL
);
CREATE INDEX location_to_name ON location (id) WHERE state = 1;
CREATE INDEX location_address ON location (mapping_id, address);
-- hour is Unix time / 3600 s. Ids of stacks and sample labels count from 0 in each series and hour.
CREATE TABLE stack (
	series_id INTEGER NOT NULL,
	hour INTEGER NOT NULL,
	hash BLOB NOT NULL,
	id INTEGER NOT NULL,
	locations BLOB NOT NULL,      -- location ids, leaf first, see encodeIDs
	PRIMARY KEY (series_id, hour, hash)
) WITHOUT ROWID;
CREATE TABLE sample_labels (
	series_id INTEGER NOT NULL,
	hour INTEGER NOT NULL,
	labels TEXT NOT NULL,         -- as in series
	id INTEGER NOT NULL,
	PRIMARY KEY (series_id, hour, labels)
) WITHOUT ROWID;
-- Ids of windows are never used twice: a pusher keeps its place by them.
CREATE TABLE window (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	series_id INTEGER NOT NULL,
	level INTEGER NOT NULL,       -- 0: as measured. Roll-ups have a table of their own
	start_ms INTEGER NOT NULL,    -- Unix milliseconds, as is end_ms
	end_ms INTEGER NOT NULL,
	period INTEGER NOT NULL,      -- of the profile, in units of its period type
	scale INTEGER NOT NULL,       -- value of one count of the body, in the profile's sample unit
	total INTEGER NOT NULL,       -- sum of the values
	processes INTEGER NOT NULL,   -- distinct pids in it, 0 when they are not known
	body BLOB NOT NULL            -- counts, see body.go
);
CREATE INDEX window_series ON window (series_id, level, start_ms);
CREATE INDEX window_start ON window (level, start_ms);
CREATE TABLE setting (
	name TEXT PRIMARY KEY,
	value BLOB NOT NULL
) WITHOUT ROWID;
`

// errNewerSchema is a database of a later version of the agent.
var errNewerSchema = errors.New("the store was written by a newer agent")

// upgrade brings a database to the current schema, one step a transaction.
func upgrade(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if version > len(upgrades) {
		return fmt.Errorf("schema %d, this agent knows %d: %w", version, len(upgrades), errNewerSchema)
	}
	for ; version < len(upgrades); version++ {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return fmt.Errorf("begin schema upgrade: %w", err)
		}
		_, err = tx.ExecContext(ctx, upgrades[version]+fmt.Sprintf("PRAGMA user_version = %d;", version+1))
		if err == nil {
			err = tx.Commit()
		}
		if err != nil {
			return errors.Join(fmt.Errorf("upgrade schema %d to %d: %w", version, version+1, err), ignoreDone(tx.Rollback()))
		}
	}
	return nil
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
