package stages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

const (
	// wantedPoll is how often a follower looks whether somebody wants to work on the job.
	wantedPoll = 500 * time.Millisecond
	// turnPause is how long it waits before it looks whether they are done.
	turnPause = 500 * time.Millisecond
	// pingTimeout bounds a look at the session that holds the locks.
	pingTimeout = 10 * time.Second
)

// errEnded says that the job is no more.
var errEnded = errors.New("the job has ended")

// errWanted is the cause of a cancellation because another command works on the job.
var errWanted = errors.New("another command works on the job")

// Follow applies the changes of a job across clusters whenever nobody else
// works on it, in whichever direction they go, so that no slot hoards WAL meanwhile. It
// ends when the job does, when its stream can't be gone on with, or with ctx. Lost connections
// and locks of others are waited for without limit. It locks nothing of the live side's.
//
// Commands hold the advisory locks of a job's tables, on a session of their own, exclusively; a
// follower shares them, for a turn. What can happen:
//
//   - A command comes during a turn. It waits for the lock; the follower sees it wait, cancels what
//     it applies, closes the stream, and only then ends the session with the lock. So when the
//     command has the lock nothing is applied, and the slot is free.
//   - The follower does not let go within ten seconds: it hangs, or its host is cut off. The command
//     ends the session with the lock, and the sessions that read the slot or work on the tables, as
//     it does with those of a process that died. If the follower was about to commit, either its commit comes first,
//     and the command goes on behind it, or it fails: a position never goes back.
//   - The follower comes while a command has the lock, or waits for it: it does not queue, it asks
//     again. A command that asks finds the lock free or shared, never queued for by a follower.
//   - The session with the lock is lost during a turn. The follower's look at it fails, and the turn
//     ends as above. A command may have begun in the meantime: that is the case before the last.
//   - A command has swapped the job, or gone back. The next turn reads the job again, and follows the
//     other stream.
//   - A command has ended the job, or another one has begun: the next turn finds no job of this number.
//   - A process died during a cutover. The follower does not settle that: it follows the side
//     that is live by the record, where nobody writes behind a fence.
//   - A second follower, for the time when the first has died: a lock of their own makes it wait.
//   - Partitions have come, of which there are changes. They are taken over in a turn, too. A follower that has lost
//     its lock by then finds that the stream was gone on with, or puts no more into them than what is there.
//   - The job is paused during a turn: what is applied is cancelled, the lock stays shared, and is let
//     go of for a command all the same.
func Follow(ctx context.Context, env *Env, job registry.Job) error {
	if job.Strategy != Logical {
		return &StateError{
			Problem: job.Title() + " is rewritten in place: there is no stream to follow",
			Advice:  "go on with: repave run " + job.Args() + job.Flags,
		}
	}
	if err := env.checkEnds(ctx, job); err != nil {
		return &StageError{Stage: Replay, Table: job.Title(), Err: err}
	}
	pause := reconnectFirst
	for {
		began := time.Now()
		err := (&follower{env: env, id: job.ID}).turn(ctx, job)
		busy := (*registry.BusyError)(nil)
		switch {
		case ctx.Err() != nil:
			return errors.Join(context.Cause(ctx), err)
		case err == nil:
		case errors.Is(err, errEnded):
			return nil
		case errors.Is(err, errWanted), errors.As(err, &busy):
			if busy != nil {
				env.Report(Event{Job: job.ID, Table: job.Title(), Stage: Replay, Phase: Going, Waiting: busy.Error()})
			}
			pause = turnPause
			if err := sleep(ctx, pause); err != nil {
				return err
			}
		case passing(err):
			if time.Since(began) > reconnectMost {
				pause = reconnectFirst
			}
			if err := env.tryAgain(ctx, job, err, pause); err != nil {
				return err
			}
			pause = min(2*pause, reconnectMost)
		default:
			env.endFollowing(ctx, job, err)
			return &StageError{Stage: Replay, Table: job.Title(), Err: err}
		}
	}
}

