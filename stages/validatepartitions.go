package stages

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// validatePartitions gives a partitioned table the foreign keys that the swap
// could only give to its partitions: validates those, one by one, and adds the
// table's own, which takes theirs in without a scan. For that it holds SHARE
// ROW EXCLUSIVE on the table, its partitions and the referenced table for a
// moment. It looks first, and may be run again at any time.
func validatePartitions(ctx context.Context, env *Env, job registry.Job, want, got catalog.Relation) error {
	for _, fk := range want.ForeignKeys {
		if len(want.Partitions) == 0 || slices.ContainsFunc(got.ForeignKeys, func(g catalog.ForeignKey) bool { return g.Name == fk.Name }) {
			continue
		}
		for _, p := range got.Partitions {
			leaf, err := catalog.Load(ctx, env.Target, p.OID, env.Registry.Schema())
			if err != nil {
				return err
			}
			for _, own := range leaf.ForeignKeys {
				if own.Name == fk.Name && !own.Valid && own.Enforced {
					if err := validateKey(ctx, env, job, p.Table, own); err != nil {
						return err
					}
				}
			}
		}
		if err := adoptKey(ctx, env, job, want.Table, fk); err != nil {
			return err
		}
	}
	return nil
}

// adoptKey adds a foreign key that all partitions have.
func adoptKey(ctx context.Context, env *Env, job registry.Job, table sqltmpl.Table, fk catalog.ForeignKey) error {
	return withLocks(ctx, env, job, lockJob{
		what:   fmt.Sprintf("add foreign key %s to %s", fk.Name, table.Plain()),
		tables: []uint32{fk.FromOID, fk.ToOID},
		lock:   setLockTimeout,
		work: func(ctx context.Context, tx pgx.Tx) error {
			steps := []sqltmpl.Statement{shadow.ValidForeignKey(table, fk)}
			if fk.Comment != "" {
				steps = append(steps, commentOn(table, fk.Name, fk.Comment))
			}
			return sqltmpl.ExecAll(ctx, tx, steps...)
		},
	})
}
