package stages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// cutover moves the writers from the live side to the other: it fences the live
// side, waits until a barrier in its WAL has been applied, sets sequences, and
// opens the other side. From the fence to the opening writes are refused; reads
// go on everywhere. If it can't be finished within --cutover-timeout, or the process dies before
// the fence is closed for good, the live side is opened again, by the fence itself if need be. It takes SHARE ROW
// EXCLUSIVE on the live side's tables for a moment.
type cutover struct{}

// Name implements Stage.
func (cutover) Name() Name { return Swap }

// Run implements Stage. A crash before the opening leaves the live side live,
// one after it things to tidy: the next command on the job does either first.
func (s cutover) Run(ctx context.Context, env *Env, job registry.Job) (int64, error) {
	job, err := env.Registry.Get(ctx, env.Target, job.ID)
	if err != nil {
		return 0, err
	}
	if !job.Proven {
		return 0, &StateError{
			Problem: fmt.Sprintf("%s has not been proven equal", job.Title()), Advice: "run again: verify comes before the swap",
		}
	}
	name, err := env.jobMark(ctx, job)
	if err != nil {
		return 0, err
	}
	c := &crossing{env: env, job: job, mark: name, from: live(job), to: other(live(job))}
	defer func() { env.Ends.lately.forget(ctx) }()
	if err = c.prepare(ctx); err == nil {
		err = c.cross(ctx)
	}
	if err != nil {
		if err = c.lookUp(ctx, err); err != nil {
			return 0, err
		}
	}
	if job, err = env.Registry.Get(ctx, env.Target, job.ID); err != nil {
		return 0, err
	}
	return 0, env.tidy(ctx, job, name)
}

// A crossing is one cutover.
type crossing struct {
	env      *Env
	job      registry.Job
	mark     string
	from, to registry.Direction // the stream that ends, and the one that begins
	name     string             // no other crossing's; empty before there is a fence
	lease    *pgx.Conn          // the session that keeps the fence up
	fences   []string           // what the fences are made of that it may open: its own, and the other side's
	standing string             // and that of the live side, until it is sealed
	fenced   time.Time
	// deciding: the transaction that opens the other side has done all but commit. Before that
	// it is known, without asking, that the live side is still the live one.
	deciding bool
	decided  *decision // what has been found out since; nil: nobody has asked
}

// prepare does what may take long, while writers write: it looks whether the
// target is ready, fills its materialized views, and makes the slot and the
// publication of the way back, which may have to wait for transactions there.
// What they bring before the opening is our own doing, and is passed over.
func (c *crossing) prepare(ctx context.Context) error {
	if err := c.own(ctx, c.env.to(c.from).pool, passable(c.job, c.mark)); err != nil {
		return err
	}
	if err := c.ready(ctx, true); err != nil {
		return err
	}
	if err := c.unchanged(ctx); err != nil { // sooner than behind the fence
		return err
	}
	if c.from == registry.Forward {
		if err := fillViewsAcross(ctx, c.env, c.job); err != nil {
			return err
		}
	}
	if err := c.env.publish(ctx, c.job, c.to, c.mark); err != nil {
		return err
	}
	stream, err := c.env.Registry.Stream(ctx, c.env.Target, c.job.ID, c.to)
	if err != nil {
		return err
	}
	if _, err := c.env.makeSlot(ctx, c.job, stream, ""); err != nil {
		return err
	}
	c.env.letGo(ctx)
	if _, err := c.env.follow(ctx, c.job, logical.Goal{CaughtUp: caughtUp}); err != nil {
		return err
	}
	if err := c.env.lookAhead(ctx, c.job); err != nil {
		return err
	}
	for _, t := range c.job.Tables { // it takes too long behind the fence
		if err := partsAsKnown(ctx, c.env, c.job, t); err != nil {
			return err
		}
	}
	return c.referred(ctx) // sooner than behind the fence
}

