package stages

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// helpPoll is how often a helper looks whether there is something to help with.
const helpPoll = 500 * time.Millisecond

// errNotNow is the cause of a cancellation because nobody runs the backfill any more.
var errNotNow = errors.New("nobody runs the backfill now")

// Help copies batches of a job beside the process that runs it, on any host, until
// the backfill is over. It returns how many rows that were. It locks what a batch locks, and leaves
// nothing behind: a batch that it was killed in is copied by others. What can happen (across clusters there is more, see across.help):
//
//   - Two want one batch: it is claimed FOR UPDATE SKIP LOCKED, one of them takes another.
//   - The process that runs the job finds no batch left but ours: it waits until our transaction
//     ends, one way or the other.
//   - That process dies: whoever is next looks for sessions that its predecessor has left on the
//     shadow, and ends them. So we stop within a second of nobody having the job's lock, or another than before,
//     and go on when the one who has it has begun a backfill of its own.
//   - A reset or cleanup has the lock: it begins no backfill, and the job is gone when we look.
//   - Somebody rewrites the table: a batch that has pinned it comes before that, any other
//     sees another file and is given up; batches are planned anew by the process that runs the job.
//   - A pause holds us up as it does the others.
func Help(ctx context.Context, env *Env, job registry.Job) (rows int64, err error) {
	h := &helper{env: env, said: "-"}
	pause := reconnectFirst
	for {
		n, over, err := h.turn(ctx, job.ID)
		rows += n
		switch {
		case ctx.Err() != nil:
			return rows, errors.Join(context.Cause(ctx), err)
		case over, errors.Is(err, registry.ErrNotFound):
			return rows, nil
		case err == nil || errors.Is(err, errNotNow) || errors.Is(err, errRewritten):
			pause = reconnectFirst
			err = sleep(ctx, helpPoll)
		case passing(err) || sqltmpl.IsMissing(err): // a reset may be under way
			err = env.tryAgain(ctx, job, err, pause)
			pause = min(2*pause, reconnectMost)
		}
		if err != nil {
			return rows, &StageError{Stage: Backfill, Table: job.Title(), Err: err}
		}
	}
}

// A helper helps with the backfill of one job.
type helper struct {
	env  *Env
	said string // why it waits
}

// turn copies what there is to copy, and reports whether the backfill is over.
func (h *helper) turn(ctx context.Context, id int64) (rows int64, over bool, err error) {
	job, err := h.env.Registry.Get(ctx, h.env.Target, id)
	if err != nil {
		return 0, false, err
	}
	if job.Swapped || Backfill.Before(Name(job.Stage)) || Name(job.Stage) == Done {
		return 0, true, nil
	}
	why, err := h.env.idle(ctx, job)
	if err != nil {
		return 0, false, err
	}
	if why != h.said {
		h.said = why
		h.env.Report(Event{Job: job.ID, Table: job.Title(), Stage: Backfill, Phase: Going, Waiting: why})
	}
	if why != "" {
		return 0, false, nil
	}
	stop := watchProgress(ctx, h.env, job)
	defer stop()
	err = h.whileRun(ctx, job, func(ctx context.Context) (err error) {
		rows, err = courseOf(job).help(ctx, h.env, job)
		return err
	})
	return rows, false, err
}

// idle says why there is nothing to help with at the backfill, "" if there is.
func (env *Env) idle(ctx context.Context, job registry.Job) (string, error) {
	holder, err := registry.HolderOf(ctx, env.Target, job.Tables[0].SourceOID)
	if err != nil {
		return "", err
	}
	if holder == nil || holder.Shared {
		return fmt.Sprintf("nobody runs the job; start: repave run %s%s", job.Args(), job.Flags), nil
	}
	runs, err := env.Registry.Stages(ctx, env.Target, job.ID)
	if err != nil {
		return "", err
	}
	if n := len(runs); n > 0 && runs[n-1].Stage == string(Backfill) && runs[n-1].EndedAt == nil {
		if holder.Since == nil || runs[n-1].BeganAt.After(*holder.Since) {
			return "", nil
		}
	}
	return fmt.Sprintf("the backfill to begin (%s)", holder.Application), nil
}

// whileRun runs work as long as somebody runs the backfill.
func (h *helper) whileRun(ctx context.Context, job registry.Job, work func(context.Context) error) error {
	workCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watcher, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for sleep(watcher, helpPoll) == nil {
			if why, err := h.env.idle(watcher, job); err == nil && why != "" {
				cancel(errNotNow)
				return
			}
		}
	}()
	err := work(workCtx)
	stop()
	<-done
	if err != nil && errors.Is(context.Cause(workCtx), errNotNow) && ctx.Err() == nil {
		return errNotNow
	}
	return err
}

// help copies batches of all tables, one after the other.
func (inPlace) help(ctx context.Context, env *Env, job registry.Job) (rows int64, err error) {
	for _, t := range job.Tables {
		n, err := helpTable(ctx, env, job, t)
		rows += n
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// helpTable copies batches of one table with all workers until there is none left to take.
func helpTable(ctx context.Context, env *Env, job registry.Job, t registry.Table) (int64, error) {
	c, err := newCopier(ctx, env, job, t)
	if err != nil {
		return 0, err
	}
	group, ctx := errgroup.WithContext(ctx)
	for range max(env.Options.Workers, 1) {
		group.Go(func() error { return c.work(ctx) })
	}
	err = group.Wait()
	return c.rows.Load(), err
}
