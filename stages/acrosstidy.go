package stages

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// settle opens the live side again if a cutover was left half-way, and finishes
// one that was left after the opening.
func (across) settle(ctx context.Context, env *Env, job registry.Job) (Name, error) {
	if err := env.checkEnds(ctx, job); err != nil {
		return Name(job.Stage), err
	}
	if err := awaitOrphans(ctx, env, job); err != nil {
		return Name(job.Stage), err
	}
	if job.Tables[0].Blueprint == nil {
		return "", nil // nothing has been made
	}
	name, err := env.jobMark(ctx, job)
	if err != nil {
		return Name(job.Stage), err
	}
	if err := env.awaitSlot(ctx, job, live(job)); err != nil {
		return Name(job.Stage), err
	}
	// A session of a process that died may be committing the opening just now. While we have the job's row none begins to.
	err = env.ifSwapped(ctx, job, func(swapped bool) error {
		job.Swapped = swapped
		return env.letPass(ctx, job, name)
	})
	if err != nil {
		return Name(job.Stage), err
	}
	if err := env.reopen(ctx, job, name); err != nil {
		return Swap, err
	}
	if job.Swapped || Name(job.Stage) == Replay { // which also drops the stream that has ended
		return Swap, env.tidy(ctx, job, name)
	}
	// The slot of a way back that was not taken would keep WAL for nothing.
	return Swap, env.dropStream(ctx, job, other(live(job)))
}

// letPass lets everybody through a fence that is on the live side, at once; but for a source where triggers
// or rules are kept still. That one is past any cutover that could still close it, and takes locks to open.
func (env *Env) letPass(ctx context.Context, job registry.Job, mark string) error {
	e := env.from(live(job))
	if e.source {
		if _, made, err := stilled(ctx, e.pool, job, mark); err != nil || made {
			return err
		}
	}
	fence := passable(job, mark)
	tables, err := sqltmpl.All[sqltmpl.Table](ctx, e.pool, fence.Tables())
	if err != nil || len(tables) == 0 {
		return err
	}
	return exec(ctx, e.pool, fence.Create())
}

// reopen takes down a fence that is on the live side: at once, by letting
// everybody through, then for good.
func (env *Env) reopen(ctx context.Context, job registry.Job, mark string) error {
	e := env.from(live(job))
	if e.source {
		if err := env.rouse(ctx, job, mark); err != nil {
			return err
		}
	}
	fence := passable(job, mark)
	tables, err := sqltmpl.All[sqltmpl.Table](ctx, e.pool, fence.Tables())
	if err != nil || len(tables) == 0 {
		return err
	}
	if err := env.letPass(ctx, job, mark); err != nil {
		return err
	}
	return env.unfence(ctx, job, e, mark)
}

// unfence takes a fence's triggers from the tables of an end, and drops it. What was kept still there is so no longer.
func (env *Env) unfence(ctx context.Context, job registry.Job, e end, mark string) error {
	fence := passable(job, mark)
	there := *env
	there.Source = e.pool
	oids := make([]uint32, len(job.Tables))
	for i, t := range job.Tables {
		oids[i] = e.oidAt(t)
	}
	return withLocks(ctx, &there, job, lockJob{
		what: "take the fence from " + job.Title(), tables: oids,
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
			tables, err := sqltmpl.All[sqltmpl.Table](ctx, tx, fence.Tables())
			if err != nil {
				return err
			}
			var locks []lockable
			for _, table := range tables {
				locks = append(locks, tableLock(0, table))
			}
			return lockTables(ctx, tx, d, nextLock, locks)
		},
		work: func(ctx context.Context, tx pgx.Tx) error {
			if e.source {
				if err := wake(ctx, tx, job, mark); err != nil {
					return err
				}
			}
			return takeDown(ctx, tx, fence)
		},
	})
}

// tidy finishes what follows a cutover and need not happen while writes are
// refused: foreign keys are validated, and the stream that ended is removed.
// May run again.
func (env *Env) tidy(ctx context.Context, job registry.Job, mark string) error {
	if err := env.reopen(ctx, job, mark); err != nil {
		return err
	}
	if job.Swapped {
		if err := env.validateAcross(ctx, job); err != nil {
			return err
		}
	}
	return env.dropStream(ctx, job, other(live(job)))
}
