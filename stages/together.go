package stages

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/internal/compare"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// together runs read with a snapshot of either side that show the same, while changes are applied: a
// temporary slot on the live side gives a snapshot and its position, the stream is applied up to just that, and a snapshot taken on
// the other. What is applied from there on is remembered anew; before that is begun, at is called.
func (env *Env) together(
	ctx context.Context, job registry.Job, y *yielder, at func(), read func(ctx context.Context, sides compare.Sides) error,
) error {
	d := live(job)
	slot, release, err := env.momentarySlot(ctx, job)
	if err != nil {
		return err
	}
	defer release()
	f, err := env.open(ctx, job)
	if err != nil {
		return err
	}
	defer f.close(ctx)
	if err := f.follow(ctx, logical.Goal{Behind: slot.Consistent}); err != nil {
		return err
	}
	if err := env.knownIn(ctx, job, slot.Snapshot); err != nil {
		return err
	}
	at()
	env.Ends.lately = newLately(env, job) // what comes from here on the snapshots don't show
	return inSnapshot(ctx, env.to(d).pool, func(tx pgx.Tx) error {
		if err := exec(ctx, tx, noIdleTimeout()); err != nil {
			return err
		}
		snapshot, err := sqltmpl.Scalar[string](ctx, tx, sqltmpl.ExportSnapshot{}.Statement())
		if err != nil {
			return err
		}
		return f.whileFollowing(ctx, func(ctx context.Context) error {
			return read(ctx, env.sides(job, y, slot.Snapshot, snapshot))
		})
	})
}

// sides are both clusters, with snapshots that show the same.
func (env *Env) sides(job registry.Job, y *yielder, ofLive, ofOther string) compare.Sides {
	s := compare.Sides{
		Source: env.Source, Target: env.Target, SourceSnapshot: ofLive, TargetSnapshot: ofOther,
		Workers: max(env.Options.Workers, 1),
		Watch: func(source bool, conn *pgx.Conn) {
			if source != job.Swapped { // the live side
				y.watch(conn)
			}
		},
	}
	if job.Swapped {
		s.SourceSnapshot, s.TargetSnapshot = ofOther, ofLive
	}
	return s
}

// whileFollowing runs read while changes are applied.
func (f *feed) whileFollowing(ctx context.Context, read func(ctx context.Context) error) error {
	var done atomic.Bool
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer done.Store(true)
		return read(ctx)
	})
	group.Go(func() error {
		return f.follow(ctx, logical.Goal{CaughtUp: func(int64, time.Duration) bool { return done.Load() }})
	})
	return group.Wait()
}
