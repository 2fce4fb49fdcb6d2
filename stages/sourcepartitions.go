package stages

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/preflight"
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
	return t.Blueprint.Source.Partitions
}

// pageOf is a page's number within its file.
func pageOf(number int64) int64 { return number & (1<<registry.FileBits - 1) }

// sourcePartitionDifferences compares the partitions of a partitioned source,
// while they have their names, with their recorded definitions.
func sourcePartitionDifferences(
	ctx context.Context, env *Env, db sqltmpl.DB, job registry.Job, t registry.Table,
) ([]string, error) {
	if job.Swapped || t.Blueprint.Source.Kind != partitioned {
		return nil, nil
	}
	var out []string
	var oids []uint32
	for _, p := range t.Blueprint.Partitions {
		if p.Source == nil {
			continue
		}
		oids = append(oids, p.Source.OID)
		got, err := catalog.Load(ctx, db, p.Source.OID, env.Registry.Schema())
		if err != nil {
			return nil, err
		}
		want := *p.Source
		// Foreign keys are validated one by one; those of the table are compared with it.
		want.ForeignKeys, got.ForeignKeys = nil, nil
		out = append(out, catalog.Diff(want, got)...)
	}
	tx, ok := db.(pgx.Tx)
	if !ok || len(out) > 0 {
		return out, nil
	}
	bound, err := catalog.LoadDependents(ctx, tx, oids, env.Registry.Schema())
	if err != nil {
		return nil, err
	}
	for _, d := range bound {
		if preflight.OfPartition(d) {
			out = append(out, d.Name+" is new")
		}
	}
	return out, nil
}

// sourcePartitionsOf are the partitions of the source at setup.
func sourcePartitionsOf(t registry.Table) []uint32 {
	var out []uint32
	if t.Blueprint != nil {
		for _, p := range t.Blueprint.Source.Partitions {
			out = append(out, p.OID)
		}
	}
	return slices.Clip(out)
}

// partitionsToCheck reads the partitions of a table and what is bound to them.
func partitionsToCheck(
	ctx context.Context, env *Env, tx pgx.Tx, table catalog.Relation,
) (leaves []catalog.Relation, bound []catalog.Dependent, err error) {
	var oids []uint32
	for _, p := range table.Partitions {
		leaf, err := catalog.Load(ctx, tx, p.OID, env.Registry.Schema())
		if err != nil {
			return nil, nil, err
		}
		leaves, oids = append(leaves, leaf), append(oids, p.OID)
	}
	if len(oids) == 0 {
		return nil, nil, nil
	}
	bound, err = catalog.LoadDependents(ctx, tx, oids, env.Registry.Schema())
	return leaves, bound, err
}

// partitionLocks are those of the live tables' partitions, after the tables'
// own. Who writes to a partition by its own name has that before the server asks
// for the table, for a moment: in a deadlock with us, which one attempt may run
// into and the next not. So we don't wait long for a partition.
func partitionLocks(env *Env, job registry.Job) []lockable {
	var out []lockable
	for _, t := range job.Tables {
		from, _ := sides(env, job, t)
		for i, p := range from.partitions {
			oid := t.Blueprint.Partitions[i].OID
			if !job.Swapped {
				oid = t.Blueprint.Source.Partitions[i].OID
			}
			out = append(out, tableLock(oid, p.table))
		}
	}
	return out
}
