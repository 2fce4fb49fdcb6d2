package stages

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// A carrier copies batches of all tables of a job.
type carrier struct {
	env      *Env
	job      registry.Job
	copy     registry.Copy
	helps    bool // another process runs the job
	pass     string
	limiter  *rate.Limiter
	throttle *throttle
	cargo    []cargo      // largest first
	rows     atomic.Int64 // copied so far
}

// A cargo is one table to copy.
type cargo struct {
	table   registry.Table
	mapping logical.Mapping
	binary  bool
	shape   string
}

// newCarrier prepares a carrier. The job must have been read after the copy: with it its batches were planned.
func newCarrier(ctx context.Context, env *Env, job registry.Job, made registry.Copy) (*carrier, error) {
	name, err := env.jobMark(ctx, job)
	if err != nil {
		return nil, err
	}
	c := &carrier{env: env, job: job, copy: made, pass: name, limiter: newLimiter(env)}
	if c.throttle, err = newThrottle(ctx, env, job); err != nil {
		return nil, err
	}
	c.cargo, err = load(ctx, env, job)
	return c, err
}

// copyAll copies all batches of all tables with several workers, and waits for those that helpers have.
func (s acrossCopy) copyAll(ctx context.Context, env *Env, job registry.Job, made registry.Copy) error {
	c, err := newCarrier(ctx, env, job, made)
	if err != nil {
		return err
	}
	for {
		if err := c.crew(ctx); err != nil {
			return err
		}
		done, err := c.awaitHelpers(ctx)
		if err != nil || done {
			return err
		}
	}
}

// crew copies batches with several workers until there is none left to take.
func (c *carrier) crew(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for range max(c.env.Options.Workers, 1) {
		group.Go(func() error { return c.work(ctx) })
	}
	return group.Wait()
}

// load prepares what is to be copied.
func load(ctx context.Context, env *Env, job registry.Job) ([]cargo, error) {
	var out []cargo
	for _, t := range job.Tables {
		one := cargo{table: t, mapping: logical.Forward(t.Blueprint, t.Number)}
		var err error
		if one.binary, err = logical.Binary(ctx, env.Source, one.mapping); err != nil {
			return nil, err
		}
		state, err := stateOf(ctx, env.Source, t.Name, []string{})
		if err != nil {
			return nil, err
		}
		if differences, err := sourceDifferences(ctx, env, t, false); err != nil || len(differences) > 0 {
			return nil, errors.Join(err, changedIf(t, differences))
		}
		one.shape = state.Shape
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b cargo) int { return cmp.Compare(b.table.Rows, a.table.Rows) })
	return out, nil
}

// work copies batches until there is none left to take, all in one snapshot if
// there is one to share.
func (c *carrier) work(ctx context.Context) error {
	if c.copy.Snapshot == "" {
		return c.batches(ctx, func(fn func(pgx.Tx) error) error {
			return inSnapshot(ctx, c.env.Source, func(tx pgx.Tx) error {
				if err := c.here(ctx, tx); err != nil {
					return err
				}
				return fn(tx)
			})
		})
	}
	return inSnapshot(ctx, c.env.Source, func(tx pgx.Tx) error {
		// Importing comes first: nothing may have been read.
		err := exec(ctx, tx, sqltmpl.ImportSnapshot{Snapshot: sqltmpl.Literal(c.copy.Snapshot)}.Statement(), noIdleTimeout())
		if c.helps && sqltmpl.IsNoSnapshot(err) {
			return errors.Join(errNotHere, err)
		}
		if err != nil {
			return err
		}
		if err := c.here(ctx, tx); err != nil {
			return err
		}
		return c.batches(ctx, func(fn func(pgx.Tx) error) error { return briefly(ctx, tx, fn) })
	})
}

// briefly runs fn in a savepoint and rolls that back, which gives back the locks
// that fn took; it has only read.
func briefly(ctx context.Context, tx pgx.Tx, fn func(pgx.Tx) error) error {
	inner, err := tx.Begin(ctx)
	if err != nil {
		return err
	}
	return cmp.Or(fn(inner), inner.Rollback(ctx))
}

