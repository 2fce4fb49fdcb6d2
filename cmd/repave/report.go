package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
)

// A report says what a run did. Its keys are a promise.
type report struct {
	Job             int64          `json:"job"`
	Tables          []string       `json:"tables"`
	Until           stages.Name    `json:"until"`
	Swapped         bool           `json:"swapped"`
	AlreadySwapped  bool           `json:"already_swapped"` // before this run
	AlreadyDone     bool           `json:"already_done"`    // cleaned up as well, and nobody had heard of it
	Cleaned         bool           `json:"cleaned"`
	Stages          []stageReport  `json:"stages"`
	LongestLockWait float64        `json:"longest_lock_wait_ms"`
	LongestLockHold float64        `json:"longest_lock_hold_ms"`
	LockMisses      int            `json:"lock_misses"`
	Refused         float64        `json:"writes_refused_ms,omitempty"`    // by a cutover
	LookedAgain     int            `json:"rows_compared_again,omitempty"`  // by a cutover: changed since verify's snapshot
	NotLooked       int64          `json:"changes_not_compared,omitempty"` // since then: there were too many
	Verify          verdict        `json:"verify"`
	Sizes           []sizeReport   `json:"sizes"`
	Layouts         []layoutReport `json:"layouts,omitempty"` // with --optimize-columns
	Next            []nextCommand  `json:"next"`
	Seconds         float64        `json:"seconds"`
	Error           string         `json:"error,omitempty"`
	Hint            string         `json:"hint,omitempty"`
	ExitCode        int            `json:"exit_code"`

	began time.Time
	flags string
	start string // the command that begins the job
	args  string // the tables, for a shell
	// across: the job moves tables to another cluster.
	across bool
}

type stageReport struct {
	Stage   stages.Name `json:"stage"`
	Seconds float64     `json:"seconds"`
	Rows    int64       `json:"rows"`
}

// What verify can have found.
const (
	verdictEqual     = "equal"
	verdictDifferent = "different"
	verdictSkipped   = "skipped"
	verdictNotRun    = "not_run"
)

type verdict struct {
	Verdict string `json:"verdict"`
	Rows    int64  `json:"rows"`
	Pending int64  `json:"pending"`
}

type sizeReport struct {
	Table  string `json:"table"`
	Before int64  `json:"before_bytes"`
	After  int64  `json:"after_bytes"`
}

// A layoutReport says what the order of the columns saves, as estimated at setup.
type layoutReport struct {
	Table       string  `json:"table"`
	SavedPerRow float64 `json:"saved_bytes_per_row"`
	Saved       int64   `json:"saved_bytes"`
}

type nextCommand struct {
	Command string `json:"command"`
	Why     string `json:"why"`
}

func newReport(until stages.Name) *report {
	return &report{
		Until: until, Tables: []string{}, Stages: []stageReport{}, Sizes: []sizeReport{}, Next: []nextCommand{},
		Verify: verdict{Verdict: verdictNotRun}, began: time.Now(),
	}
}

// job says which job it is about.
func (r *report) job(job registry.Job, req stages.Request) {
	r.Job, r.Swapped, r.flags = job.ID, job.Swapped, job.Flags
	r.across = req.Spec.Strategy == stages.Logical
	if len(job.Tables) == 0 {
		job.Spec = req.Spec
		for _, table := range req.Spec.Tables {
			job.Tables = append(job.Tables, registry.Table{Name: table.Name})
		}
	}
	r.Tables, r.args = job.TableNames(), job.Args()
	for _, t := range job.Tables {
		if t.Blueprint != nil && t.Blueprint.Layout != nil {
			l := t.Blueprint.Layout
			r.Layouts = append(r.Layouts, layoutReport{t.Name.Plain(), l.Before - l.After, l.Saved()})
		}
	}
}

// measure compares the sizes of old and new tables.
func (r *report) measure(ctx context.Context, t *task, job registry.Job) error {
	type sizes struct {
		Old int64 `db:"old_bytes"`
		New int64 `db:"new_bytes"`
	}
	for _, table := range job.Tables {
		old := t.db.registry.Names(job.ID, table.Number).Object("old")
		got, err := sqltmpl.One[sizes](ctx, t.env.Target, sqltmpl.TableSizes{
			Old: old.String(), New: table.Name.String(),
		}.Statement())
		if err != nil {
			return err
		}
		r.Sizes = append(r.Sizes, sizeReport{Table: table.Name.Plain(), Before: got.Old, After: got.New})
	}
	return nil
}

// stats takes over what stages counted.
func (r *report) stats(env *stages.Env, err error) {
	s := env.Stats
	r.LongestLockWait, r.LongestLockHold = ms(s.LongestWait), ms(s.LongestHold)
	r.LockMisses, r.Refused = s.LockMisses, ms(s.Refused)
	r.LookedAgain, r.NotLooked = s.LookedAgain, s.NotLooked
	for _, stage := range s.Stages {
		r.Stages = append(r.Stages, stageReport{stage.Stage, stage.Elapsed.Seconds(), stage.Rows})
		if stage.Stage == stages.Verify {
			r.Verify = verdict{Verdict: verdictEqual, Rows: s.Verified, Pending: s.Pending}
			if env.Options.SkipVerify {
				r.Verify.Verdict = verdictSkipped
			}
		}
	}
	if errors.As(err, new(*stages.DifferentError)) {
		r.Verify.Verdict = verdictDifferent
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// finish prints the report, and passes the error on.
func (p *program) finish(c *cli.Context, r *report, err error) error {
	r.Seconds = time.Since(r.began).Seconds()
	r.next(err)
	if c.Bool("json") {
		if err != nil {
			shown := err
			if c.Err() != nil {
				shown = &interruptedError{err}
			}
			r.Error, r.Hint, r.ExitCode = shown.Error(), hintOf(shown), exitCode(shown)
		}
		return errors.Join(err, printJSON(p.stdout, r))
	}
	if err == nil {
		r.print(p.stderr)
	}
	return err
}

// printJSON prints one object or array.
func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
