// Package store keeps windows on disk and answers questions about them in Pyroscope's terms.
//
// Stacks stand once in a dictionary of their series and hour, a window is a compressed list of (stack id, sample-label
// id, count), and a pprof is made when somebody asks. Locations can be named later: history gets its names too.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// FileName of the database in its directory.
const FileName = "profiles.db"

// Options of a Store. Directory is required.
type Options struct {
	// Directory is made when it is missing, for this user alone.
	Directory string
	// ReadOnly refuses all writing, and a damaged database is not moved aside.
	ReadOnly bool
	// MaxAge and MaxBytes bound what Retain keeps; 0: no bound.
	MaxAge   time.Duration
	MaxBytes int64
	// Comments are put into the profiles that queries answer: who measured. Profiles for a Pyroscope have none, since they must be
	// the same bytes when another version of the agent sends them again.
	Comments []string
	Logger   *slog.Logger
	Now      func() time.Time
}

// Store is safe for concurrent use: one writer at a time, readers beside it.
type Store struct {
	options Options
	path    string
	codec   *bodyCodec

	// handles is replaced when the database turns out to be damaged. Readers hold it for the length of a query.
	handlesMu sync.RWMutex
	reader    *sql.DB
	writer    *sql.DB
	closed    bool
	// generation is another one for each database that was opened: what was learnt of one says nothing about the next.
	generation atomic.Int64

	writeMu    sync.Mutex
	dictionary *dictionary
	pushed     allowance

	// parsing is held while a pushed profile is taken, from the look at received until what was new is stored.
	parsing  sync.Mutex
	received recentHashes

	problemMu sync.Mutex
	problem   string
}

// ErrClosed answers calls after Close; ErrReadOnly those that would write to a store that was opened to read.
var (
	ErrClosed   = errors.New("the store is closed")
	ErrReadOnly = errors.New("the store is open to read only")
)

// Open opens or makes the store of a directory. A damaged database, or one of a newer agent, is moved aside and a new
// one begun: Problem then says so.
func Open(ctx context.Context, options Options) (*Store, error) {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if err := os.MkdirAll(options.Directory, 0o700); err != nil {
		return nil, fmt.Errorf("make store directory: %w", err)
	}
	codec, err := newBodyCodec()
	if err != nil {
		return nil, err
	}
	s := &Store{options: options, path: filepath.Join(options.Directory, FileName), codec: codec}
	err = s.openHandles(ctx)
	if err != nil && !options.ReadOnly && (isCorrupt(err) || errors.Is(err, errNewerSchema)) {
		err = s.beginAnew(ctx, err)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", s.path, err), codec.close())
	}
	return s, nil
}

// Close waits for what is being read and written.
func (s *Store) Close() error {
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	s.handlesMu.Lock()
	defer s.handlesMu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	err := s.closeHandles()
	return errors.Join(err, s.codec.close())
}

// Problem is empty while all is well; else one sentence on what happened to the history.
func (s *Store) Problem() string {
	s.problemMu.Lock()
	defer s.problemMu.Unlock()
	return s.problem
}

// Generation is another number once the database was damaged and begun anew: ids of windows then begin again.
func (s *Store) Generation() int64 { return s.generation.Load() }

// Bytes that the store takes on disk.
func (s *Store) Bytes() int64 {
	var total int64
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(s.path + suffix); err == nil {
			total += info.Size()
		}
	}
	return total
}

// read runs a query beside the writer, on one snapshot of the database.
func (s *Store) read(ctx context.Context, query func(context.Context, *sql.Tx) error) error {
	err := func() (err error) {
		s.handlesMu.RLock()
		defer s.handlesMu.RUnlock()
		if s.closed {
			return ErrClosed
		}
		tx, err := s.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return fmt.Errorf("begin to read: %w", err)
		}
		defer func() { err = errors.Join(err, ignoreDone(tx.Rollback())) }()
		return query(ctx, tx)
	}()
	if err != nil && isCorrupt(err) {
		s.options.Logger.ErrorContext(ctx, "read store", slog.Any("error", err))
		return errors.Join(err, s.replaceDamaged(ctx, err))
	}
	return err
}

// write runs a change as one transaction, after all others. When it fails nothing of it stays.
func (s *Store) write(ctx context.Context, change func(context.Context, *sql.Tx) error) error {
	if s.options.ReadOnly {
		return ErrReadOnly
	}
	err := func() error {
		s.writeMu.Lock()
		defer s.writeMu.Unlock()
		return s.transact(ctx, change)
	}()
	if err != nil && isCorrupt(err) {
		return errors.Join(err, s.replaceDamaged(ctx, err))
	}
	return err
}

func (s *Store) transact(ctx context.Context, change func(context.Context, *sql.Tx) error) (err error) {
	s.handlesMu.RLock()
	defer s.handlesMu.RUnlock()
	if s.closed {
		return ErrClosed
	}
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	committed := false
	defer func() { // Also when the change panics: there is one connection to write with, and it must come free.
		if !committed {
			// What the dictionary has learnt may be of rows that are not there now.
			s.dictionary = newDictionary()
			err = errors.Join(err, ignoreDone(tx.Rollback()))
		}
	}()
	if err = change(ctx, tx); err != nil {
		return err
	}
	if err = tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	committed = true
	return nil
}
