package stages

import (
	"context"
	"errors"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// streamProblem says why a stream that stands at state can't give all changes of the tables with these OIDs; "" if it can.
func streamProblem(ctx context.Context, db sqltmpl.DB, s registry.Stream, state logical.State, oids []uint32) (string, error) {
	if problem := slotProblem(s, state); problem != "" {
		return problem, nil
	}
	return logical.PublicationProblem(ctx, db, s.Publication, oids)
}

// published makes sure that the stream of a direction had all changes: nobody has altered what is published since the stream began.
func (env *Env) published(ctx context.Context, job registry.Job, d registry.Direction) error {
	stream, err := env.Registry.Stream(ctx, env.Target, job.ID, d)
	if err != nil {
		return err
	}
	e := env.from(d)
	problem, err := logical.PublicationProblem(ctx, e.pool, stream.Publication, e.oidsAt(job))
	if err != nil || problem == "" {
		return err
	}
	return env.lostSlot(job, problem)
}

// noWayBack is what is left to do with a job that has swapped and can't go back.
func noWayBack(job registry.Job) string {
	return "there is no way back any more; keep the target's tables with: repave cleanup " + job.Args()
}

// follow applies the stream until a goal is reached, or an error.
func (f *feed) follow(ctx context.Context, goal logical.Goal) error {
	err := f.applier.Follow(ctx, f.stream, goal)
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case sqltmpl.IsMissingObject(err): // until PostgreSQL 17 the server says so
		if altered := f.env.published(ctx, f.job, f.direction); altered != nil {
			return altered
		}
	case errors.As(err, new(*logical.ChangedError)) && f.job.Swapped:
		return &StateError{Problem: err.Error(), Advice: "undo that on the table if nothing was written since; else " + noWayBack(f.job)}
	case sqltmpl.IsTooLarge(err):
		advice := "make such values smaller and start over with: repave reset " + f.job.Args()
		if f.job.Swapped {
			advice = noWayBack(f.job)
		}
		return &StateError{
			Problem: "a row was written that PostgreSQL can't stream, as its text has more than 1 GB (a bytea of 512 MB): " + err.Error(), Advice: advice,
		}
	}
	return err
}
