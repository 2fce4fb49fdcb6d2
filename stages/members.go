package stages

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// A foreign key of a partitioned table is several: a root on the table itself,
// and a member on each of its partitions. Dropping the root drops its members.
// Before PostgreSQL 18 a root can't be added NOT VALID. So the swap adds the
// members that are on leaves, and validate adds the root once those are valid:
// it takes them in without a scan. From 18 on the swap adds all of them.

// partitioned is the relkind of partitioned tables.
const partitioned = "p"

// firstLateRoots is the first version that adds a root NOT VALID.
const firstLateRoots = 18

// late reports whether a root has to wait until its members are valid.
func late(tx pgx.Tx, root catalog.ForeignKey) bool {
	return root.Valid && catalog.Major(tx.Conn()) < firstLateRoots
}

// roots leaves members out.
func roots(keys []catalog.ForeignKey) []catalog.ForeignKey {
	return slices.DeleteFunc(slices.Clone(keys), func(fk catalog.ForeignKey) bool { return fk.Inherited })
}

// membersOf lists the members of a root, each after the one that it belongs to.
func membersOf(keys []catalog.ForeignKey, root catalog.ForeignKey) []catalog.ForeignKey {
	var out []catalog.ForeignKey
	for _, fk := range keys {
		if fk.Inherited && fk.ParentOID == root.OID {
			out = append(append(out, fk), membersOf(keys, fk)...)
		}
	}
	return out
}

// withMembers returns the job with the members that there are now, as
// partitions come and go. The caller has locked the partitioned tables.
func withMembers(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job) (registry.Job, error) {
	job.Tables = slices.Clone(job.Tables)
	for i, t := range job.Tables {
		if !fromPartitioned(t.Blueprint) {
			continue
		}
		b, err := membersNow(ctx, env, tx, job.Swapped, t.Blueprint, t.ShadowOID)
		if err != nil {
			return job, err
		}
		job.Tables[i].Blueprint = b
	}
	return job, nil
}

// fromPartitioned reports whether partitioned tables refer to a table or to one
// of its partitions.
func fromPartitioned(b *shadow.Blueprint) bool {
	is := func(fk catalog.ForeignKey) bool { return fk.FromKind == partitioned }
	return slices.ContainsFunc(b.Source.ReferencedBy, is) || slices.ContainsFunc(b.ReferencedBy, is) ||
		slices.ContainsFunc(b.Partitions, func(p shadow.Partition) bool { return p.Own != nil && fromPartitioned(p.Own) })
}

// membersNow is withMembers for one table, or one partition, and its partitions.
func membersNow(
	ctx context.Context, env *Env, tx pgx.Tx, swapped bool, was *shadow.Blueprint, shadowOID uint32,
) (*shadow.Blueprint, error) {
	live, err := catalog.Load(ctx, tx, node{blueprint: was, shadow: shadowOID}.live(swapped), env.Registry.Schema())
	if err != nil {
		return nil, err
	}
	b := *was
	b.Source.ReferencedBy = members(b.Source.ReferencedBy, live.ReferencedBy)
	b.ReferencedBy = members(b.ReferencedBy, live.ReferencedBy)
	b.Shadow.ReferencedBy = b.ReferencedBy
	b.Partitions = slices.Clone(b.Partitions)
	for i, p := range b.Partitions {
		if p.Own == nil || !fromPartitioned(p.Own) {
			continue
		}
		if b.Partitions[i].Own, err = membersNow(ctx, env, tx, swapped, p.Own, p.OID); err != nil {
			return nil, err
		}
	}
	return &b, nil
}

// members gives the roots among keys the members that they have in now; these
// refer to what the root refers to.
func members(keys, now []catalog.ForeignKey) []catalog.ForeignKey {
	out := roots(keys)
	for i := range out {
		root := &out[i]
		at := slices.IndexFunc(now, func(fk catalog.ForeignKey) bool {
			return !fk.Inherited && fk.Name == root.Name && fk.From == root.From
		})
		if root.FromKind != partitioned || at < 0 {
			continue
		}
		root.OID = now[at].OID
		for _, m := range membersOf(now, now[at]) {
			m.To, m.ToOID, m.ToKind, m.ToPrimary = root.To, root.ToOID, root.ToKind, root.ToPrimary
			m.ToColumns, m.ToTypes, m.ToNums = root.ToColumns, root.ToTypes, root.ToNums
			out = append(out, m)
			root = &out[i]
		}
	}
	return out
}

// recordMembers makes the registry know the members, for validate.
func recordMembers(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job) error {
	for _, t := range job.Tables {
		if !fromPartitioned(t.Blueprint) {
			continue
		}
		if err := env.Registry.SetShadow(ctx, tx, t, t.ShadowOID, *t.Blueprint); err != nil {
			return err
		}
	}
	return nil
}

// memberSteps add a root's members on leaves, NOT VALID.
func memberSteps(keys []catalog.ForeignKey, root catalog.ForeignKey) []sqltmpl.Statement {
	var steps []sqltmpl.Statement
	for _, m := range membersOf(keys, root) {
		if m.FromKind != partitioned {
			steps = append(steps, addForeignKey(m.From, m)...)
		}
	}
	return steps
}

// crownSteps add a root and its members on partitions that have partitions
// themselves, from the bottom up: each takes in what is below it.
func crownSteps(keys []catalog.ForeignKey, root catalog.ForeignKey, valid bool) []sqltmpl.Statement {
	var steps []sqltmpl.Statement
	for _, fk := range slices.Backward(append([]catalog.ForeignKey{root}, membersOf(keys, root)...)) {
		if fk.FromKind != partitioned {
			continue
		}
		add := shadow.ForeignKeyStatement(fk.From, fk)
		if valid {
			add = shadow.ValidForeignKey(fk.From, fk)
		}
		steps = append(steps, add)
		if fk.Comment != "" {
			steps = append(steps, commentOn(fk.From, fk.Name, fk.Comment))
		}
	}
	return steps
}

// uncrowned are foreign keys as they are between the swap and validate.
func uncrowned(tx pgx.Tx, keys []catalog.ForeignKey) []catalog.ForeignKey {
	var out []catalog.ForeignKey
	for _, root := range roots(keys) {
		waits := root.FromKind == partitioned && late(tx, root)
		if !waits {
			out = append(out, root)
		}
		for _, m := range membersOf(keys, root) {
			m.Inherited = !waits
			if !waits || m.FromKind != partitioned {
				out = append(out, m)
			}
		}
	}
	return out
}

// leavesFirst puts those on leaves before those above them, which are then
// valid without a scan.
func leavesFirst(keys []catalog.ForeignKey) []catalog.ForeignKey {
	above := func(fk catalog.ForeignKey) bool { return fk.FromKind == partitioned }
	return slices.Concat(
		slices.DeleteFunc(slices.Clone(keys), above),
		slices.DeleteFunc(slices.Clone(keys), func(fk catalog.ForeignKey) bool { return !above(fk) }),
	)
}
