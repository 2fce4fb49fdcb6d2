package sqltmpl

import (
	"strings"

	"github.com/jackc/pgx/v5"
)

// An Ident is one SQL identifier, held unquoted. It prints quoted, so a
// template has no way to print it bare.
type Ident string

// String returns i quoted for SQL.
func (i Ident) String() string { return pgx.Identifier{string(i)}.Sanitize() }

// Plain returns the name as a person would write it: quoted only where it must be.
func (i Ident) Plain() string { return plain(i) }

// A Table names a relation (or a function, sequence or index) in a schema. It
// prints as a quoted, schema-qualified name.
type Table struct {
	Schema Ident `json:"schema"`
	Name   Ident `json:"name"`
}

// String returns t quoted for SQL.
func (t Table) String() string { return t.Schema.String() + "." + t.Name.String() }

// Plain returns the name as a person would write it: quoted only where it must be.
func (t Table) Plain() string { return plain(t.Schema) + "." + plain(t.Name) }

// Rows names a table whose own rows are meant: not those of tables that inherit
// from it. It prints with ONLY; a partitioned table, which has no others than its
// partitions', prints without.
type Rows struct {
	Of          Table
	Partitioned bool
}

// String returns r quoted for SQL.
func (r Rows) String() string {
	if r.Partitioned {
		return r.Of.String()
	}
	return "ONLY " + r.Of.String()
}

// plain quotes i only if it is not a simple lower-case word.
func plain(i Ident) string {
	for n, r := range i {
		switch {
		case r >= 'a' && r <= 'z', r == '_', n > 0 && r >= '0' && r <= '9':
		default:
			return i.String()
		}
	}
	if i == "" {
		return i.String()
	}
	return string(i)
}

// Columns is a list of column names. It prints as a comma-separated list of
// quoted names.
type Columns []Ident

// String returns c quoted for SQL.
func (c Columns) String() string {
	names := make([]string, len(c))
	for i, column := range c {
		names[i] = column.String()
	}
	return strings.Join(names, ", ")
}

// Fragment is SQL that goes into a template verbatim. Converting to it asserts
// that the text came from the server (pg_get_indexdef and its kin), from the
// operator, or was built of quoted names; every conversion is worth a
// reviewer's second look.
type Fragment string

// A Literal is a value for the places where PostgreSQL's grammar takes no
// parameter (COMMENT, SET, function settings). It prints as a quoted string.
type Literal string

// String returns l as an SQL string literal that means the same under either
// setting of standard_conforming_strings.
func (l Literal) String() string {
	quoted := "'" + strings.ReplaceAll(string(l), "'", "''") + "'"
	if strings.Contains(quoted, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}
