package stages

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/internal/compare"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// acrossVerify compares every row of all tables on both clusters, as of one
// position, while traffic and replay go on. A temporary slot on the live side
// gives a snapshot and its position; the stream is applied up to just that, and
// a snapshot taken on the other side. It holds both snapshots, and ACCESS SHARE
// on the tables, until it is done.
type acrossVerify struct{}

// Name implements Stage.
func (acrossVerify) Name() Name { return Verify }

// Run implements Stage.
func (s acrossVerify) Run(ctx context.Context, env *Env, job registry.Job) (rows int64, err error) {
	if env.Options.SkipVerify {
		return 0, env.Registry.SetProven(ctx, env.Target, job.ID, true)
	}
	// Who waits for what we read is asked on the server of the live side.
	there := *env
	there.Source = env.from(live(job)).pool
	unknown := false
	for {
		if job, err = env.adopt(ctx, job, unknown); err != nil {
			return 0, err
		}
		err = env.persist(ctx, job, func() error {
			return yielding(ctx, &there, job, "verify of "+job.Title(), func(ctx context.Context, y *yielder) (err error) {
				rows, err = s.once(ctx, env, job, y)
				return err
			})
		})
		unknown = errors.As(err, new(*logical.UnknownError))
		if !unknown && !errors.As(err, new(*compare.RewrittenError)) {
			break
		}
		env.Logger.WarnContext(ctx, "verify starts over", slog.Any("error", err))
	}
	if err != nil {
		return rows, err
	}
	env.Stats.Verified = rows
	return rows, env.Registry.SetProven(ctx, env.Target, job.ID, true)
}

func (s acrossVerify) once(ctx context.Context, env *Env, job registry.Job, y *yielder) (rows int64, err error) {
	d := live(job)
	name, err := env.jobMark(ctx, job)
	if err != nil {
		return 0, err
	}
	conn, err := logical.Connect(ctx, env.from(d).config, job.Settings)
	if err != nil {
		return 0, err
	}
	defer func() {
		closeCtx, cancel := detached(ctx)
		defer cancel()
		_ = conn.Close(closeCtx) // the slot goes with it
	}()
	if err := env.awaitReader(ctx, job, env.from(d).pool, name+"_verify"); err != nil {
		return 0, err
	}
	env.waiting(ctx, job, "a snapshot of the live side: transactions that were running must end first")
	slot, err := logical.CreateSlot(ctx, conn, name+"_verify", true, slotPatience(env))
	if err != nil {
		return 0, err
	}
	env.waiting(ctx, job, "")
	f, err := env.open(ctx, job)
	if err != nil {
		return 0, err
	}
	defer f.close(ctx)
	if err := f.applier.Follow(ctx, f.stream, logical.Goal{Behind: slot.Consistent}); err != nil {
		return 0, err
	}
	if err := env.knownIn(ctx, job, slot.Snapshot); err != nil {
		return 0, err
	}
	env.Ends.lately = newLately() // what comes from here on the snapshots don't show
	err = inSnapshot(ctx, env.to(d).pool, func(tx pgx.Tx) error {
		if err := exec(ctx, tx, noIdleTimeout()); err != nil {
			return err
		}
		snapshot, err := sqltmpl.Scalar[string](ctx, tx, sqltmpl.ExportSnapshot{}.Statement())
		if err != nil {
			return err
		}
		rows, err = s.whileFollowing(ctx, f, func(ctx context.Context) (int64, error) {
			return s.compare(ctx, env, job, y, slot.Snapshot, snapshot)
		})
		return err
	})
	return rows, err
}

// whileFollowing runs compare while changes are applied.
func (acrossVerify) whileFollowing(
	ctx context.Context, f *feed, compare func(ctx context.Context) (int64, error),
) (rows int64, err error) {
	var done atomic.Bool
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer done.Store(true)
		rows, err = compare(ctx)
		return err
	})
	group.Go(func() error {
		return f.applier.Follow(ctx, f.stream, logical.Goal{CaughtUp: func(int64, time.Duration) bool { return done.Load() }})
	})
	return rows, group.Wait()
}

// compare compares all tables in two snapshots that show the same.
func (acrossVerify) compare(
	ctx context.Context, env *Env, job registry.Job, y *yielder, ofLive, ofOther string,
) (int64, error) {
	sides := compare.Sides{
		Source: env.Source, Target: env.Target, SourceSnapshot: ofLive, TargetSnapshot: ofOther,
		Workers: max(env.Options.Workers, 1),
		Watch: func(source bool, conn *pgx.Conn) {
			if source != job.Swapped { // the live side
				y.watch(conn)
			}
		},
	}
	if job.Swapped {
		sides.SourceSnapshot, sides.TargetSnapshot = ofOther, ofLive
	}
	var pairs []compare.Pair
	for _, t := range job.Tables {
		pairs = append(pairs, pair(job, t))
	}
	began := time.Now()
	rows, err := compare.Compare(ctx, sides, pairs, func(done, total, rows int64) {
		env.Report(Event{
			Job: job.ID, Table: job.Title(), Stage: Verify, Phase: Going, Done: done, Total: total, Unit: "pages", Rows: rows,
			Elapsed: time.Since(began), Backward: job.Swapped,
		})
	})
	if different, ok := errors.AsType[*compare.DifferentError](err); ok {
		return rows, asDifferent(different, job)
	}
	return rows, err
}
