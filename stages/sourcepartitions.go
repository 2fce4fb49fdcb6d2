package stages

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// The source of a job may be partitioned: then the shadow has the same
// partitions, the backfill reads them one by one, and the swap exchanges the
// names of all. What somebody does to a partition meanwhile is noticed before
// the swap, as what is done to the table is.

// sourceFiles are the tables that hold the source's rows: its partitions, in
// the order that they had at setup, or itself.
func sourceFiles(t registry.Table) []catalog.Partition {
	if t.Blueprint.Source.Kind != partitioned {
		return []catalog.Partition{{OID: t.SourceOID, Table: t.Name}}
	}
	var out []catalog.Partition
	for _, p := range t.Blueprint.Below() {
		if source := p.Own.Source; source.Kind != partitioned {
			out = append(out, catalog.Partition{OID: source.OID, Table: source.Table})
		}
	}
	return out
}

// pageOf is a page's number within its file.
func pageOf(number int64) int64 { return number & (1<<registry.FileBits - 1) }

// sourcePartitions are the partitions, at every depth, that a partitioned source had at setup.
func sourcePartitions(env *Env, t registry.Table) []node {
	if t.Blueprint.Source.Kind != partitioned {
		return nil
	}
	return env.nodes(t)[1:]
}

// leafDifferences compares the recorded definitions of the live partitions with
// what was found.
func leafDifferences(env *Env, job registry.Job, t registry.Table, found catalog.Relations) []string {
	var out []string
	for _, n := range sourcePartitions(env, t) {
		want := n.expected(job.Swapped)
		got, err := found.Get(n.live(job.Swapped))
		if err != nil {
			return append(out, "partition "+want.Table.Plain()+" was dropped")
		}
		// Foreign keys are validated one by one; those of the table are compared with it.
		for _, difference := range catalog.Diff(ownKeys(want), ownKeys(n.withoutHelper(got))) {
			out = append(out, "partition "+want.Table.Plain()+": "+difference)
		}
	}
	return out
}

// ownKeys leaves out the foreign keys that a partition has from its table, and
// those to it that others have from theirs.
func ownKeys(r catalog.Relation) catalog.Relation {
	r.ForeignKeys, r.ReferencedBy = roots(r.ForeignKeys), roots(r.ReferencedBy)
	return r
}

// partitionsToCheck reads the partitions of a table, at every depth, and what is
// bound to them, but for their tables.
func partitionsToCheck(
	ctx context.Context, env *Env, tx pgx.Tx, table catalog.Relation,
) (parts []catalog.Relation, bound []catalog.Dependent, err error) {
	var oids []uint32
	for todo := table.Partitions; len(todo) > 0; todo = todo[1:] {
		part, err := catalog.Load(ctx, tx, todo[0].OID, env.Registry.Schema())
		if err != nil {
			return nil, nil, err
		}
		parts, oids = append(parts, part), append(oids, part.OID)
		todo = append(todo, part.Partitions...)
	}
	if len(oids) == 0 {
		return nil, nil, nil
	}
	bound, err = catalog.LoadDependents(ctx, tx, oids, env.Registry.Schema(), oids...)
	return parts, bound, err
}

// partitionLocks are those of the live tables' partitions, after the tables'
// own. Who writes to a partition by its own name has that before the server asks
// for the table, for a moment: in a deadlock with us, which one attempt may run
// into and the next not. So we don't wait long for a partition.
func partitionLocks(job registry.Job) []lockable {
	var out []lockable
	for _, t := range job.Tables {
		for _, p := range t.Blueprint.Below() {
			oid := p.OID
			if !job.Swapped {
				if p.Own == nil {
					continue
				}
				oid = p.Own.Source.OID
			}
			lock := tableLock(oid, t.Blueprint.PartitionTable(p))
			lock.lock = sqltmpl.LockTable{Table: lock.name, Only: true}.Statement()
			out = append(out, lock)
		}
	}
	return out
}
