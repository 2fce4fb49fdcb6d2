package stages

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// erase drops what a job made on both clusters: before its swap the target's tables go, after it
// the source's stay, open to writers again, or go if that was asked for. May run again after a crash.
func (across) erase(ctx context.Context, env *Env, job registry.Job) error {
	name, err := env.jobMark(ctx, job)
	if err != nil {
		return err
	}
	if job.Swapped && env.Options.DropSource {
		if err := env.dropSource(ctx, job); err != nil {
			return err
		}
	}
	for _, d := range []registry.Direction{registry.Forward, registry.Backward} {
		if err := env.dropStream(ctx, job, d); err != nil {
			return err
		}
	}
	if job.Tables[0].Blueprint != nil {
		for _, d := range []registry.Direction{registry.Forward, registry.Backward} {
			if d == registry.Backward && !job.Swapped {
				continue // its tables go
			}
			if err := env.unfence(ctx, job, env.from(d), name); err != nil {
				return err
			}
		}
		if err := exec(ctx, env.Source, positionOf(job, name).Drop()); err != nil {
			return err
		}
	}
	return inTx(ctx, env.Target, func(tx pgx.Tx) error {
		if _, err := env.Registry.Lock(ctx, tx, job.ID); err != nil {
			return err
		}
		if job.Swapped {
			return env.Registry.SetStage(ctx, tx, job.ID, string(Done))
		}
		artifacts, err := env.Registry.Artifacts(ctx, tx, job.ID)
		if err != nil {
			return err
		}
		for _, a := range artifacts {
			if err := exec(ctx, tx, sqltmpl.DropArtifact{Undo: sqltmpl.Fragment(a.Undo)}.Statement()); err != nil {
				return err
			}
		}
		if job.Tables[0].Blueprint != nil {
			if err := takeDown(ctx, tx, passable(job, name)); err != nil {
				return err
			}
		}
		return env.Registry.Delete(ctx, tx, job.ID)
	})
}
