package stages

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// errNotHere says that nobody shows on this server that a copy is being made.
var errNotHere = errors.New("the session that shares the copy's snapshot is not there")

// help copies batches as the process that runs the job does: in the snapshot that this one has exported, or,
// if the job is mixed, each in a snapshot of its own. It does nothing else. Beyond what Help says of all jobs, this can happen:
//
//   - That process dies, and we still have its snapshot. What we commit in it is what the stream begins with: the
//     next process copies what is left under new ones, and the job is mixed, by which ours is right as well. But it says that under
//     another name of the copy, for which it waits for the batch that we have (shareCopy); the next one finds that name and is given up.
//   - It starts over, since a table was rewritten: the same, and what we have committed before goes with the tables' TRUNCATE. A
//     batch of ours never comes between that and the new plan, which another snapshot belongs to.
//   - It has lost its locks and does not know yet: it is then its own batches that find another name.
//   - The name of the snapshot that we have read is another snapshot's by now, as the server was restarted: the session that
//     showed the copy is gone with it (logical.HoldCopy). We look for that when we have imported the snapshot.
//   - Only that session is lost. Whoever has imported the snapshot goes on; we can't any more, and wait.
//   - Ours is another server of the same data, a standby or a restored copy, whose snapshots are others, or older than the
//     stream: nobody shows the copy there. In a mixed copy each batch asks for that, in the session that it reads in: a pool may
//     connect to another server of several between two batches.
//   - We have read the job before the batches were planned: it is read again after the copy's name, which comes with the plan.
//   - We hold the last batch, and are stopped: all others wait, for a while, and end our session (awaitHelpers). If our host is
//     gone the servers notice by themselves (db.Config).
func (across) help(ctx context.Context, env *Env, job registry.Job) (int64, error) {
	stream, err := env.Registry.Stream(ctx, env.Target, job.ID, registry.Forward)
	switch {
	case err != nil:
		return 0, err
	case stream.Copy.Name == "":
		return 0, env.awaitCopy(ctx, job, stream.Copy, "the snapshot to copy in")
	case stream.Copy.Version != env.Operator.Version:
		return 0, &StateError{
			Problem: fmt.Sprintf("repave %s runs the job, and this is %s: they might not copy alike", stream.Copy.Version, env.Operator.Version),
			Advice:  "use the same build on both hosts",
		}
	}
	if err := env.checkStream(ctx, job, stream); err != nil {
		return 0, err
	}
	if job, err = env.Registry.Get(ctx, env.Target, job.ID); err != nil {
		return 0, err
	}
	c, err := newCarrier(ctx, env, job, stream.Copy)
	if err != nil {
		return 0, err
	}
	c.helps = true
	err = c.crew(ctx)
	switch {
	case errors.Is(err, errMovedOn):
		err = errNotNow
	case errors.Is(err, errNotHere):
		err = env.notHere(ctx, job, stream)
	}
	return c.rows.Load(), err
}

// awaitCopy waits until a job's copy is another one, for a reason, and returns errNotNow then. Whoever calls it is
// interrupted when the backfill ends.
func (env *Env) awaitCopy(ctx context.Context, job registry.Job, known registry.Copy, why string) error {
	tell := func(why string) {
		env.Report(Event{Job: job.ID, Table: job.Title(), Stage: Backfill, Phase: Going, Waiting: why})
	}
	tell(why)
	defer tell("")
	for {
		if err := sleep(ctx, helpPoll); err != nil {
			return err
		}
		stream, err := env.Registry.Stream(ctx, env.Target, job.ID, registry.Forward)
		if errors.Is(err, registry.ErrNotFound) || err == nil && stream.Copy != known {
			return errNotNow
		}
		if err != nil {
			return err
		}
	}
}

// notHere finds out why nobody shows the copy on our source: it is not the server that is copied from, or the
// session was lost and we have to wait.
func (env *Env) notHere(ctx context.Context, job registry.Job, stream registry.Stream) error {
	standby, err := sqltmpl.Scalar[bool](ctx, env.Source, sqltmpl.InRecovery{}.Statement())
	if err != nil {
		return err
	}
	place := env.from(registry.Forward).place()
	const advice = "give the same --source as the process that runs the job"
	if standby {
		return &StateError{Problem: place + " is a standby: rows are copied in a snapshot of its primary", Advice: advice}
	}
	state, err := logical.SlotState(ctx, env.Source, stream.Slot)
	if err != nil {
		return err
	}
	// A slot that is there belongs to the job. One that is dropped goes while, or after, the record does, or the backfill ends.
	why, idleErr := env.idle(ctx, job)
	now, err := env.Registry.Stream(ctx, env.Target, job.ID, registry.Forward)
	if err = errors.Join(idleErr, err); err != nil {
		return err
	}
	if why != "" || now.Copy != stream.Copy {
		return errNotNow
	}
	if !state.Exists {
		return &StateError{
			Problem: fmt.Sprintf("%s is not the server that the job copies from: it has no replication slot %s", place, stream.Slot),
			Advice:  advice,
		}
	}
	return env.awaitCopy(ctx, job, stream.Copy, "the process that runs the job to copy alone: the session that shared its snapshot was lost")
}

// here makes sure, for a helper that has just got its snapshot on the source, that the process that runs the job
// copies from the same server, and that it is this copy's snapshot if it was to be.
func (c *carrier) here(ctx context.Context, tx pgx.Tx) error {
	if !c.helps {
		return nil
	}
	held, err := logical.CopyIsHeld(ctx, tx, c.copy.Name)
	if err == nil && !held {
		err = errNotHere
	}
	return err
}

// shareCopy makes sure that a copy still is the one that is being made, and keeps it so until tx ends.
func shareCopy(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job, made registry.Copy) error {
	shared, err := env.Registry.ShareCopy(ctx, tx, job.ID, made)
	if err == nil && !shared {
		err = errMovedOn
	}
	return err
}