// endFollowing records why nobody follows any more: status is all that people look at. Whoever works on the stream next takes it back.
func (env *Env) endFollowing(ctx context.Context, job registry.Job, why error) {
	ctx, cancel := detached(ctx)
	defer cancel()
	now, err := env.Registry.Get(ctx, env.Target, job.ID)
	if err == nil {
		err = env.Registry.WarnSlot(ctx, env.Target, job.ID, live(now), "follow has ended: "+why.Error())
	}
	if err != nil {
		env.Logger.DebugContext(ctx, "recording why following has ended", slog.Any("error", err))
	}
}

// A follower is one turn of Follow.
type follower struct {
	env  *Env
	id   int64
	lock *pgx.Conn // the session that shares the locks
}

// turn follows until somebody wants to work on the job, or an error.
func (f *follower) turn(ctx context.Context, job registry.Job) (err error) {
	if err := f.share(ctx, job); err != nil {
		return err
	}
	turnCtx, cancel := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() { defer close(watched); f.watch(turnCtx, job, cancel) }()
	defer func() {
		if cause := context.Cause(turnCtx); cause != nil && ctx.Err() == nil {
			err = cause // all else is a consequence
		}
		cancel(nil)
		<-watched
		f.release(ctx)
	}()
	now, err := f.env.Registry.Get(turnCtx, f.env.Target, f.id)
	if errors.Is(err, registry.ErrNotFound) || err == nil && Name(now.Stage) == Done {
		return errEnded
	}
	if err != nil {
		return err
	}
	if !now.Swapped && Name(now.Stage).Before(Replay) {
		f.env.Report(Event{
			Job: now.ID, Table: now.Title(), Stage: Replay, Phase: Going,
			Waiting: fmt.Sprintf("the job is in %s; go on with: repave run %s%s", now.Stage, now.Args(), now.Flags),
		})
		return errors.Join(sleep(turnCtx, turnPause), errWanted)
	}
	return f.env.guarded(turnCtx, now, Replay, func(ctx context.Context) error {
		return f.env.pausable(ctx, now, func(ctx context.Context) error { return f.env.followOnce(ctx, now) })
	})
}

// followOnce applies the stream of a job's live side until an error, and takes over partitions of which there are changes.
func (env *Env) followOnce(ctx context.Context, job registry.Job) error {
	for {
		feed, err := env.open(ctx, job)
		if err != nil {
			return err
		}
		err = feed.follow(ctx, logical.Goal{})
		feed.close(ctx)
		if !errors.As(err, new(*logical.UnknownError)) {
			return err
		}
		if job, err = env.adopt(ctx, job, true); err != nil {
			return err
		}
	}
}

// share opens a session and takes the locks in it.
func (f *follower) share(ctx context.Context, job registry.Job) error {
	conn, err := f.env.Target.Acquire(ctx)
	if err != nil {
		return err
	}
	f.lock = conn.Hijack()
	if err := registry.Share(ctx, f.lock, job); err != nil {
		f.release(ctx)
		return err
	}
	return nil
}

// release gives the locks back.
func (f *follower) release(ctx context.Context) {
	ctx, cancel := detached(ctx)
	defer cancel()
	_ = f.lock.Close(ctx) // the server ends the session all the same
}

// watch ends the turn when somebody waits for the locks, or they are lost.
func (f *follower) watch(ctx context.Context, job registry.Job, end context.CancelCauseFunc) {
	for sleep(ctx, wantedPoll) == nil {
		// Not with ctx: cancelling it would break the session, and the locks must last until the turn is over.
		lookCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingTimeout)
		wanted, err := registry.Wanted(lookCtx, f.lock, job)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			f.env.Logger.DebugContext(ctx, "looking at the locks", slog.Any("error", err))
			if !sqltmpl.IsConnection(err) {
				err = errors.Join(err, errWanted) // whatever it is, another turn may do
			}
			end(err)
			return
		case wanted:
			end(errWanted)
			return
		}
	}
}