// cross does all that has to happen while writes are refused.
func (c *crossing) cross(ctx context.Context) (err error) {
	feed, err := c.env.open(ctx, c.job)
	if err != nil {
		return err
	}
	defer feed.close(ctx)
	if err := c.rent(ctx); err != nil {
		return err
	}
	defer c.endLease(ctx)
	if err := c.hook(ctx, "--on-fence", c.env.Options.OnFence); err != nil {
		return err
	}
	opened := false
	defer func() {
		if err != nil && !opened {
			c.endLease(ctx) // which opens the fence, if it is not sealed
			err = errors.Join(err, c.callOff(ctx))
		}
	}()
	if err := c.fence(ctx); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeoutCause(ctx, c.env.Options.CutoverTimeout, c.late())
	defer cancel()
	steps := []struct {
		what string
		do   func(context.Context) error
	}{
		{"apply the last changes", func(ctx context.Context) error {
			return feed.follow(ctx, logical.Goal{Barrier: c.name})
		}},
		{"look at both sides again", c.look},
		{"compare what has changed since verify", c.lookAgain},
		{"look whether foreign keys hold", c.referred},
		{"set the sequences", c.sequences},
		{"close the old side for good, and open the new one", c.open},
	}
	for _, step := range steps {
		began := time.Now()
		if err := step.do(bounded); err != nil {
			if bounded.Err() != nil && ctx.Err() == nil {
				err = joinLate(context.Cause(bounded), err)
			}
			return fmt.Errorf("cutover of %s, to %s: %w", c.job.Title(), step.what, err)
		}
		c.env.Logger.DebugContext(ctx, "cutover", slog.String("step", step.what), slog.Duration("took", time.Since(began)))
	}
	opened = true
	refused := time.Since(c.fenced)
	c.env.Stats.refused(refused)
	c.env.Logger.InfoContext(ctx, "writes go to the other side now", slog.String("where", c.env.to(c.from).place()),
		slog.Duration("refused_for", refused))
	return c.hook(ctx, "--on-open", c.env.Options.OnOpen)
}

// joinLate joins why a cutover was given up with what it was at, which often says no more.
func joinLate(cause, err error) error {
	if errors.Is(err, cause) || errors.Is(err, context.DeadlineExceeded) {
		return cause
	}
	return errors.Join(cause, err)
}

// late says that the cutover took too long.
func (c *crossing) late() error {
	return &GaveUpError{For: "the cutover", After: c.env.Options.CutoverTimeout}
}

// fence refuses writes on the live side from its commit on; the barrier comes
// with that commit, so behind everything that was written before. That commit's answer is
// waited for no longer than the cutover may take.
func (c *crossing) fence(ctx context.Context) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	e := c.env.from(c.from)
	return c.env.exclusively(ctx, c.job, e, "fence "+c.job.Title(), func(ctx context.Context, tx pgx.Tx) error {
		now, err := sqltmpl.Scalar[string](ctx, tx, sqltmpl.Clock{}.Statement())
		if err != nil {
			return err
		}
		name := c.mark + " " + now
		if err := c.hold(ctx, name); err != nil {
			return err
		}
		c.name = name
		fence := closing(c.env, c.job, c.mark, c.from, isHeld, c.name)
		if err := putUp(ctx, tx, c.job, e, fence); err != nil {
			return err
		}
		if err := c.own(ctx, tx, fence); err != nil {
			return err
		}
		c.standing, c.fenced = c.fences[len(c.fences)-1], time.Now()
		time.AfterFunc(c.env.Options.CutoverTimeout, func() { giveUp(c.late()) })
		return logical.EmitBarrier(ctx, tx, c.name)
	})
}

// look makes sure that nobody changed a table on either side, and that the
// target has all that it should. Both sides are looked at at once: writers wait.
func (c *crossing) look(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.ready(ctx, false) })
	group.Go(func() error { return c.env.published(ctx, c.job, c.from) })
	group.Go(func() error { return c.unchanged(ctx) })
	return group.Wait()
}

// unchanged makes sure that nobody has changed the definition of a table.
func (c *crossing) unchanged(ctx context.Context) error {
	for _, t := range c.job.Tables {
		differences, err := acrossDifferences(ctx, c.env, t, c.from)
		if err != nil {
			return err
		}
		if err := changedIf(t, differences); err != nil {
			return err
		}
	}
	return nil
}
