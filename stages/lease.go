package stages

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/repave-pg/repave/sqltmpl"
)

// A fence of the live side is up for as long as a session lives, the lease, which does nothing but hold an
// advisory lock of this crossing's; unless it is sealed, which needs the lease, and comes with the record that
// the other side is open. Who comes to the fence tries to share that lock: whoever gets it may write, and there has been a lapse
// that no seal can come after. What can happen:
//
//   - A writer comes while the lease lives: it can't share the lock, and is refused.
//   - The process dies before it seals. Its server ends the lease at once, and the next writer passes. The
//     transaction that opens the other side has not come to its COMMIT, which follows the seal's: it is rolled back.
//   - It is stopped (SIGSTOP), or its host is gone without a word. The server ends the lease when it has heard
//     nothing for --cutover-timeout. A process that goes on finds no lease: it can't seal, so it can't open.
//   - It goes on and seals just as the lease ends. The seal asks for the lease under a lock that keeps writers away,
//     and keeps that until its COMMIT. Either it hears that the lease lives: no writer can have passed before, and those that wait for the lock
//     find the seal. Or it hears that it does not, and gives up. What writers have passed the fence is not asked for: that there may be any is enough.
//   - The server crashes, or a standby is promoted: no session survives that, and no advisory lock. The seal is asked for
//     on the server that is in use by then, which knows of no lease.
//   - A clock is set: nothing here reads one but the lease's timeout, which is the server's own and only ends it.
//   - Another process takes over the job, because this one has lost its locks. It settles under the lock on the job's row:
//     this fence is opened. The seal comes under the same lock, taken by the transaction that opens the other side: if that is first,
//     settle waits until it has ended, and looks which side is live then; if it is second, the seal finds a fence that is not its own. Should its
//     session on the target end in between, the COMMIT that would open fails.
//   - The process dies between the two COMMITs, of the seal and of what opens the other side (going back it is one
//     COMMIT, then the source's opening). Then both sides are closed, until the next command. Nothing on the source can tell whether the
//     other COMMIT came through, or is on its way: whichever side opened by itself could open beside the other.

// rent opens the session.
func (c *crossing) rent(ctx context.Context) error {
	conn, err := c.env.from(c.from).pool.Acquire(ctx)
	if err != nil {
		return err
	}
	c.lease = conn.Hijack()
	return nil
}

// hold makes the lease one of a crossing of this name. From here on it lasts for --cutover-timeout.
func (c *crossing) hold(ctx context.Context, name string) error {
	ms := strconv.FormatInt(max(c.env.Options.CutoverTimeout.Milliseconds(), 1), 10)
	if err := exec(ctx, c.lease, sqltmpl.SetSession{Name: "idle_session_timeout", Value: ms}.Statement()); err != nil {
		return err
	}
	held, err := sqltmpl.Scalar[bool](ctx, c.lease, sqltmpl.HoldFence{Crossing: name}.Statement())
	if err == nil && !held {
		err = &StateError{Problem: "an advisory lock of this cutover is taken", Advice: "run the same command again"}
	}
	return err
}

// endLease gives it back. May run twice.
func (c *crossing) endLease(ctx context.Context) {
	ctx, cancel := detached(ctx)
	defer cancel()
	_ = c.lease.Close(ctx) // the server ends the session all the same
}

// seal closes the live side for good, if nobody has passed its fence, in one attempt: we have locks on the other side.
func (c *crossing) seal(ctx context.Context) error {
	there := *c.env
	e := c.env.from(c.from)
	there.Source = e.pool
	limit, err := lockLimit(ctx, &there)
	if err != nil {
		return err
	}
	_, err = attemptLocks(ctx, &there, limit, lockJob{
		what: "close " + c.job.Title(),
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error { return lockWriters(ctx, tx, c.job, e, d) },
		work: c.sealIn,
	})
	return err
}

// quietly is withLocks at an end for as long as the cutover may take, without a word in the registry, where
// the job's row is locked.
func (c *crossing) quietly(ctx context.Context, pool *pgxpool.Pool, j lockJob) error {
	there := *c.env
	there.Source = pool
	limit, err := lockLimit(ctx, &there)
	if err != nil {
		return err
	}
	for {
		_, err := attemptLocks(ctx, &there, limit, j)
		if !sqltmpl.IsLockContention(err) {
			return err
		}
		if err := sleep(ctx, firstPause); err != nil {
			return err
		}
	}
}

// sealIn is seal in a transaction that has locked the live side's tables against writers, while the job's row is locked.
func (c *crossing) sealIn(ctx context.Context, tx pgx.Tx) error {
	held, err := sqltmpl.Scalar[bool](ctx, tx, sqltmpl.IsHeld{Crossing: c.name}.Statement())
	if err != nil {
		return err
	}
	if !held {
		return &GaveUpError{For: "the cutover, whose fence has opened by itself", After: time.Since(c.fenced)}
	}
	text, err := sqltmpl.Scalar[string](ctx, tx, passable(c.job, c.mark).Source())
	if err != nil {
		return err
	}
	if text != c.standing {
		return errMovedOn // who opened it, and perhaps put up another
	}
	// Whoever attaches a partition waits for us, or did so before.
	for _, t := range c.job.Tables {
		differences, err := partitionDifferences(ctx, tx, t, c.from)
		if err != nil {
			return err
		}
		if err := changedTree(t, stuck(c.job, t), differences); err != nil {
			return err
		}
	}
	fence := closing(c.env, c.job, c.mark, c.from, isClosed, c.name)
	if err := exec(ctx, tx, fence.Create()); err != nil {
		return err
	}
	return c.own(ctx, tx, fence)
}
