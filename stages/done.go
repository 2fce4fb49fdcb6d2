package stages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// Done is the stage of a job of which nothing is left but its record. It is
// committed with the last of the cleanup, and the record goes once that was
// heard of: whoever was not told of the end, and runs the command again, learns
// that it is done. Otherwise that would be a new job, and a change that isn't
// made to be made twice (--using 'price=price*100') would be.
const Done Name = "done"

// forget deletes the record of a job that is done. Failing to is no failure of
// the job: the next command finds the record and says so. May run twice.
func forget(ctx context.Context, env *Env, job registry.Job) {
	ctx, cancel := detached(ctx)
	defer cancel()
	if err := env.Registry.Delete(ctx, env.Target, job.ID); err != nil {
		env.Logger.WarnContext(ctx, "the job is done, but its record could not be deleted; the next command does",
			slog.Any("error", err))
	}
}

// alreadyDone returns the job that has done what is asked for, if there is one,
// and forgets every job on the tables that is done.
func alreadyDone(ctx context.Context, env *Env, req Request) (found registry.Job, done bool, err error) {
	for _, table := range req.Spec.Tables {
		job, err := env.Registry.Find(ctx, env.Target, table.Name)
		if errors.Is(err, registry.ErrNotFound) || err == nil && Name(job.Stage) != Done {
			continue
		}
		if err != nil {
			return job, false, err
		}
		same, err := sameAsDone(ctx, env, job, req)
		if err != nil {
			return job, false, err
		}
		forget(ctx, env, job)
		if same {
			found, done = job, true
		}
	}
	return found, done, nil
}

// sameAsDone reports whether a request is for what a job that is done has done,
// on tables that still are what it made of them.
func sameAsDone(ctx context.Context, env *Env, job registry.Job, req Request) (bool, error) {
	if len(job.Spec.Differences(req.Spec)) > 0 {
		return false, nil
	}
	for _, t := range job.Tables {
		oid, err := sqltmpl.Scalar[uint32](ctx, env.Target, sqltmpl.RelationOID{Name: t.Name.String()}.Statement())
		if err != nil {
			return false, err
		}
		if oid != t.ShadowOID {
			return false, nil
		}
	}
	return true, nil
}

// Unfinished returns an error if a job is done: there is nothing left to work on.
func Unfinished(job registry.Job) error {
	if Name(job.Stage) != Done {
		return nil
	}
	return &StateError{
		Problem: fmt.Sprintf("the job on %s is done, its old table was dropped", job.Title()),
		Advice:  "nothing is left to do; to delete its record: repave cleanup " + job.Args(),
	}
}
