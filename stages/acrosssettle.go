package stages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// settle opens the live side again if a cutover was left half-way, and finishes
// one that was left after the opening.
func (across) settle(ctx context.Context, env *Env, job registry.Job) (Name, error) {
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
	// A session of a process that died may be committing the opening just now.
	if job.Swapped, err = env.isSwapped(ctx, job); err != nil {
		return Name(job.Stage), err
	}
	if err := env.reopen(ctx, job, name); err != nil {
		return Swap, err
	}
	if job.Swapped || Name(job.Stage) == Replay {
		return Swap, env.tidy(ctx, job, name)
	}
	return "", nil
}

// reopen takes down a fence that is on the live side: at once, by letting
// everybody through, then for good.
func (env *Env) reopen(ctx context.Context, job registry.Job, mark string) error {
	e := env.from(live(job))
	fence := passable(job, mark)
	tables, err := sqltmpl.All[sqltmpl.Table](ctx, e.pool, fence.Tables())
	if err != nil || len(tables) == 0 {
		return err
	}
	if err := exec(ctx, e.pool, fence.Create()); err != nil {
		return err
	}
	return env.unfence(ctx, job, e, fence)
}

// unfence takes a fence's triggers from the tables of an end, and drops it.
func (env *Env) unfence(ctx context.Context, job registry.Job, e end, fence sqltmpl.Fence) error {
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
		work: func(ctx context.Context, tx pgx.Tx) error { return takeDown(ctx, tx, fence) },
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

// dropStream drops the slot, the publication and the record of a stream.
func (env *Env) dropStream(ctx context.Context, job registry.Job, d registry.Direction) error {
	s, err := env.Registry.Stream(ctx, env.Target, job.ID, d)
	if errors.Is(err, registry.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := env.checkStream(ctx, job, s); err != nil {
		return err
	}
	if err := env.awaitSlot(ctx, job, d); err != nil {
		return err
	}
	pool := env.from(d).pool
	if err := logical.DropSlot(ctx, pool, s.Slot); err != nil {
		return err
	}
	if err := logical.Unpublish(ctx, pool, s.Publication); err != nil {
		return err
	}
	return env.Registry.EndStream(ctx, env.Target, job.ID, d)
}

// awaitSlot waits until no session of a process that died reads a slot. We hold
// the tables' advisory locks, so whoever does is such a one.
func (env *Env) awaitSlot(ctx context.Context, job registry.Job, d registry.Direction) error {
	s, err := env.Registry.Stream(ctx, env.Target, job.ID, d)
	if errors.Is(err, registry.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	pool, began := env.from(d).pool, time.Now()
	for {
		state, err := logical.SlotState(ctx, pool, s.Slot)
		if err != nil || !state.Exists || state.ActivePID == 0 {
			return err
		}
		env.waiting(ctx, job, fmt.Sprintf("pid %d, which reads slot %s for an earlier run, to end", state.ActivePID, s.Slot))
		if time.Since(began) > orphanPatience {
			env.Logger.WarnContext(ctx, "ending a session left over from an earlier run", slog.Int("pid", int(state.ActivePID)))
			if err := exec(ctx, pool, sqltmpl.Terminate{PID: state.ActivePID}.Statement()); err != nil {
				return err
			}
		}
		if err := sleep(ctx, snapshotPoll); err != nil {
			return err
		}
	}
}

// erase drops what a job made on both clusters: before its swap the target's tables go, after it
// the source's stay, open to writers again. May run again after a crash.
func (across) erase(ctx context.Context, env *Env, job registry.Job) error {
	name, err := env.jobMark(ctx, job)
	if err != nil {
		return err
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
			if err := env.unfence(ctx, job, env.from(d), passable(job, name)); err != nil {
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
