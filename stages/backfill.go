package stages

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// errRewritten says that somebody moved the source's rows to another file
// (VACUUM FULL, CLUSTER, TRUNCATE, a rewriting ALTER), which logs nothing.
var errRewritten = errors.New("the table was rewritten by somebody else")

// progressEvery is how often progress is read from the registry.
const progressEvery = 500 * time.Millisecond

// backfill copies the rows that were in the source before the capture was
// installed. Workers claim page ranges; a batch is copied and ticked off in one
// transaction. It takes ACCESS SHARE on the source, for a batch at a time.
type backfill struct{}

// Name implements Stage.
func (backfill) Name() Name { return Backfill }

// Run implements Stage.
func (s backfill) Run(ctx context.Context, env *Env, job registry.Job) (int64, error) {
	stop := watchProgress(ctx, env, job)
	defer stop()
	for i := range job.Tables {
		for {
			err := s.copyTable(ctx, env, job, job.Tables[i])
			if err == nil {
				break
			}
			if !errors.Is(err, errRewritten) {
				return 0, err
			}
			env.Logger.WarnContext(ctx, "table was rewritten by somebody else, backfill starts over",
				slog.String("table", job.Tables[i].Name.Plain()))
			if err := planBatches(ctx, env, job, job.Tables[i]); err != nil {
				return 0, err
			}
			if job, err = env.Registry.Get(ctx, env.Target, job.ID); err != nil {
				return 0, err
			}
		}
	}
	progress, err := env.Registry.Progress(ctx, env.Target, job.ID)
	return progress.Rows, err
}

