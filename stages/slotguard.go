package stages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/strategies/logical"
)

const (
	// slotPoll is how often the slot of a job's stream is looked at.
	slotPoll = 2 * time.Second
	// warnAgain is how often a warning is repeated that still holds.
	warnAgain = time.Minute
)

// A slotOverError says that a slot keeps more WAL than it may, and that it is to be dropped.
type slotOverError struct {
	stream registry.Stream
	why    string
}

func (e *slotOverError) Error() string { return e.why }

// guarded runs work on a job across clusters while it watches the slot that
// the job's changes wait in: one that has lost WAL ends work at once, one that keeps more than
// --max-slot-wal is told of and, with --drop-slot, dropped. A cutover is
// not interrupted: it is bounded, and notices by itself.
func (env *Env) guarded(ctx context.Context, job registry.Job, stage Name, work func(context.Context) error) error {
	if job.Strategy != Logical {
		return work(ctx)
	}
	workCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watcher, stop := context.WithCancel(ctx)
	looked, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		w := slotWatch{env: env, job: job}
		for first := true; first || sleep(watcher, slotPoll) == nil; first = false {
			why := w.look(watcher)
			if why != nil && stage != Swap {
				cancel(why)
			}
			if first {
				close(looked)
			}
			if why != nil {
				return
			}
		}
	}()
	<-looked
	err := work(workCtx)
	stop()
	<-done
	if err == nil || ctx.Err() != nil {
		return err
	}
	cause := context.Cause(workCtx)
	if over, ok := errors.AsType[*slotOverError](cause); ok {
		return env.giveUpSlot(ctx, job, over)
	}
	if lost, ok := errors.AsType[*StateError](cause); ok {
		return lost
	}
	return err
}

// A slotWatch looks at the slot of a job's live side again and again.
type slotWatch struct {
	env    *Env
	job    registry.Job
	said   string
	saidAt time.Time
}

// look warns of the slot, and returns an error if work is to end.
func (w *slotWatch) look(ctx context.Context) error {
	warning, err := w.env.lookAtSlot(ctx, w.job)
	if errors.As(err, new(*slotOverError)) || errors.As(err, new(*StateError)) {
		return err
	}
	if err != nil {
		w.env.Logger.DebugContext(ctx, "looking at the slot", slog.Any("error", err))
		return nil // whoever works finds out what is wrong
	}
	if (w.said == "") == (warning == "") && time.Since(w.saidAt) < warnAgain {
		return nil
	}
	if warning != "" {
		w.env.Logger.WarnContext(ctx, "a replication slot keeps much WAL", slog.String("slot", warning))
	}
	if warning != "" || w.said != "" || w.saidAt.IsZero() { // what a process said that is gone is taken back
		if err := w.env.Registry.WarnSlot(ctx, w.env.Target, w.job.ID, live(w.job), warning); err != nil {
			w.env.Logger.DebugContext(ctx, "recording a warning", slog.Any("error", err))
		}
	}
	w.said, w.saidAt = warning, time.Now()
	return nil
}

// lookAtSlot returns what people should know about the slot of a job's live
// side, and an error if it is of no use any more, or to be dropped.
func (env *Env) lookAtSlot(ctx context.Context, job registry.Job) (warning string, err error) {
	d := live(job)
	s, err := env.Registry.Stream(ctx, env.Target, job.ID, d)
	if errors.Is(err, registry.ErrNotFound) || err == nil && s.Began == 0 {
		return "", nil // not yet
	}
	if err != nil {
		return "", err
	}
	state, err := logical.SlotState(ctx, env.from(d).pool, s.Slot)
	if err != nil {
		return "", err
	}
	e := env.from(d)
	problem, err := streamProblem(ctx, e.pool, s, state, e.oidsAt(job))
	if err != nil {
		return "", err
	}
	if problem != "" {
		if err := env.checkStream(ctx, job, s); err != nil {
			return "", err // no wonder
		}
		now, err := env.Registry.Stream(ctx, env.Target, job.ID, d)
		if err != nil || now.Began != s.Began {
			return "", nil //nolint:nilerr // the copy has just started over
		}
		return "", env.lostSlot(job, problem)
	}
	if most := env.Options.MaxSlotWAL; most > 0 && state.Retained > most {
		why := fmt.Sprintf("replication slot %s keeps %s of WAL on %s, more than --max-slot-wal %s",
			s.Slot, megabytes(state.Retained), env.from(d).place(), megabytes(most))
		if env.Options.DropSlot {
			return "", &slotOverError{s, why}
		}
		return why, nil
	}
	return slotWarning(s, state), nil
}

// slotWarning says that the server may soon remove WAL that a slot needs, or
// keeps more of it than it wants to.
func slotWarning(s registry.Stream, state logical.State) string {
	switch {
	case state.WALStatus == "unreserved":
		return fmt.Sprintf("replication slot %s is about to lose WAL that was not applied yet (wal_status unreserved, max_slot_wal_keep_size)", s.Slot)
	case state.Safe != nil && *state.Safe < state.Retained/3:
		return fmt.Sprintf("replication slot %s keeps %s of WAL and loses it after %s more (max_slot_wal_keep_size)",
			s.Slot, megabytes(state.Retained), megabytes(max(*state.Safe, 0)))
	case state.WALStatus == "extended":
		return fmt.Sprintf("replication slot %s keeps %s of WAL, more than max_wal_size", s.Slot, megabytes(state.Retained))
	}
	return ""
}

func megabytes(n int64) string {
	const megabyte = 1 << 20
	return fmt.Sprintf("%d MB", n/megabyte)
}

// lostSlot is the error of a stream that can't give all changes any more.
func (env *Env) lostSlot(job registry.Job, problem string) error {
	e := &StateError{
		Problem: problem + ": changes are missing, and can't be had again",
		Advice:  "start over with: repave reset " + job.Args() + " (slots, publications and max_slot_wal_keep_size are those of " + env.from(live(job)).place() + ")",
	}
	if job.Swapped {
		e.Advice = noWayBack(job)
	}
	return e
}

// giveUpSlot drops the slot of a job whose work has ended, rather than let it
// fill the disk of the cluster that is in use. May run again.
func (env *Env) giveUpSlot(ctx context.Context, job registry.Job, over *slotOverError) error {
	pool := env.from(over.stream.Direction).pool
	if err := env.awaitReader(ctx, job, pool, over.stream.Slot); err != nil {
		return errors.Join(over, err)
	}
	if err := logical.DropSlot(ctx, pool, over.stream.Slot); err != nil {
		return errors.Join(over, err)
	}
	lost := env.lostSlot(job, over.why+"; it was dropped (--drop-slot)")
	if err := env.Registry.WarnSlot(ctx, env.Target, job.ID, over.stream.Direction, lost.Error()); err != nil {
		return errors.Join(lost, err)
	}
	return lost
}
