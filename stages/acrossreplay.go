package stages

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

const (
	// caughtUpBytes and caughtUpTime are what a stream may be behind for the next stage to begin.
	caughtUpBytes = 1 << 20
	caughtUpTime  = time.Second
	// reconnectFirst and reconnectMost bound the pauses between attempts at a connection.
	reconnectFirst = 200 * time.Millisecond
	reconnectMost  = 15 * time.Second
)

// follow applies changes of the live side until it has caught up. It locks
// nothing of the live side's. If a connection is lost it tries again, with
// growing pauses, for as long as --snapshot-wait.
type follow struct{}

// Name implements Stage.
func (follow) Name() Name { return Replay }

// Run implements Stage.
func (follow) Run(ctx context.Context, env *Env, job registry.Job) (int64, error) {
	if err := env.Registry.SetProven(ctx, env.Target, job.ID, false); err != nil {
		return 0, err
	}
	return env.followTree(ctx, job, logical.Goal{CaughtUp: caughtUp})
}

func caughtUp(bytes int64, lag time.Duration) bool {
	return bytes <= caughtUpBytes && lag <= caughtUpTime
}

// follow applies the stream of a job's live side until a goal is reached, and
// waits while the job is paused. It returns how many changes that were.
func (env *Env) follow(ctx context.Context, job registry.Job, goal logical.Goal) (int64, error) {
	var sum int64
	err := env.pausable(ctx, job, func(ctx context.Context) error {
		return env.persist(ctx, job, func() error {
			f, err := env.open(ctx, job)
			if err != nil {
				return err
			}
			defer f.close(ctx)
			err = f.follow(ctx, goal)
			sum += f.changes()
			return err
		})
	})
	return sum, err
}

// persist runs fn, and again after a pause if a connection was lost: of either
// cluster, whose server may be restarting; or if somebody has kept the tables locked that changes go to.
func (env *Env) persist(ctx context.Context, job registry.Job, fn func() error) error {
	began, pause := time.Now(), reconnectFirst
	for {
		tried := time.Now()
		err := fn()
		if err == nil || !passing(err) || ctx.Err() != nil || errors.As(err, new(*GaveUpError)) {
			return err
		}
		if time.Since(tried) > reconnectMost && !sqltmpl.IsLockContention(err) {
			began, pause = time.Now(), reconnectFirst // it had worked for a while
		}
		if time.Since(began) > env.Options.SnapshotWait {
			return errors.Join(&GaveUpError{For: gone(err), After: time.Since(began)}, err)
		}
		if err := env.tryAgain(ctx, job, err, pause); err != nil {
			return err
		}
		pause = min(2*pause, reconnectMost)
	}
}

// passing reports whether a stream may be gone on with after an error: a
// session was lost, somebody holds a lock, or has switched on what acts on changes.
func passing(err error) bool {
	return sqltmpl.IsConnection(err) || sqltmpl.IsLockContention(err) || errors.Is(err, errStirred)
}

// gone is what a passing error makes us wait for.
func gone(err error) string {
	if sqltmpl.IsLockContention(err) {
		return "a lock"
	}
	if errors.Is(err, errStirred) {
		return "triggers to be still"
	}
	return "the connection to come back"
}

// tryAgain says why, and pauses.
func (env *Env) tryAgain(ctx context.Context, job registry.Job, cause error, pause time.Duration) error {
	env.Logger.WarnContext(ctx, "will try again", slog.Any("error", cause), slog.Duration("pause", pause))
	env.Report(Event{
		Job: job.ID, Table: job.Title(), Stage: Replay, Phase: Going, Waiting: gone(cause), Backward: job.Swapped,
	})
	return sleep(ctx, pause)
}
