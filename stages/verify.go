package stages

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/internal/compare"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

const (
	// verifyPages is how many pages a session hashes at a time.
	verifyPages = 4096
	// lastPage is beyond any page a table can have.
	lastPage = 1<<32 - 1
	// maxDifferences is how many keys are named.
	maxDifferences = 20
)

// verify compares every row of the two tables, for all tables of the job in one
// snapshot, while traffic goes on. Keys in the log at that snapshot are pending,
// not different. It holds ACCESS SHARE on them and the snapshot until it is done, and
// starts over if that makes an application wait.
type verify struct{}

// Name implements Stage.
func (verify) Name() Name { return Verify }

// Run implements Stage.
func (verify) Run(ctx context.Context, env *Env, job registry.Job) (rows int64, err error) {
	if env.Options.SkipVerify {
		return 0, env.Registry.SetProven(ctx, env.Target, job.ID, true)
	}
	for _, t := range job.Tables {
		if err := checkIntact(ctx, env, env.Target, job, t); err != nil {
			return 0, err
		}
	}
	err = yielding(ctx, env, job, "verify of "+job.Title(), func(ctx context.Context, y *yielder) error {
		rows, err = compareAll(ctx, env, job, y)
		return err
	})
	if err != nil {
		return rows, err
	}
	env.Stats.Verified = rows
	return rows, env.Registry.SetProven(ctx, env.Target, job.ID, true)
}

// A comparison is one comparison of two tables in one snapshot.
type comparison struct {
	env      *Env
	job      registry.Job
	table    registry.Table
	compare  sqltmpl.Compare
	snapshot string
	began    time.Time
	total    int64 // pages of both tables
	drilling bool  // the tables differ
	throttle *throttle

	mu     sync.Mutex
	source compare.Buckets
	shadow compare.Buckets
	done   int64
}

// compareAll compares the two tables of each of the job's, all in one snapshot
// of the first session's, which the others share.
func compareAll(ctx context.Context, env *Env, job registry.Job, y *yielder) (rows int64, err error) {
	env.Stats.Pending = 0
	err = inSnapshot(ctx, env.Target, func(tx pgx.Tx) error {
		y.watch(tx.Conn())
		// This session only keeps the snapshot while the others read.
		if err := exec(ctx, tx, noIdleTimeout()); err != nil {
			return err
		}
		// Before the snapshot: TRUNCATE and rewrites are not MVCC-safe.
		for _, t := range job.Tables {
			if err := exec(ctx, tx, env.link(job, t).PinLive()); err != nil {
				return err
			}
		}
		snapshot, err := sqltmpl.Scalar[string](ctx, tx, sqltmpl.ExportSnapshot{}.Statement())
		if err != nil {
			return err
		}
		for _, t := range job.Tables {
			c := &comparison{
				env: env, job: job, table: t, began: time.Now(), compare: compareOf(env, job, t), snapshot: snapshot,
			}
			if c.throttle, err = newThrottle(ctx, env, job); err != nil {
				return err
			}
			if err := c.run(ctx, tx, y); err != nil {
				return err
			}
			rows += c.source.Rows()
		}
		return nil
	})
	return rows, err
}

// run compares one table's two; tx has the snapshot.
func (c *comparison) run(ctx context.Context, tx pgx.Tx, y *yielder) error {
	if err := c.prepare(ctx, tx); err != nil {
		return err
	}
	live, standby, err := filenodes(ctx, tx, c.job, c.table)
	if err != nil {
		return err
	}
	if err := c.env.Registry.SetProvenFiles(ctx, c.env.Target, c.table, live, standby); err != nil {
		return err
	}
	if err := c.hashAll(ctx, y); err != nil {
		return err
	}
	if len(c.source.Differing(c.shadow)) == 0 {
		return nil
	}
	// Once more, into buckets: keys are looked for in those that differ only.
	c.source, c.shadow, c.done, c.drilling = compare.Buckets{}, compare.Buckets{}, 0, true
	if err := c.hashAll(ctx, y); err != nil {
		return err
	}
	return c.different(ctx, tx, c.source.Differing(c.shadow))
}

func noIdleTimeout() sqltmpl.Statement {
	return sqltmpl.SetLocal{Name: "idle_in_transaction_session_timeout", Value: "0"}.Statement()
}

