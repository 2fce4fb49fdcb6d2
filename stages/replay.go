package stages

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies"
)

const (
	// roundGoal is how long the last round before the switch may take.
	roundGoal = time.Second
	// fencedTime is how long changes may be applied while writers are kept out; how many that
	// are follows from the last rounds, within bounds.
	fencedTime = 50 * time.Millisecond
	fencedMin  = 500
	fencedMax  = 20_000
	// tidyFrom is how many changes taken make it worth while to vacuum the log.
	tidyFrom = 10_000
	// drainLimit is how many changes a drain takes.
	drainLimit = 1000
	// patientDrains is how many drains may pass before a short log is taken for empty.
	patientDrains = 50
	// countLimit bounds the counting of a backlog.
	countLimit = 1_000_000
	// growingRounds is how many rounds may fail to shrink before we say so.
	growingRounds = 5
)

// replay applies what was captured until little is left, then switches to
// direct writing where the table allows it, and drains the rest. Rounds take
// ACCESS SHARE on the live table; the switch SHARE ROW EXCLUSIVE for a moment:
// it keeps writers out, readers not.
type replay struct{}

// Name implements Stage.
func (replay) Name() Name { return Replay }

// Run implements Stage.
func (s replay) Run(ctx context.Context, env *Env, job registry.Job) (rows int64, err error) {
	if err := env.Registry.SetProven(ctx, env.Target, job.ID, false); err != nil {
		return 0, err
	}
	for _, t := range job.Tables {
		if err := checkIntact(ctx, env, env.Target, job, t); err != nil {
			return rows, err
		}
		if err := resyncComputed(ctx, env, job, t); err != nil {
			return rows, err
		}
		err := fitting(ctx, env, job, t, func() error {
			n, err := s.table(ctx, env, job, t)
			rows += n
			return err
		})
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

func (s replay) table(ctx context.Context, env *Env, job registry.Job, t registry.Table) (int64, error) {
	capture := env.capture(job, t)
	var rows int64
	for t.Capture == registry.CaptureLog {
		n, limit, err := rounds(ctx, env, job, t)
		rows += n
		if err != nil || !capture.Direct() {
			return rows, err
		}
		err = s.switchOver(ctx, env, job, t, capture, limit)
		if err == nil {
			t.Capture = registry.CaptureDirect
		} else if err != errAgain { //nolint:errorlint // our own sentinel, never wrapped
			return rows, err
		}
	}
	n, err := drainAll(ctx, env, job, t)
	return rows + n, err
}

// rounds replays until a round is short and little is left. It also returns how
// many changes may be applied while writers are kept out.
func rounds(
	ctx context.Context, env *Env, job registry.Job, t registry.Table,
) (rows, limit int64, err error) {
	capture := env.capture(job, t)
	pace := newPace()
	for {
		began := time.Now()
		done, err := round(ctx, env, job, t, capture)
		if err != nil {
			return rows, 0, err
		}
		took := time.Since(began)
		rows += done.Changes
		pace.note(done.Changes, took)
		if pace.untidy >= tidyFrom {
			pace.untidy = 0
			if err := capture.Tidy(ctx, env.Target); err != nil {
				return rows, 0, err
			}
		}
		left, err := backlog(ctx, env, job, capture)
		if err != nil {
			return rows, 0, err
		}
		env.Report(Event{
			Job: job.ID, Table: t.Name.Plain(), Stage: Replay, Phase: Going, Rows: rows, Backlog: left,
			Unit: "changes",
		})
		keys, err := capture.Keys(ctx, env.Target, countLimit)
		if err != nil {
			return rows, 0, err
		}
		if took < roundGoal && keys <= pace.limit() {
			return rows, pace.limit(), nil
		}
		if pace.growing(left, env.Options.LockTimeout) {
			env.Logger.WarnContext(ctx, "will not catch up at this rate", slog.String("table", t.Name.Plain()),
				slog.String("pause", fmt.Sprintf("%.0f changes/s in, %.0f/s out",
					float64(left)/took.Seconds(), pace.rate)))
		}
	}
}

// round is one round, in one snapshot, on one session. It gives way when an
// application waits for it.
func round(
	ctx context.Context, env *Env, job registry.Job, t registry.Table, capture strategies.Capture,
) (done strategies.Applied, err error) {
	err = yielding(ctx, env, job, "replay of "+t.Name.Plain(), func(ctx context.Context, y *yielder) error {
		return withConn(ctx, env.Target, func(conn *pgx.Conn) error {
			y.watch(conn)
			done, err = capture.Round(ctx, conn, func(tx pgx.Tx) error {
				return env.Registry.SetLastWrite(ctx, tx, t)
			})
			return err
		})
	})
	return done, err
}

// backlog counts what is left to apply and records it.
func backlog(
	ctx context.Context, env *Env, job registry.Job, capture strategies.Capture,
) (int64, error) {
	left, err := capture.Backlog(ctx, env.Target, countLimit)
	if err != nil {
		return 0, err
	}
	return left, env.Registry.SetWaiting(ctx, env.Target, job.ID, "", left)
}

// switchOver keeps writers out for one last small round and then lets them
// write both tables themselves.
func (replay) switchOver(
	ctx context.Context, env *Env, job registry.Job, t registry.Table, capture strategies.Capture, limit int64,
) error {
	return withLocks(ctx, env, job, lockJob{
		what:   "switch the capture of " + t.Name.Plain(),
		tables: []uint32{liveOID(job, t)},
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
			if err := setLockTimeout(ctx, tx, d); err != nil {
				return err
			}
			return capture.Fence(ctx, tx)
		},
		work: func(ctx context.Context, tx pgx.Tx) error {
			keys, err := capture.Keys(ctx, tx, countLimit)
			if err != nil {
				return err
			}
			if keys > limit {
				return errAgain
			}
			if _, err := capture.Switch(ctx, tx); err != nil {
				return err
			}
			if err := env.Registry.SetLastWrite(ctx, tx, t); err != nil {
				return err
			}
			return env.Registry.SetCapture(ctx, tx, t, registry.CaptureDirect)
		},
	})
}

// drainAll drains the log of a table in direct mode until it is empty, or has
// only what writers go on logging. Keys that a writer holds come
// back until that writer is done.
func drainAll(ctx context.Context, env *Env, job registry.Job, t registry.Table) (rows int64, err error) {
	capture := env.capture(job, t)
	pause := 10 * time.Millisecond
	limit, began, taken := int64(drainLimit), time.Now(), int64(0)
	for turn := 1; ; turn++ {
		if err := env.awaitResume(ctx, job); err != nil {
			return rows, err
		}
		left, err := backlog(ctx, env, job, capture)
		if err != nil {
			return rows, err
		}
		if taken > 0 && (left == 0 || taken >= drainLimit) {
			// Triggers look into the log, and must not wade through dead rows.
			taken = 0
			if err := capture.Tidy(ctx, env.Target); err != nil {
				return rows, err
			}
		}
		if left == 0 || (turn > patientDrains && left <= fencedMin) {
			return rows, nil
		}
		var done strategies.Applied
		err = withConn(ctx, env.Target, func(conn *pgx.Conn) error {
			done, err = capture.Drain(ctx, conn, limit, func(tx pgx.Tx) error {
				return env.Registry.SetLastWrite(ctx, tx, t)
			})
			return err
		})
		switch {
		case sqltmpl.IsLockContention(err), sqltmpl.IsSerializationFailure(err): // a row moved to another partition
			limit = max(limit/2, 1)
			done.PutBack = done.Changes
		case err != nil:
			return rows, err
		case done.NeedsFence:
			if err := drainFenced(ctx, env, job, t, capture); err != nil {
				return rows, err
			}
		default:
			limit = min(limit*2, drainLimit)
		}
		progress := done.Changes - done.PutBack
		taken += done.Changes
		rows += progress
		env.Report(Event{
			Job: job.ID, Table: t.Name.Plain(), Stage: Replay, Phase: Going, Rows: rows, Backlog: left,
			Unit: "changes",
		})
		if progress > 0 || done.NeedsFence {
			pause, began = 10*time.Millisecond, time.Now()
			continue
		}
		if time.Since(began) > env.Options.SnapshotWait {
			return rows, &GaveUpError{For: "writers that hold changed rows of " + t.Name.Plain(), After: time.Since(began)}
		}
		env.waiting(ctx, job, fmt.Sprintf("%d changes whose rows a writer holds", left))
		if err := sleep(ctx, pause); err != nil {
			return rows, err
		}
		pause = min(2*pause, time.Second)
	}
}

// drainFenced drains a TRUNCATE that its own trigger could only log.
func drainFenced(
	ctx context.Context, env *Env, job registry.Job, t registry.Table, capture strategies.Capture,
) error {
	return withLocks(ctx, env, job, lockJob{
		what:   "replay a TRUNCATE of " + t.Name.Plain(),
		tables: []uint32{liveOID(job, t)},
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
			if err := setLockTimeout(ctx, tx, d); err != nil {
				return err
			}
			return capture.Fence(ctx, tx)
		},
		work: func(ctx context.Context, tx pgx.Tx) error {
			if _, err := capture.DrainFenced(ctx, tx); err != nil {
				return err
			}
			return env.Registry.SetLastWrite(ctx, tx, t)
		},
	})
}

// withConn runs fn on one session of a pool.
func withConn(ctx context.Context, pool *pgxpool.Pool, fn func(*pgx.Conn) error) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return fn(conn.Conn())
}
