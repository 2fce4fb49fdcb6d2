package stages

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"

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
		stream, err := s.begin(ctx, env, job)
		if err != nil {
			return 0, err
		}
		// Planned batches bring the tables' filenodes.
		if job, err = env.Registry.Get(ctx, env.Target, job.ID); err != nil {
			return 0, err
		}
		err = s.copyAll(ctx, env, job, stream.Copy)
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

// begin makes the slot, unless there is one with a copy under way, and plans the
// batches. The stream it returns says what to copy in, and as which copy: nobody commits a batch of an earlier one any more.
func (s acrossCopy) begin(ctx context.Context, env *Env, job registry.Job) (registry.Stream, error) {
	stream, err := env.Registry.Stream(ctx, env.Target, job.ID, registry.Forward)
	if err != nil {
		return stream, err
	}
	if err := env.checkStream(ctx, job, stream); err != nil {
		return stream, err
	}
	began, mixed, last := stream.Began != 0, stream.Mixed, stream.Copy
	stream.Copy = registry.Copy{Name: "repave copy " + rand.Text(), Version: env.Operator.Version}
	if !began {
		slot, err := env.makeSlot(ctx, job, stream, stream.Copy.Name)
		if err != nil {
			return stream, err
		}
		stream.Copy.Snapshot = slot.Snapshot
		return stream, s.plan(ctx, env, job, stream, slot)
	}
	if err := env.checkSlot(ctx, job, stream); err != nil {
		return stream, err
	}
	if !mixed {
		env.Logger.InfoContext(ctx, "the copy goes on under new snapshots: changes are applied before it is complete")
	}
	if err := env.holdCopy(ctx, stream.Copy.Name); err != nil {
		return stream, err
	}
	stream.Mixed = true
	return stream, env.replaceCopy(ctx, job, last, func(tx pgx.Tx) error {
		return env.Registry.MixStream(ctx, tx, job.ID, registry.Forward, stream.Copy)
	})
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
			for i := range t.Bound.OnSource {
				if t.Bound.OnSource[i].Kind == partitioned {
					continue
				}
				if t.Bound.OnSource[i].File, err = filenodeOf(ctx, env.Source, t.Bound.OnSource[i]); err != nil {
					return err
				}
			}
			for _, leaf := range sourceFilesAcross(t) {
				one, err := sqltmpl.One[pageCount](ctx, env.Source, sqltmpl.PageCount{Relation: leaf.OID}.Statement())
				if errors.Is(err, pgx.ErrNoRows) {
					err = nil // a partition that was dropped
				}
				if err != nil {
					return fmt.Errorf("counting pages: %w", err)
				}
				count.Rows, count.Pages = count.Rows+one.Rows, count.Pages+one.Pages
				files = append(files, one.Pages)
			}
			if err := env.Registry.SetBound(ctx, tx, t, *t.Bound); err != nil {
				return err
			}
			size := count.Pages / int64(max(env.Options.Workers, 1)*rangesPerWorker)
			size = min(max(size, minRange), maxRange)
			if err := env.Registry.PlanBatches(ctx, tx, t, state.Filenode, count.Rows, files, size); err != nil {
				return err
			}
		}
		return env.Registry.StartStream(ctx, tx, job.ID, stream.Direction, slot.Consistent, stream.Copy)
	})
}

// startOver empties the target's tables and drops the slot.
func (acrossCopy) startOver(ctx context.Context, env *Env, job registry.Job, stream registry.Stream) error {
	env.letGo(ctx)
	name, err := env.jobMark(ctx, job)
	if err != nil {
		return err
	}
	err = env.replaceCopy(ctx, job, stream.Copy, func(tx pgx.Tx) error {
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

// replaceCopy runs work in a transaction in which nobody copies, and after which nobody copies as before. If
// somebody has a batch for as long as a lock is waited for, it ends that session and tries again; not if the answer to a COMMIT was lost, as it would find itself.
func (env *Env) replaceCopy(ctx context.Context, job registry.Job, last registry.Copy, work func(pgx.Tx) error) error {
	var failed error
	err := env.persist(ctx, job, func() error {
		failed = inTx(ctx, env.Target, func(tx pgx.Tx) error {
			is, err := env.Registry.LockCopy(ctx, tx, job.ID, last)
			if err == nil && !is {
				err = errMovedOn
			}
			if err != nil {
				return err
			}
			return work(tx)
		})
		if !sqltmpl.IsLockContention(failed) {
			return nil
		}
		holders, err := env.Registry.BatchHolders(ctx, env.Target, job.ID)
		for _, h := range holders {
			env.endHelper(ctx, h)
		}
		return errors.Join(failed, err)
	})
	if err == nil {
		err = failed
	}
	return err
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

// changedIf is a *ChangedError, unless nothing was changed.
func changedIf(t registry.Table, differences []string) error {
	if len(differences) == 0 {
		return nil
	}
	return &ChangedError{Table: t.Name, Differences: differences}
}
