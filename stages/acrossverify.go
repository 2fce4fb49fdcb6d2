package stages

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/repave-pg/repave/internal/compare"
	"github.com/repave-pg/repave/registry"
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
	forget := func() { env.Ends.lately.forget(ctx) } // all is looked at
	unknown := false
	for {
		if job, err = env.adopt(ctx, job, unknown); err != nil {
			return 0, err
		}
		err = env.persist(ctx, job, func() error {
			return yielding(ctx, &there, job, "verify of "+job.Title(), func(ctx context.Context, y *yielder) error {
				return env.together(ctx, job, y, forget, func(ctx context.Context, sides compare.Sides) (err error) {
					rows, err = s.compare(ctx, env, job, sides)
					return err
				})
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

// compare compares all tables in two snapshots that show the same.
func (acrossVerify) compare(ctx context.Context, env *Env, job registry.Job, sides compare.Sides) (int64, error) {
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
