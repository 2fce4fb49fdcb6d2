package stages

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// orphanPatience is how long a session may outlive its process before it is
// ended; client_connection_check_interval lets it notice within a second.
const orphanPatience = 5 * time.Second

// awaitOrphans waits until no session of a process that died still works on the
// job's own tables, where it could build what we are about to build. We hold
// the tables' advisory locks, so whoever is left is such a one.
func awaitOrphans(ctx context.Context, env *Env, job registry.Job) error {
	var relations []uint32
	for _, t := range job.Tables {
		if t.ShadowOID != 0 {
			relations = append(relations, standbyOID(job, t))
			if !job.Swapped {
				relations = append(relations, partitionsOf(t)...)
			}
		}
	}
	if len(relations) == 0 {
		return nil
	}
	began := time.Now()
	for {
		left, err := sqltmpl.Scalars[int32](ctx, env.Target, sqltmpl.SessionsOf{
			Relations: relations, Ours: []int32{},
		}.Statement())
		if err != nil || len(left) == 0 {
			return err
		}
		env.waiting(ctx, job, fmt.Sprintf("pid %d, left over from an earlier run, to end", left[0]))
		if time.Since(began) > orphanPatience {
			env.Logger.WarnContext(ctx, "ending a session left over from an earlier run", slog.Int("pid", int(left[0])))
			if err := exec(ctx, env.Target, sqltmpl.Terminate{PID: left[0]}.Statement()); err != nil {
				return err
			}
		}
		if err := sleep(ctx, snapshotPoll); err != nil {
			return err
		}
	}
}
