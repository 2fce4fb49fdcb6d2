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

// misfits turns the failure of a round or drain for the sake of its data into
// an error that names the rows.
func misfits(ctx context.Context, env *Env, job registry.Job, t registry.Table, cause error) error {
	if !sqltmpl.IsBadData(cause) {
		return cause
	}
	found, err := env.capture(job, t).Misfits(ctx, env.Target, maxDifferences+1)
	if err != nil || len(found) == 0 {
		return cause
	}
	return &MisfitError{
		Table: t.Name.Plain(), Rows: found[:min(len(found), maxDifferences)], More: len(found) > maxDifferences,
		Swapped: job.Swapped, Err: cause,
	}
}
