package sqltmpl

import "github.com/jackc/pgx/v5"

// OperatorSettings reads what the session would be like without our settings.
type OperatorSettings struct{}

// Statement renders session/operator_settings.sql.
func (p OperatorSettings) Statement() Statement {
	return render("session/operator_settings.sql", p, nil)
}

// SetLocal sets a parameter until the end of the transaction.
type SetLocal struct {
	Name  string
	Value string
}

// Statement renders session/set_local.sql.
func (p SetLocal) Statement() Statement {
	return render("session/set_local.sql", p, pgx.StrictNamedArgs{"name": p.Name, "value": p.Value})
}

// SetSession sets a parameter for the session.
type SetSession struct {
	Name  string
	Value string
}

// Statement renders session/set_session.sql.
func (p SetSession) Statement() Statement {
	return render("session/set_session.sql", p, pgx.StrictNamedArgs{"name": p.Name, "value": p.Value})
}

// DeadlockTimeout returns deadlock_timeout in milliseconds.
type DeadlockTimeout struct{}

// Statement renders session/deadlock_timeout.sql.
func (p DeadlockTimeout) Statement() Statement {
	return render("session/deadlock_timeout.sql", p, nil)
}

// ShortLockTimeout returns a lock_timeout of Most milliseconds, or one below
// deadlock_timeout where that is shorter.
type ShortLockTimeout struct {
	Most int
}

// Statement renders session/short_lock_timeout.sql.
func (p ShortLockTimeout) Statement() Statement {
	return render("session/short_lock_timeout.sql", p, pgx.StrictNamedArgs{"most": p.Most})
}

// LimitWaits bounds every wait for a lock until the end of the transaction.
type LimitWaits struct {
	Milliseconds int64
}

// Statement renders session/limit_waits.sql.
func (p LimitWaits) Statement() Statement {
	return render("session/limit_waits.sql", p, nil)
}

// HurryCommit makes the transaction's COMMIT return before it is on disk.
type HurryCommit struct{}

// Statement renders session/hurry_commit.sql.
func (p HurryCommit) Statement() Statement {
	return render("session/hurry_commit.sql", p, nil)
}

// LockTable locks a table ACCESS EXCLUSIVE.
type LockTable struct {
	Table Table
	Only  bool // not what inherits from it
}

// Statement renders session/lock_table.sql.
func (p LockTable) Statement() Statement {
	return render("session/lock_table.sql", p, nil)
}

// Blockers reads who holds locks on tables.
type Blockers struct {
	Relations []uint32
	Ours      []int32
}

// Statement renders session/blockers.sql.
func (p Blockers) Statement() Statement {
	return render("session/blockers.sql", p, pgx.StrictNamedArgs{"relations": p.Relations, "ours": p.Ours})
}

// BlockedBy returns how long others wait for us, in milliseconds.
type BlockedBy struct {
	Ours []int32
}

// Statement renders session/blocked_by.sql.
func (p BlockedBy) Statement() Statement {
	return render("session/blocked_by.sql", p, pgx.StrictNamedArgs{"ours": p.Ours})
}

// OlderSnapshots reads the transactions that may not see one.
type OlderSnapshots struct {
	XID string
}

// Statement renders session/older_snapshots.sql.
func (p OlderSnapshots) Statement() Statement {
	return render("session/older_snapshots.sql", p, pgx.StrictNamedArgs{"xid": p.XID})
}

// SessionsOf reads which of repave's sessions hold locks on objects of a job.
type SessionsOf struct {
	Relations []uint32
	Ours      []int32
}

// Statement renders session/sessions_of.sql.
func (p SessionsOf) Statement() Statement {
	return render("session/sessions_of.sql", p, pgx.StrictNamedArgs{"relations": p.Relations, "ours": p.Ours})
}

// StandbyLag returns the longest replay lag in milliseconds.
type StandbyLag struct{}

// Statement renders session/standby_lag.sql.
func (p StandbyLag) Statement() Statement {
	return render("session/standby_lag.sql", p, nil)
}

// SlotWAL reads which replication slot keeps the most WAL.
type SlotWAL struct{}

// Statement renders session/slot_wal.sql.
func (p SlotWAL) Statement() Statement {
	return render("session/slot_wal.sql", p, nil)
}

// ActiveSessions counts the sessions of others that are at work.
type ActiveSessions struct{}

// Statement renders session/active_sessions.sql.
func (p ActiveSessions) Statement() Statement {
	return render("session/active_sessions.sql", p, nil)
}

// ReadParallelism reads how many sessions the server can serve at once.
type ReadParallelism struct{}

// Statement renders session/read_parallelism.sql.
func (p ReadParallelism) Statement() Statement {
	return render("session/read_parallelism.sql", p, nil)
}

// TableName reads what a relation is called now.
type TableName struct {
	Relation uint32
}

// Statement renders session/table_name.sql.
func (p TableName) Statement() Statement {
	return render("session/table_name.sql", p, pgx.StrictNamedArgs{"relation": p.Relation})
}

// NoTransactionTimeout switches transaction_timeout off.
type NoTransactionTimeout struct{}

// Statement renders session/no_transaction_timeout.sql.
func (p NoTransactionTimeout) Statement() Statement {
	return render("session/no_transaction_timeout.sql", p, nil)
}

// Terminate ends a session.
type Terminate struct {
	PID int32
}

// Statement renders session/terminate.sql.
func (p Terminate) Statement() Statement {
	return render("session/terminate.sql", p, pgx.StrictNamedArgs{"pid": p.PID})
}

// Filenode returns which file a relation is in.
type Filenode struct {
	Relation uint32
}

// Statement renders session/filenode.sql.
func (p Filenode) Statement() Statement {
	return render("session/filenode.sql", p, pgx.StrictNamedArgs{"relation": p.Relation})
}

// BaseType returns what a domain is over.
type BaseType struct {
	Type string
}

// Statement renders session/base_type.sql.
func (p BaseType) Statement() Statement {
	return render("session/base_type.sql", p, pgx.StrictNamedArgs{"type": p.Type})
}

// ForeignGrants lists the statements that revoke what others have on objects
// of ours.
type ForeignGrants struct {
	Schema     string
	Tables     []string
	Functions  []string
	WithSchema bool
}

// Statement renders session/foreign_grants.sql.
func (p ForeignGrants) Statement() Statement {
	return render("session/foreign_grants.sql", p, pgx.StrictNamedArgs{
		"schema": p.Schema, "tables": p.Tables, "functions": p.Functions, "with_schema": p.WithSchema,
	})
}
