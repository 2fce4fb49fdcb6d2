package stages

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/repave-pg/repave/registry"
)

// A paused job does nothing, whichever process works on it, until it is
// resumed. What is paused is recorded with the job, so that any host can ask
// for it; what makes it take effect within a second or two:
//
//   - batches and index builds wait before they begin (throttle.clear); what is
//     under way ends first. A copy across clusters keeps its snapshot meanwhile, which costs less
//     than a mixed copy, but no lock;
//   - what takes long in one transaction (rounds, verify, the stream) is cancelled, as it is
//     when it has to give way, and begins again afterwards from what is committed (pausable);
//   - a stage that would begin waits first (loop).
//
// So nobody holds a lock on a user's table while a job is paused. A swap waits before it
// takes its locks. A cutover that has put up its fence comes to its end first, whatever end
// that is: between fence and opening nobody looks.

// pausePoll is how often a job looks whether it is paused, or no more.
const pausePoll = time.Second

// errPaused is the cause of a cancellation because the job is paused.
var errPaused = errors.New("the job is paused")

// awaitResume waits for as long as a job is paused, and says so. The caller
// holds no locks on users' tables.
func (env *Env) awaitResume(ctx context.Context, job registry.Job) error {
	for waited := false; ; waited = true {
		at, err := env.Registry.PausedAt(ctx, env.Target, job.ID)
		if err != nil {
			return err
		}
		if at == nil {
			if waited {
				env.waiting(ctx, job, "")
			}
			return nil
		}
		env.waiting(ctx, job, pausedText(job, *at))
		if err := sleep(ctx, pausePoll); err != nil {
			return err
		}
	}
}

// pausedText says that a job is paused and how it goes on.
func pausedText(job registry.Job, at time.Time) string {
	return fmt.Sprintf("paused since %s; to go on: repave resume %s", at.Local().Format(time.DateTime), job.Args())
}

// pausable runs work while the job is not paused. Once it is, work is cancelled, and runs again
// when the job goes on: what it has committed must be all it needs for that.
func (env *Env) pausable(ctx context.Context, job registry.Job, work func(context.Context) error) error {
	for {
		if err := env.awaitResume(ctx, job); err != nil {
			return err
		}
		if err := env.untilPaused(ctx, job, work); !errors.Is(err, errPaused) {
			return err
		}
	}
}

// untilPaused runs work and cancels it when the job is paused; the error is
// errPaused then, unless work came to its end all the same.
func (env *Env) untilPaused(ctx context.Context, job registry.Job, work func(context.Context) error) error {
	workCtx, cancel := context.WithCancelCause(ctx)
	watcher, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for sleep(watcher, pausePoll) == nil {
			// An error is for work to notice.
			if at, err := env.Registry.PausedAt(watcher, env.Target, job.ID); err == nil && at != nil {
				cancel(errPaused)
				return
			}
		}
	}()
	err := work(workCtx)
	stop()
	<-done
	if err != nil && errors.Is(context.Cause(workCtx), errPaused) && ctx.Err() == nil {
		err = errPaused
	}
	cancel(nil)
	return err
}
