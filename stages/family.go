package stages

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// A partition has foreign keys from the tables above it, and is referred to by
// those to them. With such keys in place DETACH looks for rows that refer to the
// partition, and fails if there are any; ATTACH reads the partition to check its
// rows, unless it has a valid key of its own, which a standby must not. So
// the swap drops these keys before, and makes them again after: to the tables
// above NOT VALID, of the tables above as it does for keys from partitioned
// tables, see members.go. In between there is no other transaction. Whoever
// writes after the swap is checked as before; validate then tells the server
// that all rows are right, and reads all partitions for that.

// familyOf reads the foreign keys that hold for partitions of a job because of
// the tables above them.
func familyOf(ctx context.Context, db sqltmpl.DB, job registry.Job) (catalog.Family, error) {
	var oids []uint32
	for _, t := range memberTables(job) {
		oids = append(oids, liveOID(job, t))
	}
	if len(oids) == 0 {
		return catalog.Family{}, nil
	}
	return catalog.LoadFamily(ctx, db, oids, nil)
}

// dropFamily drops them, with their members. The caller holds all locks.
func dropFamily(ctx context.Context, tx pgx.Tx, family catalog.Family) error {
	var steps []sqltmpl.Statement
	for _, fk := range family.Roots() {
		steps = append(steps, sqltmpl.DropConstraint{Table: fk.From, Name: fk.Name}.Statement())
	}
	if err := sqltmpl.ExecAll(ctx, tx, steps...); err != nil {
		return fmt.Errorf("taking foreign keys off the tables above: %w", err)
	}
	return nil
}

// addFamily makes them again, without a scan, once the new partitions are in
// the place of the old ones.
func addFamily(ctx context.Context, tx pgx.Tx, family catalog.Family) error {
	all := family.Roots()
	slices.SortStableFunc(all, func(a, b catalog.ForeignKey) int { return cmp.Compare(a.OID, b.OID) })
	var steps []sqltmpl.Statement
	for _, fk := range all {
		if fk.FromKind != partitioned {
			steps = append(steps, addForeignKey(fk.From, fk)...)
			continue
		}
		steps = append(steps, memberSteps(family.Keys, fk)...)
		if !late(tx, fk) {
			steps = append(steps, crownSteps(family.Keys, fk, false)...)
		}
	}
	if err := sqltmpl.ExecAll(ctx, tx, steps...); err != nil {
		return fmt.Errorf("giving foreign keys back to the tables above: %w", err)
	}
	return nil
}

// checkFamily compares the family with what it was before the exchange, of
// which job is the state, as far as it can be the same before validate.
func checkFamily(ctx context.Context, tx pgx.Tx, job registry.Job, was catalog.Family) ([]string, error) {
	after := job
	after.Swapped = !job.Swapped
	is, err := familyOf(ctx, tx, after)
	if err != nil {
		return nil, err
	}
	wanted := uncrowned(tx, was.Tied())
	found := slices.DeleteFunc(is.Keys, func(fk catalog.ForeignKey) bool {
		return !slices.ContainsFunc(wanted, func(w catalog.ForeignKey) bool { return w.Name == fk.Name && w.From == fk.From })
	})
	return catalog.Diff(
		unvalidated(catalog.Relation{ForeignKeys: wanted}), unvalidated(catalog.Relation{ForeignKeys: found})), nil
}

// beforeFamily is r, a partition, as it is before validate: its members of
// foreign keys that have to wait are keys of its own.
func beforeFamily(tx pgx.Tx, r catalog.Relation) catalog.Relation {
	if !r.Partition {
		return r
	}
	r.ForeignKeys = slices.Clone(r.ForeignKeys)
	for i, fk := range r.ForeignKeys {
		if fk.Inherited && late(tx, fk) {
			r.ForeignKeys[i].Inherited = false
		}
	}
	return r
}

// validateFamily makes the foreign keys of the tables above, and those to them,
// valid as they were before the last swap; validate says with which locks. It
// forgets them when it is done, and may be run again at any time before.
func validateFamily(ctx context.Context, env *Env, job registry.Job) error {
	if job.Carried == nil || len(job.Carried.Unchecked.Keys) == 0 {
		return nil
	}
	load := *job.Carried
	want := load.Unchecked
	read := func(ctx context.Context, db sqltmpl.DB) ([]catalog.ForeignKey, error) {
		now, err := catalog.LoadFamily(ctx, db, nil, want.Above)
		return now.Keys, err
	}
	var left []catalog.ForeignKey
	for _, root := range want.Roots() {
		there, err := present(ctx, env.Target, root.From, root.To)
		if err != nil {
			return err
		}
		if there { // else somebody has dropped the table since
			left = append(append(left, root), membersOf(want.Keys, root)...)
		}
	}
	if err := crownMembers(ctx, env, job, left, read); err != nil {
		return err
	}
	got, err := read(ctx, env.Target)
	if err != nil {
		return err
	}
	for _, fk := range leavesFirst(pendingKeys(left, got)) {
		if err := validateKey(ctx, env, job, fk.From, fk); err != nil {
			return err
		}
	}
	load.Unchecked = catalog.Family{}
	return env.Registry.SetCarried(ctx, env.Target, job.ID, load)
}

// present reports whether there are tables of some names.
func present(ctx context.Context, db sqltmpl.DB, tables ...sqltmpl.Table) (bool, error) {
	for _, table := range tables {
		oid, err := sqltmpl.Scalar[uint32](ctx, db, sqltmpl.RelationOID{Name: table.String()}.Statement())
		if err != nil || oid == 0 {
			return false, err
		}
	}
	return true, nil
}

// The locks that a swap takes for them. What members are on is locked with
// their tables.
type familyLocked struct {
	trees    []lockable // of the job's own partitions, which queries on these lock first
	children []lockable // that refer to them
	parents  []lockable // that they refer to
	members  []uint32
}

func familyLocks(job registry.Job) (out familyLocked) {
	if job.Carried == nil {
		return out
	}
	family := job.Carried.Family
	for _, fk := range family.Roots() {
		from, to := tableLock(fk.FromOID, fk.From), tableLock(fk.ToOID, fk.To)
		if slices.Contains(family.Above, fk.FromOID) {
			out.trees = append(out.trees, from)
		} else {
			out.children = append(out.children, from)
		}
		if slices.Contains(family.Above, fk.ToOID) {
			out.trees = append(out.trees, to)
		} else {
			out.parents = append(out.parents, to)
		}
	}
	for _, fk := range family.Tied() {
		out.members = append(out.members, fk.FromOID)
	}
	return out
}
