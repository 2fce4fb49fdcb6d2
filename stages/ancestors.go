package stages

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/changelog"
)

// The last changes of a table that stays on the log are applied under the swap's
// locks; who has an older snapshot must then fail, and not miss rows. A statement
// fires the statement triggers of the table that it names: so the guard is on
// the tables above a partition or child, too.

// guardedAbove lists the tables above those of a job that stay on the log, the
// furthest first.
func guardedAbove(ctx context.Context, db sqltmpl.DB, job registry.Job, oid func(registry.Job, registry.Table) uint32) ([]catalog.Above, error) {
	oids := []uint32{}
	for _, t := range job.Tables {
		if t.Blueprint != nil && changelog.StaysOnLog(t.Blueprint) {
			oids = append(oids, oid(job, t))
		}
	}
	if len(oids) == 0 {
		return nil, nil
	}
	found, err := sqltmpl.All[sqltmpl.Ancestor](ctx, db, sqltmpl.ListAncestors{OIDs: oids}.Statement())
	if err != nil {
		return nil, err
	}
	var out []catalog.Above
	for _, a := range found {
		out = append(out, catalog.Above{OID: a.OID, Table: a.Table()})
	}
	return out, nil
}

// guard makes writers with an older snapshot fail, on the table that has the
// name now and on those above it.
func guard(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job, t registry.Table) error {
	one := job
	one.Tables = []registry.Table{t}
	above, err := guardedAbove(ctx, tx, one, standbyOID)
	if err != nil {
		return err
	}
	var tables []sqltmpl.Table
	for _, a := range above {
		tables = append(tables, a.Table)
	}
	return env.nextCapture(job, t).Guard(ctx, tx, tables)
}

// aboveLocks lists them for the swap, which queries on them lock first.
func aboveLocks(job registry.Job) []lockable {
	if job.Carried == nil {
		return nil
	}
	var out []lockable
	for _, a := range job.Carried.Guarded {
		out = append(out, lockable{a.OID, a.Table, sqltmpl.LockTable{Table: a.Table, Only: true}.Statement()})
	}
	return out
}

// eraseAbove takes the guards from the tables above those of a job, under
// ACCESS EXCLUSIVE for a moment, one by one. May run twice.
func eraseAbove(ctx context.Context, env *Env, job registry.Job) error {
	var names []string
	for _, t := range job.Tables {
		if t.Blueprint == nil {
			continue
		}
		for _, capture := range []interface{ GuardName() sqltmpl.Ident }{
			changelog.New(env.forwardLink(job, t), false), changelog.New(env.backwardLink(job, t), false),
		} {
			names = append(names, string(capture.GuardName()))
		}
	}
	if len(names) == 0 {
		return nil
	}
	except := []uint32{}
	for _, t := range job.Tables {
		except = append(append(except, liveOID(job, t)), partitionsOf(t)...)
		except = append(except, sourcePartitionsOf(t)...)
	}
	found, err := sqltmpl.All[sqltmpl.Ancestor](ctx, env.Target, sqltmpl.ListTriggered{
		Names: names, Except: except, Registry: string(env.Registry.Schema()),
	}.Statement())
	if err != nil {
		return err
	}
	for _, a := range found {
		err := withLocks(ctx, env, job, lockJob{
			what: "take the triggers from " + a.Table().Plain(), tables: []uint32{a.OID},
			lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
				own := lockable{a.OID, a.Table(), sqltmpl.LockTable{Table: a.Table(), Only: true}.Statement()}
				return lockTables(ctx, tx, d, d, []lockable{own})
			},
			work: func(ctx context.Context, tx pgx.Tx) error {
				var steps []sqltmpl.Statement
				for _, name := range names {
					steps = append(steps, sqltmpl.DropTrigger{Table: a.Table(), Trigger: sqltmpl.Ident(name)}.Statement())
				}
				return sqltmpl.ExecAll(ctx, tx, steps...)
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
