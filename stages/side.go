package stages

import (
	"fmt"
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// A side is one of the two tables of a job, the original one or the rewritten
// one: what it is like when it has the name, and where it is parked when not.
type side struct {
	relation  catalog.Relation
	parked    sqltmpl.Table
	indexes   []parkedIndex
	serials   []serialColumn
	sequences []ownSequence
	// The foreign keys and checks NOT VALID that it has only while it has the name.
	foreignKeys  []catalog.ForeignKey
	referencedBy []catalog.ForeignKey
	lateChecks   []catalog.Check
	lateNotNulls []catalog.NotNull
	// partitions go with their table, which then has no foreign keys out of its own: unpark gives
	// them to the partitions, and validate gives them to the table.
	partitions []side
	// own: it stands for a partition of the source, and has foreign keys as that has.
	own      bool
	comments []catalog.Check // of lateChecks that it has from its table
}

// A parkedIndex has one name when its table has the name, and one of ours else.
type parkedIndex struct{ name, parked sqltmpl.Ident }

// A serialColumn has its default from a sequence that both sides share.
type serialColumn struct {
	name     sqltmpl.Ident
	value    sqltmpl.Fragment // the default
	sequence catalog.Sequence
	retype   sqltmpl.Fragment // the sequence follows to this type; "" if it need not
	above    bool             // a partition's: the sequence is its table's, and value may be anything, or nothing
}

// An ownSequence belongs to one side alone, as identity columns have them, and
// goes with its table.
type ownSequence struct {
	column sqltmpl.Ident
	name   sqltmpl.Ident // when its table has the name
	parked sqltmpl.Ident
	// counterpart is the source's sequence that it is, or takes over from and hands over to; "" if none.
	counterpart sqltmpl.Ident
	value       sqltmpl.Fragment // the column's default, where it names the sequence; else ""
}

// original is the side of the source table, or of a partition of it.
func original(names shadow.Names, b *shadow.Blueprint) side {
	s := side{
		relation: b.Source, parked: names.Object("old"), foreignKeys: b.Source.ForeignKeys,
		referencedBy: b.Source.ReferencedBy, serials: serialColumns(b.Source, b.Source, b),
	}
	for i, index := range b.Source.Indexes {
		s.indexes = append(s.indexes, parkedIndex{index.Name, names.Object(fmt.Sprintf("o%d", i+1)).Name})
	}
	for _, p := range b.Partitions {
		if p.Own != nil {
			s.partitions = append(s.partitions, s.above(original(partNames(names.Schema, p), p.Own)))
		}
	}
	for i, seq := range b.Source.Sequences {
		if seq.Identity || shadowColumn(b, seq.Column) == "" {
			s.sequences = append(s.sequences, ownSequence{
				column: seq.Column, name: seq.Table.Name, parked: names.Object(fmt.Sprintf("os%d", i+1)).Name,
				counterpart: seq.Table.Name,
			})
		}
	}
	return s
}

// rewritten is the side of the shadow, or of a partition of it.
func rewritten(names shadow.Names, b *shadow.Blueprint) side {
	s := side{
		relation: b.Shadow, parked: names.Object("shadow"), foreignKeys: b.ForeignKeys,
		referencedBy: b.ReferencedBy, lateChecks: b.LateChecks, lateNotNulls: b.LateNotNulls,
		serials: serialColumns(b.Source, b.Shadow, b),
	}
	for _, index := range b.Indexes {
		if !index.Helper {
			s.indexes = append(s.indexes, parkedIndex{index.Name, index.BuildName})
		}
	}
	for _, p := range b.Partitions {
		if p.Own != nil {
			s.partitions = append(s.partitions, s.above(rewritten(partNames(names.Schema, p), p.Own)))
			continue
		}
		s.partitions = append(s.partitions, side{
			relation: catalog.Relation{Table: b.PartitionTable(p)}, parked: sqltmpl.Table{Schema: names.Schema, Name: p.BuildName},
		})
	}
	for _, seq := range b.Sequences {
		if seq.BuildName != "" {
			s.sequences = append(s.sequences, ownSequence{
				column: seq.Column, name: seq.Name, parked: seq.BuildName, counterpart: seq.Source, value: seq.Default,
			})
		}
	}
	return s
}

// above returns a partition's side without what it has from s: that goes with
// s, or comes with it, but for the defaults of the columns that s has from
// sequences, which may be the partition's own.
func (s side) above(part side) side {
	part.own = true
	for _, check := range part.lateChecks {
		if s.hasLate(check.Name) && check.Comment != "" {
			part.comments = append(part.comments, check)
		}
	}
	part.lateChecks = slices.DeleteFunc(slices.Clone(part.lateChecks), func(c catalog.Check) bool { return s.hasLate(c.Name) })
	part.lateNotNulls = slices.DeleteFunc(slices.Clone(part.lateNotNulls), func(n catalog.NotNull) bool {
		return slices.ContainsFunc(s.lateNotNulls, func(o catalog.NotNull) bool { return o.Name == n.Name })
	})
	for _, serial := range s.serials {
		column, ok := columnOf(part.relation, serial.name)
		if !ok || slices.ContainsFunc(part.serials, func(o serialColumn) bool { return o.name == serial.name }) {
			continue
		}
		part.serials = append(part.serials, serialColumn{name: column.Name, value: column.Default, above: true})
	}
	for i := range part.partitions {
		part.partitions[i] = s.above(part.partitions[i])
	}
	return part
}

func (s side) hasLate(check sqltmpl.Ident) bool {
	return slices.ContainsFunc(s.lateChecks, func(c catalog.Check) bool { return c.Name == check })
}

// serialColumns lists the columns of r, one of the blueprint's two sides, that
// take their default from a sequence owned by the source. Where a column
// outgrew its sequence, that is retyped with every exchange.
func serialColumns(source, r catalog.Relation, b *shadow.Blueprint) []serialColumn {
	var out []serialColumn
	for _, seq := range source.Sequences {
		name := shadowColumn(b, seq.Column)
		if seq.Identity || name == "" {
			continue // it goes with its table
		}
		retype := outgrown(b, seq)
		if r.OID == source.OID {
			name = seq.Column
			if retype != "" {
				retype = seq.Type
			}
		}
		if column, ok := columnOf(r, name); ok && column.Default != "" {
			out = append(out, serialColumn{name: name, value: column.Default, sequence: seq, retype: retype})
		}
	}
	return out
}

// outgrown is the type that a shared sequence must have after the swap, "" if
// its own.
func outgrown(b *shadow.Blueprint, seq catalog.Sequence) sqltmpl.Fragment {
	for _, s := range b.Sequences {
		if s.BuildName == "" && s.Source == seq.Table.Name {
			return s.Type
		}
	}
	return ""
}

// shadowColumn is what a source column is called on the shadow; "" if dropped.
func shadowColumn(b *shadow.Blueprint, source sqltmpl.Ident) sqltmpl.Ident {
	for _, c := range b.Columns {
		if c.Source == source {
			return c.Shadow
		}
	}
	return ""
}

func columnOf(r catalog.Relation, name sqltmpl.Ident) (catalog.Column, bool) {
	for _, c := range r.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return catalog.Column{}, false
}
