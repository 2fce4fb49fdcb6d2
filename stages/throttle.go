package stages

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// throttlePoll is how often we look whether a reason to wait is gone.
const throttlePoll = time.Second

// A throttle makes heavy steps (batches, index builds, ranges of verify) wait
// for the sake of others. A signal that can't be read counts as bad.
type throttle struct {
	env   *Env
	job   registry.Job
	crowd *crowd
	turn  chan struct{} // held by the one that works while the server is busy
}

// newThrottle looks at the server for the first time.
func newThrottle(ctx context.Context, env *Env, job registry.Job) (*throttle, error) {
	crowd, err := newCrowd(ctx, env)
	if err != nil {
		return nil, err
	}
	return &throttle{env: env, job: job, crowd: crowd, turn: make(chan struct{}, 1)}, nil
}

// clear waits while the job is paused, or standbys or slots are further behind than allowed.
func (t *throttle) clear(ctx context.Context) error {
	for waited := false; ; waited = true {
		if err := t.env.awaitResume(ctx, t.job); err != nil {
			return err
		}
		why, err := t.behind(ctx)
		if err != nil {
			return err
		}
		if why == "" {
			if waited {
				t.env.waiting(ctx, t.job, "")
			}
			return nil
		}
		t.env.waiting(ctx, t.job, why)
		if err := sleep(ctx, throttlePoll); err != nil {
			return err
		}
	}
}

// behind says which standby or slot is too far behind, "" if none is.
func (t *throttle) behind(ctx context.Context) (why string, err error) {
	if t.env.Options.MaxLag > 0 {
		if why, err = lagging(ctx, t.env); err != nil || why != "" {
			return why, err
		}
	}
	if t.env.Options.MaxSlotWAL > 0 {
		return hoarding(ctx, t.env)
	}
	return "", nil
}

// lagging says that a standby is further behind than allowed, or that this role
// may not see how far.
func lagging(ctx context.Context, env *Env) (string, error) {
	ms, err := sqltmpl.Scalar[*float64](ctx, env.Target, sqltmpl.StandbyLag{}.Statement())
	if err != nil {
		return "", fmt.Errorf("reading the standbys' lag: %w", err)
	}
	if ms == nil {
		return "there are standbys, and this role may not see how far behind they are (GRANT pg_monitor, or --max-lag 0)", nil
	}
	if lag := time.Duration(*ms) * time.Millisecond; lag > env.Options.MaxLag {
		return fmt.Sprintf("a standby is %s behind (--max-lag %s)", lag.Round(time.Millisecond), env.Options.MaxLag), nil
	}
	return "", nil
}

// hoarding says that a replication slot keeps more WAL than allowed.
func hoarding(ctx context.Context, env *Env) (string, error) {
	type slot struct {
		Name  string
		Bytes int64
	}
	got, err := sqltmpl.One[slot](ctx, env.Target, sqltmpl.SlotWAL{}.Statement())
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading what replication slots keep: %w", err)
	}
	const megabyte = 1 << 20
	if got.Bytes > env.Options.MaxSlotWAL {
		return fmt.Sprintf("replication slot %s keeps %d MB of WAL (--max-slot-wal %d MB)", got.Name,
			got.Bytes/megabyte, env.Options.MaxSlotWAL/megabyte), nil
	}
	return "", nil
}

// step does some work at the pace that the server can bear: at once while it is
// not busy; else one session of ours at a time, which rests afterwards in
// proportion. However busy it is, the job gets on.
func (t *throttle) step(ctx context.Context, rests bool, work func() error) error {
	mine, err := t.take(ctx)
	if err != nil {
		return err
	}
	if mine {
		defer func() { <-t.turn }()
	}
	began := time.Now()
	if err := work(); err != nil || !rests {
		return err
	}
	return t.rest(ctx, time.Since(began))
}

// take waits for the turn while the server is busy, and reports whether it has it.
func (t *throttle) take(ctx context.Context) (mine bool, err error) {
	for {
		busy, err := t.busy(ctx)
		if err != nil || !busy {
			return false, err
		}
		timer := time.NewTimer(crowdPoll)
		select {
		case t.turn <- struct{}{}:
			timer.Stop()
			return true, nil
		case <-ctx.Done():
			timer.Stop()
			return false, context.Cause(ctx)
		case <-timer.C:
		}
	}
}

// rest waits after a step that took some time, for as long as others are at work.
func (t *throttle) rest(ctx context.Context, took time.Duration) error {
	for began := time.Now(); ; {
		if _, err := t.busy(ctx); err != nil {
			return err
		}
		left := t.crowd.rest(took) - time.Since(began)
		if left <= 0 {
			return nil
		}
		if err := sleep(ctx, min(left, crowdPoll)); err != nil {
			return err
		}
	}
}

// busy reports whether others need the server, and says so when that changes.
func (t *throttle) busy(ctx context.Context) (bool, error) {
	busy, changed, err := t.crowd.look(ctx)
	if err != nil || !changed {
		return busy, err
	}
	why := ""
	if busy {
		why = fmt.Sprintf("%d or more other sessions are at work: going slowly (--max-active)", t.crowd.most)
	}
	t.env.waiting(ctx, t.job, why)
	return busy, nil
}
