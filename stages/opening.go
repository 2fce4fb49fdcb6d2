package stages

import (
	"context"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// open closes the live side for good and lets writers write the other, which is all there is between the two
// COMMITs. What it does on the other side is behind the position at which the way back begins.
func (c *crossing) open(ctx context.Context) error {
	begins, err := c.begin(ctx)
	if err != nil {
		return err
	}
	if c.from == registry.Backward {
		opening, err := c.openBack(ctx, begins)
		if err != nil {
			giveUp(ctx, opening)
			return err
		}
		// The registry is on the side that closes, the opening follows its record: a crash in
		// between is for settle.
		if opening == nil {
			return c.pass(ctx, c.env.Source)
		}
		if err := c.pass(ctx, opening); err != nil {
			giveUp(ctx, opening)
			return err
		}
		return opening.Commit(ctx)
	}
	if err := inTx(ctx, c.env.Source, func(tx pgx.Tx) error {
		return startPosition(ctx, tx, c.job, c.mark, begins)
	}); err != nil {
		return err
	}
	return c.quietly(ctx, c.env.Target, lockJob{
		what: "open " + c.job.Title(), durable: true,
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
			if err := setLockTimeout(ctx, tx, d); err != nil {
				return err
			}
			// From here on settle waits: as long as this transaction lives the fence is nobody's but ours.
			if err := c.recordIn(ctx, tx, begins); err != nil {
				return err
			}
			return arm(ctx, tx, c.job)
		},
		work: func(ctx context.Context, tx pgx.Tx) error {
			if err := exec(ctx, tx, passable(c.job, c.mark).Create()); err != nil {
				return err
			}
			if err := c.seal(ctx); err != nil {
				return err
			}
			c.deciding = true
			return nil
		},
	})
}

// openBack closes the target for good and records that the source has the tables, in one transaction. If more than the fence
// keeps the source as it is, it returns the transaction there which ends that.
func (c *crossing) openBack(ctx context.Context, begins pglogrepl.LSN) (opening pgx.Tx, err error) {
	err = c.quietly(ctx, c.env.Target, lockJob{
		what: "close " + c.job.Title(), durable: true,
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
			if err := setLockTimeout(ctx, tx, d); err != nil {
				return err
			}
			// What takes the stronger locks comes first: an upgrade deadlocks with readers.
			if err := disarm(ctx, tx, c.job); err != nil {
				return err
			}
			return lockWriters(ctx, tx, c.job, c.env.from(c.from), d)
		},
		work: func(ctx context.Context, tx pgx.Tx) error {
			if err := c.recordIn(ctx, tx, begins); err != nil {
				return err
			}
			if err := c.sealIn(ctx, tx); err != nil {
				return err
			}
			giveUp(ctx, opening) // of an attempt before
			if opening, err = c.roused(ctx); err != nil {
				return err
			}
			c.deciding = true
			return nil
		},
	})
	return opening, err
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

// recordIn records that the other side has the tables now.
func (c *crossing) recordIn(ctx context.Context, tx pgx.Tx, begins pglogrepl.LSN) error {
	now, err := c.env.Registry.Lock(ctx, tx, c.job.ID)
	if err != nil {
		return err
	}
	if now.Swapped != c.job.Swapped || !now.Proven {
		return errMovedOn
	}
	if err := c.env.Registry.StartStream(ctx, tx, c.job.ID, c.to, begins, registry.Copy{}); err != nil {
		return err
	}
	if err := c.env.Registry.SetSwapped(ctx, tx, c.job.ID, !c.job.Swapped); err != nil {
		return err
	}
	stage := Cleanup
	if c.job.Swapped {
		stage = Replay
	}
	return c.env.Registry.SetStage(ctx, tx, c.job.ID, string(stage))
}
