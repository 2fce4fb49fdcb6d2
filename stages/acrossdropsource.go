package stages

import (
	"context"
	"slices"
	"strings"
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
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) (err error) {
			if tables, err = namesOf(ctx, tx, oids); err != nil {
				return err
			}
			var locks []lockable
			for _, table := range tables {
				locks = append(locks, tableLock(0, table))
			}
			return lockTables(ctx, tx, d, nextLock, locks)
		},
		work: func(ctx context.Context, tx pgx.Tx) error {
			if len(tables) == 0 {
				return nil
			}
			if err := stillMoved(ctx, tx, job, tables); err != nil {
				return err
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

// namesOf is what relations are called now, without those that are gone.
func namesOf(ctx context.Context, tx pgx.Tx, oids []uint32) ([]sqltmpl.Table, error) {
	var out []sqltmpl.Table
	for _, oid := range oids {
		found, err := sqltmpl.All[tableName](ctx, tx, sqltmpl.TableName{Relation: oid}.Statement())
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			out = append(out, sqltmpl.Table{Schema: sqltmpl.Ident(f.SchemaName), Name: sqltmpl.Ident(f.TableName)})
		}
	}
	return out, nil
}

// stillMoved makes sure, under the locks, that the names are those of the tables that were moved,
// as another one may have got a name just before it was locked; and that they have no partition whose
// rows were not moved.
func stillMoved(ctx context.Context, tx pgx.Tx, job registry.Job, locked []sqltmpl.Table) error {
	const advice = "look at it, then run again, or leave out --drop-source; nothing has been dropped"
	for _, t := range job.Tables {
		now, err := namesOf(ctx, tx, []uint32{t.SourceOID})
		if err != nil {
			return err
		}
		if len(now) == 0 {
			continue // dropped before
		}
		if !slices.Contains(locked, now[0]) {
			return &StateError{Problem: t.Name.Plain() + " was renamed just now on the source", Advice: advice}
		}
		differences, err := partitionDifferences(ctx, tx, t, registry.Forward)
		if err != nil {
			return err
		}
		if len(differences) > 0 {
			return &StateError{
				Problem: "the partitions on the source are not those that were moved: " + strings.Join(differences, "; "), Advice: advice,
			}
		}
	}
	return nil
}
