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

// validatePartitions gives a partitioned table, and those of its partitions
// that have partitions themselves, the foreign keys that the swap
// could only give to partitions that hold rows: validates those, one by one, and adds the
// table's own, which takes theirs in without a scan. For that it holds SHARE
// ROW EXCLUSIVE on the table, its partitions and the referenced table for a
// moment. It looks first, and may be run again at any time.
func validatePartitions(ctx context.Context, env *Env, job registry.Job, t registry.Table) error {
	if len(expected(job, t).Partitions) == 0 {
		return nil
	}
	for _, n := range env.nodes(t) {
		if n.expected(job.Swapped).Kind != partitioned {
			continue
		}
		got, err := catalog.Load(ctx, env.Target, n.live(job.Swapped), env.Registry.Schema())
		if errors.Is(err, catalog.ErrGone) {
			continue
		}
		if err != nil {
			return err
		}
		for _, fk := range roots(n.expected(job.Swapped).ForeignKeys) {
			if slices.ContainsFunc(got.ForeignKeys, func(g catalog.ForeignKey) bool { return g.Name == fk.Name }) {
				continue
			}
			fk.From, fk.FromOID = got.Table, got.OID
			if err := validateLeaves(ctx, env, job, fk); err != nil {
				return err
			}
			if err := adoptKey(ctx, env, job, append(keysBelow(n.blueprint, job.Swapped, fk), fk)); err != nil {
				return err
			}
		}
	}
	return nil
}

// validateLeaves validates the foreign keys that are to become fk's members on
// partitions that hold rows.
func validateLeaves(ctx context.Context, env *Env, job registry.Job, fk catalog.ForeignKey) error {
	if !fk.Valid {
		return nil // nor are its members; those that were are validated with their partitions
	}
	leaves, err := leavesOf(ctx, env.Target, fk.FromOID)
	if err != nil {
		return err
	}
	for _, p := range leaves {
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
	return nil
}

// keysBelow are the members of fk on the partitions of b that have partitions
// themselves, from the bottom up: each takes in what is below it.
func keysBelow(b *shadow.Blueprint, swapped bool, fk catalog.ForeignKey) []catalog.ForeignKey {
	var out []catalog.ForeignKey
	for _, p := range b.Partitions {
		if p.Own == nil || p.Own.Source.Kind != partitioned {
			continue
		}
		part := node{blueprint: p.Own, shadow: p.OID}
		for _, member := range part.expected(swapped).ForeignKeys {
			if member.Inherited && member.ParentOID == fk.OID {
				out = append(out, keysBelow(p.Own, swapped, member)...)
				member.From, member.FromOID = b.PartitionTable(p), part.live(swapped)
				out = append(out, member)
			}
		}
	}
	return out
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
		if err := crownMembers(ctx, env, job, want.ReferencedBy, referencing(env, got.OID)); err != nil {
			return err
		}
		for _, fk := range slices.Concat(pendingKeys(want.ForeignKeys, got.ForeignKeys), leavesFirst(pendingKeys(want.ReferencedBy, got.ReferencedBy))) {
			if err := validateKey(ctx, env, job, fk.From, fk); err != nil {
				return err
			}
		}
	}
	return nil
}

// adoptKey adds foreign keys that all partitions that hold rows have, each
// before the one that it becomes a member of.
func adoptKey(ctx context.Context, env *Env, job registry.Job, keys []catalog.ForeignKey) error {
	root := keys[len(keys)-1]
	return withLocks(ctx, env, job, lockJob{
		what:   fmt.Sprintf("add foreign key %s to %s", root.Name, root.From.Plain()),
		tables: []uint32{root.FromOID, root.ToOID},
		lock:   setLockTimeout,
		work: func(ctx context.Context, tx pgx.Tx) error {
			for _, fk := range keys {
				if there, err := present(ctx, tx, fk.From); err != nil || !there {
					if err != nil {
						return err
					}
					continue // with its partitions
				}
				add := shadow.ValidForeignKey(fk.From, fk)
				if !root.Valid && root.Enforced {
					add = shadow.ForeignKeyStatement(fk.From, fk)
				}
				steps := []sqltmpl.Statement{add}
				if fk.Comment != "" {
					steps = append(steps, commentOn(fk.From, fk.Name, fk.Comment))
				}
				if err := sqltmpl.ExecAll(ctx, tx, steps...); err != nil {
					return err
				}
			}
			return nil
		},
	})
}
