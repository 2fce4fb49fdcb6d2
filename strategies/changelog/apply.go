package changelog

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies"
)

// analyzeFrom is the number of keys from which on the planner must know it.
const analyzeFrom = 200

// inTx runs fn in a transaction of conn, which ends with it.
func inTx(ctx context.Context, conn *pgx.Conn, level pgx.TxIsoLevel, fn func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: level}, fn)
}

// Round implements strategies.Capture. Log and source are read in one snapshot
// and all deletes come before all inserts, so that the shadow afterwards equals
// the source as of that snapshot and unique values that moved between rows
// can't collide. It blocks TRUNCATE and DDL on the live table while it runs.
func (c *Capture) Round(
	ctx context.Context, conn *pgx.Conn, record func(pgx.Tx) error,
) (done strategies.Applied, err error) {
	if err := exec(ctx, conn, c.link.CreateKeys()); err != nil {
		return done, err
	}
	err = inTx(ctx, conn, pgx.RepeatableRead, func(tx pgx.Tx) error {
		if err := exec(ctx, tx, c.link.PinLive()); err != nil {
			return err
		}
		done, err = c.applyAll(ctx, tx, false)
		if err != nil || done.Changes == 0 {
			return err
		}
		return record(tx)
	})
	return done, err
}

// Switch implements strategies.Capture.
func (c *Capture) Switch(ctx context.Context, tx pgx.Tx) (strategies.Applied, error) {
	done, err := c.DrainFenced(ctx, tx)
	if err != nil {
		return done, err
	}
	// Made anew, as deadlock_timeout may have changed since Prepare.
	if err := c.createWaiting(ctx, tx); err != nil {
		return done, err
	}
	// Functions are looked up anew once a session has the table's lock, which we hold.
	return done, exec(ctx, tx, c.link.CreateCaptureDirect(),
		sqltmpl.RevokeFunction{Function: c.link.Capture, Signature: "()"}.Statement())
}

// DrainFenced implements strategies.Capture.
func (c *Capture) DrainFenced(ctx context.Context, tx pgx.Tx) (strategies.Applied, error) {
	if err := exec(ctx, tx, c.link.CreateKeys()); err != nil {
		return strategies.Applied{}, err
	}
	done, err := c.applyAll(ctx, tx, true)
	if err != nil {
		return done, err
	}
	return done, exec(ctx, tx, c.link.TruncateLog())
}

// applyAll takes every visible log row and resyncs its key. With fenced,
// writers may have written the standby themselves since a TRUNCATE.
func (c *Capture) applyAll(ctx context.Context, tx pgx.Tx, fenced bool) (strategies.Applied, error) {
	l := c.link
	broken, err := c.Broken(ctx, tx)
	if err != nil {
		return strategies.Applied{}, err
	}
	if broken {
		return strategies.Applied{}, strategies.ErrBroken
	}
	taken, err := l.TakeAll().Exec(ctx, tx)
	done := strategies.Applied{Changes: taken}
	if err != nil {
		return done, fmt.Errorf("taking changes: %w", err)
	}
	if taken == 0 {
		return done, nil
	}
	truncated, err := sqltmpl.Scalar[bool](ctx, tx, l.HasTruncate())
	if err != nil {
		return done, err
	}
	var steps []sqltmpl.Statement
	if taken >= analyzeFrom {
		steps = append(steps, l.AnalyzeKeys())
	}
	if len(l.Kept) > 0 {
		steps = append(steps, l.KeepColumns())
	}
	switch {
	case truncated && (fenced || len(l.Partitions) > 0): // it may have been one partition
		steps = append(steps, l.DeleteOrphans())
	case truncated:
		steps = append(steps, l.TruncateStandby())
	}
	steps = append(steps, l.DeleteTaken(), l.InsertTaken())
	if err := exec(ctx, tx, steps...); err != nil {
		return done, fmt.Errorf("replaying changes: %w", err)
	}
	return done, nil
}

// DeleteLogged implements strategies.Capture.
func (c *Capture) DeleteLogged(ctx context.Context, tx pgx.Tx) (int64, error) {
	if err := exec(ctx, tx, c.link.PinLive()); err != nil {
		return 0, err
	}
	truncated, err := sqltmpl.Scalar[bool](ctx, tx, c.link.LogHasTruncate())
	if err != nil {
		return 0, err
	}
	switch {
	case truncated && len(c.link.Partitions) > 0: // it may have been one partition
		if err := exec(ctx, tx, c.link.DeleteOrphans()); err != nil {
			return 0, err
		}
	case truncated:
		return 0, exec(ctx, tx, c.link.TruncateStandby())
	}
	return c.link.DeleteLogged().Exec(ctx, tx)
}

// Drain implements strategies.Capture. It takes some log rows and locks the
// live rows of their keys, so that it can't race their writers' own resync;
// then it resyncs them. What it can't do now goes back to the log:
//
//   - a row that a writer holds (waiting for it could deadlock),
//   - a row that appeared after the lock step (nobody keeps it from being
//     deleted again before we commit),
//   - a row whose unique value a stale row still holds.
func (c *Capture) Drain(
	ctx context.Context, conn *pgx.Conn, limit int64, record func(pgx.Tx) error,
) (done strategies.Applied, err error) {
	l := c.link
	if err := exec(ctx, conn, l.CreateKeys()); err != nil {
		return done, err
	}
	truncated, err := sqltmpl.Scalar[bool](ctx, conn, l.LogHasTruncate())
	if err != nil || truncated {
		return strategies.Applied{NeedsFence: truncated}, err
	}
	err = inTx(ctx, conn, pgx.ReadCommitted, func(tx pgx.Tx) error {
		timeout, err := sqltmpl.Scalar[string](ctx, tx, sqltmpl.ShortLockTimeout{Most: lockTimeout}.Statement())
		if err != nil {
			return err
		}
		if err := exec(ctx, tx, sqltmpl.SetLocal{Name: "lock_timeout", Value: timeout}.Statement()); err != nil {
			return err
		}
		if done.Changes, err = l.TakeSome(limit).Exec(ctx, tx); err != nil || done.Changes == 0 {
			return err
		}
		if done.Changes >= analyzeFrom {
			if err := exec(ctx, tx, l.AnalyzeKeys()); err != nil {
				return err
			}
		}
		if err := exec(ctx, tx, l.LockTaken(), l.FindPresent()); err != nil {
			return fmt.Errorf("locking changed rows: %w", err)
		}
		if len(l.Kept) > 0 {
			if err := exec(ctx, tx, l.KeepColumns()); err != nil {
				return err
			}
		}
		if err := exec(ctx, tx, l.DrainDelete(), l.DrainInsert(), l.FindPresent()); err != nil {
			return fmt.Errorf("draining changes: %w", err)
		}
		if done.PutBack, err = l.PutBack().Exec(ctx, tx); err != nil {
			return fmt.Errorf("putting changes back: %w", err)
		}
		return record(tx)
	})
	return done, err
}
