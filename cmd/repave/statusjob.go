package main

import (
	"fmt"
	"time"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
)

// A jobStatus is what status says of a job. Its keys are a promise.
type jobStatus struct {
	Job           int64                `json:"job"`
	Tables        []string             `json:"tables"`
	Stage         string               `json:"stage"`
	Backward      bool                 `json:"backward"` // revert-swap is under way
	Swapped       bool                 `json:"swapped"`
	Proven        bool                 `json:"proven"`
	Since         time.Time            `json:"since"`
	StageSeconds  float64              `json:"stage_seconds"`
	CreatedAt     time.Time            `json:"created_at"`
	CopiedPercent float64              `json:"copied_percent"`
	CopiedRows    int64                `json:"copied_rows"`
	RowsPerSecond float64              `json:"rows_per_second"`
	ETA           float64              `json:"eta_seconds"` // of the backfill; 0 if unknown
	Backlog       int64                `json:"backlog"`
	Partitions    []string             `json:"partitions"`       // that the rewritten table has; null if it is not partitioned
	Stream        *stages.StreamStatus `json:"stream,omitempty"` // of a job across clusters
	// Of a job across clusters: what the target has not as the source has it, what stays on the source, and how they differ
	// around the tables (null if the source is not known).
	Lacks      []stages.Lack `json:"lacks,omitempty"`
	LeftBehind []carry.Left  `json:"left_behind,omitempty"`
	Differs    []string      `json:"differs,omitempty"`
	PausedAt   *time.Time    `json:"paused_at"` // null: it is not paused
	Waiting    string        `json:"waiting"`
	LastError  string        `json:"last_error"`
	Worker     *workerStatus `json:"worker"` // null: nobody works on it
	Next       string        `json:"next_command"`
	Undo       string        `json:"undo_command"`
}

type workerStatus struct {
	PID         int32  `json:"pid"`
	Application string `json:"application"`
	Client      string `json:"client"`
	Follows     bool   `json:"follows"` // the stream, until another command works on the job
}

// newJobStatus says what the registry knows.
func newJobStatus(job registry.Job, runs []registry.StageRun, copied registry.Progress, now time.Time) jobStatus {
	s := jobStatus{
		Job: job.ID, Tables: job.TableNames(), Stage: job.Stage, Swapped: job.Swapped, Proven: job.Proven,
		Since: job.CreatedAt, CreatedAt: job.CreatedAt, CopiedRows: copied.Rows, Waiting: job.Waiting,
		LastError: job.LastError, PausedAt: job.PausedAt, LeftBehind: stages.LeftBehind(job),
	}
	for _, t := range job.Tables {
		if t.Blueprint != nil {
			for _, p := range t.Blueprint.Shadow.Partitions {
				s.Partitions = append(s.Partitions, p.Table.Plain())
			}
		}
	}
	var last registry.StageRun
	if len(runs) > 0 {
		last = runs[len(runs)-1]
		s.Since = last.BeganAt
	}
	unfinished := len(runs) > 0 && (last.EndedAt == nil || last.Error != "")
	// A verify of a swapped job alone is no way back; that begins with replay.
	alone := last.Stage == string(stages.Verify) && (len(runs) < 2 || !runs[len(runs)-2].Backward)
	switch {
	case stages.Unfinished(job) != nil:
	case unfinished && last.Backward == job.Swapped && (!last.Backward || !alone):
		s.Stage, s.Backward = last.Stage, last.Backward
	case job.Swapped:
		s.Stage = "swapped"
	}
	s.StageSeconds = max(now.Sub(s.Since).Seconds(), 0)
	if copied.TotalPages > 0 {
		s.CopiedPercent = 100 * float64(copied.DonePages) / float64(copied.TotalPages)
	}
	if s.Stage == string(stages.Backfill) {
		took := backfillTime(runs, now)
		s.RowsPerSecond = per(copied.Rows, took)
		if pages := per(copied.DonePages, took); pages > 0 {
			s.ETA = float64(copied.TotalPages-copied.DonePages) / pages
		}
	}
	s.Next, s.Undo = nextCommands(job, s.Backward)
	if job.PausedAt != nil {
		s.Next = "repave resume " + job.Args()
	}
	return s
}

// backfillTime is how long the backfill has been worked on, as far as is known:
// of an attempt that was killed only the beginning is.
func backfillTime(runs []registry.StageRun, now time.Time) time.Duration {
	var sum time.Duration
	for i, run := range runs {
		switch {
		case run.Stage != string(stages.Backfill):
		case run.EndedAt != nil:
			sum += run.EndedAt.Sub(run.BeganAt)
		case i == len(runs)-1:
			sum += now.Sub(run.BeganAt)
		}
	}
	return sum
}

// nextCommands are the commands that go on with a job and that undo it.
func nextCommands(job registry.Job, backward bool) (next, undo string) {
	args := job.Args()
	revert := "repave revert-swap " + args
	switch {
	case stages.Unfinished(job) != nil:
		return "repave cleanup " + args, ""
	case backward:
		return revert, "repave cleanup " + args
	case job.Swapped:
		return "repave cleanup " + args, revert
	case job.Stage == string(stages.Swap):
		return "repave swap " + args, "repave reset " + args
	default:
		return fmt.Sprintf("repave run %s%s", args, job.Flags), "repave reset " + args
	}
}

// nextWithoutStream is the command for a job whose changes can't be had any more.
func nextWithoutStream(job registry.Job) string {
	if job.Swapped {
		return "repave cleanup " + job.Args()
	}
	return "repave reset " + job.Args()
}
