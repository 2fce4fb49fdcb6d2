package stages

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// erase drops everything that a job made, from the artifact list, and ends the
// job: cleanup after the swap (the old table goes) and reset before it (the
// shadow goes) are the same. Only the triggers need a lock on the live table,
// ACCESS EXCLUSIVE for a moment; they go in a transaction of their own, since
// dropping a large table may take longer. May run again after a crash.
//
// Whoever resets a job twice learns that there is none. A job that was cleaned
// up is done first, until its record is forgotten.
func erase(ctx context.Context, env *Env, job registry.Job) error {
	if _, err := dropGuards(ctx, env, job, nil); err != nil {
		return err
	}
	if err := eraseTriggers(ctx, env, job); err != nil {
		return err
	}
	if err := eraseAbove(ctx, env, job); err != nil {
		return err
	}
	return inTx(ctx, env.Target, func(tx pgx.Tx) error {
		if _, err := env.Registry.Lock(ctx, tx, job.ID); err != nil {
			return err
		}
		if err := dropViews(ctx, env, tx, job); err != nil {
			return err
		}
		artifacts, err := env.Registry.Artifacts(ctx, tx, job.ID)
		if err != nil {
			return err
		}
		for _, a := range artifacts {
			if a.Kind == "trigger" || a.Kind == "index" {
				continue
			}
			if err := exec(ctx, tx, sqltmpl.DropArtifact{Undo: sqltmpl.Fragment(a.Undo)}.Statement()); err != nil {
				return err
			}
		}
		for _, t := range job.Tables {
			if err := namePartitionIndexes(ctx, env, tx, job, t); err != nil {
				return err
			}
		}
		if job.Swapped {
			return env.Registry.SetStage(ctx, tx, job.ID, string(Done))
		}
		return env.Registry.Delete(ctx, tx, job.ID)
	})
}

type tableName struct {
	SchemaName string `db:"schema_name"`
	TableName  string `db:"table_name"`
}

// eraseTriggers takes our triggers, and a helper index, from the live table,
// whatever it is called by now; one that was dropped has none left.
func eraseTriggers(ctx context.Context, env *Env, job registry.Job) error {
	artifacts, err := env.Registry.Artifacts(ctx, env.Target, job.ID)
	if err != nil {
		return err
	}
	for _, t := range job.Tables {
		found, err := sqltmpl.All[tableName](ctx, env.Target, sqltmpl.TableName{
			Relation: liveOID(job, t),
		}.Statement())
		if err != nil {
			return err
		}
		if len(found) == 0 {
			continue
		}
		live := sqltmpl.Table{Schema: sqltmpl.Ident(found[0].SchemaName), Name: sqltmpl.Ident(found[0].TableName)}
		err = withLocks(ctx, env, job, lockJob{
			what:   "take the triggers from " + live.Plain(),
			tables: []uint32{liveOID(job, t)},
			lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
				// Not its children; the triggers of a partitioned table are on its partitions, too.
				only := t.Blueprint == nil || expected(job, t).Kind != partitioned
				return lockTables(ctx, tx, d, d, []lockable{{liveOID(job, t), live, sqltmpl.LockTable{Table: live, Only: only}.Statement()}})
			},
			work: func(ctx context.Context, tx pgx.Tx) error {
				leaves, err := sqltmpl.All[sqltmpl.Leaf](ctx, tx, sqltmpl.ListLeaves{
					Relation: liveOID(job, t), More: append(partitionsOf(t), sourcePartitionsOf(t)...),
				}.Statement())
				if err != nil {
					return err
				}
				for _, a := range artifacts {
					if a.TableNumber != t.Number {
						continue
					}
					if err := eraseOnLive(ctx, tx, live, leaves, a); err != nil {
						return err
					}
				}
				return env.Registry.SetCapture(ctx, tx, t, registry.CaptureNone)
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// eraseOnLive drops an artifact that sits on the live table.
func eraseOnLive(ctx context.Context, tx pgx.Tx, live sqltmpl.Table, leaves []sqltmpl.Leaf, a registry.Artifact) error {
	switch a.Kind {
	case "trigger":
		// Those of rows go with the table's; a plain table is its own only leaf.
		steps := []sqltmpl.Statement{sqltmpl.DropTrigger{Table: live, Trigger: sqltmpl.Ident(a.Name)}.Statement()}
		for _, leaf := range leaves {
			steps = append(steps, sqltmpl.DropTrigger{Table: leaf.Table(), Trigger: sqltmpl.Ident(a.Name)}.Statement())
		}
		return sqltmpl.ExecAll(ctx, tx, steps...)
	case "index":
		return exec(ctx, tx, sqltmpl.DropIndex{
			Index: sqltmpl.Table{Schema: live.Schema, Name: sqltmpl.Ident(a.Name)},
		}.Statement())
	}
	return nil
}

// eraseStage is erase with progress; the job's own record goes with it.
func eraseStage(ctx context.Context, env *Env, job registry.Job) error {
	began := time.Now()
	event := Event{Job: job.ID, Table: job.Title(), Stage: Cleanup, Phase: Began}
	env.Report(event)
	if err := courseOf(job).erase(ctx, env, job); err != nil {
		return fail(ctx, env, job, Cleanup, err)
	}
	event.Phase, event.Elapsed = Finished, time.Since(began)
	env.Stats.finish(Cleanup, event.Elapsed, 0)
	env.Report(event)
	return nil
}
