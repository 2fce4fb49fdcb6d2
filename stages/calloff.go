package stages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// insistence is for how long we try to find out which side is live, or to open it, when the network fails
// in a cutover: nobody can write as long as we don't.
const insistence = time.Minute

// errMovedOn says that we are no longer the one who works on the job.
var errMovedOn = &StateError{Problem: "another process has moved the job on", Advice: "look: repave status"}

// A decision is which side is live after a cutover that came to an error, or
// why that is not known.
type decision struct {
	swapped bool
	err     error
}

// insist runs do, which may run twice, until no connection is lost over it, or for as long as
// makes sense, also if ctx has ended: with the network we may have lost the lock on the job.
func insist(ctx context.Context, do func(ctx context.Context) error) error {
	for began := time.Now(); ; {
		once, cancel := detached(ctx)
		err := do(once)
		lost := err != nil && (sqltmpl.IsConnection(err) || once.Err() != nil)
		cancel()
		if !lost || time.Since(began) > insistence || sleep(context.WithoutCancel(ctx), reconnectFirst) != nil {
			return err
		}
	}
}

// pass lets writers through the fence of an end, without a lock on any table.
func (c *crossing) pass(ctx context.Context, db sqltmpl.DB) error {
	return exec(ctx, db, passable(c.job, c.mark).Create())
}

// own notes what a fence is made of, as it is now: one that this crossing may open.
func (c *crossing) own(ctx context.Context, db sqltmpl.DB, fence sqltmpl.Fence) error {
	text, err := sqltmpl.Scalar[string](ctx, db, fence.Source())
	c.fences = append(c.fences, text)
	return err
}

// reopen lets writers through the fence of an end, unless another process has put up one of its own
// meanwhile: ours may have lost its lock on the job together with the network, and that one's cutover have come
// to its end. Fences are only put up under the lock that is held here.
func (c *crossing) reopen(ctx context.Context, e end) error {
	locked := c.env.exclusively
	if e.source { // where triggers and rules may have been kept still
		locked = func(ctx context.Context, job registry.Job, _ end, what string, work func(context.Context, pgx.Tx) error) error {
			return c.env.amid(ctx, job, c.mark, what, work)
		}
	}
	return insist(ctx, func(ctx context.Context) error {
		return locked(ctx, c.job, e, "open "+c.job.Title(), func(ctx context.Context, tx pgx.Tx) error {
			text, err := sqltmpl.Scalar[string](ctx, tx, passable(c.job, c.mark).Source())
			if err != nil {
				return err
			}
			if text == "" || strings.Contains(text, "CONSTANT text := 'open'") { // it was not put up, or is open
				return nil
			}
			if !slices.Contains(c.fences, text) {
				return errMovedOn
			}
			if e.source {
				return wakeAndPass(ctx, tx, c.job, c.mark)
			}
			return c.pass(ctx, tx)
		})
	})
}

// outcome finds out, after an error, which side is live: the answer to the last
// COMMIT may have been lost.
func (c *crossing) outcome(ctx context.Context) (swapped bool, err error) {
	if !c.deciding {
		return c.job.Swapped, nil
	}
	if c.decided == nil {
		err := insist(ctx, func(ctx context.Context) (err error) {
			swapped, err = c.env.isSwapped(ctx, c.job)
			return err
		})
		c.decided = &decision{swapped, err}
	}
	return c.decided.swapped, c.decided.err
}

// callOff opens the live side again after a failure, or the other side if it
// was none.
func (c *crossing) callOff(ctx context.Context) error {
	swapped, err := c.outcome(ctx)
	if err == nil && swapped != c.job.Swapped {
		if err := c.reopen(ctx, c.env.to(c.from)); err != nil {
			return err // the next command on the job does it
		}
		return c.hookAfter(ctx, "--on-open", c.env.Options.OnOpen)
	}
	if c.name != "" {
		c.unfence(ctx, err)
	}
	if err == nil { // else the command for either outcome could be the wrong one
		return c.hookAfter(ctx, "--on-cancel", c.env.Options.OnCancel)
	}
	return nil
}

// hookAfter is hook, whatever ended the cutover.
func (c *crossing) hookAfter(ctx context.Context, flag, command string) error {
	ctx, cancel := detached(ctx)
	defer cancel()
	return c.hook(ctx, flag, command)
}

// unfence takes down the fence of the live side, unless it is not known which
// that is. If it can't, the fence opens by itself with the lease, unless it is sealed.
func (c *crossing) unfence(ctx context.Context, err error) {
	if err == nil {
		err = c.reopen(ctx, c.env.from(c.from))
	}
	if err != nil {
		c.env.Logger.ErrorContext(ctx, "the fence could not be taken down: run the same command again, which does; "+
			"unless it was closed for good it opens by itself", slog.Any("error", err))
		return
	}
	c.env.Logger.WarnContext(ctx, "the cutover failed, writes are allowed again where they were",
		slog.Duration("refused_for", time.Since(c.fenced)))
}

// lookUp finds out, after an error, whether the cutover has happened all the
// same. If not the slot of the way back goes: it would keep WAL that nobody needs.
func (c *crossing) lookUp(ctx context.Context, cause error) error {
	swapped, err := c.outcome(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("%w: %w", ErrOutcomeUnknown, cause), err)
	}
	if swapped == c.job.Swapped {
		c.env.letGo(ctx)
		dropCtx, cancel := detached(ctx)
		defer cancel()
		if err := c.env.dropStream(dropCtx, c.job, c.to); err != nil {
			c.env.Logger.WarnContext(ctx, "the slot of the way back could not be dropped: it keeps WAL until the next command on the job",
				slog.String("on", c.env.from(c.to).place()), slog.Any("error", err))
		}
		return cause
	}
	c.env.Logger.WarnContext(ctx, "the cutover has happened, in spite of an error", slog.Any("error", cause))
	return nil
}

// isSwapped asks which side is live, and waits for a transaction that is about
// to change that: one whose client has lost it may be committing just now.
func (env *Env) isSwapped(ctx context.Context, job registry.Job) (swapped bool, err error) {
	err = env.ifSwapped(ctx, job, func(now bool) error {
		swapped = now
		return nil
	})
	return swapped, err
}

// ifSwapped is isSwapped, and then does something about it, before anybody else may change that.
func (env *Env) ifSwapped(ctx context.Context, job registry.Job, do func(swapped bool) error) error {
	return inTx(ctx, env.Target, func(tx pgx.Tx) error {
		now, err := env.Registry.Lock(ctx, tx, job.ID)
		if err != nil {
			return err
		}
		return do(now.Swapped)
	})
}
