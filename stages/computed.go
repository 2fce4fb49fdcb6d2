package stages

import (
	"context"
	"fmt"
	"slices"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// resyncComputed logs, in a job that has been reverted, the rows whose computed
// columns applications have written since: the shadow is to have them computed
// anew. It compares the whole tables, and only if the job computes columns.
func resyncComputed(ctx context.Context, env *Env, job registry.Job, t registry.Table) error {
	computes := slices.ContainsFunc(t.Blueprint.Columns, func(c shadow.Column) bool {
		return c.Source == "" && c.Using != ""
	})
	if job.Swapped || !computes {
		return nil
	}
	runs, err := env.Registry.Stages(ctx, env.Target, job.ID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(runs, func(r registry.StageRun) bool { return r.Backward }) {
		return nil
	}
	if err := exec(ctx, env.Target, sqltmpl.LogDiffering{Compare: compareOf(env, job, t)}.Statement()); err != nil {
		return fmt.Errorf("finding computed columns that applications wrote: %w", err)
	}
	return nil
}
