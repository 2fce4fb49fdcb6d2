package stages

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/sqltmpl"
)

// A finder sends steps to know which of them fail. It goes on behind
// those whose dependents can be made again instead: each round of a rehearsal is
// under the locks, so there must not be one for every view.
type finder struct {
	remake func(failed *CarryError) bool
	found  []string // the dependents' names
}

// mostSteps bounds what is sent at once: the server reads all of it before it begins.
const mostSteps = 64

func (f *finder) send(ctx context.Context, tx pgx.Tx, steps []carry.Step) error {
	var first error
	for n := 1; len(steps) > 0; n = min(2*n, mostSteps) {
		done, err := trySteps(ctx, tx, steps[:min(n, len(steps))])
		steps = steps[done:]
		if err == nil {
			continue
		}
		if transient(ctx, err) || len(steps) == 0 {
			return err
		}
		failed := &CarryError{Dependent: steps[0].Dependent, Err: err}
		if first == nil {
			first = failed
		}
		if !f.remake(failed) {
			return first // which this one may come of
		}
		f.found = append(f.found, steps[0].Dependent.Name)
		steps = steps[1:]
		n = 1 // where one fails, the next one often does
	}
	return first
}

// trySteps sends steps in one round trip, and returns how many are in effect:
// all before the first that fails.
func trySteps(ctx context.Context, tx pgx.Tx, steps []carry.Step) (done int, err error) {
	statements := make([]sqltmpl.Statement, len(steps))
	for i, step := range steps {
		statements[i] = step.Statement
	}
	return sqltmpl.TryAll(ctx, tx, statements...)
}
