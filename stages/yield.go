package stages

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// yieldEvery is how often we look whether somebody waits for us.
const yieldEvery = 100 * time.Millisecond

// maxYields is how often we start over before we ask to be run again.
const maxYields = 20

// errYield is the cause of a cancellation by ourselves.
var errYield = errors.New("an application waits for a lock that repave holds")

// A yielder cancels work of ours that holds a weak lock for long (a snapshot
// that reads a whole table) once a session of others has waited for it as long
// as we ourselves would wait for a lock: their TRUNCATE or ALTER must not hang.
type yielder struct {
	mu   sync.Mutex
	pids []int32
}

// watch adds a session of ours to those that nobody should have to wait for.
func (y *yielder) watch(conn *pgx.Conn) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.pids = append(y.pids, int32(conn.PgConn().PID())) //nolint:gosec // a process number
}

func (y *yielder) ours() []int32 {
	y.mu.Lock()
	defer y.mu.Unlock()
	return append([]int32{}, y.pids...)
}

// yielding runs work, and runs it again after it had to give way, or after a pause.
func yielding(
	ctx context.Context, env *Env, job registry.Job, what string, work func(context.Context, *yielder) error,
) error {
	return env.pausable(ctx, job, func(ctx context.Context) error { return yieldingToLocks(ctx, env, job, what, work) })
}

func yieldingToLocks(
	ctx context.Context, env *Env, job registry.Job, what string, work func(context.Context, *yielder) error,
) error {
	for n := 1; ; n++ {
		err := yieldOnce(ctx, env, work)
		if !errors.Is(err, errYield) {
			return err
		}
		if n == maxYields {
			return &GaveUpError{For: "a quiet moment for the " + what, After: time.Duration(n) * yieldEvery, Err: err}
		}
		env.Logger.WarnContext(ctx, "gave way to a lock request", slog.Int("attempt", n), slog.String("stage", what))
		env.waiting(ctx, job, what+" gave way to a lock request")
		if err := sleep(ctx, time.Duration(n)*env.Options.LockTimeout); err != nil {
			return err
		}
	}
}

func yieldOnce(ctx context.Context, env *Env, work func(context.Context, *yielder) error) error {
	workCtx, cancel := context.WithCancelCause(ctx)
	y := &yielder{}
	watcher, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for sleep(watcher, yieldEvery) == nil {
			ours := y.ours()
			if len(ours) == 0 {
				continue
			}
			waited, err := sqltmpl.Scalar[float64](watcher, env.Source, sqltmpl.BlockedBy{Ours: ours}.Statement())
			if err == nil && time.Duration(waited)*time.Millisecond >= env.Options.LockTimeout {
				cancel(errYield)
				return
			}
		}
	}()
	err := work(workCtx, y)
	stop()
	<-done
	if err != nil && errors.Is(context.Cause(workCtx), errYield) && ctx.Err() == nil {
		err = errYield
	}
	cancel(nil)
	return err
}
