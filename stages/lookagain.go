package stages

import (
	"context"
	"errors"
	"log/slog"

	"github.com/repave-pg/repave/internal/compare"
	"github.com/repave-pg/repave/registry"
)

// lookAhead compares the rows that have changed since verify looked at them, while writers write, as verify itself
// does it: in snapshots of both sides that show the same. What changes meanwhile is for the next round, which is a shorter one; when
// few are left they are for lookAgain. So the cutover compares all, however many have changed, and writes are not refused for longer.
// Rounds that don't get shorter are given up: the report says how many rows were not looked at. If it is lost which have
// changed, all rows are verified again.
func (env *Env) lookAhead(ctx context.Context, job registry.Job) error {
	for {
		err := env.lookRounds(ctx, job)
		if !errors.Is(err, errForgotten) {
			return err
		}
		env.Logger.WarnContext(ctx, "verifying again", slog.Any("error", err))
		if _, err := (acrossVerify{}).Run(ctx, env, job); err != nil {
			return err
		}
	}
}

func (env *Env) lookRounds(ctx context.Context, job registry.Job) error {
	if env.Ends.lately == nil {
		return nil
	}
	for n := env.Ends.lately.size(); n > maxLately; {
		env.Logger.InfoContext(ctx, "comparing rows changed since verify", slog.Int64("rows", n))
		if err := env.lookRound(ctx, job); err != nil {
			return err
		}
		left := env.Ends.lately.size()
		if left > n/2 {
			env.Logger.WarnContext(ctx, "rows change faster than they can be compared", slog.Int64("rows", left))
			break
		}
		n = left
	}
	return env.Ends.lately.complete() // it is too late behind the fence
}

// lookRound is one round. If it has to be done again it is with what has come since.
func (env *Env) lookRound(ctx context.Context, job registry.Job) error {
	there := *env
	there.Source = env.from(live(job)).pool
	var all []*lately
	defer func() {
		for _, l := range all {
			l.forget(ctx)
		}
	}()
	take := func() { all = append(all, env.Ends.lately) }
	return env.persist(ctx, job, func() error {
		return yielding(ctx, &there, job, "comparison of rows that have changed in "+job.Title(), func(ctx context.Context, y *yielder) error {
			return env.together(ctx, job, y, take, func(ctx context.Context, sides compare.Sides) error {
				for _, l := range all {
					if err := l.complete(); err != nil {
						return err
					}
					if err := l.each(ctx, func(keys map[int][][]string) error { return env.lookAt(ctx, job, sides, keys) }); err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
}

// lookAt compares the rows of some keys.
func (env *Env) lookAt(ctx context.Context, job registry.Job, sides compare.Sides, keys map[int][][]string) error {
	for _, t := range job.Tables {
		if len(keys[t.Number]) == 0 {
			continue
		}
		err := compare.Some(ctx, sides, pair(job, t), keys[t.Number])
		if different, ok := errors.AsType[*compare.DifferentError](err); ok {
			return asDifferent(different, job)
		}
		if err != nil {
			return err
		}
		env.Stats.lookedAgain(len(keys[t.Number]), 0)
	}
	return nil
}

// lookAgain compares the rows that have changed since verify, or lookAhead, looked at them, as far as
// they are in memory. It does so behind the barrier, when nobody writes to either side.
func (c *crossing) lookAgain(ctx context.Context) error {
	l := c.env.Ends.lately
	if l == nil {
		return nil
	}
	if err := c.env.lookAt(ctx, c.job, compare.Sides{Source: c.env.Source, Target: c.env.Target}, l.recent()); err != nil {
		return err
	}
	if err := l.complete(); err != nil {
		return err
	}
	not := l.missed + l.stored
	c.env.Stats.lookedAgain(0, not)
	if looked := len(l.keys); looked > 0 || not > 0 {
		c.env.Logger.InfoContext(ctx, "rows changed since verify were compared", slog.Int("rows", looked), slog.Int64("changes_not_compared", not))
	}
	return nil
}

// pair is what is compared of a table.
func pair(job registry.Job, t registry.Table) compare.Pair {
	return compare.Pair{
		Title: t.Name.Plain(), Blueprint: t.Blueprint, Source: t.Name, Target: t.Name, TargetOID: t.ShadowOID, Swapped: job.Swapped,
	}
}

func asDifferent(e *compare.DifferentError, job registry.Job) *DifferentError {
	return &DifferentError{Table: e.Table, Differences: e.Differences, More: e.More, Swapped: job.Swapped}
}
