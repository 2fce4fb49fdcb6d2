package sqltmpl

import "github.com/jackc/pgx/v5"

// SetSchema moves a table.
type SetSchema struct {
	Table  Table
	Schema Ident
}

// Statement renders swap/set_schema.sql.
func (p SetSchema) Statement() Statement {
	return render("swap/set_schema.sql", p, nil)
}

// DisownSequence frees a sequence of its column.
type DisownSequence struct {
	Sequence Table
}

// Statement renders swap/disown_sequence.sql.
func (p DisownSequence) Statement() Statement {
	return render("swap/disown_sequence.sql", p, nil)
}

// OwnSequence gives a column a sequence.
type OwnSequence struct {
	Sequence Table
	Table    Table
	Column   Ident
}

// Statement renders swap/own_sequence.sql.
func (p OwnSequence) Statement() Statement {
	return render("swap/own_sequence.sql", p, nil)
}

// RenameSequence renames a sequence.
type RenameSequence struct {
	Sequence Table
	To       Ident
}

// Statement renders swap/rename_sequence.sql.
func (p RenameSequence) Statement() Statement {
	return render("swap/rename_sequence.sql", p, nil)
}

// RetypeSequence changes a sequence's type.
type RetypeSequence struct {
	Sequence Table
	Type     Fragment
}

// Statement renders swap/retype_sequence.sql.
func (p RetypeSequence) Statement() Statement {
	return render("swap/retype_sequence.sql", p, nil)
}

// SequenceState reads where a sequence stands.
type SequenceState struct {
	Sequence Table
}

// Statement renders swap/sequence_state.sql.
func (p SequenceState) Statement() Statement {
	return render("swap/sequence_state.sql", p, nil)
}

// SetSequence sets where a sequence stands.
type SetSequence struct {
	Sequence  string
	LastValue int64
	IsCalled  bool
}

// Statement renders swap/set_sequence.sql.
func (p SetSequence) Statement() Statement {
	return render("swap/set_sequence.sql", p, pgx.StrictNamedArgs{"sequence": p.Sequence, "last_value": p.LastValue, "is_called": p.IsCalled})
}

// DropDefault drops a column's default.
type DropDefault struct {
	Table  Table
	Column Ident
}

// Statement renders swap/drop_default.sql.
func (p DropDefault) Statement() Statement {
	return render("swap/drop_default.sql", p, nil)
}

// SetDefault sets a column's default.
type SetDefault struct {
	Table   Table
	Column  Ident
	Default Fragment
}

// Statement renders swap/set_default.sql.
func (p SetDefault) Statement() Statement {
	return render("swap/set_default.sql", p, nil)
}

// CommentSequence comments on a sequence.
type CommentSequence struct {
	Sequence Table
	Comment  Literal
}

// Statement renders swap/comment_sequence.sql.
func (p CommentSequence) Statement() Statement {
	return render("swap/comment_sequence.sql", p, nil)
}

// DropArtifact undoes an object.
type DropArtifact struct {
	Undo Fragment
}

// Statement renders swap/drop_artifact.sql.
func (p DropArtifact) Statement() Statement {
	return render("swap/drop_artifact.sql", p, nil)
}

// RelationOID returns which relation has a name.
type RelationOID struct {
	Name string
}

// Statement renders swap/relation_oid.sql.
func (p RelationOID) Statement() Statement {
	return render("swap/relation_oid.sql", p, pgx.StrictNamedArgs{"name": p.Name})
}

// TableSizes returns the sizes of two tables.
type TableSizes struct {
	Old string
	New string
}

// Statement renders swap/table_sizes.sql.
func (p TableSizes) Statement() Statement {
	return render("swap/table_sizes.sql", p, pgx.StrictNamedArgs{"old": p.Old, "new": p.New})
}
