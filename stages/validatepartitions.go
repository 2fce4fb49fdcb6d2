package stages

import (
	"context"
	"errors"
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
		leaves, err := leavesOf(ctx, env.Target, got.OID)
		if err != nil {
			return err
		}
		for _, p := range leaves {
			if !fk.Valid {
				break // nor are its members; those that were are validated with their partitions
			}
			leaf, err := catalog.Load(ctx, env.Target, p.OID, env.Registry.Schema())
			if err != nil {
				return err
			}
			for _, own := range leaf.ForeignKeys {
				// A partition may call it otherwise.
				if alike(own, fk) && !own.Valid && own.Enforced {
					if err := validateKey(ctx, env, job, p.Table(), own); err != nil {
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

// alike reports whether a foreign key of a partition may be one of its table's.
func alike(own, fk catalog.ForeignKey) bool {
	return own.To == fk.To && slices.Equal(own.FromColumns, fk.FromColumns) && slices.Equal(own.ToColumns, fk.ToColumns)
}

// validateNodes validates the foreign keys that partitions have of their own,
// or of their table's where that is not valid, and those to one of them alone.
func validateNodes(ctx context.Context, env *Env, job registry.Job, t registry.Table) error {
	for _, n := range env.nodes(t)[1:] {
		got, err := catalog.Load(ctx, env.Target, n.live(job.Swapped), env.Registry.Schema())
		if errors.Is(err, catalog.ErrGone) {
			continue
		}
		if err != nil {
			return err
		}
		want := n.expected(job.Swapped)
		for _, fk := range slices.Concat(pendingKeys(want.ForeignKeys, got.ForeignKeys), pendingKeys(want.ReferencedBy, got.ReferencedBy)) {
			if err := validateKey(ctx, env, job, fk.From, fk); err != nil {
				return err
			}
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
			add := shadow.ValidForeignKey(table, fk)
			if !fk.Valid && fk.Enforced {
				add = shadow.ForeignKeyStatement(table, fk)
			}
			steps := []sqltmpl.Statement{add}
			if fk.Comment != "" {
				steps = append(steps, commentOn(table, fk.Name, fk.Comment))
			}
			return sqltmpl.ExecAll(ctx, tx, steps...)
		},
	})
}
