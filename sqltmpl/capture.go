package sqltmpl

import "github.com/jackc/pgx/v5"

// CreateRowTrigger renders changelog/create_row_trigger.sql.
func (l Link) CreateRowTrigger() Statement {
	return render("changelog/create_row_trigger.sql", struct {
		Link
		Trigger Ident
	}{l, l.Row}, nil)
}

// CreateTruncateTrigger renders changelog/create_truncate_trigger.sql.
func (l Link) CreateTruncateTrigger() Statement {
	return render("changelog/create_truncate_trigger.sql", struct {
		Link
		Trigger Ident
	}{l, l.Truncate}, nil)
}

// DropTrigger drops one of our triggers.
type DropTrigger struct {
	Table   Table
	Trigger Ident
}

// Statement renders changelog/drop_trigger.sql.
func (p DropTrigger) Statement() Statement { return render("changelog/drop_trigger.sql", p, nil) }

// DropFunction drops one of our functions.
type DropFunction struct {
	Function  Table
	Signature Fragment // argument types in parentheses
}

// Statement renders changelog/drop_function.sql.
func (p DropFunction) Statement() Statement { return render("changelog/drop_function.sql", p, nil) }

// RevokeFunction takes a function from PUBLIC.
type RevokeFunction struct {
	Function  Table
	Signature Fragment
}

// Statement renders changelog/revoke_function.sql.
func (p RevokeFunction) Statement() Statement {
	return render("changelog/revoke_function.sql", p, nil)
}

// CreateGuard makes the function that refuses writers with a snapshot older
// than Transaction.
type CreateGuard struct {
	Guard       Table
	Transaction Literal
}

// Statement renders changelog/create_guard.sql.
func (p CreateGuard) Statement() Statement { return render("changelog/create_guard.sql", p, nil) }

// CreateGuardTrigger fires a guard.
type CreateGuardTrigger struct {
	Guard   Table
	Trigger Ident
	Live    Table
}

// Statement renders changelog/create_guard_trigger.sql.
func (p CreateGuardTrigger) Statement() Statement {
	return render("changelog/create_guard_trigger.sql", p, nil)
}

// CurrentXID returns the number of the current transaction.
type CurrentXID struct{}

// Statement renders changelog/current_xid.sql.
func (p CurrentXID) Statement() Statement { return render("changelog/current_xid.sql", p, nil) }

// CaptureState counts a capture's triggers that are in place and always fire.
type CaptureState struct {
	Relation uint32
	Triggers []string
}

// Statement renders changelog/capture_state.sql.
func (p CaptureState) Statement() Statement {
	return render("changelog/capture_state.sql", p,
		pgx.StrictNamedArgs{"relation": p.Relation, "triggers": p.Triggers})
}
