package registry

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// exec runs a registry statement whose row count nobody needs.
func exec(ctx context.Context, db sqltmpl.DB, s sqltmpl.Statement) error {
	_, err := s.Exec(ctx, db)
	return err
}

// SetStage moves a job to a stage and clears its last error.
func (r *Registry) SetStage(ctx context.Context, db sqltmpl.DB, job int64, stage string) error {
	return exec(ctx, db, sqltmpl.SetStage{Schema: r.schema, JobID: job, Stage: stage}.Statement())
}

// SetSwapped records which of the two tables has the name; whatever verify had
// proven no longer counts.
func (r *Registry) SetSwapped(ctx context.Context, db sqltmpl.DB, job int64, swapped bool) error {
	return exec(ctx, db, sqltmpl.SetSwapped{Schema: r.schema, JobID: job, Swapped: swapped}.Statement())
}

// SetProven records verify's verdict.
func (r *Registry) SetProven(ctx context.Context, db sqltmpl.DB, job int64, proven bool) error {
	return exec(ctx, db, sqltmpl.SetProven{Schema: r.schema, JobID: job, Proven: proven}.Statement())
}

// SetCarried records what a rehearsal of the swap has found.
func (r *Registry) SetCarried(ctx context.Context, db sqltmpl.DB, job int64, load carry.Load) error {
	text, err := json.Marshal(load)
	if err != nil {
		return fmt.Errorf("encoding what is carried: %w", err)
	}
	return exec(ctx, db, sqltmpl.SetCarried{Schema: r.schema, JobID: job, Carried: text}.Statement())
}

// SetError remembers why a job stopped.
func (r *Registry) SetError(ctx context.Context, db sqltmpl.DB, job int64, text string) error {
	return exec(ctx, db, sqltmpl.SetError{Schema: r.schema, JobID: job, Error: text}.Statement())
}

// SetWaiting says what a job waits for ("" for nothing), and its log backlog.
func (r *Registry) SetWaiting(ctx context.Context, db sqltmpl.DB, job int64, waiting string, backlog int64) error {
	return exec(ctx, db, sqltmpl.SetWaiting{
		Schema: r.schema, JobID: job, Waiting: waiting, Backlog: backlog,
	}.Statement())
}

// SetBound records what is bound to a table on the source, for a job across
// clusters.
func (r *Registry) SetBound(ctx context.Context, db sqltmpl.DB, t Table, bound define.Bound) error {
	text, err := json.Marshal(bound)
	if err != nil {
		return fmt.Errorf("encoding what is bound: %w", err)
	}
	return exec(ctx, db, sqltmpl.SetBound{Schema: r.schema, JobID: t.JobID, Number: t.Number, Bound: text}.Statement())
}

// SetShadow records a shadow and its blueprint.
func (r *Registry) SetShadow(
	ctx context.Context, db sqltmpl.DB, t Table, oid uint32, blueprint shadow.Blueprint,
) error {
	text, err := json.Marshal(blueprint)
	if err != nil {
		return fmt.Errorf("encoding blueprint: %w", err)
	}
	return exec(ctx, db, sqltmpl.SetShadow{
		Schema: r.schema, JobID: t.JobID, Number: t.Number, ShadowOID: oid, Blueprint: text,
	}.Statement())
}

// SetCapture records how changes of a table are captured.
func (r *Registry) SetCapture(ctx context.Context, db sqltmpl.DB, t Table, capture string) error {
	return exec(ctx, db, sqltmpl.SetCapture{
		Schema: r.schema, JobID: t.JobID, Number: t.Number, Capture: capture,
	}.Statement())
}

// SetLastWrite remembers the current transaction as the last that wrote rows
// which older snapshots can't see.
func (r *Registry) SetLastWrite(ctx context.Context, db sqltmpl.DB, t Table) error {
	return exec(ctx, db, sqltmpl.SetLastWrite{Schema: r.schema, JobID: t.JobID, Number: t.Number}.Statement())
}

// Delete forgets a job and all that is recorded of it.
func (r *Registry) Delete(ctx context.Context, db sqltmpl.DB, job int64) error {
	return exec(ctx, db, sqltmpl.DeleteJob{Schema: r.schema, JobID: job}.Statement())
}

// BeginStage opens a stage run and returns its number.
func (r *Registry) BeginStage(
	ctx context.Context, db sqltmpl.DB, job int64, stage string, backward bool,
) (int64, error) {
	return sqltmpl.Scalar[int64](ctx, db, sqltmpl.BeginStage{
		Schema: r.schema, JobID: job, Stage: stage, Backward: backward,
	}.Statement())
}

// FinishStage closes a stage run, once.
func (r *Registry) FinishStage(ctx context.Context, db sqltmpl.DB, run, rows int64, problem string) error {
	return exec(ctx, db, sqltmpl.FinishStage{Schema: r.schema, RunID: run, Rows: rows, Error: problem}.Statement())
}

// Stages returns the stage runs of a job, oldest first.
func (r *Registry) Stages(ctx context.Context, db sqltmpl.DB, job int64) ([]StageRun, error) {
	return sqltmpl.All[StageRun](ctx, db, sqltmpl.ListStages{Schema: r.schema, JobID: job}.Statement())
}

// AddArtifact lists an object that the job made, with the statement that
// undoes it.
func (r *Registry) AddArtifact(ctx context.Context, db sqltmpl.DB, t Table, kind, name, undo string) error {
	return exec(ctx, db, sqltmpl.AddArtifact{
		Schema: r.schema, JobID: t.JobID, Number: t.Number, Kind: kind, Name: name, Undo: undo,
	}.Statement())
}

// DeleteArtifact forgets an object that is gone.
func (r *Registry) DeleteArtifact(ctx context.Context, db sqltmpl.DB, job int64, kind, name string) error {
	return exec(ctx, db, sqltmpl.DeleteArtifact{Schema: r.schema, JobID: job, Kind: kind, Name: name}.Statement())
}

// Artifacts returns what a job made, newest first.
func (r *Registry) Artifacts(ctx context.Context, db sqltmpl.DB, job int64) ([]Artifact, error) {
	return sqltmpl.All[Artifact](ctx, db, sqltmpl.ListArtifacts{Schema: r.schema, JobID: job}.Statement())
}

// SetProvenFiles records which files verify compared; the caller has them pinned.
func (r *Registry) SetProvenFiles(ctx context.Context, db sqltmpl.DB, t Table, live, standby uint32) error {
	return exec(ctx, db, sqltmpl.SetProvenFiles{
		Schema: r.schema, JobID: t.JobID, Number: t.Number, Live: live, Standby: standby,
	}.Statement())
}
