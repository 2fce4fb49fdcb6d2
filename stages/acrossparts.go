package stages

import (
	"context"
	"fmt"
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// A partitioned table moves partition by partition: changes come as those of
// the partition that they were made in, and go to the one of its name, whose bounds
// are the same. A TRUNCATE of one partition comes as any other. What is not in
// the stream is who attaches and detaches partitions: so each is known by the
// transaction that attached it, and what is known is compared before rows could be missed.

// partsAt are the partitions with rows, at the end that a direction comes from,
// of a table that is partitioned there.
func partsAt(t registry.Table, d registry.Direction) []catalog.Partition {
	return slices.DeleteFunc(slices.Clone(treeAt(t, d)), func(p catalog.Partition) bool { return p.Kind == partitioned })
}

// treeAt are all partitions there.
func treeAt(t registry.Table, d registry.Direction) []catalog.Partition {
	switch {
	case t.Bound == nil:
		return nil
	case d == registry.Forward:
		return t.Bound.OnSource
	default:
		return t.Bound.OnTarget
	}
}

// mappingOf is what becomes of a partition's rows: they go to the partition of
// the same name, whose columns may stand in an order of their own; to the table if it is not
// partitioned there.
func mappingOf(t registry.Table, d registry.Direction, number int, p catalog.Partition) logical.Mapping {
	b, to := t.Blueprint, t.Name
	for _, part := range b.Below() {
		if part.Own != nil && part.Own.Source.Table == p.Table {
			own := *part.Own
			own.Key = b.Key
			b, to = &own, p.Table
		}
	}
	m := logical.Forward(b, t.Number)
	if d == registry.Backward {
		m = logical.Backward(b, t.Number, p.OID)
	}
	m = m.Of(number, p.Table, p.OID, to)
	m.Shared = to == t.Name
	return m
}

// sourceFilesAcross are the tables that hold a table's rows on the source, as far
// as they are known.
func sourceFilesAcross(t registry.Table) []catalog.Partition {
	if t.Blueprint.Source.Kind != partitioned {
		return []catalog.Partition{{OID: t.SourceOID, Table: t.Name}}
	}
	return partsAt(t, registry.Forward)
}

// filesOf are the tables that hold a table's rows on the target.
func filesOf(t registry.Table) []sqltmpl.Table {
	if t.Blueprint.Shadow.Kind != partitioned {
		return []sqltmpl.Table{t.Name}
	}
	var out []sqltmpl.Table
	for _, p := range partsAt(t, registry.Backward) {
		out = append(out, p.Table)
	}
	return out
}

// attachedTo reads the partitions of a table, at every depth, as db's snapshot shows them;
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
			Options: r.Options, Tablespace: r.Tablespace, Above: r.Above,
			Parent: sqltmpl.Table{Schema: r.ParentSchema, Name: r.ParentName},
		}
	}
	return out, nil
}

// samePartition reports whether two are one partition that was it all the time.
func samePartition(a, b catalog.Partition) bool {
	return a.OID == b.OID && a.Table == b.Table && a.Attached == b.Attached && a.Above == b.Above
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
	return changesOf(treeAt(t, d), now), err
}

// lines says what has changed.
func (c treeChange) lines() []string {
	var out []string
	for _, p := range c.gone {
		what := "was detached or dropped"
		if slices.ContainsFunc(c.come, func(o catalog.Partition) bool { return o.OID == p.OID }) {
			what = "was renamed, or detached and attached again, or what it is below was"
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
