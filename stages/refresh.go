package stages

import (
	"context"
	"errors"
	"log/slog"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// earlyAttempts is how often the rehearsal in setup asks for its locks. A session
// that reads for hours keeps it from them, and the job need not wait for that
// before it copies: then the swap is rehearsed just before it.
const earlyAttempts = 8

// rehearseEarly is refresh in setup, if its locks are to be had soon.
func rehearseEarly(ctx context.Context, env *Env, job registry.Job) (registry.Job, error) {
	early := *env
	early.Options.LockAttempts = min(earlyAttempts, env.Options.LockAttempts)
	rehearsed, err := refresh(ctx, &early, job)
	if gaveUp, ok := errors.AsType[*GaveUpError](err); ok {
		env.Logger.WarnContext(ctx, "no lock to rehearse the swap with now: what is bound to the table is looked at before the swap",
			slog.Any("error", gaveUp))
		return job, nil
	}
	return rehearsed, err
}

// refresh makes job.Carried say what is bound to the live tables now and how it
// will come out on the standbys. If that changed since it was recorded, or was
// never recorded, it rehearses the swap.
func refresh(ctx context.Context, env *Env, job registry.Job) (registry.Job, error) {
	var now []catalog.Dependent
	var family catalog.Family
	err := inTx(ctx, env.Target, func(tx pgx.Tx) (err error) {
		if now, err = bound(ctx, env, tx, job); err != nil {
			return err
		}
		family, err = familyOf(ctx, tx, job)
		return err
	})
	if err == nil {
		err = checkHeirs(now)
	}
	if err != nil {
		return job, err
	}
	if job.Carried != nil && len(carry.Diff(job.Carried.Side(job.Swapped), now))+len(job.Carried.Family.Diff(family)) == 0 {
		return job, nil
	}
	var load carry.Load
	if len(now) > 0 {
		if job.Swapped || !Name(job.Stage).Before(Replay) { // the standby has rows
			if err := ensureGuards(ctx, env, job); err != nil {
				return job, err
			}
		}
		if load, err = rehearse(ctx, env, job); err != nil {
			return job, err
		}
	}
	job.Carried = &load
	err = inTx(ctx, env.Target, func(tx pgx.Tx) error {
		if err := stillAt(ctx, env, tx, job); err != nil {
			return err
		}
		return env.Registry.SetCarried(ctx, tx, job.ID, load)
	})
	if err != nil || Name(job.Stage).Before(Replay) {
		return job, err
	}
	return job, gather(ctx, env, job)
}

// gather makes the statistics objects that the standbys lack after sync_schema,
// and gathers them. May run twice.
func gather(ctx context.Context, env *Env, job registry.Job) error {
	var made []sqltmpl.Table
	err := inTx(ctx, env.Target, func(tx pgx.Tx) (err error) {
		made, err = buildStatistics(ctx, env, tx, job)
		return err
	})
	for _, table := range made {
		if err := exec(ctx, env.Target, sqltmpl.AnalyzeShadow{Shadow: table}.Statement()); err != nil {
			return err
		}
	}
	return err
}