// batches copies batches of one table after the other. The number of pages
// follows the time that the last batch took.
func (c *carrier) batches(ctx context.Context, read func(func(pgx.Tx) error) error) error {
	for _, cargo := range c.cargo {
		pages := int64(minRange)
		for {
			if err := c.throttle.clear(ctx); err != nil {
				return err
			}
			var copied, rows int64
			err := c.throttle.step(ctx, true, func() error {
				began := time.Now()
				err := read(func(from pgx.Tx) (err error) {
					copied, rows, err = c.next(ctx, from, cargo, pages)
					return err
				})
				pages = nextSize(max(copied, 1), time.Since(began), c.env.Options.BatchTime)
				return err
			})
			if errors.Is(err, pgx.ErrNoRows) {
				break
			}
			if err != nil {
				return err
			}
			c.rows.Add(rows)
			if c.limiter != nil {
				if rows > 0 {
					pages = min(pages, max(int64(c.env.Options.MaxRate*float64(copied)/float64(rows)), 1))
				}
				if err := waitRate(ctx, c.limiter, rows); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// next copies up to size pages of the next range of a table. The error wraps
// pgx.ErrNoRows once nothing is left to take.
func (c *carrier) next(ctx context.Context, from pgx.Tx, cargo cargo, size int64) (pages, rows int64, err error) {
	err = inTx(ctx, c.env.Target, func(tx pgx.Tx) error {
		if err := shareCopy(ctx, c.env, tx, c.job, c.copy); err != nil {
			return err
		}
		batch, err := c.env.Registry.ClaimBatch(ctx, tx, cargo.table)
		if err != nil {
			return err
		}
		next := min(batch.Next+size, batch.End)
		if err := c.pin(ctx, from, cargo); err != nil {
			return err
		}
		if err := exec(ctx, tx, sqltmpl.HoldPass{Pass: c.pass}.Statement()); err != nil {
			return err
		}
		mapping, first := cargo.mapping, pageOf(batch.Next)
		if cargo.table.Blueprint.Source.Kind == partitioned {
			p := sourceFilesAcross(cargo.table)[batch.Next>>registry.FileBits]
			file, err := filenodeOf(ctx, c.env.Source, p)
			switch {
			case err != nil:
				return err
			case file == 0: // its rows are none of the table's any more
				pages = batch.End - batch.Next
				return c.env.Registry.AdvanceBatch(ctx, tx, cargo.table, batch.Number, batch.End, 0)
			case file != p.File:
				return errRewritten
			}
			mapping = mappingOf(cargo.table, registry.Forward, 1, p)
		}
		rows, err = logical.CopyRange(ctx, from.Conn(), tx.Conn(), mapping, cargo.binary, first, first+next-batch.Next)
		if err != nil {
			return err
		}
		pages = next - batch.Next
		return c.env.Registry.AdvanceBatch(ctx, tx, cargo.table, batch.Number, next, rows)
	})
	return pages, rows, err
}

// pin keeps rewrites and DDL out until the source's transaction ends, and
// notices those that have been.
func (c *carrier) pin(ctx context.Context, from pgx.Tx, cargo cargo) error {
	if err := exec(ctx, from, sqltmpl.PinSource{Source: sqltmpl.Rows{Of: cargo.table.Name, Partitioned: true}}.Statement()); err != nil {
		if sqltmpl.IsMissing(err) {
			return changedIf(cargo.table, []string{"it was dropped or renamed"})
		}
		return err
	}
	state, err := stateOf(ctx, c.env.Source, cargo.table.Name, []string{}) // not in the snapshot: as it is now
	switch {
	case err != nil:
		return err
	case state.OID != cargo.table.SourceOID:
		return changedIf(cargo.table, []string{"another relation has its name"})
	case state.Shape != cargo.shape:
		differences, err := sourceDifferences(ctx, c.env, cargo.table, false)
		if err != nil {
			return err
		}
		return changedIf(cargo.table, append(differences, "its columns changed")[:1])
	case cargo.table.Blueprint.Source.Kind != partitioned && state.Filenode != cargo.table.Filenode:
		return errRewritten
	}
	return nil
}
