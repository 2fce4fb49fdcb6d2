package stages

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// While a target's table is being filled it has no foreign keys, and its
// triggers are off: nothing that is written to it can fire or fail.

// arm gives the target's tables their foreign keys, NOT VALID, and switches
// their triggers on. It locks them, and the tables they refer to, SHARE ROW
// EXCLUSIVE.
func arm(ctx context.Context, tx pgx.Tx, job registry.Job) error {
	// Partitions after their table, as writers do who look whether it is open already.
	for _, t := range job.Tables {
		if err := exec(ctx, tx, sqltmpl.LockWriters{Table: t.Name}.Statement()); err != nil {
			return err
		}
	}
	for _, t := range job.Tables {
		for _, key := range treeOf(t).ForeignKeys(tablesAt(job)) {
			if _, err := key.Add(ctx, tx); err != nil {
				return err
			}
		}
	}
	for _, t := range job.Tables {
		if err := treeOf(t).Open(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// disarm takes both away again. It locks the tables, and those they refer to,
// ACCESS EXCLUSIVE.
func disarm(ctx context.Context, tx pgx.Tx, job registry.Job) error {
	// Partitions after their table, as readers do.
	for _, t := range job.Tables {
		tree := treeOf(t)
		if tree.Relation.Kind == partitioned && (len(tree.Relation.ReferencedBy)+len(tree.ForeignKeys(nil)) > 0 || tree.Opens()) {
			if err := exec(ctx, tx, sqltmpl.LockTable{Table: t.Name}.Statement()); err != nil {
				return err
			}
		}
	}
	for _, t := range job.Tables {
		for _, key := range treeOf(t).ForeignKeys(tablesAt(job)) {
			if err := key.Drop(ctx, tx); err != nil {
				return err
			}
		}
		if err := treeOf(t).Close(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// validateAcross validates the foreign keys that the opening has added: its
// rows are those of the source, where they held. May run again.
func (env *Env) validateAcross(ctx context.Context, job registry.Job) error {
	there := *env
	there.Source = env.Target // where locks are waited for
	for _, t := range job.Tables {
		for _, key := range treeOf(t).ForeignKeys(tablesAt(job)) {
			for _, step := range []func(context.Context, pgx.Tx) error{key.Prove, key.Crown} {
				err := withLocks(ctx, &there, job, lockJob{
					weak: true, what: fmt.Sprintf("validate foreign key %s of %s", key.Name, t.Name.Plain()), lock: setLockTimeout, work: step,
				})
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}
