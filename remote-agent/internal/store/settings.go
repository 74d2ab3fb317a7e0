package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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

// SetSetting keeps a value under a name; nil removes it.
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
