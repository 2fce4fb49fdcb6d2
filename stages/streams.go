package stages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// publish makes the publication of a direction, records the stream, and leaves
// the slot to whoever knows the position to begin at. May run again.
func (env *Env) publish(ctx context.Context, job registry.Job, d registry.Direction, name string) error {
	e := env.from(d)
	who, err := logical.Identify(ctx, e.pool)
	if err != nil {
		return err
	}
	stream := registry.Stream{
		Direction: d, Slot: name + "_" + string(d), Publication: name + "_" + string(d), SystemID: who.System, Database: who.Database,
	}
	if err := env.Registry.BeginStream(ctx, env.Target, job.ID, stream); err != nil {
		return err
	}
	there := *env
	there.Source = e.pool
	return withLocks(ctx, &there, job, lockJob{
		weak: true, what: "publish " + job.Title(),
		lock: setLockTimeout,
		work: func(ctx context.Context, tx pgx.Tx) error {
			if err := logical.Unpublish(ctx, tx, stream.Publication); err != nil {
				return err
			}
			return logical.Publish(ctx, tx, stream.Publication, tablesAt(job))
		},
	})
}

// slotPatience is how long the making of a slot may wait for transactions that
// were running before it.
func slotPatience(env *Env) time.Duration { return env.Options.SnapshotWait }

// letGo ends the session whose snapshot was copied in, or that showed that there is a copy.
func (env *Env) letGo(ctx context.Context) {
	if env.Ends.held == nil {
		return
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	_ = env.Ends.held.Close(ctx)
	env.Ends.held = nil
}

// holdCopy keeps a session that shows that a copy is made here, in no one snapshot.
func (env *Env) holdCopy(ctx context.Context, name string) error {
	env.letGo(ctx)
	conn, err := env.Source.Acquire(ctx)
	if err != nil {
		return err
	}
	env.Ends.held = conn.Hijack().PgConn()
	return logical.HoldCopy(ctx, env.Ends.held, name)
}

// makeSlot makes a stream's slot, in place of one of which nothing is recorded,
// and keeps the session that made it, which shows that it makes the copy of that name, if there is to be one.
func (env *Env) makeSlot(ctx context.Context, job registry.Job, s registry.Stream, copyName string) (logical.Slot, error) {
	e := env.from(s.Direction)
	env.letGo(ctx)
	if err := logical.DropSlot(ctx, e.pool, s.Slot); err != nil {
		return logical.Slot{}, err
	}
	conn, err := logical.Connect(ctx, e.config, job.Settings)
	if err != nil {
		return logical.Slot{}, err
	}
	env.Ends.held = conn
	if copyName != "" {
		if err := logical.HoldCopy(ctx, conn, copyName); err != nil {
			return logical.Slot{}, err
		}
	}
	var slot logical.Slot
	err = env.awaitingSlot(ctx, job, e, "a replication slot", func() (err error) {
		slot, err = logical.CreateSlot(ctx, conn, s.Slot, false, slotPatience(env))
		return err
	})
	return slot, err
}

// checkSlot makes sure that a stream's slot and publication are there, and that nothing of the stream is lost.
func (env *Env) checkSlot(ctx context.Context, job registry.Job, s registry.Stream) error {
	state, err := logical.SlotState(ctx, env.from(s.Direction).pool, s.Slot)
	if err != nil {
		return err
	}
	e := env.from(s.Direction)
	problem, err := streamProblem(ctx, e.pool, s, state, e.oidsAt(job))
	if err != nil {
		return err
	}
	if problem == "" && s.Applied < state.Confirmed {
		// We confirm nothing before it is recorded: the record is an older one, of a backup or a standby that was behind.
		problem = fmt.Sprintf("replication slot %s stands at %s, beyond %s, which is all that was applied here", s.Slot, state.Confirmed, s.Applied)
	}
	if problem == "" {
		text, err := sqltmpl.Scalar[string](ctx, e.pool, sqltmpl.WALPosition{}.Statement())
		if err != nil {
			return err
		}
		end, err := pglogrepl.ParseLSN(text)
		if err != nil {
			return err
		}
		if s.Applied > end { // what is written from here on up to there would be passed over
			problem = fmt.Sprintf("the WAL of %s ends at %s, but changes up to %s were applied: it has been set back", e.place(), end, s.Applied)
		}
	}
	if problem == "" {
		return nil
	}
	return env.lostSlot(job, problem)
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

// awaitSlot waits until nobody reads the slot of a stream, if there is one.
func (env *Env) awaitSlot(ctx context.Context, job registry.Job, d registry.Direction) error {
	s, err := env.Registry.Stream(ctx, env.Target, job.ID, d)
	if errors.Is(err, registry.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return env.awaitReader(ctx, job, env.from(d).pool, s.Slot)
}

// awaitReader waits until nobody reads a slot. We hold the tables' advisory
// locks, so whoever does is a session that we have just closed, or one of a
// process that died.
func (env *Env) awaitReader(ctx context.Context, job registry.Job, pool *pgxpool.Pool, slot string) error {
	for began := time.Now(); ; {
		state, err := logical.SlotState(ctx, pool, slot)
		if err != nil || !state.Exists || state.ActivePID == 0 {
			return err
		}
		if waited := time.Since(began); waited > orphanPatience {
			env.Logger.WarnContext(ctx, "ending a session left over from an earlier run", slog.Int("pid", int(state.ActivePID)))
			if err := exec(ctx, pool, sqltmpl.Terminate{PID: state.ActivePID}.Statement()); err != nil {
				return err
			}
		} else if waited > progressEvery {
			env.waiting(ctx, job, fmt.Sprintf("pid %d, which reads slot %s for an earlier run, to end", state.ActivePID, slot))
		}
		if err := sleep(ctx, snapshotPoll); err != nil {
			return err
		}
	}
}
