package stages

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/compare"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// resyncComputed logs, in a job that has been reverted, the rows whose computed
// columns applications have written since: the shadow is to have them computed
// anew. It compares the whole tables, and only if the job computes columns; it
// holds ACCESS SHARE meanwhile, and gives way when an application waits for that.
func resyncComputed(ctx context.Context, env *Env, job registry.Job, t registry.Table) error {
	computes := slices.ContainsFunc(t.Blueprint.Columns, compare.ComputedOnce)
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
	find := sqltmpl.LogDiffering{Compare: compareOf(env, job, t)}.Statement()
	what := "comparison of computed columns of " + t.Name.Plain()
	err = yielding(ctx, env, job, what, func(ctx context.Context, y *yielder) error {
		return withConn(ctx, env.Target, func(conn *pgx.Conn) error {
			y.watch(conn)
			return exec(ctx, conn, find)
		})
	})
	if err != nil {
		return fmt.Errorf("finding computed columns that applications wrote: %w", err)
	}
	return nil
}
