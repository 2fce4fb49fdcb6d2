package stages

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/preflight"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// A partitioned table moves partition by partition: changes come as those of
// the partition that they were made in, and go to the one of its name, whose bounds
// are the same. A TRUNCATE of one partition comes as any other. What is not in
// the stream is who attaches and detaches partitions: so each is known by the
// transaction that attached it, and what is known is compared before rows could be missed.

// partsAt are the partitions, at the end that a direction comes from, of a
// table that is partitioned there.
func partsAt(t registry.Table, d registry.Direction) []catalog.Partition {
	if d == registry.Forward {
		return t.Blueprint.Source.Partitions
	}
	return t.Blueprint.Shadow.Partitions
}

// counterpart is the table of the other end that has the rows of a partition.
func counterpart(t registry.Table, p catalog.Partition) sqltmpl.Table {
	if t.Blueprint.Source.Kind == partitioned && t.Blueprint.Shadow.Kind == partitioned {
		return p.Table
	}
	return t.Name
}

// sourceFilesAcross are the tables that hold a table's rows on the source, as far
// as they are known.
func sourceFilesAcross(t registry.Table) []catalog.Partition {
	if t.Blueprint.Source.Kind != partitioned {
		return []catalog.Partition{{OID: t.SourceOID, Table: t.Name}}
	}
	return t.Blueprint.Source.Partitions
}

// filesOf are the tables that hold a table's rows on the target.
func filesOf(t registry.Table) []sqltmpl.Table {
	if t.Blueprint.Shadow.Kind != partitioned {
		return []sqltmpl.Table{t.Name}
	}
	var out []sqltmpl.Table
	for _, p := range t.Blueprint.Shadow.Partitions {
		out = append(out, p.Table)
	}
	return out
}

// attachedTo reads the partitions of a table as db's snapshot shows them;
// none for a plain one. One that is being detached is none any more.
func attachedTo(ctx context.Context, db sqltmpl.DB, oid uint32) ([]catalog.Partition, error) {
	rows, err := sqltmpl.All[sqltmpl.FoundPartition](ctx, db, sqltmpl.ListPartitions{Relation: oid}.Statement())
	if err != nil {
		return nil, err
	}
	out := make([]catalog.Partition, len(rows))
	for i, r := range rows {
		out[i] = catalog.Partition{
			OID: r.OID, Table: sqltmpl.Table{Schema: r.Schema, Name: r.Name}, Kind: r.Kind, Bound: r.Bound, Attached: r.Attached,
			Options: r.Options, Tablespace: r.Tablespace,
		}
	}
	return out, nil
}

// samePartition reports whether two are one partition that was it all the time.
func samePartition(a, b catalog.Partition) bool {
	return a.OID == b.OID && a.Table == b.Table && a.Attached == b.Attached
}

// treeChange is what somebody did to the partitions of a table.
type treeChange struct{ gone, come []catalog.Partition }

func (c treeChange) any() bool { return len(c.gone)+len(c.come) > 0 }

// changesOf compares partitions as they were with those that there are. One that
// was detached and attached again is gone and has come: what was written to it meanwhile is
// in no stream.
func changesOf(before, after []catalog.Partition) treeChange {
	without := func(list, others []catalog.Partition) []catalog.Partition {
		return slices.DeleteFunc(slices.Clone(list), func(p catalog.Partition) bool {
			return slices.ContainsFunc(others, func(o catalog.Partition) bool { return samePartition(p, o) })
		})
	}
	return treeChange{gone: without(before, after), come: without(after, before)}
}

// partitionDifferences says what somebody did to the partitions at the end
// that a direction comes from.
func partitionDifferences(ctx context.Context, db sqltmpl.DB, t registry.Table, d registry.Direction) ([]string, error) {
	change, err := changesIn(ctx, db, t, d)
	return change.lines(), err
}

