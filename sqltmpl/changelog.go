package sqltmpl

import "github.com/jackc/pgx/v5"

// A Key is one key column of a Link: what it is called in the change log and
// on both tables, and how values compare.
type Key struct {
	Log       Ident    // in the log and in the list of keys taken
	Type      Fragment // of the live column
	Collation Fragment
	Live      Ident
	LiveEq    Fragment // the equality operator of the live column's index
	Standby   Ident
	StandbyEq Fragment
	Cast      Fragment // "::type" of the standby column
}

// Old names the parameter that holds the key before a change.
func (k Key) Old() Ident { return "old_" + k.Log }

// New names the parameter that holds the key after a change.
func (k Key) New() Ident { return "new_" + k.Log }

// A Kept column is one that only the standby has: what it holds stays when
// its row is replaced.
type Kept struct {
	Standby  Ident
	Variable Ident
	Type     Fragment
	Default  Fragment // for rows that are new
}

// A Setting is a session setting that a function runs under.
type Setting struct {
	Name  Ident
	Value Literal
}

// A Link is one direction of synchronisation: changes of the live table reach
// the standby. All statements of the change log are about one.
type Link struct {
	Live, Standby Table
	Partitioned   bool // the live table is
	Log           Table
	KeysTable     Ident // temporary, of each session
	Capture       Table // trigger function on the live table
	Resync        Table
	Guarded       Table
	Fits          Table
	Castable      Table
	Row, Truncate Ident // the capture's triggers
	// Partitions of the live table: a TRUNCATE of one of them fires no trigger of the table's.
	Partitions  []Table
	Keys        []Key
	Insert      Columns    // columns of the standby
	Values      []Fragment // what they are made of, over a live row aliased s
	Kept        []Kept
	Settings    []Setting
	LockTimeout Literal // of functions that a writer may wait for
}

// LiveRows are the live table's own rows: other tables may inherit from it.
func (l Link) LiveRows() Rows { return Rows{l.Live, l.Partitioned} }

// Signature is the argument list of Resync and Guarded.
func (l Link) Signature() Fragment {
	out := "(text, boolean"
	for range 2 {
		for _, k := range l.Keys {
			out += ", " + string(k.Type)
		}
	}
	return Fragment(out + ")")
}

// KeySignature is the argument list of Fits.
func (l Link) KeySignature() Fragment {
	out := "("
	for i, k := range l.Keys {
		if i > 0 {
			out += ", "
		}
		out += string(k.Type)
	}
	return Fragment(out + ")")
}

// CreateFits renders changelog/create_fits.sql.
func (l Link) CreateFits() Statement { return l.statement("create_fits") }

// LogIsBroken renders changelog/log_is_broken.sql.
func (l Link) LogIsBroken() Statement { return l.statement("log_is_broken") }

// CreateCastable renders changelog/create_castable.sql.
func (l Link) CreateCastable() Statement { return l.statement("create_castable") }

// DiscardUncastable renders changelog/discard_uncastable.sql.
func (l Link) DiscardUncastable() Statement { return l.statement("discard_uncastable") }

// ListMisfits renders changelog/list_misfits.sql.
func (l Link) ListMisfits(limit int) Statement {
	return render("changelog/list_misfits.sql", l, pgx.StrictNamedArgs{"limit": limit})
}

// statement renders a template of the change log that takes no arguments.
func (l Link) statement(name string) Statement { return render("changelog/"+name+".sql", l, nil) }

// CreateLog renders changelog/create_log.sql.
func (l Link) CreateLog() Statement { return l.statement("create_log") }

// CreateCaptureLog renders changelog/create_capture_log.sql.
func (l Link) CreateCaptureLog() Statement { return l.statement("create_capture_log") }

// CreateCaptureDirect renders changelog/create_capture_direct.sql.
func (l Link) CreateCaptureDirect() Statement { return l.statement("create_capture_direct") }

// CreateResync renders changelog/create_resync.sql.
func (l Link) CreateResync() Statement { return l.statement("create_resync") }

