package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// rows is the dictionary within one transaction.
type rows struct {
	*dictionary
	ctx   context.Context //nolint:containedctx // lives as long as the transaction that it belongs to
	tx    *sql.Tx
	prep  map[string]*sql.Stmt
	codec *bodyCodec
	// scratch is used again for each stack.
	scratch []byte
}

func (s *Store) newRows(ctx context.Context, tx *sql.Tx) *rows {
	return &rows{dictionary: s.dictionary, ctx: ctx, tx: tx, prep: map[string]*sql.Stmt{}, codec: s.codec}
}

// statement prepares a query once a transaction; statements end with it.
func (r *rows) statement(query string) (*sql.Stmt, error) {
	if s := r.prep[query]; s != nil {
		return s, nil
	}
	s, err := r.tx.PrepareContext(r.ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", query, err)
	}
	r.prep[query] = s
	return s, nil
}

func (r *rows) exec(query string, arguments ...any) (int64, error) {
	s, err := r.statement(query)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(r.ctx, arguments...)
	if err != nil {
		return 0, fmt.Errorf("write row: %w", err)
	}
	return result.LastInsertId()
}

// insert writes a row unless there is one with its key; false when there is. What a window brings is mostly new: asking
// first would cost a statement more.
func (r *rows) insert(query string, arguments ...any) (id int64, inserted bool, err error) {
	s, err := r.statement(query + " ON CONFLICT DO NOTHING")
	if err != nil {
		return 0, false, err
	}
	result, err := s.ExecContext(r.ctx, arguments...)
	if err != nil {
		return 0, false, fmt.Errorf("write row: %w", err)
	}
	written, err := result.RowsAffected()
	if err != nil || written == 0 {
		return 0, false, err
	}
	id, err = result.LastInsertId()
	return id, true, err
}

// find reads one row; false when there is none.
func (r *rows) find(query string, arguments []any, into ...any) (bool, error) {
	s, err := r.statement(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(r.ctx, arguments...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("find row: %w", err)
	}
	return true, nil
}
