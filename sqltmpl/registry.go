package sqltmpl

import "github.com/jackc/pgx/v5"

// CreateSchema makes the registry's schema.
type CreateSchema struct {
	Schema Ident
}

// Statement renders registry/create_schema.sql.
func (p CreateSchema) Statement() Statement {
	return render("registry/create_schema.sql", p, nil)
}

// RevokeSchema takes all rights on the registry from PUBLIC.
type RevokeSchema struct {
	Schema Ident
}

// Statement renders registry/revoke_schema.sql.
func (p RevokeSchema) Statement() Statement {
	return render("registry/revoke_schema.sql", p, nil)
}

// CreateJob begins a job and returns its number.
type CreateJob struct {
	Schema   Ident
	Strategy string
	Spec     []byte
	SpecHash string
	Flags    string
	Args     string
	Settings []byte
	Version  string
}

// Statement renders registry/create_job.sql.
func (p CreateJob) Statement() Statement {
	return render("registry/create_job.sql", p, pgx.StrictNamedArgs{"strategy": p.Strategy, "spec": p.Spec, "spec_hash": p.SpecHash, "flags": p.Flags, "args": p.Args, "settings": p.Settings, "version": p.Version})
}

// CreateJobTable adds a table to a job.
type CreateJobTable struct {
	Schema     Ident
	JobID      int64
	Number     int
	SchemaName string
	TableName  string
	SourceOID  uint32
}

// Statement renders registry/create_job_table.sql.
func (p CreateJobTable) Statement() Statement {
	return render("registry/create_job_table.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "table_number": p.Number, "schema_name": p.SchemaName, "table_name": p.TableName, "source_oid": p.SourceOID})
}

// FindJob returns the number of a table's job.
type FindJob struct {
	Schema     Ident
	SchemaName string
	TableName  string
}

// Statement renders registry/find_job.sql.
func (p FindJob) Statement() Statement {
	return render("registry/find_job.sql", p, pgx.StrictNamedArgs{"schema_name": p.SchemaName, "table_name": p.TableName})
}

// ListJobs reads all jobs.
type ListJobs struct {
	Schema Ident
}

// Statement renders registry/list_jobs.sql.
func (p ListJobs) Statement() Statement {
	return render("registry/list_jobs.sql", p, nil)
}

// ReadJob reads one job.
type ReadJob struct {
	Schema Ident
	JobID  int64
}

// Statement renders registry/read_job.sql.
func (p ReadJob) Statement() Statement {
	return render("registry/read_job.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID})
}

// LockJob reads one job and keeps others from moving it on.
type LockJob struct {
	Schema Ident
	JobID  int64
}

// Statement renders registry/lock_job.sql.
func (p LockJob) Statement() Statement {
	return render("registry/lock_job.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID})
}

// ReadJobTables reads the tables of one job.
type ReadJobTables struct {
	Schema Ident
	JobID  int64
}

// Statement renders registry/read_job_tables.sql.
func (p ReadJobTables) Statement() Statement {
	return render("registry/read_job_tables.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID})
}

// SetStage moves a job to a stage.
type SetStage struct {
	Schema Ident
	JobID  int64
	Stage  string
}

// Statement renders registry/set_stage.sql.
func (p SetStage) Statement() Statement {
	return render("registry/set_stage.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "stage": p.Stage})
}

// SetSwapped records which table has the name.
type SetSwapped struct {
	Schema  Ident
	JobID   int64
	Swapped bool
}

// Statement renders registry/set_swapped.sql.
func (p SetSwapped) Statement() Statement {
	return render("registry/set_swapped.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "swapped": p.Swapped})
}

// SetCarried records what follows the names of a job's tables.
type SetCarried struct {
	Schema  Ident
	JobID   int64
	Carried []byte
}

// Statement renders registry/set_carried.sql.
func (p SetCarried) Statement() Statement {
	return render("registry/set_carried.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "carried": p.Carried})
}

// SetProven records verify's verdict.
type SetProven struct {
	Schema Ident
	JobID  int64
	Proven bool
}

// Statement renders registry/set_proven.sql.
func (p SetProven) Statement() Statement {
	return render("registry/set_proven.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "proven": p.Proven})
}

// SetError remembers why a job stopped.
type SetError struct {
	Schema Ident
	JobID  int64
	Error  string
}

// Statement renders registry/set_error.sql.
func (p SetError) Statement() Statement {
	return render("registry/set_error.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "error": p.Error})
}

// SetWaiting says what a job waits for.
type SetWaiting struct {
	Schema  Ident
	JobID   int64
	Waiting string
	Backlog int64
}

// Statement renders registry/set_waiting.sql.
func (p SetWaiting) Statement() Statement {
	return render("registry/set_waiting.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "waiting": p.Waiting, "backlog": p.Backlog})
}

// SetShadow records a shadow.
type SetShadow struct {
	Schema    Ident
	JobID     int64
	Number    int
	ShadowOID uint32
	Blueprint []byte
}

// Statement renders registry/set_shadow.sql.
func (p SetShadow) Statement() Statement {
	return render("registry/set_shadow.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "table_number": p.Number, "shadow_oid": p.ShadowOID, "blueprint": p.Blueprint})
}

// SetCapture records how changes are captured.
type SetCapture struct {
	Schema  Ident
	JobID   int64
	Number  int
	Capture string
}

// Statement renders registry/set_capture.sql.
func (p SetCapture) Statement() Statement {
	return render("registry/set_capture.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "table_number": p.Number, "capture": p.Capture})
}

// SetFilenode records what the batches were planned on.
type SetFilenode struct {
	Schema   Ident
	JobID    int64
	Number   int
	Filenode uint32
	Rows     int64
}

// Statement renders registry/set_filenode.sql.
func (p SetFilenode) Statement() Statement {
	return render("registry/set_filenode.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "table_number": p.Number, "filenode": p.Filenode, "rows": p.Rows})
}

// SetLastWrite remembers the current transaction.
type SetLastWrite struct {
	Schema Ident
	JobID  int64
	Number int
}

// Statement renders registry/set_last_write.sql.
func (p SetLastWrite) Statement() Statement {
	return render("registry/set_last_write.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "table_number": p.Number})
}

// DeleteJob forgets a job.
type DeleteJob struct {
	Schema Ident
	JobID  int64
}

// Statement renders registry/delete_job.sql.
func (p DeleteJob) Statement() Statement {
	return render("registry/delete_job.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID})
}
