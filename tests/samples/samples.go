// Package samples has databases as applications have them, with rows, and what
// the applications do with them.
package samples

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/jackc/pgx/v5"
)

// A Sample is one application with its database.
type Sample struct {
	Name string
	// SQL makes the database. It has several statements.
	SQL string
	// Tables are those at the center, each by its plain name in schema Schema.
	Schema string
	Tables []string
	// Together are tables to be taken in one job.
	Together []string
	// Widened matches the lines of a catalog comparison that a bigint key of any of the tables explains.
	Widened string
	// Actions are transactions of the application. None has a reason to fail.
	Actions []Action
	// Rules must return no row at any moment.
	Rules []string
}

// An Action does something in one transaction.
type Action func(ctx context.Context, tx pgx.Tx, r *rand.Rand) error

// All are the sample databases.
func All() []Sample { return []Sample{rental(), webShop(), saas()} }

// exec runs one statement.
func exec(ctx context.Context, tx pgx.Tx, sql string, args ...any) error {
	_, err := tx.Exec(ctx, sql, plainly(args)...)
	if err != nil {
		return fmt.Errorf("%s %v: %w", sql, args, err)
	}
	return nil
}

// touch runs a statement that must touch just one row.
func touch(ctx context.Context, tx pgx.Tx, sql string, args ...any) error {
	tag, err := tx.Exec(ctx, sql, plainly(args)...)
	if err == nil && tag.RowsAffected() != 1 {
		err = fmt.Errorf("%d rows touched", tag.RowsAffected())
	}
	if err != nil {
		return fmt.Errorf("%s %v: %w", sql, args, err)
	}
	return nil
}

// get reads one row into targets, and says if there is one.
func get(ctx context.Context, tx pgx.Tx, targets []any, sql string, args ...any) (bool, error) {
	rows, err := tx.Query(ctx, sql, plainly(args)...)
	if err != nil {
		return false, fmt.Errorf("%s %v: %w", sql, args, err)
	}
	found := false
	_, err = pgx.ForEachRow(rows, targets, func() error { found = true; return nil })
	if err != nil {
		return false, fmt.Errorf("%s %v: %w", sql, args, err)
	}
	return found, nil
}

// plainly keeps pgx from caching plans, whose result types a swap may change.
func plainly(args []any) []any { return append([]any{pgx.QueryExecModeExec}, args...) }

func errLacking(sql string, args ...any) error {
	return fmt.Errorf("%s %v: a row is missing", sql, args)
}
