package stages

import (
	"context"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// CountBacklog counts the changes of a job that are captured and not yet
// applied, up to limit for each table. It only reads.
func CountBacklog(ctx context.Context, db sqltmpl.DB, r *registry.Registry, job registry.Job, limit int64) (int64, error) {
	env := &Env{Registry: r}
	var sum int64
	for _, t := range job.Tables {
		if t.Blueprint == nil || t.Capture == registry.CaptureNone {
			continue
		}
		n, err := env.capture(job, t).Backlog(ctx, db, limit)
		if sqltmpl.IsMissing(err) {
			continue // a reset or cleanup is under way
		}
		if err != nil {
			return sum, err
		}
		sum += n
	}
	return sum, nil
}
