package stages

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
)

// A finder sends steps one by one, to know which of them fail. It goes on behind
// those whose dependents can be made again instead: each round of a rehearsal is
// under the locks, so there must not be one for every view.
type finder struct {
	remake func(failed *CarryError) bool
	found  []string // the dependents' names
}

func (f *finder) send(ctx context.Context, tx pgx.Tx, steps []carry.Step) error {
	var first error
	for _, step := range steps {
		err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
			_, err := step.Statement.Exec(ctx, tx)
			return err
		})
		if err == nil {
			continue
		}
		if transient(ctx, err) {
			return err
		}
		failed := &CarryError{Dependent: step.Dependent, Err: err}
		if first == nil {
			first = failed
		}
		if !f.remake(failed) {
			return first // which this one may come of
		}
		f.found = append(f.found, step.Dependent.Name)
	}
	return first
}
