package sqltmpl

import "github.com/jackc/pgx/v5"

// A StreamKey names one stream of a job.
type StreamKey struct {
	Schema    Ident
	JobID     int64
	Direction string
}

func (k StreamKey) args() pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{"job_id": k.JobID, "direction": k.Direction}
}

func (k StreamKey) with(name, value string) pgx.StrictNamedArgs {
	args := k.args()
	args[name] = value
	return args
}

// BeginStream records a stream before its slot is made.
type BeginStream struct {
	StreamKey
	Slot, Publication, SystemID, Database string
}

// Statement renders registry/begin_stream.sql.
func (p BeginStream) Statement() Statement {
	args := p.args()
	args["slot"], args["publication"], args["system_id"], args["database"] = p.Slot, p.Publication, p.SystemID, p.Database
	return render("registry/begin_stream.sql", p, args)
}

// ReadStream reads a stream.
type ReadStream struct{ StreamKey }

// Statement renders registry/read_stream.sql.
func (p ReadStream) Statement() Statement { return render("registry/read_stream.sql", p, p.args()) }

// A CopyKey names a copy, and what it is made in.
type CopyKey struct{ Name, Version, Snapshot string }

func (k CopyKey) add(args pgx.StrictNamedArgs) pgx.StrictNamedArgs {
	args["copy_name"], args["copy_version"], args["snapshot"] = k.Name, k.Version, k.Snapshot
	return args
}

// StartStream records where a stream's slot begins.
type StartStream struct {
	StreamKey
	Began string // a pg_lsn
	Copy  CopyKey
}

// Statement renders registry/start_stream.sql.
func (p StartStream) Statement() Statement {
	return render("registry/start_stream.sql", p, p.Copy.add(p.with("began", p.Began)))
}

// A CopyOf is a copy that a stream may have, or have had.
type CopyOf struct {
	StreamKey
	Name string
}

// Share renders registry/share_copy.sql.
func (p CopyOf) Share() Statement {
	return render("registry/share_copy.sql", p, pgx.StrictNamedArgs{"copy_name": p.Name})
}

// Lock renders registry/lock_copy.sql.
func (p CopyOf) Lock() Statement {
	return render("registry/lock_copy.sql", p, pgx.StrictNamedArgs{"copy_name": p.Name})
}

// Is renders registry/is_copy.sql.
func (p CopyOf) Is() Statement { return render("registry/is_copy.sql", p, p.with("copy_name", p.Name)) }

// AdvanceStream records what has been applied.
type AdvanceStream struct {
	StreamKey
	Applied string // a pg_lsn
}

// Statement renders registry/advance_stream.sql.
func (p AdvanceStream) Statement() Statement {
	return render("registry/advance_stream.sql", p, p.with("applied", p.Applied))
}

// MixStream records that a copy is mixed.
type MixStream struct {
	StreamKey
	Copy CopyKey
}

// Statement renders registry/mix_stream.sql.
func (p MixStream) Statement() Statement {
	return render("registry/mix_stream.sql", p, p.Copy.add(p.args()))
}

// BatchHolders lists who has claimed batches.
type BatchHolders struct {
	Schema Ident
	JobID  int64
}

// Statement renders registry/batch_holders.sql.
func (p BatchHolders) Statement() Statement {
	return render("registry/batch_holders.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID})
}

// EndCopy records a position behind the end of a mixed copy.
type EndCopy struct {
	StreamKey
	Copied string // a pg_lsn
}

// Statement renders registry/end_copy.sql.
func (p EndCopy) Statement() Statement {
	return render("registry/end_copy.sql", p, p.with("copied", p.Copied))
}

// EndStream forgets a stream.
type EndStream struct{ StreamKey }

// Statement renders registry/end_stream.sql.
func (p EndStream) Statement() Statement { return render("registry/end_stream.sql", p, p.args()) }

// SetBound records what is bound to a table on the source.
type SetBound struct {
	Schema Ident
	JobID  int64
	Number int
	Bound  []byte
}

// Statement renders registry/set_bound.sql.
func (p SetBound) Statement() Statement {
	return render("registry/set_bound.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "table_number": p.Number, "bound": p.Bound})
}
