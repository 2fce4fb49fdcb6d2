package sqltmpl

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A DB runs statements: a connection, a pool or a transaction.
type DB interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// args returns what to pass to pgx after the text.
func (s Statement) args() []any {
	if len(s.Args) == 0 {
		return nil
	}
	return []any{s.Args}
}

// Exec runs s and returns the number of rows it affected.
func (s Statement) Exec(ctx context.Context, db DB) (int64, error) {
	tag, err := db.Exec(ctx, s.SQL, s.args()...)
	if err != nil {
		return 0, &StatementError{Statement: s.Name, Err: err}
	}
	return tag.RowsAffected(), nil
}

// ExecAll runs statements that take no arguments in one round trip: locks that
// they hold together are held for no longer than they take. It stops at the
// first that fails; in a transaction, none has an effect then.
func ExecAll(ctx context.Context, db DB, statements ...Statement) error {
	var text strings.Builder
	for _, s := range statements {
		if len(s.Args) > 0 {
			if err := flush(ctx, db, &text); err != nil {
				return err
			}
			if _, err := s.Exec(ctx, db); err != nil {
				return err
			}
			continue
		}
		text.WriteString(s.SQL)
		text.WriteString(";\n")
	}
	return flush(ctx, db, &text)
}

// flush sends what ExecAll has gathered.
func flush(ctx context.Context, db DB, text *strings.Builder) error {
	if text.Len() == 0 {
		return nil
	}
	sql := text.String()
	text.Reset()
	if _, err := db.Exec(ctx, sql); err != nil {
		return &StatementError{Statement: failing(sql, err), Err: err}
	}
	return nil
}

// failing names the statement of several that an error is about, as far as the
// server told where it is.
func failing(sql string, err error) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(sql, "-- "), "\n")
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || pgErr.Position == 0 {
		return name + " or one sent with it"
	}
	before := string([]rune(sql)[:min(int(pgErr.Position), len([]rune(sql)))])
	if at := strings.LastIndex(before, ";\n-- "); at >= 0 {
		name, _, _ = strings.Cut(before[at+len(";\n-- "):], "\n")
	}
	return name
}

// One runs s and returns its only row as a struct, by column name. The error
// wraps pgx.ErrNoRows if there is none.
func One[T any](ctx context.Context, db DB, s Statement) (T, error) {
	return collect(ctx, db, s, func(rows pgx.Rows) (T, error) {
		return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	})
}

// All runs s and returns its rows as structs, by column name.
func All[T any](ctx context.Context, db DB, s Statement) ([]T, error) {
	return collect(ctx, db, s, func(rows pgx.Rows) ([]T, error) {
		return pgx.CollectRows(rows, pgx.RowToStructByName[T])
	})
}

// Scalar runs s and returns the only column of its only row.
func Scalar[T any](ctx context.Context, db DB, s Statement) (T, error) {
	return collect(ctx, db, s, func(rows pgx.Rows) (T, error) {
		return pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	})
}

// Scalars runs s and returns the only column of all its rows.
func Scalars[T any](ctx context.Context, db DB, s Statement) ([]T, error) {
	return collect(ctx, db, s, func(rows pgx.Rows) ([]T, error) {
		return pgx.CollectRows(rows, pgx.RowTo[T])
	})
}

// Each runs s and hands its rows, as structs by column position, to fn one by one:
// however many there are, just one is in memory. It stops at the first error.
func Each[T any](ctx context.Context, db DB, s Statement, fn func(T) error) error {
	rows, err := db.Query(ctx, s.SQL, s.args()...)
	if err != nil {
		return &StatementError{Statement: s.Name, Err: err}
	}
	defer rows.Close()
	for rows.Next() {
		row, err := pgx.RowToStructByPos[T](rows)
		if err != nil {
			return &StatementError{Statement: s.Name, Err: err}
		}
		if err := fn(row); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return &StatementError{Statement: s.Name, Err: err}
	}
	return nil
}

func collect[T any](ctx context.Context, db DB, s Statement, read func(pgx.Rows) (T, error)) (T, error) {
	rows, err := db.Query(ctx, s.SQL, s.args()...)
	var out T
	if err == nil {
		out, err = read(rows)
	}
	if err != nil {
		var zero T
		return zero, &StatementError{Statement: s.Name, Err: err}
	}
	return out, nil
}

// A StatementError is an error from running a statement. It names the template
// and wraps what pgx returned, so errors.As still finds the *pgconn.PgError.
type StatementError struct {
	Statement string // template path
	Err       error
}

func (e *StatementError) Error() string {
	text := fmt.Sprintf("%s: %v", e.Statement, e.Err)
	if pgErr, ok := errors.AsType[*pgconn.PgError](e.Err); ok && pgErr.Detail != "" {
		text += ": " + pgErr.Detail
	}
	return text
}

func (e *StatementError) Unwrap() error { return e.Err }

// Hint passes on the server's own hint, if it sent one.
func (e *StatementError) Hint() string {
	if pgErr, ok := errors.AsType[*pgconn.PgError](e.Err); ok {
		return pgErr.Hint
	}
	return ""
}