// CreateGuarded renders changelog/create_guarded.sql.
func (l Link) CreateGuarded() Statement { return l.statement("create_guarded") }

// OnPartition returns the statements that fire the capture for TRUNCATE of a
// partition alone. Row triggers come with the table's.
func (l Link) OnPartition(partition Table) []Statement {
	l.Live = partition
	return []Statement{l.CreateTruncateTrigger(), l.statement("enable_truncate_trigger")}
}

// EnableTriggers renders changelog/enable_triggers.sql.
func (l Link) EnableTriggers() Statement { return l.statement("enable_triggers") }

// CreateKeys renders changelog/create_keys.sql.
func (l Link) CreateKeys() Statement {
	return render("changelog/create_keys.sql", struct {
		Link
		Name Ident
	}{l, l.KeysTable}, nil)
}

// TakeAll renders changelog/take_all.sql.
func (l Link) TakeAll() Statement { return l.statement("take_all") }

// TakeSome renders changelog/take_some.sql.
func (l Link) TakeSome(limit int64) Statement {
	return render("changelog/take_some.sql", l, pgx.StrictNamedArgs{"limit": limit})
}

// HasTruncate renders changelog/has_truncate.sql.
func (l Link) HasTruncate() Statement { return l.statement("has_truncate") }

// LogHasTruncate renders changelog/log_has_truncate.sql.
func (l Link) LogHasTruncate() Statement { return l.statement("log_has_truncate") }

// AnalyzeKeys renders changelog/analyze_keys.sql.
func (l Link) AnalyzeKeys() Statement { return l.statement("analyze_keys") }

// TruncateStandby renders changelog/truncate_standby.sql.
func (l Link) TruncateStandby() Statement { return l.statement("truncate_standby") }

// KeepColumns renders changelog/keep_columns.sql; only for a Link with Kept columns.
func (l Link) KeepColumns() Statement { return l.statement("keep_columns") }

// DeleteLogged renders changelog/delete_logged.sql.
func (l Link) DeleteLogged() Statement { return l.statement("delete_logged") }

// DeleteTaken renders changelog/delete_taken.sql.
func (l Link) DeleteTaken() Statement { return l.statement("delete_taken") }

// InsertTaken renders changelog/insert_taken.sql.
func (l Link) InsertTaken() Statement { return l.statement("insert_taken") }

// LockTaken renders changelog/lock_taken.sql.
func (l Link) LockTaken() Statement { return l.statement("lock_taken") }

// FindPresent renders changelog/find_present.sql.
func (l Link) FindPresent() Statement { return l.statement("find_present") }

// DrainDelete renders changelog/drain_delete.sql.
func (l Link) DrainDelete() Statement { return l.statement("drain_delete") }

// DrainInsert renders changelog/drain_insert.sql.
func (l Link) DrainInsert() Statement { return l.statement("drain_insert") }

// PutBack renders changelog/put_back.sql.
func (l Link) PutBack() Statement { return l.statement("put_back") }

// DeleteOrphans renders changelog/delete_orphans.sql.
func (l Link) DeleteOrphans() Statement { return l.statement("delete_orphans") }

// CountLog renders changelog/count_log.sql.
func (l Link) CountLog(limit int64) Statement {
	return render("changelog/count_log.sql", l, pgx.StrictNamedArgs{"limit": limit})
}

// CountKeys renders changelog/count_keys.sql.
func (l Link) CountKeys(limit int64) Statement {
	return render("changelog/count_keys.sql", l, pgx.StrictNamedArgs{"limit": limit})
}

// LockLive renders changelog/lock_live.sql.
func (l Link) LockLive() Statement { return l.statement("lock_live") }

// PinLive renders changelog/pin_live.sql.
func (l Link) PinLive() Statement { return l.statement("pin_live") }

// TruncateLog renders changelog/truncate_log.sql.
func (l Link) TruncateLog() Statement { return l.statement("truncate_log") }

// VacuumLog renders changelog/vacuum_log.sql.
func (l Link) VacuumLog() Statement { return l.statement("vacuum_log") }
