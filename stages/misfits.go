package stages

import (
	"context"
	"fmt"
	"strings"

	"github.com/repave-pg/repave/internal/shell"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies"
)

// A MisfitError names rows, written since, that the other table can't hold.
type MisfitError struct {
	Table   string
	Rows    []strategies.Misfit
	More    bool
	Swapped bool
	Err     error
}

func (e *MisfitError) Error() string {
	var out strings.Builder
	other := "new"
	if e.Swapped {
		other = "old"
	}
	fmt.Fprintf(&out, "rows of %s that the %s table can't hold:", e.Table, other)
	for _, row := range e.Rows {
		fmt.Fprintf(&out, "\n  key %s: %s", row.Key, row.Problem)
	}
	if e.More {
		out.WriteString("\n  ... and more")
	}
	return out.String()
}

func (e *MisfitError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *MisfitError) Hint() string {
	if e.Swapped {
		return "nothing was changed; change or delete these rows and run again, or keep the new table with: repave cleanup " +
			shell.Quote(e.Table)
	}
	return "nothing was swapped; change or delete these rows and run again, or start over with: repave reset " + shell.Quote(e.Table)
}

// fitting runs a step of replay. If it fails for the sake of its data, keys that
// no table has any more are forgotten and it runs once more; what fails then
// becomes an error that names the rows.
func fitting(
	ctx context.Context, env *Env, job registry.Job, t registry.Table, step func() error,
) error {
	err := step()
	if !sqltmpl.IsBadData(err) {
		return err
	}
	if changed := checkIntact(ctx, env, env.Target, job, t); changed != nil {
		return changed // a partition that the standby has not, say
	}
	capture := env.capture(job, t)
	n, discardErr := capture.Discard(ctx, env.Target)
	if discardErr == nil && n > 0 {
		if err = step(); !sqltmpl.IsBadData(err) {
			return err
		}
	}
	if !capture.Direct() {
		return err // trying single keys means nothing with deferrable constraints
	}
	if misfit := listMisfits(ctx, env, job, t, err); misfit != nil {
		return misfit
	}
	return err
}

// listMisfits names the logged rows that the standby can't hold; nil if there
// is none, or if they can't be listed.
func listMisfits(ctx context.Context, env *Env, job registry.Job, t registry.Table, cause error) error {
	found, err := env.capture(job, t).Misfits(ctx, env.Target, maxDifferences+1)
	if err != nil || len(found) == 0 {
		return nil //nolint:nilerr // the cause is reported instead
	}
	return &MisfitError{
		Table: t.Name.Plain(), Rows: found[:min(len(found), maxDifferences)], More: len(found) > maxDifferences,
		Swapped: job.Swapped, Err: cause,
	}
}