// prepare looks at the log as of the snapshot.
func (c *comparison) prepare(ctx context.Context, tx pgx.Tx) error {
	link := c.env.link(c.job, c.table)
	truncated, err := sqltmpl.Scalar[bool](ctx, tx, link.LogHasTruncate())
	if err != nil {
		return err
	}
	if truncated {
		return &StateError{
			Problem: fmt.Sprintf("%s was truncated and that is not replayed yet", c.table.Name.Plain()),
			Advice:  "run again: repave run replays it",
		}
	}
	pending, err := sqltmpl.Scalar[int64](ctx, tx, link.CountLog(countLimit))
	if err != nil {
		return err
	}
	c.compare.Pending = pending > 0
	c.env.Stats.Pending += pending
	return nil
}

// A hashJob is a range of pages of one of the tables.
type hashJob struct {
	source      bool
	table       sqltmpl.Table // of the two, or a partition of it
	first, next int64
}

// hashAll hashes both tables, range by range, with all workers.
func (c *comparison) hashAll(ctx context.Context, y *yielder) error {
	jobs, err := c.ranges(ctx)
	if err != nil {
		return err
	}
	queue := make(chan hashJob, len(jobs))
	for _, j := range jobs {
		queue <- j
	}
	close(queue)
	group, ctx := errgroup.WithContext(ctx)
	for range max(c.env.Options.Workers, 1) {
		group.Go(func() error {
			return inSnapshot(ctx, c.env.Target, func(tx pgx.Tx) error {
				y.watch(tx.Conn())
				err := exec(ctx, tx, sqltmpl.ImportSnapshot{Snapshot: sqltmpl.Literal(c.snapshot)}.Statement())
				if err != nil {
					return err
				}
				for j := range queue {
					if err := c.throttle.step(ctx, true, func() error { return c.hash(ctx, tx, j) }); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	return group.Wait()
}

// ranges cuts both tables into ranges. Pages added meanwhile hold no row that
// the snapshot shows, but the last range is open all the same.
func (c *comparison) ranges(ctx context.Context) ([]hashJob, error) {
	var jobs []hashJob
	c.total = 0
	for _, source := range []bool{true, false} {
		oid := c.table.ShadowOID
		if source {
			oid = c.table.SourceOID
		}
		leaves, err := sqltmpl.All[sqltmpl.Leaf](ctx, c.env.Target, sqltmpl.ListLeaves{Relation: oid}.Statement())
		if err != nil {
			return nil, err
		}
		for _, leaf := range leaves {
			c.total += leaf.Pages
			for first := int64(0); ; first += verifyPages {
				j := hashJob{source: source, table: leaf.Table(), first: first, next: first + verifyPages}
				if j.next >= leaf.Pages {
					j.next = lastPage
					jobs = append(jobs, j)
					break
				}
				jobs = append(jobs, j)
			}
		}
	}
	return jobs, nil
}

func (c *comparison) hash(ctx context.Context, tx pgx.Tx, j hashJob) error {
	got, err := sqltmpl.All[compare.Bucket](ctx, tx, c.statement(j))
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if j.source {
		c.source.Add(got)
	} else {
		c.shadow.Add(got)
	}
	c.done += min(j.next, j.first+verifyPages) - j.first
	c.env.Report(Event{
		Job: c.job.ID, Table: c.table.Name.Plain(), Stage: Verify, Phase: Going, Done: min(c.done, c.total),
		Total: c.total, Unit: "pages", Rows: c.source.Rows(), Elapsed: time.Since(c.began),
	})
	return nil
}

// statement hashes one range: into one bucket, and only if that differs into
// many, which takes half as long again.
func (c *comparison) statement(j hashJob) sqltmpl.Statement {
	both := c.compare
	if j.source {
		both.Source = j.table
	} else {
		both.Shadow = j.table
	}
	switch {
	case j.source && c.drilling:
		return sqltmpl.HashSource{Compare: both, First: j.first, Next: j.next}.Statement()
	case j.source:
		return sqltmpl.TotalSource{Compare: both, First: j.first, Next: j.next}.Statement()
	case c.drilling:
		return sqltmpl.HashShadow{Compare: both, First: j.first, Next: j.next}.Statement()
	}
	return sqltmpl.TotalShadow{Compare: both, First: j.first, Next: j.next}.Statement()
}

// different names the keys that differ.
func (c *comparison) different(ctx context.Context, tx pgx.Tx, which []int32) error {
	found, err := sqltmpl.All[Difference](ctx, tx, sqltmpl.FindDifferences{
		Compare: c.compare, Buckets: which, Limit: maxDifferences + 1,
	}.Statement())
	if err != nil {
		return fmt.Errorf("naming the differences: %w", err)
	}
	more := len(found) > maxDifferences
	return &DifferentError{
		Table: c.table.Name.Plain(), Differences: found[:min(len(found), maxDifferences)], More: more,
		Swapped: c.job.Swapped,
	}
}
