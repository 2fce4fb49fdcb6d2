package sqltmpl

import "github.com/jackc/pgx/v5"

// A Fence refuses writes to tables.
type Fence struct {
	Function Table
	Trigger  Ident
	Pass     Literal
	State    Literal // open: everybody passes; closed: nobody; held: nobody as long as its HoldFence lives
	Message  Literal // a format of schema and table
	Hint     Literal
	Crossing Literal // which cutover's it is; empty if none's
}

// Create renders cutover/create_fence.sql.
func (f Fence) Create() Statement { return render("cutover/create_fence.sql", f, nil) }

// A fenced table has a fence's trigger.
type fenced struct {
	Fence
	Table Table
}

// On returns the statements that put the fence on a table.
func (f Fence) On(table Table) []Statement {
	return []Statement{
		render("cutover/create_fence_trigger.sql", fenced{f, table}, nil),
		render("cutover/enable_fence_trigger.sql", fenced{f, table}, nil),
	}
}

// Off returns the statement that takes the fence from a table.
func (f Fence) Off(table Table) Statement {
	return DropTrigger{Table: table, Trigger: f.Trigger}.Statement()
}

// Drop renders cutover/drop_fence.sql.
func (f Fence) Drop() Statement { return render("cutover/drop_fence.sql", f, nil) }

// Tables renders cutover/fenced_tables.sql.
func (f Fence) Tables() Statement {
	return render("cutover/fenced_tables.sql", f, pgx.StrictNamedArgs{"function": f.Function.String() + "()"})
}

// Source renders cutover/fence_source.sql.
func (f Fence) Source() Statement {
	return render("cutover/fence_source.sql", f, pgx.StrictNamedArgs{"function": f.Function.String() + "()"})
}

// ReadRow reads a row by its key.
type ReadRow struct {
	Table   Table
	Columns []Ident
	Key     []RowKey
	Values  []string // of Key
}

// A RowKey is one column of a key.
type RowKey struct {
	Name Ident
	Type Fragment
}

// Statement renders cutover/read_row.sql.
func (p ReadRow) Statement() Statement {
	return render("cutover/read_row.sql", p, pgx.StrictNamedArgs{"key": p.Values})
}

// LockWriters keeps writers out.
type LockWriters struct{ Table Table }

// Statement renders cutover/lock_writers.sql.
func (p LockWriters) Statement() Statement { return render("cutover/lock_writers.sql", p, nil) }

// ListTree lists a table and its partitions.
type ListTree struct{ Relation uint32 }

// Statement renders cutover/list_tree.sql.
func (p ListTree) Statement() Statement {
	return render("cutover/list_tree.sql", p, pgx.StrictNamedArgs{"relation": p.Relation})
}

// Clock reads the server's time.
type Clock struct{}

// Statement renders cutover/clock.sql.
func (p Clock) Statement() Statement {
	return render("cutover/clock.sql", p, nil)
}

// HoldFence keeps a crossing's fence up for as long as the session lives.
type HoldFence struct{ Crossing string }

// Statement renders cutover/hold_fence.sql.
func (p HoldFence) Statement() Statement {
	return render("cutover/hold_fence.sql", p, pgx.StrictNamedArgs{"crossing": p.Crossing})
}

// IsHeld asks whether that session still lives.
type IsHeld struct{ Crossing string }

// Statement renders cutover/is_held.sql.
func (p IsHeld) Statement() Statement {
	return render("cutover/is_held.sql", p, pgx.StrictNamedArgs{"crossing": p.Crossing})
}

// WALPosition reads where the server's WAL ends.
type WALPosition struct{}

// Statement renders cutover/wal_position.sql.
func (p WALPosition) Statement() Statement { return render("cutover/wal_position.sql", p, nil) }

// HoldPass lets a transaction through a job's fences.
type HoldPass struct{ Pass string }

// Statement renders cutover/pass.sql.
func (p HoldPass) Statement() Statement {
	return render("cutover/pass.sql", p, pgx.StrictNamedArgs{"pass": p.Pass})
}

// TruncateTable empties a table that is being filled.
type TruncateTable struct{ Table Table }

// Statement renders cutover/truncate_table.sql.
func (p TruncateTable) Statement() Statement { return render("cutover/truncate_table.sql", p, nil) }

// DeleteDuplicates leaves one row of each key.
type DeleteDuplicates struct {
	Table Table
	Key   Columns
}

// Statement renders cutover/delete_duplicates.sql.
func (p DeleteDuplicates) Statement() Statement {
	return render("cutover/delete_duplicates.sql", p, nil)
}

// A PositionTable keeps what has been applied on the cluster that has no registry.
type PositionTable struct{ Position Table }

// Make returns the statements that make the table, unless it is there, and begin at a position.
func (p PositionTable) Make(applied string) []Statement {
	return []Statement{
		render("cutover/create_position.sql", p, nil), render("cutover/close_position.sql", p, nil),
		render("cutover/clear_position.sql", p, nil),
		render("cutover/start_position.sql", p, pgx.StrictNamedArgs{"applied": applied}),
	}
}

// Advance renders cutover/advance_position.sql.
func (p PositionTable) Advance(applied string) Statement {
	return render("cutover/advance_position.sql", p, pgx.StrictNamedArgs{"applied": applied})
}

// Read renders cutover/read_position.sql.
func (p PositionTable) Read() Statement { return render("cutover/read_position.sql", p, nil) }

// Drop renders cutover/drop_position.sql.
func (p PositionTable) Drop() Statement { return render("cutover/drop_position.sql", p, nil) }

// Fits finds rows of one side that the other can't hold.
type Fits struct {
	Table   Table
	Key     []Ident
	Columns []FitsColumn
}

// A FitsColumn is a column of the other side.
type FitsColumn struct {
	Value   Fragment // over a row of Table named s
	Type    Fragment
	NotNull bool
	Missing Literal // what to say of a null where there can be none
}

// Create renders cutover/create_fits.sql.
func (p Fits) Create() Statement { return render("cutover/create_fits.sql", p, nil) }

// List renders cutover/list_misfits.sql.
func (p Fits) List(limit int) Statement {
	return render("cutover/list_misfits.sql", p, pgx.StrictNamedArgs{"limit": limit})
}

// ListOrphans lists what jobs across clusters have made, by the names that they give.
type ListOrphans struct{}

// Statement renders cutover/list_orphans.sql.
func (p ListOrphans) Statement() Statement { return render("cutover/list_orphans.sql", p, nil) }

// DropTables drops tables, unless something else depends on one.
type DropTables struct {
	Tables []Table
}

// Statement renders cutover/drop_tables.sql.
func (p DropTables) Statement() Statement { return render("cutover/drop_tables.sql", p, nil) }

// An UnguardedConstraint is what Unguarded lists.
type UnguardedConstraint struct {
	Kind     string // f, u, p or x
	Name     Ident
	Schema   Ident
	Relation Ident
	Def      Fragment
	Valid    bool
	Broken   Fragment // of a foreign key
}

// Unguarded lists constraints that session_replication_role = replica suspends.
type Unguarded struct{ OIDs []uint32 }

// Statement renders cutover/unguarded.sql.
func (p Unguarded) Statement() Statement {
	return render("cutover/unguarded.sql", p, pgx.StrictNamedArgs{"oids": p.OIDs})
}

// IsBroken asks whether rows break a foreign key.
type IsBroken struct {
	Table  Table
	Broken Fragment
}

// Statement renders cutover/is_broken.sql.
func (p IsBroken) Statement() Statement { return render("cutover/is_broken.sql", p, nil) }
