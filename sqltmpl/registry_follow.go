package sqltmpl

import "github.com/jackc/pgx/v5"

// SetPaused pauses a job or lets it go on, and returns since when it is paused.
type SetPaused struct {
	Schema Ident
	JobID  int64
	Paused bool
}

// Statement renders registry/set_paused.sql.
func (p SetPaused) Statement() Statement {
	return render("registry/set_paused.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "paused": p.Paused})
}

// ReadPaused returns since when a job is paused.
type ReadPaused struct {
	Schema Ident
	JobID  int64
}

// Statement renders registry/read_paused.sql.
func (p ReadPaused) Statement() Statement {
	return render("registry/read_paused.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID})
}

// ShareLock takes a session's advisory lock together with others, and returns
// whether it got it.
type ShareLock struct {
	Class  int32
	Object int32
}

// Statement renders registry/share_lock.sql.
func (p ShareLock) Statement() Statement {
	return render("registry/share_lock.sql", p, pgx.StrictNamedArgs{"class": p.Class, "object": p.Object})
}

// AwaitLock takes a session's advisory lock as soon as nobody shares it.
type AwaitLock struct {
	Class  int32
	Object int32
}

// Statement renders registry/await_lock.sql.
func (p AwaitLock) Statement() Statement {
	return render("registry/await_lock.sql", p, pgx.StrictNamedArgs{"class": p.Class, "object": p.Object})
}

// LockWanted returns whether somebody waits for one of some advisory locks.
type LockWanted struct {
	Class   int32
	Objects []int64
}

// Statement renders registry/lock_wanted.sql.
func (p LockWanted) Statement() Statement {
	return render("registry/lock_wanted.sql", p, pgx.StrictNamedArgs{"class": p.Class, "objects": p.Objects})
}

// Beat records where a stream is, for others to see.
type Beat struct {
	StreamKey
	Received, Applied                          string // each a pg_lsn
	LagBytes                                   int64
	LagSeconds                                 *float64 // nil: unknown
	BytesIn, BytesOut, ChangesOut, IdleSeconds float64
	Warning                                    string
}

// Statement renders registry/beat.sql.
func (p Beat) Statement() Statement {
	args := p.args()
	args["received"], args["applied"], args["lag_bytes"], args["lag_seconds"] = p.Received, p.Applied, p.LagBytes, p.LagSeconds
	args["bytes_in"], args["bytes_out"], args["changes_out"] = p.BytesIn, p.BytesOut, p.ChangesOut
	args["idle_seconds"], args["warning"] = p.IdleSeconds, p.Warning
	return render("registry/beat.sql", p, args)
}

// ReadPulse reads where a stream was when it was last heard of.
type ReadPulse struct{ StreamKey }

// Statement renders registry/read_pulse.sql.
func (p ReadPulse) Statement() Statement { return render("registry/read_pulse.sql", p, p.args()) }

// WarnSlot records what is wrong with a stream's slot.
type WarnSlot struct {
	StreamKey
	Warning string
}

// Statement renders registry/warn_slot.sql.
func (p WarnSlot) Statement() Statement {
	return render("registry/warn_slot.sql", p, p.with("warning", p.Warning))
}

// Blocking reads who keeps a session waiting for a lock.
type Blocking struct{ PID int32 }

// Statement renders session/blocking.sql.
func (p Blocking) Statement() Statement {
	return render("session/blocking.sql", p, pgx.StrictNamedArgs{"pid": p.PID})
}
