package stages

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// dropSource drops the tables that were moved away, for good, before anything
// else of the job goes: the fence is on them to the last, so nobody can write to
// what is about to vanish. What somebody else made of them (views, foreign keys)
// keeps all of them. May run again: those that are gone are gone.
func (env *Env) dropSource(ctx context.Context, job registry.Job) error {
	there := *env
	there.Source = env.from(registry.Forward).pool
	oids := make([]uint32, len(job.Tables))
	for i, t := range job.Tables {
		oids[i] = t.SourceOID
	}
	var tables []sqltmpl.Table
	return withLocks(ctx, &there, job, lockJob{
		what: "drop the source's tables of " + job.Title(), tables: oids,
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
			var locks []lockable
			tables = nil
			for _, oid := range oids {
				found, err := sqltmpl.All[tableName](ctx, tx, sqltmpl.TableName{Relation: oid}.Statement())
				if err != nil {
					return err
				}
				for _, f := range found {
					table := sqltmpl.Table{Schema: sqltmpl.Ident(f.SchemaName), Name: sqltmpl.Ident(f.TableName)}
					tables, locks = append(tables, table), append(locks, tableLock(0, table))
				}
			}
			return lockTables(ctx, tx, d, nextLock, locks)
		},
		work: func(ctx context.Context, tx pgx.Tx) error {
			if len(tables) == 0 {
				return nil
			}
			err := exec(ctx, tx, sqltmpl.DropTables{Tables: tables}.Statement())
			if sqltmpl.IsDependedOn(err) {
				return &StateError{
					Problem: "the source's tables can't be dropped: " + sqltmpl.Detail(err),
					Advice:  "drop what depends on them, or leave out --drop-source; nothing has been dropped",
				}
			}
			return err
		},
	})
}
