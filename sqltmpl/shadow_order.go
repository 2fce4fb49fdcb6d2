package sqltmpl

import (
	"strconv"
	"strings"
)

// A Number prints as itself.
type Number int64

// String returns n for SQL.
func (n Number) String() string { return strconv.FormatInt(int64(n), 10) }

// An OrderedColumn is one column of CreateOrdered.
type OrderedColumn struct {
	Name      Ident
	Type      Fragment
	Collation Fragment
	Default   Fragment // of a generated column: its expression
	Stored    bool
	Virtual   bool
	Identity  bool
	Always    bool
	Sequence  Table
	NotNull   bool
	// Constraint names the not-null constraint, from PostgreSQL 18 on.
	Constraint Ident
	NoInherit  bool
}

// SetSequenceOptions makes a new sequence begin and count like another.
type SetSequenceOptions struct {
	Sequence  Table
	Type      Fragment
	Start     Number
	Increment Number
	Min       Number
	Max       Number
	Cache     Number
	Cycle     bool
}

// Statement renders shadow/set_sequence_options.sql.
func (p SetSequenceOptions) Statement() Statement {
	return render("shadow/set_sequence_options.sql", p, nil)
}

// An OrderedCheck is one check of CreateOrdered.
type OrderedCheck struct {
	Name Ident
	Def  Fragment
}

// CreateOrdered makes a table from a description.
type CreateOrdered struct {
	Table        Table
	Columns      []OrderedColumn
	Checks       []OrderedCheck
	Unlogged     bool
	PartitionBy  Fragment // as the server deparses it; "" for plain tables
	AccessMethod Ident
	Options      Options
	Tablespace   Ident
}

// Statement renders shadow/create_ordered.sql.
func (p CreateOrdered) Statement() Statement { return render("shadow/create_ordered.sql", p, nil) }

// CommentColumn comments on a column.
type CommentColumn struct {
	Table   Table
	Column  Ident
	Comment Literal
}

// Statement renders shadow/comment_column.sql.
func (p CommentColumn) Statement() Statement { return render("shadow/comment_column.sql", p, nil) }

// SetColumnStorage sets how a column is stored.
type SetColumnStorage struct {
	Table   Table
	Column  Ident
	Storage Ident
}

// Statement renders shadow/set_column_storage.sql.
func (p SetColumnStorage) Statement() Statement {
	return render("shadow/set_column_storage.sql", p, nil)
}

// SetColumnCompression sets how a column is compressed.
type SetColumnCompression struct {
	Table  Table
	Column Ident
	Method Ident
}

// Statement renders shadow/set_column_compression.sql.
func (p SetColumnCompression) Statement() Statement {
	return render("shadow/set_column_compression.sql", p, nil)
}

// SetOptions sets storage parameters.
type SetOptions struct {
	Table   Table
	Options Options
}

// Statement renders shadow/set_options.sql.
func (p SetOptions) Statement() Statement { return render("shadow/set_options.sql", p, nil) }

// SetTablespace moves a table.
type SetTablespace struct {
	Table      Table
	Tablespace Ident
}

// Statement renders shadow/set_tablespace.sql.
func (p SetTablespace) Statement() Statement { return render("shadow/set_tablespace.sql", p, nil) }

// SetIndexTablespace moves an index.
type SetIndexTablespace struct {
	Index      Table
	Tablespace Ident
}

// Statement renders shadow/set_index_tablespace.sql.
func (p SetIndexTablespace) Statement() Statement {
	return render("shadow/set_index_tablespace.sql", p, nil)
}

// DropExpression makes a generated column an ordinary one.
type DropExpression struct {
	Table  Table
	Column Ident
}

// Statement renders shadow/drop_expression.sql.
func (p DropExpression) Statement() Statement { return render("shadow/drop_expression.sql", p, nil) }

// What Remembered puts around an expression, as the server deparses it with an
// empty search_path.
const (
	rememberHead = "CHECK ((num_nonnulls("
	rememberTail = ") >= 0))"
)

// Remember returns a check that keeps an expression: the server brings it up to
// date when columns are renamed or change type.
func Remember(expression Fragment) Fragment {
	return "CHECK (pg_catalog.num_nonnulls((" + expression + ")) >= 0)"
}

// Remembered returns the expression that a check made by Remember has now.
func Remembered(def Fragment) (Fragment, bool) {
	text, ok := strings.CutPrefix(string(def), rememberHead)
	if !ok {
		return "", false
	}
	text, ok = strings.CutSuffix(text, rememberTail)
	return Fragment(text), ok
}
