package sqltmpl

import "github.com/jackc/pgx/v5"

// BeginStage opens a stage run and returns its number.
type BeginStage struct {
	Schema   Ident
	JobID    int64
	Stage    string
	Backward bool
}

// Statement renders registry/begin_stage.sql.
func (p BeginStage) Statement() Statement {
	return render("registry/begin_stage.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "stage": p.Stage, "backward": p.Backward})
}

// FinishStage closes a stage run.
type FinishStage struct {
	Schema Ident
	RunID  int64
	Rows   int64
	Error  string
}

// Statement renders registry/finish_stage.sql.
func (p FinishStage) Statement() Statement {
	return render("registry/finish_stage.sql", p, pgx.StrictNamedArgs{"run_id": p.RunID, "rows": p.Rows, "error": p.Error})
}

// ListStages reads the stage runs of a job.
type ListStages struct {
	Schema Ident
	JobID  int64
}

// Statement renders registry/list_stages.sql.
func (p ListStages) Statement() Statement {
	return render("registry/list_stages.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID})
}

// AddArtifact lists an object that a job made.
type AddArtifact struct {
	Schema Ident
	JobID  int64
	Number int
	Kind   string
	Name   string
	Undo   string
}

// Statement renders registry/add_artifact.sql.
func (p AddArtifact) Statement() Statement {
	return render("registry/add_artifact.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "table_number": p.Number, "kind": p.Kind, "name": p.Name, "undo": p.Undo})
}

// ListArtifacts reads what a job made, newest first.
type ListArtifacts struct {
	Schema Ident
	JobID  int64
}

// Statement renders registry/list_artifacts.sql.
func (p ListArtifacts) Statement() Statement {
	return render("registry/list_artifacts.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID})
}

// DeleteArtifact forgets an object.
type DeleteArtifact struct {
	Schema Ident
	JobID  int64
	Kind   string
	Name   string
}

// Statement renders registry/delete_artifact.sql.
func (p DeleteArtifact) Statement() Statement {
	return render("registry/delete_artifact.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "kind": p.Kind, "name": p.Name})
}

// PlanBatches cuts a table into page ranges.
type PlanBatches struct {
	Schema Ident
	JobID  int64
	Number int
	Size   int64
	First  []int64 // the number of the first page of each file
	Pages  []int64 // and how many it has
}

// Statement renders registry/plan_batches.sql.
func (p PlanBatches) Statement() Statement {
	return render("registry/plan_batches.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "table_number": p.Number, "size": p.Size, "first": p.First, "pages": p.Pages})
}

// DeleteBatches forgets the ranges of a table.
type DeleteBatches struct {
	Schema Ident
	JobID  int64
	Number int
}

// Statement renders registry/delete_batches.sql.
func (p DeleteBatches) Statement() Statement {
	return render("registry/delete_batches.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "table_number": p.Number})
}

// ClaimBatch takes the next free range.
type ClaimBatch struct {
	Schema Ident
	JobID  int64
	Number int
}

// Statement renders registry/claim_batch.sql.
func (p ClaimBatch) Statement() Statement {
	return render("registry/claim_batch.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "table_number": p.Number})
}

// AdvanceBatch ticks off pages of a range.
type AdvanceBatch struct {
	Schema   Ident
	JobID    int64
	Number   int
	Batch    int
	NextPage int64
	Rows     int64
}

// Statement renders registry/advance_batch.sql.
func (p AdvanceBatch) Statement() Statement {
	return render("registry/advance_batch.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "table_number": p.Number, "batch_number": p.Batch, "next_page": p.NextPage, "rows": p.Rows})
}

// BatchProgress sums up the backfill of a job.
type BatchProgress struct {
	Schema Ident
	JobID  int64
}

// Statement renders registry/batch_progress.sql.
func (p BatchProgress) Statement() Statement {
	return render("registry/batch_progress.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID})
}

// OpenBatches counts the batches of a table that are not done.
type OpenBatches struct {
	Schema Ident
	JobID  int64
	Number int
}

// Statement renders registry/open_batches.sql.
func (p OpenBatches) Statement() Statement {
	return render("registry/open_batches.sql", p, pgx.StrictNamedArgs{"job_id": p.JobID, "table_number": p.Number})
}

// TryLock takes a session's advisory lock and returns whether it got it.
type TryLock struct {
	Class  int32
	Object int32
}

// Statement renders registry/try_lock.sql.
func (p TryLock) Statement() Statement {
	return render("registry/try_lock.sql", p, pgx.StrictNamedArgs{"class": p.Class, "object": p.Object})
}

// LockHolder reads who holds an advisory lock.
type LockHolder struct {
	Class  int32
	Object int32
}

// Statement renders registry/lock_holder.sql.
func (p LockHolder) Statement() Statement {
	return render("registry/lock_holder.sql", p, pgx.StrictNamedArgs{"class": p.Class, "object": p.Object})
}

// RegistryExists returns whether the registry has been made.
type RegistryExists struct {
	Registry string
}

// Statement renders registry/schema_exists.sql.
func (p RegistryExists) Statement() Statement {
	return render("registry/schema_exists.sql", p, pgx.StrictNamedArgs{"registry": p.Registry})
}

// SetProvenFiles records which files verify compared.
type SetProvenFiles struct {
	Schema  Ident
	JobID   int64
	Number  int
	Live    uint32
	Standby uint32
}

// Statement renders registry/set_proven_files.sql.
func (p SetProvenFiles) Statement() Statement {
	return render("registry/set_proven_files.sql", p, pgx.StrictNamedArgs{
		"job_id": p.JobID, "table_number": p.Number, "live": p.Live, "standby": p.Standby,
	})
}
