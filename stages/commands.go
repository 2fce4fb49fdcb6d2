package stages

import (
	"context"
	"fmt"
	"strings"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// An OptionsError says that a job was begun with other options.
type OptionsError struct {
	Table       string
	Args        string // its tables, for a shell
	Differences []string
	Flags       string // those it was begun with
}

func (e *OptionsError) Error() string {
	return fmt.Sprintf("the job on %s was begun with other options:\n  %s", e.Table,
		strings.Join(e.Differences, "\n  "))
}

// Hint says what to do about it.
func (e *OptionsError) Hint() string {
	return fmt.Sprintf("go on with: repave run %s%s; or start over after: repave reset %s", e.Args, e.Flags, e.Args)
}

// RevertSwap gives the name back to the original table, with every write made
// since the swap: rounds, switch, verify and swap the other way. Afterwards the
// job stands before its swap again, its shadow in sync. The caller holds the
// tables' advisory locks. Rows that the original table can't hold are named
// before anything happens.
func RevertSwap(ctx context.Context, env *Env, job registry.Job) (registry.Job, error) {
	if err := Unfinished(job); err != nil {
		return job, err
	}
	if !job.Swapped {
		return job, notSwapped(ctx, env, job, "there is nothing to revert; to drop what the job made: repave reset "+job.Args())
	}
	job, err := settle(ctx, env, job)
	if err != nil {
		return job, err
	}
	if err := courseOf(job).revertible(ctx, env, job); err != nil {
		return job, fail(ctx, env, job, Replay, err)
	}
	return loop(ctx, env, job, courseOf(job).backward(), Swap)
}

// notSwapped refuses a command that comes after the swap; but a cutover that died may have left both sides
// closed, so it opens the source before.
func notSwapped(ctx context.Context, env *Env, job registry.Job, advice string) error {
	if at, err := courseOf(job).settle(ctx, env, job); err != nil {
		return fail(ctx, env, job, at, err)
	}
	return &StateError{Problem: job.Title() + " has not been swapped", Advice: advice}
}

// sequencesFit refuses to go back while a sequence stands beyond what it could
// hold before the job.
func sequencesFit(ctx context.Context, env *Env, t registry.Table) error {
	for _, seq := range t.Blueprint.Source.Sequences {
		at, err := sqltmpl.One[position](ctx, env.Source, sqltmpl.SequenceState{Sequence: seq.Table}.Statement())
		if sqltmpl.IsMissing(err) {
			continue // its column was dropped
		}
		if err != nil {
			return err
		}
		if at.LastValue > seq.Max || at.LastValue < seq.Min {
			return &StateError{
				Problem: fmt.Sprintf("sequence %s stands at %d, beyond what it could hold before the job (%d to %d)",
					seq.Table.Plain(), at.LastValue, seq.Min, seq.Max),
				Advice: fmt.Sprintf("nothing was changed; set it back if its column allows: SELECT setval('%s', (SELECT max(%s) FROM %s))",
					seq.Table, seq.Column, t.Name),
			}
		}
	}
	return nil
}

// VerifyNow compares every row of the job's two tables in one snapshot. It
// changes nothing.
func VerifyNow(ctx context.Context, env *Env, job registry.Job) (registry.Job, error) {
	if err := Unfinished(job); err != nil {
		return job, err
	}
	if !job.Swapped && Name(job.Stage).Before(Replay) {
		return job, notYet(job)
	}
	if at, err := courseOf(job).settle(ctx, env, job); err != nil {
		return job, fail(ctx, env, job, at, err)
	}
	if err := beginStage(ctx, env, job, courseOf(job).comparing(), job.Swapped); err != nil {
		return job, fail(ctx, env, job, Verify, err)
	}
	return job, env.Registry.SetProven(ctx, env.Target, job.ID, false)
}

// Erase ends a job after its swap: the old table and every trace of the job
// go. It can't be undone. May run again after a crash.
func Erase(ctx context.Context, env *Env, job registry.Job) error {
	if Name(job.Stage) == Done {
		forget(ctx, env, job)
		return nil
	}
	if !job.Swapped {
		return notSwapped(ctx, env, job, fmt.Sprintf("go on with: repave run %s%s; or drop what the job made: repave reset %s",
			job.Args(), job.Flags, job.Args()))
	}
	if _, err := courseOf(job).settle(ctx, env, job); err != nil {
		return fail(ctx, env, job, Cleanup, err)
	}
	if err := eraseStage(ctx, env, job); err != nil {
		return err
	}
	forget(ctx, env, job)
	return nil
}

// Reset ends a job before its swap: all that it made goes, the source table is
// as it was.
func Reset(ctx context.Context, env *Env, job registry.Job) error {
	if err := Unfinished(job); err != nil {
		return err
	}
	if job.Swapped {
		return &StateError{
			Problem: fmt.Sprintf("%s has been swapped already", job.Title()),
			Advice: fmt.Sprintf("go back with: repave revert-swap %s; or keep the new table: repave cleanup %s",
				job.Args(), job.Args()),
		}
	}
	if _, err := courseOf(job).settle(ctx, env, job); err != nil {
		return fail(ctx, env, job, Cleanup, err)
	}
	return eraseStage(ctx, env, job)
}
