package define

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Tree is one table of a job in its final form, with what is bound to it. If
// it is partitioned on the source, it has its partitions: each is made as a table of its own, with
// all that is its own, and attached while it is empty. Partitions that a table
// gets on the way are its Relation's, and have nothing of their own.
type Tree struct {
	Relation catalog.Relation
	Bound    Bound
	Parts    []Part // at every depth, each after the table that it is a partition of
}

// A Part is a partition that the source has, in its final form.
type Part struct {
	OID      uint32 // on the source
	Relation catalog.Relation
	Bound    Bound
	Above    sqltmpl.Table // what it is a partition of; none: it is the whole table
	At       sqltmpl.Fragment
	// Indexes are those that belong to one of the table above, and what that is called.
	Indexes map[sqltmpl.Ident]sqltmpl.Ident
}

// NewTree puts together what a blueprint and what is bound say of a table.
func NewTree(b *shadow.Blueprint, bound Bound) Tree {
	t := Tree{Relation: b.Shadow, Bound: bound}
	t.grow(b)
	return t
}

// grow adds the partitions below a table.
func (t *Tree) grow(above *shadow.Blueprint) {
	for _, p := range above.Partitions {
		if p.Own == nil {
			continue
		}
		part := Part{
			OID: p.Own.Source.OID, Relation: p.Own.Shadow, Bound: t.Bound.Parts[p.Own.Source.OID], Above: above.Shadow.Table,
			Indexes: map[sqltmpl.Ident]sqltmpl.Ident{},
		}
		for _, at := range above.Shadow.Partitions {
			if at.Table == p.Own.Shadow.Table {
				part.At = at.Bound
			}
		}
		for _, index := range p.Own.Indexes {
			for _, of := range above.Indexes {
				if index.Above != "" && index.Above == of.BuildName {
					part.Indexes[index.Name] = of.Name
				}
			}
		}
		t.Parts = append(t.Parts, part)
		t.grow(p.Own)
	}
}

// nodes are the whole table and its partitions, as tables of their own.
func (t Tree) nodes() []Part {
	whole := Part{Relation: t.Relation, Bound: t.Bound}
	if len(t.Parts) > 0 {
		whole.Relation.Partitions = nil
	}
	return append([]Part{whole}, t.Parts...)
}

// Create is the function Create for the table and its partitions.
func (t Tree) Create(ctx context.Context, tx pgx.Tx) (Notes, error) {
	var notes Notes
	for _, p := range t.nodes() {
		made, err := p.create(ctx, tx)
		if err == nil && p.Above.Name != "" {
			err = p.attach(ctx, tx)
		}
		if err != nil {
			return nil, err
		}
		notes = append(notes, made...)
	}
	return notes, nil
}

// create makes one table that has no partitions yet.
func (p Part) create(ctx context.Context, tx pgx.Tx) (Notes, error) {
	r := p.Relation
	if p.Above.Name == "" {
		return Create(ctx, tx, r)
	}
	r.Partitions = nil
	if version(tx) >= v17 { // it gets them from its table
		r.Columns = withoutIdentity(r.Columns)
	}
	return Create(ctx, tx, r)
}

func withoutIdentity(columns []catalog.Column) []catalog.Column {
	columns = slices.Clone(columns)
	for i := range columns {
		columns[i].Identity = ""
	}
	return columns
}

// attach makes it a partition. The server pairs indexes that it has by then with those of the
// table above.
func (p Part) attach(ctx context.Context, tx pgx.Tx) error {
	_, err := sqltmpl.AttachPartition{Parent: p.Above, Partition: p.Relation.Table, Bound: p.At}.Statement().Exec(ctx, tx)
	if err != nil {
		return fmt.Errorf("attaching partition %s: %w", p.Relation.Table.Plain(), err)
	}
	return nil
}

// Indexes lists the indexes of the table and its partitions for Build and
// Attach: those of a partitioned table after the ones that it takes in.
func (t Tree) Indexes() []Index {
	if len(t.Parts) == 0 {
		return Indexes(t.Relation)
	}
	var out []Index
	for _, p := range slices.Backward(t.nodes()) {
		for _, index := range Indexes(p.Relation) {
			out = append(out, t.takesIn(index))
		}
	}
	return out
}

// takesIn adds which indexes of partitions belong to one of a partitioned table.
func (t Tree) takesIn(index Index) Index {
	if !index.OfPartitioned {
		return index
	}
	index.Only = true
	for _, part := range t.Parts {
		for name, above := range part.Indexes {
			if part.Above == index.Table && above == index.Name {
				index.takes = append(index.takes, sqltmpl.Table{Schema: part.Relation.Table.Schema, Name: name})
			}
		}
	}
	return index
}

// Open is the function Open for the table and its partitions.
func (t Tree) Open(ctx context.Context, tx pgx.Tx) error {
	return t.each(func(p Part) error { return Open(ctx, tx, p.Relation, p.Bound) })
}

// Close is the function Close for the table and its partitions.
func (t Tree) Close(ctx context.Context, tx pgx.Tx) error {
	return t.each(func(p Part) error { return Close(ctx, tx, p.Relation, p.Bound) })
}

// Opens reports whether there is anything that Open and Close do.
func (t Tree) Opens() bool { return slices.ContainsFunc(t.nodes(), Part.opens) }

func (p Part) opens() bool {
	return len(p.Bound.Firing) > 0 || len(lateConstraints(p.Relation)) > 0 || p.Relation.ForceRLS
}

func (t Tree) each(do func(p Part) error) error {
	for _, p := range t.nodes() {
		if !p.opens() {
			continue
		}
		if err := do(p); err != nil {
			return err
		}
	}
	return nil
}

// A Counter is a sequence that columns take values from.
type Counter struct {
	Name      sqltmpl.Table
	Increment int64
	Cycle     bool
	Shared    bool // it serves others than the columns that own it, so perhaps tables that are elsewhere
}

// Sequences lists the sequences of the table and its partitions, each once.
func (t Tree) Sequences() []Counter {
	var out []Counter
	add := func(s catalog.Sequence, shared bool) {
		if !slices.ContainsFunc(out, func(c Counter) bool { return c.Name == s.Table }) {
			out = append(out, Counter{s.Table, s.Increment, s.Cycle, shared})
		}
	}
	for _, p := range t.nodes() {
		for _, s := range p.Relation.Sequences {
			add(s, len(s.Dependents) > 0)
		}
		for _, s := range p.Relation.Uses {
			add(s, true)
		}
	}
	return out
}
