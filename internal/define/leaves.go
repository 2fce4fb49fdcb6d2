package define

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Leaf is a partition as it is on the source, for what it has of its own.
type Leaf struct {
	Relation catalog.Relation `json:"relation"`
	// Indexes are what its indexes are called, by the names of the table's.
	Indexes map[string]sqltmpl.Ident `json:"indexes"`
}

// LoadLeaves reads the partitions of a table on the source; a plain one has
// none. It locks nothing.
func LoadLeaves(ctx context.Context, tx pgx.Tx, oid uint32, registry sqltmpl.Ident) ([]Leaf, error) {
	partitions, err := sqltmpl.All[sqltmpl.FoundPartition](ctx, tx, sqltmpl.ListPartitions{Relation: oid}.Statement())
	if err != nil || len(partitions) == 0 {
		return nil, err
	}
	indexes, err := sqltmpl.All[sqltmpl.PartitionIndex](ctx, tx, sqltmpl.PartitionIndexes{Relation: oid}.Statement())
	if err != nil {
		return nil, err
	}
	var out []Leaf
	for _, p := range partitions {
		leaf := Leaf{Indexes: map[string]sqltmpl.Ident{}}
		if leaf.Relation, err = catalog.Load(ctx, tx, p.OID, registry); err != nil {
			return nil, err
		}
		for _, i := range indexes {
			if i.Relation == p.OID {
				leaf.Indexes[string(i.Root)] = i.Name
			}
		}
		out = append(out, leaf)
	}
	return out, nil
}

// AddPartition makes one more partition of the table r on the target, with the
// indexes that the table has, and what it has of its own on the source. It locks the table ACCESS
// EXCLUSIVE, and leaves nothing if tx is rolled back.
func AddPartition(
	ctx context.Context, tx pgx.Tx, r catalog.Relation, p catalog.Partition, bound Bound, leaf Leaf,
) (Notes, error) {
	fail := func(err error) error { return fmt.Errorf("making partition %s: %w", p.Table.Plain(), err) }
	r.Partitions, bound.Leaves = []catalog.Partition{p}, []Leaf{leaf}
	c := &creator{tx: tx, r: r}
	var err error
	if c.found, err = look(ctx, tx, p.Tablespace); err != nil {
		return nil, fail(err)
	}
	if err := c.partition(ctx, p); err != nil {
		return nil, fail(err)
	}
	f := &finisher{tx: tx, r: r, bound: bound, notes: c.notes}
	if f.oid, err = oidOf(ctx, tx, r.Table); err != nil {
		return nil, fail(err)
	}
	there, err := look(ctx, tx, f.roles()...)
	if err != nil {
		return nil, fail(err)
	}
	if there.role(r.Owner) {
		if err := f.do(ctx, sqltmpl.SetOwner{Table: p.Table, Owner: r.Owner}.Statement()); err != nil {
			return nil, fail(err)
		}
	}
	if err := f.leaf(ctx, leaf, there); err != nil {
		return nil, fail(err)
	}
	return f.notes, nil
}

// leaf gives a partition what it does not have from its table: privileges,
// comments, statistics targets, the names of its indexes.
func (f *finisher) leaf(ctx context.Context, leaf Leaf, there found) error {
	source := leaf.Relation
	table := source.Table
	oid, err := oidOf(ctx, f.tx, table)
	if err != nil || oid == 0 {
		return err // plain in the final form
	}
	now, err := catalog.Load(ctx, f.tx, oid, f.bound.Registry)
	if err != nil {
		return err
	}
	steps := f.set(granted{object: table, owner: source.Owner, has: now.Grants, want: source.Grants}, there)
	if source.Comment != "" {
		steps = append(steps, sqltmpl.CommentTable{Table: table, Comment: sqltmpl.Literal(source.Comment)}.Statement())
	}
	for _, column := range source.Columns {
		if column.Name = f.bound.final(column.Name); column.Name == "" {
			continue
		}
		steps = append(steps, shadow.ColumnAttributes(table, column)...)
		if column.Comment != "" {
			steps = append(steps, sqltmpl.CommentColumn{
				Table: table, Column: column.Name, Comment: sqltmpl.Literal(column.Comment),
			}.Statement())
		}
		for _, grant := range column.Grants {
			steps = append(steps, f.grant(granted{object: table, owner: source.Owner}, column.Name, grant, there)...)
		}
	}
	if err := f.do(ctx, steps...); err != nil {
		return err
	}
	return f.leafIndexes(ctx, oid, leaf)
}

// final is what a column of the source is called in the end; "" if it is dropped.
func (b Bound) final(name sqltmpl.Ident) sqltmpl.Ident {
	for _, c := range b.Columns {
		if c.Source == name {
			return c.Shadow
		}
	}
	return name
}

// leafIndexes gives the indexes of a partition their names, by way of others
// that nothing has, and statistics targets as the table's have.
func (f *finisher) leafIndexes(ctx context.Context, oid uint32, leaf Leaf) error {
	all, err := sqltmpl.All[sqltmpl.PartitionIndex](ctx, f.tx, sqltmpl.PartitionIndexes{Relation: f.oid}.Statement())
	if err != nil {
		return err
	}
	in := func(name sqltmpl.Ident) sqltmpl.Table {
		return sqltmpl.Table{Schema: leaf.Relation.Table.Schema, Name: name}
	}
	var first, second, targets []sqltmpl.Statement
	for n, index := range all {
		if index.Relation != oid {
			continue
		}
		name := index.Name
		if want := leaf.Indexes[string(index.Root)]; want != "" && want != name {
			waiting := sqltmpl.Ident("repave_index_" + strconv.Itoa(n))
			first = append(first, sqltmpl.RenameIndex{Index: in(name), To: waiting}.Statement())
			second = append(second, sqltmpl.RenameIndex{Index: in(waiting), To: want}.Statement())
			name = want
		}
		at := slices.IndexFunc(f.r.Indexes, func(i catalog.Index) bool { return i.Name == index.Root })
		if at < 0 {
			continue
		}
		for _, number := range slices.Sorted(maps.Keys(f.r.Indexes[at].StatsTargets)) {
			column, err := strconv.Atoi(number)
			if err != nil {
				return err
			}
			targets = append(targets, sqltmpl.SetIndexStatistics{
				Index: in(name), Number: column, Target: f.r.Indexes[at].StatsTargets[number],
			}.Statement())
		}
	}
	return f.do(ctx, slices.Concat(first, second, targets)...)
}