// copyTable copies all batches of one table with several workers.
func (backfill) copyTable(ctx context.Context, env *Env, job registry.Job, t registry.Table) error {
	c, err := newCopier(ctx, env, job, t)
	if err != nil {
		return err
	}
	for {
		group, groupCtx := errgroup.WithContext(ctx)
		for range max(env.Options.Workers, 1) {
			group.Go(func() error { return c.work(groupCtx) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		// A batch that another session holds was passed over: it is done once that ends.
		open, err := env.Registry.OpenBatches(ctx, env.Target, t)
		if err != nil || open == 0 {
			return err
		}
		env.waiting(ctx, job, "a batch that another session holds")
		if err := sleep(ctx, progressEvery); err != nil {
			return err
		}
	}
}

// newLimiter returns what keeps the backfill below --max-rate, or nil.
func newLimiter(env *Env) *rate.Limiter {
	if env.Options.MaxRate <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(env.Options.MaxRate), max(int(env.Options.MaxRate), 1))
}

// A copier copies the batches of one table.
type copier struct {
	env      *Env
	job      registry.Job
	table    registry.Table
	link     sqltmpl.Link
	shape    string // of the source, when it was last compared completely
	limiter  *rate.Limiter
	throttle *throttle
	rows     atomic.Int64 // copied so far
}

// newCopier makes sure that a table and what repave put there are as they were.
func newCopier(ctx context.Context, env *Env, job registry.Job, t registry.Table) (*copier, error) {
	if err := checkIntact(ctx, env, env.Target, job, t); err != nil {
		return nil, err
	}
	state, err := stateOf(ctx, env.Target, t.Name, env.capture(job, t).Triggers())
	if err != nil {
		return nil, err
	}
	throttle, err := newThrottle(ctx, env, job)
	if err != nil {
		return nil, err
	}
	return &copier{
		env: env, job: job, table: t, link: env.link(job, t), shape: state.Shape, limiter: newLimiter(env), throttle: throttle,
	}, nil
}

// work copies batches until there is none left to take. The number of pages
// follows the time that the last batch took.
func (c *copier) work(ctx context.Context) error {
	pages := int64(minRange)
	for {
		if err := c.throttle.clear(ctx); err != nil {
			return err
		}
		var copied, rows int64
		err := c.throttle.step(ctx, true, func() (err error) {
			began := time.Now()
			copied, rows, err = c.next(ctx, pages)
			pages = nextSize(copied, time.Since(began), c.env.Options.BatchTime)
			return err
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		c.rows.Add(rows)
		if c.limiter != nil {
			pages = min(pages, c.pagesPerSecond(copied, rows))
			if err := waitRate(ctx, c.limiter, rows); err != nil {
				return err
			}
		}
	}
}

// next copies the next batch, of pages or, with --order-by, of rows.
func (c *copier) next(ctx context.Context, size int64) (done, rows int64, err error) {
	if len(c.table.Blueprint.Change.OrderBy) > 0 {
		return c.copyOrdered(ctx, size)
	}
	return c.copyNext(ctx, size)
}

// nextSize aims at batches of the wanted duration, growing at most fourfold.
func nextSize(pages int64, took, want time.Duration) int64 {
	ideal := float64(pages) * float64(want) / float64(max(took, time.Millisecond))
	return min(max(int64(min(ideal, float64(4*pages))), 1), maxRange)
}

// pagesPerSecond is how many pages hold the rows that --max-rate allows in a
// second, so that the pace is even.
func (c *copier) pagesPerSecond(pages, rows int64) int64 {
	if rows == 0 {
		return pages
	}
	return max(int64(c.env.Options.MaxRate*float64(pages)/float64(rows)), 1)
}

// waitRate waits until rows more rows are allowed.
func waitRate(ctx context.Context, limiter *rate.Limiter, rows int64) error {
	for rows > 0 {
		n := min(rows, int64(limiter.Burst()))
		if err := limiter.WaitN(ctx, int(n)); err != nil {
			return err
		}
		rows -= n
	}
	return nil
}

// copyNext copies up to size pages of the next range. The error wraps
// pgx.ErrNoRows once nothing is left to take.
func (c *copier) copyNext(ctx context.Context, size int64) (pages, rows int64, err error) {
	var batch registry.Batch
	var next int64
	var file catalog.Partition
	err = inTx(ctx, c.env.Target, func(tx pgx.Tx) error {
		if batch, err = c.env.Registry.ClaimBatch(ctx, tx, c.table); err != nil {
			return err
		}
		next = min(batch.Next+size, batch.End)
		file = sourceFiles(c.table)[batch.Next>>registry.FileBits]
		if err := c.pin(ctx, tx); err != nil {
			return err
		}
		rows, err = sqltmpl.CopyBatch{
			Source: file.Table, Shadow: c.link.Standby, Insert: c.link.Insert, Values: c.link.Values,
			First: pageOf(batch.Next), Next: pageOf(batch.Next) + next - batch.Next,
		}.Statement().Exec(ctx, tx)
		if err != nil {
			return err
		}
		return c.env.Registry.AdvanceBatch(ctx, tx, c.table, batch.Number, next, rows)
	})
	if sqltmpl.IsBadData(err) {
		first := pageOf(batch.Next)
		err = c.blame(ctx, err, file.Table, first, first+next-batch.Next)
	}
	return next - batch.Next, rows, err
}

// pin keeps rewrites and DDL out until the transaction ends, and notices those
// that have been.
func (c *copier) pin(ctx context.Context, tx pgx.Tx) error {
	if err := exec(ctx, tx, sqltmpl.PinSource{Source: c.link.LiveRows()}.Statement()); err != nil {
		if sqltmpl.IsMissing(err) {
			return c.changed("it was dropped or renamed")
		}
		return err
	}
	triggers := []string{string(c.link.Row), string(c.link.Truncate)}
	state, err := stateOf(ctx, tx, c.link.Live, triggers)
	switch {
	case err != nil:
		return err
	case state.OID != c.table.SourceOID:
		return c.changed("another relation has its name")
	case state.Triggers != int64(len(triggers)):
		return c.changed("repave's triggers were dropped or switched off, so changes were missed")
	case state.Shape != c.shape:
		found, err := catalog.LoadAll(ctx, tx, liveOIDs(c.env, c.job, c.table), c.env.Registry.Schema())
		if err != nil {
			return err
		}
		differences, err := liveDifferences(ctx, c.env, tx, c.job, c.table, found)
		if err != nil {
			return err
		}
		return c.changed(append(differences, "its columns changed")[0])
	case state.Filenode != c.table.Filenode:
		return errRewritten
	}
	return nil
}

func (c *copier) changed(what string) error {
	return &ChangedError{Table: c.table.Name, Differences: []string{what}}
}

// watchProgress reports the backfill's progress until the returned function is
// called.
func watchProgress(ctx context.Context, env *Env, job registry.Job) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	began := time.Now()
	go func() {
		defer close(done)
		for {
			p, err := env.Registry.Progress(ctx, env.Target, job.ID)
			if err == nil {
				env.Report(Event{
					Job: job.ID, Table: job.Title(), Stage: Backfill, Phase: Going, Done: p.DonePages,
					Total: p.TotalPages, Unit: "pages", Rows: p.Rows, Elapsed: time.Since(began),
				})
			}
			if sleep(ctx, progressEvery) != nil {
				return
			}
		}
	}()
	return func() { cancel(); <-done }
}
