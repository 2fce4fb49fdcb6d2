package stages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// acrossCopy pipes the rows of all tables to the target, in the snapshot that
// the slot exported. It holds that snapshot, and ACCESS SHARE on the source's
// tables, until it is done. Resumed after the snapshot was lost it goes on under
// new ones, and the job is mixed.
type acrossCopy struct{}

// Name implements Stage.
func (acrossCopy) Name() Name { return Backfill }

// Run implements Stage.
func (s acrossCopy) Run(ctx context.Context, env *Env, job registry.Job) (int64, error) {
	stop := watchProgress(ctx, env, job)
	defer stop()
	defer env.letGo(ctx)
	for {
		stream, snapshot, err := s.begin(ctx, env, job)
		if err != nil {
			return 0, err
		}
		// Planned batches bring the tables' filenodes.
		if job, err = env.Registry.Get(ctx, env.Target, job.ID); err != nil {
			return 0, err
		}
		err = s.copyAll(ctx, env, job, snapshot)
		if errors.Is(err, errRewritten) {
			env.Logger.WarnContext(ctx, "a table was rewritten by somebody else, backfill starts over")
			if err := s.startOver(ctx, env, job, stream); err != nil {
				return 0, err
			}
			continue
		}
		if err != nil {
			return 0, err
		}
		if err := s.end(ctx, env, job, stream); err != nil {
			return 0, err
		}
		progress, err := env.Registry.Progress(ctx, env.Target, job.ID)
		return progress.Rows, err
	}
}

