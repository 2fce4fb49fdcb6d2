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
)

const (
	// heldTimes is how many times as long as a batch should take a helper may have the last of them.
	heldTimes = 30
	heldLeast = 2 * time.Second
)

// awaitHelpers waits for batches that only helpers have, and reports whether all are done; if not there is one to
// take again. COPY waits for its data without a time limit, so a helper that is stopped would
// hold up the job for ever: one that has had the same batch for long is ended. If it lives it goes on with another.
func (c *carrier) awaitHelpers(ctx context.Context) (done bool, err error) {
	patience := max(heldTimes*c.env.Options.BatchTime, heldLeast)
	first := map[registry.BatchHolder]time.Time{}
	for waited := false; ; waited = true {
		open, free, err := c.left(ctx)
		if err != nil {
			return false, err
		}
		if !open || free {
			if waited {
				c.env.waiting(ctx, c.job, "")
			}
			return !open, nil
		}
		holders, err := c.env.Registry.BatchHolders(ctx, c.env.Target, c.job.ID)
		if err != nil {
			return false, err
		}
		why := "a batch that another session holds"
		seen := map[registry.BatchHolder]time.Time{}
		for _, h := range holders {
			why = fmt.Sprintf("a batch that pid %d (%s, client %s) has", h.PID, h.Application, h.Client)
			since, ok := first[h]
			if !ok {
				since = time.Now()
			}
			seen[h] = since
			if time.Since(since) > patience {
				c.env.endHelper(ctx, h)
				seen[h] = time.Now()
			}
		}
		first = seen
		c.env.waiting(ctx, c.job, why)
		if err := sleep(ctx, progressEvery); err != nil {
			return false, err
		}
	}
}

// left reports whether there are batches that are not done, and whether one of them is free to take.
func (c *carrier) left(ctx context.Context) (open, free bool, err error) {
	for _, cargo := range c.cargo {
		n, err := c.env.Registry.OpenBatches(ctx, c.env.Target, cargo.table)
		if err != nil {
			return false, false, err
		}
		if n == 0 {
			continue
		}
		open = true
		err = inTx(ctx, c.env.Target, func(tx pgx.Tx) error {
			_, err := c.env.Registry.ClaimBatch(ctx, tx, cargo.table)
			return err
		})
		if !errors.Is(err, pgx.ErrNoRows) {
			return true, err == nil, err
		}
	}
	return open, false, nil
}

// endHelper ends a session that has a batch for which others wait; if we may not, whoever reads the log can.
func (env *Env) endHelper(ctx context.Context, h registry.BatchHolder) {
	err := exec(ctx, env.Target, sqltmpl.Terminate{PID: h.PID}.Statement())
	env.Logger.WarnContext(ctx, "ending a session that has had a batch for long",
		slog.Int("pid", int(h.PID)), slog.String("application", h.Application), slog.Any("error", err))
}
