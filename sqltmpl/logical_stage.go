package sqltmpl

// A StagedKey is a column of a key: in the stage, and on the table written.
type StagedKey struct {
	From     Ident
	FromType Fragment
	To       Ident
	ToType   Fragment
	ToEq     Fragment
}

// A StagedColumn is a column of the stage.
type StagedColumn struct {
	Name Ident
	Type Fragment
}

// An Update is a column that an update writes.
type Update struct {
	To    Ident
	Value Fragment // over a staged row aliased s
	Alias Ident
	Place int // in the kept flags of a staged row, from 1
}

// A Staging is a table that changes are applied to, with its stage.
type Staging struct {
	Stage    Table
	Op, Kept Ident // of the stage, beside the columns
	Columns  []StagedColumn
	To       Table
	Keys     []StagedKey
	Insert   Columns
	Values   []Fragment
	Updates  []Update
	Plain    Columns // of To, as ReadKept reads them
}

// Create renders logical/create_stage.sql.
func (p Staging) Create() Statement { return p.statement("logical/create_stage.sql") }

// Drop renders logical/drop_stage.sql.
func (p Staging) Drop() Statement { return p.statement("logical/drop_stage.sql") }

// Empty renders logical/empty_stage.sql.
func (p Staging) Empty() Statement { return p.statement("logical/empty_stage.sql") }

// Fill renders logical/fill_stage.sql.
func (p Staging) Fill() Statement { return p.statement("logical/fill_stage.sql") }

// DeleteStaged renders logical/delete_staged.sql.
func (p Staging) DeleteStaged() Statement { return p.statement("logical/delete_staged.sql") }

// UpdateStaged renders logical/update_staged.sql.
func (p Staging) UpdateStaged() Statement { return p.statement("logical/update_staged.sql") }

// UpdateKept renders logical/update_kept.sql.
func (p Staging) UpdateKept() Statement { return p.statement("logical/update_kept.sql") }

// InsertStaged renders logical/insert_staged.sql.
func (p Staging) InsertStaged() Statement { return p.statement("logical/insert_staged.sql") }

// Truncate renders logical/truncate.sql.
func (p Staging) Truncate() Statement { return p.statement("logical/truncate.sql") }

// DeleteAll renders logical/delete_all.sql.
func (p Staging) DeleteAll() Statement { return p.statement("logical/delete_all.sql") }

// ReadKept renders logical/read_kept.sql, whose arguments are the key as text.
func (p Staging) ReadKept() Statement { return p.statement("logical/read_kept.sql") }

// Savepoint renders logical/savepoint.sql.
func (p Staging) Savepoint() Statement { return p.statement("logical/savepoint.sql") }

// RollbackTo renders logical/rollback_to.sql.
func (p Staging) RollbackTo() Statement { return p.statement("logical/rollback_to.sql") }

// Release renders logical/release.sql.
func (p Staging) Release() Statement { return p.statement("logical/release.sql") }

func (p Staging) statement(name string) Statement { return render(name, p, nil) }
