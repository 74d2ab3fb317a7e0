package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

// Setting reads a value that was kept under a name; nil when there is none.
func (s *Store) Setting(ctx context.Context, name string) ([]byte, error) {
	var value []byte
	err := s.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT value FROM setting WHERE name = ?", name).Scan(&value)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read setting %s: %w", name, err)
	}
	return value, nil
}

// SetSetting keeps a value under a name; nil removes it. A name with a colon is of what speaks of windows by their ids, which mean
// nothing in another database; what stands under the others outlives a damaged one, as far as that can be read.
func (s *Store) SetSetting(ctx context.Context, name string, value []byte) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if value == nil {
			_, err := tx.ExecContext(ctx, "DELETE FROM setting WHERE name = ?", name)
			return err
		}
		_, err := tx.ExecContext(ctx,
			"INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep setting %s: %w", name, err)
	}
	return nil
}

// carrySettings copies the settings of a database that was moved aside, as many as can be read.
func (s *Store) carrySettings(ctx context.Context, aside string) {
	err := func() (err error) {
		damaged, err := sql.Open("sqlite", "file:"+(&url.URL{Path: aside}).EscapedPath()+"?mode=ro&immutable=1")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, damaged.Close()) }()
		found, err := damaged.QueryContext(ctx, "SELECT name, value FROM setting")
		if err != nil {
			return err
		}
		return each(found, func() error {
			var name string
			var value []byte
			if err := found.Scan(&name, &value); err != nil || strings.Contains(name, ":") {
				return err
			}
			_, err := s.writer.ExecContext(ctx, "INSERT INTO setting (name, value) VALUES (?, ?)", name, value)
			return err
		})
	}()
	if err != nil {
		s.options.Logger.WarnContext(ctx, "settings of the damaged store are lost", slog.Any("error", err))
	}
}
