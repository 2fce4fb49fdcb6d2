package stages

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/compare"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// Before the swap, partitions that come on the source come on the target, too, and those that go
// go there. A snapshot whose exact position is known tells which there are, and what is in
// those that are new, whoever filled them: the stream is applied up to that position, without
// what it has of these, which are copied in the snapshot; from there on they are as all others.

// followTree is env.follow for a job whose partitions may come and go.
func (env *Env) followTree(ctx context.Context, job registry.Job, goal logical.Goal) (int64, error) {
	var sum int64
	unknown := false
	for {
		var err error
		if job, err = env.adopt(ctx, job, unknown); err != nil {
			return sum, err
		}
		if goal.Behind != 0 {
			stream, err := env.Registry.Stream(ctx, env.Target, job.ID, live(job))
			if err != nil || stream.Applied >= goal.Behind {
				return sum, err
			}
		}
		n, err := env.follow(ctx, job, goal)
		sum += n
		if unknown = errors.As(err, new(*logical.UnknownError)); !unknown {
			return sum, err
		}
	}
}

// adopt makes the partitions on the target what they are on the source, if that
// is not so already, and returns the job as it is then. With unknown there are changes of a
// partition that nobody knows: it may have gone again. It locks the tables on the target ACCESS
// EXCLUSIVE, holds a snapshot of the source and ACCESS SHARE on new partitions while they are copied, and may be
// run again after a crash: all of it is one transaction. After the swap see adoptBack.
func (env *Env) adopt(ctx context.Context, job registry.Job, unknown bool) (registry.Job, error) {
	there := *env
	there.Source = env.from(live(job)).pool // where we may have to give way
	for {
		var found []string
		for _, t := range job.Tables {
			differences, err := partitionDifferences(ctx, there.Source, t, live(job))
			if err != nil {
				return job, err
			}
			if err := changedTree(t, true, differences); err != nil && stuck(job, t) {
				return job, err
			}
			found = append(found, differences...)
		}
		if len(found) == 0 && !unknown {
			return job, nil
		}
		if len(found) > 0 {
			env.Logger.InfoContext(ctx, "partitions have changed, and will on the other side", slog.Any("what", found))
		}
		err := env.persist(ctx, job, func() error {
			return yielding(ctx, &there, job, "taking over of partitions of "+job.Title(), func(ctx context.Context, y *yielder) error {
				return env.adoptOnce(ctx, job, y)
			})
		})
		if err != nil && !errors.As(err, new(*compare.RewrittenError)) {
			return job, err
		}
		unknown = unknown && err != nil
		if job, err = env.Registry.Get(ctx, env.Target, job.ID); err != nil {
			return job, err
		}
	}
}

func (env *Env) adoptOnce(ctx context.Context, job registry.Job, y *yielder) error {
	d := live(job)
	name, err := env.jobMark(ctx, job)
	if err != nil {
		return err
	}
	slot, release, err := env.momentarySlot(ctx, job)
	if err != nil {
		return err
	}
	defer release()
	return inSnapshot(ctx, env.from(d).pool, func(from pgx.Tx) error {
		y.watch(from.Conn())
		err := exec(ctx, from, sqltmpl.ImportSnapshot{Snapshot: sqltmpl.Literal(slot.Snapshot)}.Statement(), noIdleTimeout())
		if err != nil {
			return err
		}
		changes, some := make([]treeChange, len(job.Tables)), false
		come := make([][]uint32, len(job.Tables))
		for i, t := range job.Tables {
			if changes[i], err = changesIn(ctx, from, t, d); err != nil {
				return err
			}
			if err := changedTree(t, true, changes[i].lines()); err != nil && stuck(job, t) {
				return err
			}
			if some = some || changes[i].any(); job.Swapped {
				continue
			}
			if come[i], err = withAbove(ctx, from, t, changes[i].come); err != nil {
				return err
			}
		}
		var form finalForm
		if slices.ContainsFunc(come, func(oids []uint32) bool { return len(oids) > 0 }) {
			if form, _, err = finalOnce(ctx, env, job, come); err != nil {
				return err
			}
		}
		applied, err := env.passTo(ctx, job, changes, slot)
		if err != nil || !some {
			return err
		}
		if job.Swapped {
			return env.adoptBack(ctx, job, name, from, applied, changes)
		}
		return inTx(ctx, env.Target, func(tx pgx.Tx) error {
			if err := stillAt(ctx, env, tx, job); err != nil {
				return err
			}
			// Who has taken the job from us may have gone on with the stream.
			if err := env.Registry.AdvanceStream(ctx, tx, job.ID, d, applied); err != nil {
				return err
			}
			err := exec(ctx, tx, sqltmpl.HoldPass{Pass: name}.Statement())
			for i := 0; i < len(changes) && err == nil; i++ {
				a := &adoption{env: env, job: job, mark: name, from: from, to: tx, t: job.Tables[i], change: changes[i]}
				if len(changes[i].come) > 0 {
					a.final, a.parts = form.blueprints[i], form.bounds[i].Parts
				}
				err = a.run(ctx)
			}
			return err
		})
	})
}

// passTo applies the stream up to a snapshot's position, but for what it has of
// partitions that have gone or come, and returns what is recorded then.
func (env *Env) passTo(ctx context.Context, job registry.Job, changes []treeChange, slot logical.Slot) (pglogrepl.LSN, error) {
	maps := slices.DeleteFunc(mappings(job, live(job)), func(m logical.Mapping) bool {
		return slices.ContainsFunc(changes, func(c treeChange) bool {
			return slices.ContainsFunc(c.gone, func(p catalog.Partition) bool { return p.OID == m.FromOID })
		})
	})
	f, err := env.openFor(ctx, job, maps, true)
	if err != nil {
		return 0, err
	}
	defer f.close(ctx)
	if err := f.follow(ctx, logical.Goal{Behind: slot.Consistent}); err != nil {
		return 0, err
	}
	return f.applied(), nil
}

// withAbove lists partitions that have come, and the partitions that they are below.
func withAbove(ctx context.Context, from pgx.Tx, t registry.Table, come []catalog.Partition) ([]uint32, error) {
	out := []uint32{} // of other tables no partition is of interest
	if len(come) == 0 {
		return out, nil
	}
	now, err := attachedTo(ctx, from, t.SourceOID)
	for _, p := range come {
		for at := 0; at >= 0; {
			out = append(out, p.OID)
			if at = slices.IndexFunc(now, func(o catalog.Partition) bool { return o.Table == p.Parent }); at >= 0 {
				p = now[at]
			}
		}
	}
	return out, err
}
