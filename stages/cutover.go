package stages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// cutover moves the writers from the live side to the other: it fences the live
// side, waits until a barrier in its WAL has been applied, sets sequences, and
// opens the other side. From the fence to the opening writes are refused; reads
// go on everywhere. If it can't be finished within --cutover-timeout the live
// side is opened again, by the fence itself if need be. It takes SHARE ROW
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
	until    string             // when the fence expires
	fences   []string           // what the fences are made of that it may open: its own, and the other side's
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
	if _, err := c.env.makeSlot(ctx, c.job, stream); err != nil {
		return err
	}
	c.env.letGo(ctx)
	if _, err := c.env.follow(ctx, c.job, logical.Goal{CaughtUp: caughtUp}); err != nil {
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
	if err := c.hook(ctx, "--on-fence", c.env.Options.OnFence); err != nil {
		return err
	}
	opened := false
	defer func() {
		if err != nil && !opened {
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
			return feed.applier.Follow(ctx, feed.stream, logical.Goal{Barrier: c.token()})
		}},
		{"look at both sides again", c.look},
		{"compare what has changed since verify", c.lookAgain},
		{"look whether foreign keys hold", c.referred},
		{"set the sequences", c.sequences},
		{"close the old side for good", c.seal},
		{"open the new side", c.open},
	}
	for _, step := range steps {
		began := time.Now()
		if err := step.do(bounded); err != nil {
			if bounded.Err() != nil && ctx.Err() == nil {
				err = errors.Join(context.Cause(bounded), err)
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

// late says that the cutover took too long.
func (c *crossing) late() error {
	return &GaveUpError{For: "the cutover", After: c.env.Options.CutoverTimeout}
}

// token names this crossing's barrier.
func (c *crossing) token() string { return c.mark + " " + c.until }

// fence refuses writes on the live side from its commit on; the barrier comes
// with that commit, so behind everything that was written before. That commit's answer is
// waited for no longer than the cutover may take.
func (c *crossing) fence(ctx context.Context) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	e := c.env.from(c.from)
	return c.env.exclusively(ctx, c.job, e, "fence "+c.job.Title(), func(ctx context.Context, tx pgx.Tx) (err error) {
		c.until, err = sqltmpl.Scalar[string](ctx, tx, sqltmpl.Clock{Later: c.env.Options.CutoverTimeout}.Statement())
		if err != nil {
			return err
		}
		fence := closing(c.env, c.job, c.mark, c.from, c.until, c.token())
		if err := putUp(ctx, tx, c.job, e, fence); err != nil {
			return err
		}
		if err := c.own(ctx, tx, fence); err != nil {
			return err
		}
		c.fenced = time.Now()
		time.AfterFunc(c.env.Options.CutoverTimeout, func() { giveUp(c.late()) })
		return logical.EmitBarrier(ctx, tx, c.token())
	})
}

// look makes sure that nobody changed a table on either side, and that the
// target has all that it should. Both sides are looked at at once: writers wait.
func (c *crossing) look(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.ready(ctx, false) })
	group.Go(func() error {
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
	})
	return group.Wait()
}

// seal makes the fence permanent, if it has not expired: nobody can have written
// since, and nobody will.
func (c *crossing) seal(ctx context.Context) error {
	e := c.env.from(c.from)
	return c.env.exclusively(ctx, c.job, e, "close "+c.job.Title(), func(ctx context.Context, tx pgx.Tx) error {
		stands, err := sqltmpl.Scalar[bool](ctx, tx, sqltmpl.IsBefore{Until: c.until}.Statement())
		if err != nil {
			return err
		}
		if !stands {
			return c.late()
		}
		// Whoever attaches a partition waits for us, or did so before.
		for _, t := range c.job.Tables {
			differences, err := partitionDifferences(ctx, tx, t, c.from)
			if err != nil {
				return err
			}
			if err := changedTree(t, c.job.Swapped, differences); err != nil {
				return err
			}
		}
		fence := closing(c.env, c.job, c.mark, c.from, forever, c.token())
		if err := exec(ctx, tx, fence.Create()); err != nil {
			return err
		}
		return c.own(ctx, tx, fence)
	})
}

// open lets writers write the other side, in one transaction with the record of
// that. What it does there is behind the position at which the way back begins.
func (c *crossing) open(ctx context.Context) error {
	e := c.env.to(c.from)
	begins, err := c.begin(ctx)
	if err != nil {
		return err
	}
	if c.from == registry.Backward {
		// The registry is on the side that closes, the opening follows its record: a crash in
		// between is for settle.
		if err := c.record(ctx, begins); err != nil {
			return err
		}
		return c.pass(ctx, c.env.Source)
	}
	if err := inTx(ctx, c.env.Source, func(tx pgx.Tx) error {
		return startPosition(ctx, tx, c.job, c.mark, begins)
	}); err != nil {
		return err
	}
	return inTx(ctx, e.pool, func(tx pgx.Tx) error {
		if err := arm(ctx, tx, c.job); err != nil {
			return err
		}
		if err := exec(ctx, tx, passable(c.job, c.mark).Create()); err != nil {
			return err
		}
		return c.recordIn(ctx, tx, begins)
	})
}

// begin moves the slot of the way back to where it begins: behind all that we
// wrote there.
func (c *crossing) begin(ctx context.Context) (pglogrepl.LSN, error) {
	stream, err := c.env.Registry.Stream(ctx, c.env.Target, c.job.ID, c.to)
	if err != nil {
		return 0, err
	}
	pool := c.env.from(c.to).pool
	text, err := sqltmpl.Scalar[string](ctx, pool, sqltmpl.WALPosition{}.Statement())
	if err != nil {
		return 0, err
	}
	at, err := pglogrepl.ParseLSN(text)
	if err != nil {
		return 0, err
	}
	if err := logical.Advance(ctx, pool, stream.Slot, at); err != nil {
		return 0, err
	}
	state, err := logical.SlotState(ctx, pool, stream.Slot)
	return state.Confirmed, err
}

func (c *crossing) record(ctx context.Context, begins pglogrepl.LSN) error {
	return inTx(ctx, c.env.Target, func(tx pgx.Tx) error {
		if err := disarm(ctx, tx, c.job); err != nil {
			return err
		}
		return c.recordIn(ctx, tx, begins)
	})
}

// recordIn records that the other side has the tables now.
func (c *crossing) recordIn(ctx context.Context, tx pgx.Tx, begins pglogrepl.LSN) error {
	now, err := c.env.Registry.Lock(ctx, tx, c.job.ID)
	if err != nil {
		return err
	}
	if now.Swapped != c.job.Swapped || !now.Proven {
		return &StateError{Problem: "another process has moved the job on", Advice: "look: repave status"}
	}
	if err := c.env.Registry.StartStream(ctx, tx, c.job.ID, c.to, begins); err != nil {
		return err
	}
	if err := c.env.Registry.SetSwapped(ctx, tx, c.job.ID, !c.job.Swapped); err != nil {
		return err
	}
	stage := Cleanup
	if c.job.Swapped {
		stage = Replay
	}
	if err := c.env.Registry.SetStage(ctx, tx, c.job.ID, string(stage)); err != nil {
		return err
	}
	c.deciding = true
	return nil
}
