// Package logical moves tables to another cluster: rows are piped there in one
// snapshot, changes follow by logical decoding (pgoutput), and are applied in
// bulk, the position in the same transaction.
package logical

import (
	"fmt"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Mapping says how rows of one table become rows of its counterpart on the
// other cluster. It has a direction; nothing that uses it knows which.
type Mapping struct {
	Number  int           // of the table in its job
	Part    int           // of a partition: its place among the table's, from 1 on
	Shared  bool          // other partitions have the same To
	From    sqltmpl.Table // where changes come from
	FromOID uint32        // as messages of the stream name it
	To      sqltmpl.Table // where they go to
	// Columns of From that hold data, in the order of the table: generated ones are not sent.
	Columns []FromColumn
	// Insert are the columns of To that are written, Values what they are made of, over a row of
	// From aliased s.
	Insert sqltmpl.Columns
	Values []sqltmpl.Fragment
	// Types are what the columns of Insert are declared as.
	Types []sqltmpl.Fragment
	// Plain has, for each of Values, the column of From that it is, unchanged and of the same
	// type; "" for everything else.
	Plain []sqltmpl.Ident
	Key   []MappedKey
}

// A FromColumn is a column of the table that changes come from.
type FromColumn struct {
	Name sqltmpl.Ident
	Type sqltmpl.Fragment // with modifiers
}

// A MappedKey is one column of the key, on both sides.
type MappedKey struct {
	From     sqltmpl.Ident
	FromType sqltmpl.Fragment
	To       sqltmpl.Ident
	ToType   sqltmpl.Fragment
	ToEq     sqltmpl.Fragment // the equality operator of To's index
}

// Forward maps rows of the source to rows of the target.
func Forward(b *shadow.Blueprint, number int) Mapping {
	m := Mapping{Number: number, From: b.Source.Table, FromOID: b.Source.OID, To: b.Source.Table}
	for _, c := range b.Source.Columns {
		if c.Generated == "" {
			m.Columns = append(m.Columns, FromColumn{Name: c.Name, Type: c.Type})
		}
	}
	for _, k := range b.Key {
		m.Key = append(m.Key, MappedKey{
			From: k.Source, FromType: k.SourceType, To: k.Shadow, ToType: k.ShadowType, ToEq: k.ShadowEq,
		})
	}
	for _, c := range b.Columns {
		switch {
		case c.Shadow == "" || c.ShadowGenerated || c.Source == "" && c.Using == "":
			continue
		case c.Using != "":
			m.add(c.Shadow, c.ShadowType, cast("("+c.Using+")", b.Shadow, c), "")
		case c.Same:
			m.add(c.Shadow, c.ShadowType, column(c.Source), c.Source)
		default:
			m.add(c.Shadow, c.ShadowType, cast(column(c.Source), b.Shadow, c), "")
		}
	}
	return m
}

// Backward maps rows of the target, whose table has the given OID there, to
// rows of the source. Columns that the change has dropped, or that can't be
// computed back, keep what they hold.
func Backward(b *shadow.Blueprint, number int, targetOID uint32) Mapping {
	m := Mapping{Number: number, From: b.Source.Table, FromOID: targetOID, To: b.Source.Table}
	for _, c := range b.Shadow.Columns {
		if c.Generated == "" {
			m.Columns = append(m.Columns, FromColumn{Name: c.Name, Type: c.Type})
		}
	}
	for _, k := range b.Key {
		m.Key = append(m.Key, MappedKey{
			From: k.Shadow, FromType: k.ShadowType, To: k.Source, ToType: k.SourceType, ToEq: k.SourceEq,
		})
	}
	for _, c := range b.Columns {
		switch {
		case c.Source == "" || c.SourceGenerated || c.Shadow == "" || c.Reverse == "":
			continue
		case c.Same:
			m.add(c.Source, c.SourceType, column(c.Shadow), c.Shadow)
		default:
			m.add(c.Source, c.SourceType, c.Reverse, "")
		}
	}
	return m
}

// Of is m for one partition of From, whose rows become rows of to: the
// partition's counterpart, or m.To if there is none.
func (m Mapping) Of(part int, from sqltmpl.Table, oid uint32, to sqltmpl.Table) Mapping {
	m.Part, m.From, m.FromOID, m.To, m.Shared = part, from, oid, to, to == m.To
	return m
}

// stage is what the stage of its changes is called.
func (m *Mapping) stage() sqltmpl.Ident {
	name := fmt.Sprintf("repave_stage_%d", m.Number)
	if m.Part > 0 {
		name += fmt.Sprintf("_%d", m.Part)
	}
	return sqltmpl.Ident(name)
}

func column(name sqltmpl.Ident) sqltmpl.Fragment { return sqltmpl.Fragment("s." + name.String()) }

// shortening are the types to whose length a cast cuts what is too long, without
// a word, where an assignment fails: bpchar, varchar, bit, varbit and arrays of them.
var shortening = map[uint32]sqltmpl.Fragment{
	1042: "pg_catalog.bpchar", 1043: "pg_catalog.varchar", 1560: `pg_catalog."bit"`, 1562: "pg_catalog.varbit",
	1014: "pg_catalog.bpchar[]", 1015: "pg_catalog.varchar[]", 1561: `pg_catalog."bit"[]`, 1563: "pg_catalog.varbit[]",
}

// cast gives a value the type of the shadow's column, but for a length that
// would cut it: that is left to the column itself, which refuses it.
func cast(value sqltmpl.Fragment, r catalog.Relation, c shadow.Column) sqltmpl.Fragment {
	as := c.ShadowType
	for _, column := range r.Columns {
		if column.Name == c.Shadow && shortening[column.BaseType] != "" {
			as = shortening[column.BaseType]
		}
	}
	return "CAST(" + value + " AS " + as + ")"
}

func (m *Mapping) add(to sqltmpl.Ident, typ, value sqltmpl.Fragment, plain sqltmpl.Ident) {
	m.Insert = append(m.Insert, to)
	m.Types = append(m.Types, typ)
	m.Values = append(m.Values, value)
	m.Plain = append(m.Plain, plain)
}
