package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// readers beside the writer: as many calls read at once, the others wait.
const readers = 4

// openHandles opens the database and brings it to the current schema.
func (s *Store) openHandles(ctx context.Context) error {
	if !s.options.ReadOnly {
		// SQLite gives its side files the permissions of the database.
		file, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return fmt.Errorf("make database: %w", err)
		}
		if err := file.Close(); err != nil {
			return fmt.Errorf("make database: %w", err)
		}
	}
	// auto_vacuum must be said before the first table is made; it lets Retain give space back.
	pragmas := []string{"busy_timeout(5000)", "auto_vacuum(INCREMENTAL)", "journal_mode(WAL)", "synchronous(NORMAL)"}
	writer, err := s.openDatabase(pragmas, 1)
	if err != nil {
		return err
	}
	if err := check(ctx, writer, s.options.ReadOnly); err != nil {
		return errors.Join(err, writer.Close())
	}
	reader, err := s.openDatabase([]string{"busy_timeout(5000)", "query_only(1)"}, readers)
	if err != nil {
		return errors.Join(err, writer.Close())
	}
	s.reader, s.writer, s.dictionary = reader, writer, newDictionary()
	s.generation.Add(1)
	return nil
}

func check(ctx context.Context, db *sql.DB, readOnly bool) error {
	if readOnly {
		var version int
		if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return fmt.Errorf("read schema version: %w", err)
		}
		if version != len(upgrades) {
			return fmt.Errorf("schema %d, this agent reads %d", version, len(upgrades))
		}
		return nil
	}
	if err := upgrade(ctx, db); err != nil {
		return err
	}
	// A look at each root page finds the common damage at once, without reading it all.
	for _, table := range []string{"series", "function", "mapping", "location", "stack", "stack_block", "sample_labels", "window", "rollup"} {
		var any int
		err := db.QueryRowContext(ctx, "SELECT 1 FROM "+table+" LIMIT 1").Scan(&any) //nolint:gosec // constant names
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("look at table %s: %w", table, err)
		}
	}
	return nil
}

func (s *Store) openDatabase(pragmas []string, connections int) (*sql.DB, error) {
	query := url.Values{"_pragma": pragmas}
	if connections == 1 {
		query.Set("_txlock", "immediate")
	}
	if s.options.ReadOnly {
		query.Set("mode", "ro")
		query["_pragma"] = []string{"busy_timeout(5000)", "query_only(1)"}
	}
	source := "file:" + (&url.URL{Path: s.path}).EscapedPath() + "?" + query.Encode()
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(1) // An idle connection keeps its page cache, of up to 2 MB.
	return db, nil
}

func (s *Store) closeHandles() error {
	return errors.Join(s.reader.Close(), s.writer.Close())
}

// isCorrupt says whether an error means that the file is damaged, as opposed to busy, full or unreadable.
func isCorrupt(err error) bool {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return false
	}
	primary := failure.Code() & 0xff
	return primary == sqlite3.SQLITE_CORRUPT || primary == sqlite3.SQLITE_NOTADB
}

// IsFull says whether an error means that the disk, or the quota of it, is full.
func IsFull(err error) bool {
	var failure *sqlite.Error
	return errors.As(err, &failure) && failure.Code()&0xff == sqlite3.SQLITE_FULL
}

// replaceDamaged moves the damaged database aside while the agent runs. Only the first caller does so.
func (s *Store) replaceDamaged(ctx context.Context, cause error) error {
	if s.options.ReadOnly {
		return nil
	}
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	s.handlesMu.Lock()
	defer s.handlesMu.Unlock()
	if s.closed {
		return nil
	}
	// Another caller may have replaced it since: then what is open now is whole.
	if check(ctx, s.writer, false) == nil && quickCheck(ctx, s.writer) {
		return nil
	}
	if err := s.closeHandles(); err != nil {
		s.options.Logger.WarnContext(ctx, "close damaged store", slog.Any("error", err))
	}
	if err := s.beginAnew(ctx, cause); err != nil {
		s.closed = true
		return fmt.Errorf("begin a new store: %w", err)
	}
	return nil
}

func quickCheck(ctx context.Context, db *sql.DB) bool {
	var result string
	err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&result)
	return err == nil && result == "ok"
}

// beginAnew moves the database aside and opens an empty one. One that was moved aside before is deleted: a disk that
// damages stores must not be filled by them.
func (s *Store) beginAnew(ctx context.Context, cause error) error {
	old, err := filepath.Glob(s.path + ".damaged-*")
	if err != nil {
		return fmt.Errorf("find damaged stores: %w", err)
	}
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("delete older damaged store: %w", err)
		}
	}
	aside := s.path + ".damaged-" + s.options.Now().UTC().Format("20060102T150405")
	if err := os.Rename(s.path, aside); err != nil {
		return fmt.Errorf("move damaged store aside: %w", err)
	}
	// A log without its database would be played into the new one.
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Rename(s.path+suffix, aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("move damaged store aside: %w", err)
		}
	}
	why := "was damaged"
	if errors.Is(cause, errNewerSchema) {
		why = "was written by a newer agent"
	}
	problem := fmt.Sprintf("The history before %s %s; it was moved to %s and a new one was begun.",
		s.options.Now().UTC().Format(time.DateTime+" MST"), why, aside)
	s.options.Logger.ErrorContext(ctx, "store replaced", slog.String("aside", aside), slog.Any("error", cause))
	if err := s.openHandles(ctx); err != nil {
		return err
	}
	s.carrySettings(ctx, aside)
	s.problemMu.Lock()
	s.problem = problem
	s.problemMu.Unlock()
	return nil
}
