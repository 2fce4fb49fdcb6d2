package stages

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/registry"
)

// checkFaithful compares the tables that have the names now, and what is bound
// to them, with what they should be; a difference rolls the swap back. job is
// as it was before the exchange.
func checkFaithful(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job) error {
	after := job
	after.Swapped = !job.Swapped
	is, err := bound(ctx, env, tx, after)
	if err != nil {
		return err
	}
	differences, err := checkFamily(ctx, tx, job, job.Carried.Family)
	if err != nil {
		return err
	}
	return checkTables(ctx, env, tx, job, append(differences, carry.Diff(job.Carried.Side(after.Swapped), is)...))
}

// checkTables compares the tables alone, and adds their differences to others.
func checkTables(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job, differences []string) error {
	found, err := catalog.LoadAll(ctx, tx, standbyOIDs(env, job), env.Registry.Schema())
	if err != nil {
		return err
	}
	for _, t := range job.Tables {
		got, err := found.Get(standbyOID(job, t))
		if err != nil {
			return err
		}
		_, to := sides(env, job, t)
		want := to.relation
		want = beforeFamily(tx, beforeValidate(job, want))
		want.ReferencedBy = uncrowned(tx, want.ReferencedBy)
		want, got = withoutPartitionKeys(job, want), withoutPartitionKeys(job, withoutHelper(got, t))
		differences = append(differences, catalog.Diff(unvalidated(want), unvalidated(got))...)
	}
	for _, n := range env.nodesBelow(job) {
		got, err := found.Get(n.standby(job.Swapped))
		if err != nil {
			return err
		}
		want := n.expected(!job.Swapped)
		want.ReferencedBy = uncrowned(tx, want.ReferencedBy)
		for _, difference := range catalog.Diff(uncounted(want), uncounted(n.withoutHelper(got))) {
			differences = append(differences, "partition "+got.Table.Plain()+": "+difference)
		}
	}
	if len(differences) > 0 {
		return &StateError{
			Problem: fmt.Sprintf("the swap would not be faithful to %s: %v", job.Title(), differences),
			Advice:  "nothing was swapped; this is a bug in repave, please report it with the table's definition",
		}
	}
	return nil
}

// standbyOIDs are the standbys of a job's tables and of their partitions.
func standbyOIDs(env *Env, job registry.Job) []uint32 {
	var out []uint32
	for _, t := range job.Tables {
		out = append(out, standbyOID(job, t))
	}
	for _, n := range env.nodesBelow(job) {
		out = append(out, n.standby(job.Swapped))
	}
	return out
}

// unvalidated is r with all foreign keys as they are before VALIDATE.
func unvalidated(r catalog.Relation) catalog.Relation {
	strip := func(keys []catalog.ForeignKey) []catalog.ForeignKey {
		out := slices.Clone(keys)
		for i := range out {
			out[i].Valid = false
		}
		return out
	}
	r.ForeignKeys, r.ReferencedBy = strip(r.ForeignKeys), strip(r.ReferencedBy)
	return r
}

// uncounted is a partition with all foreign keys as they are before VALIDATE,
// when no table has taken them in; where it has partitions itself, theirs stand
// for them.
func uncounted(r catalog.Relation) catalog.Relation {
	r = unvalidated(r)
	for i := range r.ForeignKeys {
		r.ForeignKeys[i].Inherited = false
	}
	if r.Kind == partitioned {
		r.ForeignKeys = nil
	}
	return r
}

// withoutHelper is r without the index that only serves replay.
func (n node) withoutHelper(r catalog.Relation) catalog.Relation {
	return withoutHelper(r, registry.Table{Blueprint: n.blueprint})
}