// letGo ends the session whose snapshot was copied in.
func (env *Env) letGo(ctx context.Context) {
	if env.Ends.held == nil {
		return
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	_ = env.Ends.held.Close(ctx)
	env.Ends.held = nil
}

// begin makes the slot, unless there is one with a copy under way, and plans the
// batches. It returns the snapshot to copy in; "" if each batch has its own.
func (s acrossCopy) begin(ctx context.Context, env *Env, job registry.Job) (registry.Stream, string, error) {
	stream, err := env.Registry.Stream(ctx, env.Target, job.ID, registry.Forward)
	if err != nil {
		return stream, "", err
	}
	if err := env.checkStream(ctx, job, stream); err != nil {
		return stream, "", err
	}
	if stream.Began != 0 {
		if err := env.checkSlot(ctx, stream); err != nil {
			return stream, "", err
		}
		if !stream.Mixed {
			env.Logger.InfoContext(ctx, "the copy goes on under new snapshots: changes are applied before it is complete")
		}
		stream.Mixed = true
		return stream, "", env.Registry.MixStream(ctx, env.Target, job.ID, registry.Forward)
	}
	slot, err := env.makeSlot(ctx, job, stream)
	if err != nil {
		return stream, "", err
	}
	return stream, slot.Snapshot, s.plan(ctx, env, job, stream, slot)
}

// makeSlot makes a stream's slot, in place of one of which nothing is recorded,
// and keeps the session that made it.
func (env *Env) makeSlot(ctx context.Context, job registry.Job, s registry.Stream) (logical.Slot, error) {
	e := env.from(s.Direction)
	env.letGo(ctx)
	if err := logical.DropSlot(ctx, e.pool, s.Slot); err != nil {
		return logical.Slot{}, err
	}
	conn, err := logical.Connect(ctx, e.config, job.Settings)
	if err != nil {
		return logical.Slot{}, err
	}
	env.Ends.held = conn
	env.waiting(ctx, job, "a replication slot: transactions that were running must end first")
	slot, err := logical.CreateSlot(ctx, conn, s.Slot, false, slotPatience(env))
	if err != nil {
		return slot, err
	}
	env.waiting(ctx, job, "")
	return slot, nil
}

// checkSlot makes sure that a stream's slot is there and has lost nothing.
func (env *Env) checkSlot(ctx context.Context, s registry.Stream) error {
	state, err := logical.SlotState(ctx, env.from(s.Direction).pool, s.Slot)
	if err != nil {
		return err
	}
	problem := slotProblem(s, state)
	if problem == "" {
		return nil
	}
	return &StateError{
		Problem: problem + ": changes are missing, and can't be had again",
		Advice:  "start over with: repave reset (see max_slot_wal_keep_size on " + env.from(s.Direction).place() + ")",
	}
}

// plan cuts the tables into ranges of pages, as many as there are now: whatever the
// snapshot shows is in them.
func (acrossCopy) plan(ctx context.Context, env *Env, job registry.Job, stream registry.Stream, slot logical.Slot) error {
	return inTx(ctx, env.Target, func(tx pgx.Tx) error {
		if err := stillAt(ctx, env, tx, job); err != nil {
			return err
		}
		for _, t := range job.Tables {
			state, err := stateOf(ctx, env.Source, t.Name, []string{})
			if err != nil {
				return err
			}
			if state.OID != t.SourceOID {
				return &ChangedError{Table: t.Name, Differences: []string{"another relation has its name"}}
			}
			var count pageCount
			var files registry.Files
			for _, leaf := range sourceFiles(t) {
				one, err := sqltmpl.One[pageCount](ctx, env.Source, sqltmpl.PageCount{Relation: leaf.OID}.Statement())
				if err != nil {
					return fmt.Errorf("counting pages: %w", err)
				}
				count.Rows, count.Pages = count.Rows+one.Rows, count.Pages+one.Pages
				files = append(files, one.Pages)
			}
			size := count.Pages / int64(max(env.Options.Workers, 1)*rangesPerWorker)
			size = min(max(size, minRange), maxRange)
			if err := env.Registry.PlanBatches(ctx, tx, t, state.Filenode, count.Rows, files, size); err != nil {
				return err
			}
		}
		return env.Registry.StartStream(ctx, tx, job.ID, stream.Direction, slot.Consistent)
	})
}

// startOver empties the target's tables and drops the slot.
func (acrossCopy) startOver(ctx context.Context, env *Env, job registry.Job, stream registry.Stream) error {
	env.letGo(ctx)
	name, err := env.jobMark(ctx, job)
	if err != nil {
		return err
	}
	err = inTx(ctx, env.Target, func(tx pgx.Tx) error {
		if err := exec(ctx, tx, sqltmpl.HoldPass{Pass: name}.Statement()); err != nil {
			return err
		}
		for _, t := range job.Tables {
			if err := exec(ctx, tx, sqltmpl.TruncateTable{Table: t.Name}.Statement()); err != nil {
				return err
			}
		}
		if err := env.Registry.EndStream(ctx, tx, job.ID, stream.Direction); err != nil {
			return err
		}
		return env.Registry.BeginStream(ctx, tx, job.ID, stream)
	})
	if err != nil {
		return err
	}
	return logical.DropSlot(ctx, env.Source, stream.Slot)
}

// end records where the source's WAL was after the copy, if that is needed.
func (acrossCopy) end(ctx context.Context, env *Env, job registry.Job, stream registry.Stream) error {
	if !stream.Mixed {
		return nil
	}
	text, err := sqltmpl.Scalar[string](ctx, env.Source, sqltmpl.WALPosition{}.Statement())
	if err != nil {
		return err
	}
	at, err := pglogrepl.ParseLSN(text)
	if err != nil {
		return err
	}
	return env.Registry.EndCopy(ctx, env.Target, job.ID, stream.Direction, at)
}

// A carrier copies batches of all tables of a job.
type carrier struct {
	env      *Env
	job      registry.Job
	snapshot string // to copy in; "": each batch has its own
	pass     string
	limiter  *rate.Limiter
	throttle *throttle
	cargo    []cargo // largest first
}

// A cargo is one table to copy.
type cargo struct {
	table   registry.Table
	mapping logical.Mapping
	binary  bool
	shape   string
}

// copyAll copies all batches of all tables with several workers.
func (s acrossCopy) copyAll(ctx context.Context, env *Env, job registry.Job, snapshot string) error {
	name, err := env.jobMark(ctx, job)
	if err != nil {
		return err
	}
	c := &carrier{env: env, job: job, snapshot: snapshot, pass: name, limiter: newLimiter(env)}
	if c.throttle, err = newThrottle(ctx, env, job); err != nil {
		return err
	}
	if c.cargo, err = load(ctx, env, job); err != nil {
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
		open := int64(0)
		for _, cargo := range c.cargo {
			n, err := env.Registry.OpenBatches(ctx, env.Target, cargo.table)
			if err != nil {
				return err
			}
			open += n
		}
		if open == 0 {
			return nil
		}
		env.waiting(ctx, job, "a batch that another session holds")
		if err := sleep(ctx, progressEvery); err != nil {
			return err
		}
	}
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
		if differences, err := sourceDifferences(ctx, env, t); err != nil || len(differences) > 0 {
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
	if c.snapshot == "" {
		return c.batches(ctx, func(fn func(pgx.Tx) error) error { return inSnapshot(ctx, c.env.Source, fn) })
	}
	return inSnapshot(ctx, c.env.Source, func(tx pgx.Tx) error {
		// Importing comes first: nothing may have been read.
		err := exec(ctx, tx, sqltmpl.ImportSnapshot{Snapshot: sqltmpl.Literal(c.snapshot)}.Statement(), noIdleTimeout())
		if err != nil {
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
		mapping.From = sourceFiles(cargo.table)[batch.Next>>registry.FileBits].Table
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
	if err := exec(ctx, from, sqltmpl.PinSource{Source: cargo.table.Name}.Statement()); err != nil {
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
		differences, err := sourceDifferences(ctx, c.env, cargo.table)
		if err != nil {
			return err
		}
		return changedIf(cargo.table, append(differences, "its columns changed")[:1])
	case state.Filenode != cargo.table.Filenode:
		return errRewritten
	}
	return nil
}

// changedIf is a *ChangedError, unless nothing was changed.
func changedIf(t registry.Table, differences []string) error {
	if len(differences) == 0 {
		return nil
	}
	return &ChangedError{Table: t.Name, Differences: differences}
}
