// Package logical moves tables to another cluster: rows are piped there in one
// snapshot, changes follow by logical decoding (pgoutput), and are applied in
// bulk, the position in the same transaction.
package logical

import (
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Mapping says how rows of one table become rows of its counterpart on the
// other cluster. It has a direction; nothing that uses it knows which.
type Mapping struct {
	Number  int           // of the table in its job
	From    sqltmpl.Table // where changes come from
	FromOID uint32        // as messages of the stream name it
	To      sqltmpl.Table // where they go to
	// Columns of From that hold data, in the order of the table: generated ones are not sent.
	Columns []FromColumn
	// Insert are the columns of To that are written, Values what they are made of, over a row of
	// From aliased s.
	Insert sqltmpl.Columns
	Values []sqltmpl.Fragment
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
			m.add(c.Shadow, "("+c.Using+")", "")
		case c.Same:
			m.add(c.Shadow, column(c.Source), c.Source)
		default:
			m.add(c.Shadow, "CAST("+column(c.Source)+" AS "+c.ShadowType+")", "")
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
			m.add(c.Source, column(c.Shadow), c.Shadow)
		default:
			m.add(c.Source, c.Reverse, "")
		}
	}
	return m
}

func column(name sqltmpl.Ident) sqltmpl.Fragment { return sqltmpl.Fragment("s." + name.String()) }

func (m *Mapping) add(to sqltmpl.Ident, value sqltmpl.Fragment, plain sqltmpl.Ident) {
	m.Insert = append(m.Insert, to)
	m.Values = append(m.Values, value)
	m.Plain = append(m.Plain, plain)
}