// changesIn compares the partitions that db shows, at the end that a direction
// comes from, with those that are known.
func changesIn(ctx context.Context, db sqltmpl.DB, t registry.Table, d registry.Direction) (treeChange, error) {
	r, oid := t.Blueprint.Source, t.SourceOID
	if d == registry.Backward {
		r, oid = t.Blueprint.Shadow, t.ShadowOID
	}
	if r.Kind != partitioned {
		return treeChange{}, nil
	}
	now, err := attachedTo(ctx, db, oid)
	return changesOf(partsAt(t, d), now), err
}

// lines says what has changed.
func (c treeChange) lines() []string {
	var out []string
	for _, p := range c.gone {
		what := "was detached or dropped"
		if slices.ContainsFunc(c.come, func(o catalog.Partition) bool { return o.OID == p.OID }) {
			what = "was renamed, or detached and attached again"
		}
		out = append(out, fmt.Sprintf("partition %s %s", p.Table.Plain(), what))
	}
	for _, p := range c.come {
		if !slices.ContainsFunc(c.gone, func(o catalog.Partition) bool { return o.OID == p.OID }) {
			out = append(out, fmt.Sprintf("partition %s is new", p.Table.Plain()))
		}
	}
	return out
}

// filenodeOf is the file that a partition is in, 0 if it was dropped or has
// another name.
func filenodeOf(ctx context.Context, db sqltmpl.DB, p catalog.Partition) (uint32, error) {
	state, err := stateOf(ctx, db, p.Table, []string{})
	if err != nil || state.OID != p.OID {
		return 0, err
	}
	return state.Filenode, nil
}

// changedTree is a *TreeError, unless nothing was changed.
func changedTree(t registry.Table, swapped bool, differences []string) error {
	if len(differences) == 0 {
		return nil
	}
	return &TreeError{Table: t.Name, Differences: differences, Swapped: swapped}
}

// leavesAsKnown makes sure that nobody gave a partition of the source something of
// its own, which the target would lack.
func leavesAsKnown(ctx context.Context, env *Env, job registry.Job, t registry.Table) error {
	if job.Swapped {
		return nil
	}
	return inTx(ctx, env.Source, func(tx pgx.Tx) error {
		var out []string
		var oids []uint32
		for _, leaf := range t.Bound.Leaves {
			got, err := catalog.Load(ctx, tx, leaf.Relation.OID, env.Registry.Schema())
			if errors.Is(err, catalog.ErrGone) {
				continue // the cutover looks
			}
			if err != nil {
				return err
			}
			oids = append(oids, leaf.Relation.OID)
			for _, line := range catalog.Diff(withoutOurs(leaf.Relation), withoutOurs(got)) {
				out = append(out, leaf.Relation.Table.Plain()+": "+line)
			}
		}
		if len(oids) > 0 {
			bound, err := catalog.LoadDependents(ctx, tx, oids, env.Registry.Schema())
			if err != nil {
				return err
			}
			for _, d := range bound {
				if preflight.OfPartition(d) && !strings.Contains(d.Name, "repave_") {
					out = append(out, d.Name+" is new")
				}
			}
		}
		return changedIf(t, out)
	})
}

// sameBounds refuses a change after which a row could belong to another partition
// than before: its changes go to the partition of the same name.
func sameBounds(ctx context.Context, env *Env, t registry.Table, b *shadow.Blueprint) ([]preflight.Finding, error) {
	if b.Source.Kind != partitioned {
		return nil, nil
	}
	by, err := sqltmpl.Scalars[sqltmpl.Ident](ctx, env.Source, sqltmpl.PartitionColumns{Relation: t.SourceOID}.Statement())
	if err != nil {
		return nil, err
	}
	var out []preflight.Finding
	for _, c := range b.Columns {
		if slices.Contains(by, c.Source) && (c.Using != "" || !c.Safe) {
			out = append(out, preflight.Finding{
				Check: "partition", Table: t.Name.Plain(), Cure: "change the column after cleanup, in place: repave run " + t.Name.Plain(),
				Problem: fmt.Sprintf("it is partitioned by column %s, whose change can put rows into other partitions", c.Source),
			})
		}
	}
	return out, nil
}
