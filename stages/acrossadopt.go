package stages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/compare"
	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/internal/preflight"
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
	for {
		var err error
		if job, err = env.adopt(ctx, job); err != nil {
			return sum, err
		}
		n, err := env.follow(ctx, job, goal)
		sum += n
		switch {
		case job.Swapped || !errors.As(err, new(*logical.UnknownError)):
			return sum, err
		case goal.Behind != 0:
			stream, readErr := env.Registry.Stream(ctx, env.Target, job.ID, registry.Forward)
			if readErr != nil || stream.Applied >= goal.Behind {
				return sum, readErr
			}
		}
	}
}

// adopt makes the partitions on the target what they are on the source, if that
// is not so already, and returns the job as it is then. It locks the tables on the target ACCESS
// EXCLUSIVE, holds a snapshot of the source while new partitions are copied, and may be
// run again after a crash: all of it is one transaction.
func (env *Env) adopt(ctx context.Context, job registry.Job) (registry.Job, error) {
	for {
		var found []string
		for _, t := range job.Tables {
			differences, err := partitionDifferences(ctx, env.from(live(job)).pool, t, live(job))
			if err != nil {
				return job, err
			}
			found = append(found, differences...)
			if job.Swapped {
				if err := changedTree(t, job.Swapped, differences); err != nil {
					return job, err
				}
			}
		}
		if len(found) == 0 {
			return job, nil
		}
		env.Logger.InfoContext(ctx, "partitions have changed on the source, and will on the target", slog.Any("what", found))
		err := env.persist(ctx, job, func() error { return env.adoptOnce(ctx, job) })
		if err != nil && !errors.As(err, new(*compare.RewrittenError)) {
			return job, err
		}
		if job, err = env.Registry.Get(ctx, env.Target, job.ID); err != nil {
			return job, err
		}
	}
}

func (env *Env) adoptOnce(ctx context.Context, job registry.Job) error {
	name, err := env.jobMark(ctx, job)
	if err != nil {
		return err
	}
	conn, err := logical.Connect(ctx, env.Ends.Source, job.Settings)
	if err != nil {
		return err
	}
	defer func() {
		closeCtx, cancel := detached(ctx)
		defer cancel()
		_ = conn.Close(closeCtx) // the slot goes with it
	}()
	if err := env.awaitReader(ctx, job, env.Source, name+"_verify"); err != nil {
		return err
	}
	env.waiting(ctx, job, "a snapshot of the source: transactions that were running must end first")
	slot, err := logical.CreateSlot(ctx, conn, name+"_verify", true, slotPatience(env))
	if err != nil {
		return err
	}
	env.waiting(ctx, job, "")
	return inSnapshot(ctx, env.Source, func(from pgx.Tx) error {
		err := exec(ctx, from, sqltmpl.ImportSnapshot{Snapshot: sqltmpl.Literal(slot.Snapshot)}.Statement(), noIdleTimeout())
		if err != nil {
			return err
		}
		changes := make([]treeChange, len(job.Tables))
		for i, t := range job.Tables {
			now, err := attachedTo(ctx, from, t.SourceOID)
			if err != nil {
				return err
			}
			changes[i] = changesOf(t.Blueprint.Source.Partitions, now)
			if t.Blueprint.Source.Kind != partitioned {
				changes[i] = treeChange{}
			}
		}
		if err := env.passTo(ctx, job, changes, slot); err != nil {
			return err
		}
		return inTx(ctx, env.Target, func(tx pgx.Tx) error {
			if err := stillAt(ctx, env, tx, job); err != nil {
				return err
			}
			err := exec(ctx, tx, sqltmpl.HoldPass{Pass: name}.Statement())
			for i := 0; i < len(changes) && err == nil; i++ {
				err = env.adoptTable(ctx, from, tx, job, name, job.Tables[i], changes[i])
			}
			return err
		})
	})
}

// passTo applies the stream up to a snapshot's position, but for what it has of
// partitions that have gone or come.
func (env *Env) passTo(ctx context.Context, job registry.Job, changes []treeChange, slot logical.Slot) error {
	maps := slices.DeleteFunc(mappings(job, registry.Forward), func(m logical.Mapping) bool {
		return slices.ContainsFunc(changes, func(c treeChange) bool {
			return slices.ContainsFunc(c.gone, func(p catalog.Partition) bool { return p.OID == m.FromOID })
		})
	})
	f, err := env.openFor(ctx, job, maps, true)
	if err != nil {
		return err
	}
	defer f.close(ctx)
	return f.applier.Follow(ctx, f.stream, logical.Goal{Behind: slot.Consistent})
}

// adoptTable takes over what has become of one table's partitions.
func (env *Env) adoptTable(
	ctx context.Context, from, to pgx.Tx, job registry.Job, mark string, t registry.Table, change treeChange,
) error {
	if !change.any() {
		return nil
	}
	leaves, err := define.LoadLeaves(ctx, from, t.SourceOID, env.Registry.Schema())
	if err != nil {
		return err
	}
	if err := env.checkNew(ctx, from, t, change.come); err != nil {
		return err
	}
	b, bound := *t.Blueprint, *t.Bound
	for _, p := range change.gone {
		err := exec(ctx, to, sqltmpl.DropTable{Table: p.Table}.Statement())
		if err != nil && !sqltmpl.IsMissing(err) {
			return err
		}
		b.Source.Partitions = slices.DeleteFunc(b.Source.Partitions, func(o catalog.Partition) bool { return samePartition(o, p) })
	}
	bound.Leaves = leaves
	for _, p := range change.come {
		at := slices.IndexFunc(leaves, func(l define.Leaf) bool { return l.Relation.OID == p.OID })
		if at < 0 {
			return &compare.RewrittenError{Table: p.Table.Plain()} // it has gone since
		}
		notes, err := define.AddPartition(ctx, to, b.Shadow, p, bound, leaves[at])
		if err != nil {
			return err
		}
		env.note(ctx, notes)
		if err := exec(ctx, to, filling(job, mark).On(p.Table)...); err != nil {
			return err
		}
		b.Source.Partitions = append(b.Source.Partitions, p)
		if err := env.copyPartition(ctx, from, to, t, p); err != nil {
			return err
		}
	}
	if b.Shadow.Partitions, err = attachedTo(ctx, to, t.ShadowOID); err != nil {
		return err
	}
	if err := env.Registry.SetShadow(ctx, to, t, t.ShadowOID, b); err != nil {
		return err
	}
	return env.Registry.SetBound(ctx, to, t, bound)
}

// checkNew refuses partitions that have more of their own than is carried.
func (env *Env) checkNew(ctx context.Context, from pgx.Tx, t registry.Table, come []catalog.Partition) error {
	if len(come) == 0 {
		return nil
	}
	relation, err := catalog.Load(ctx, from, t.SourceOID, env.Registry.Schema())
	if err != nil {
		return err
	}
	relation.Partitions = come
	in := preflight.Input{DB: from, Relation: relation, RegistrySchema: env.Registry.Schema()}
	if in.Partitions, in.OnPartitions, err = partitionsToCheck(ctx, env, from, relation); err != nil {
		return err
	}
	findings, err := preflight.Leaves(ctx, in)
	if err != nil || len(findings) == 0 {
		return err
	}
	state := &StateError{}
	for _, f := range findings {
		state.Problem += fmt.Sprintf("%s: %s; ", f.Table, f.Problem)
		state.Advice += f.Cure + "\n"
	}
	state.Problem += "so it can't come on the target, too"
	state.Advice += "then run the same command again"
	return state
}

// copyPartition copies the rows that a new partition has in the snapshot.
func (env *Env) copyPartition(ctx context.Context, from, to pgx.Tx, t registry.Table, p catalog.Partition) error {
	if err := exec(ctx, from, sqltmpl.PinSource{Source: p.Table}.Statement()); err != nil {
		return err
	}
	rewritten, err := sqltmpl.Scalars[string](ctx, from, sqltmpl.ListRewritten{OIDs: []uint32{p.OID}}.Statement())
	if err != nil {
		return err
	}
	count, err := sqltmpl.One[pageCount](ctx, from, sqltmpl.PageCount{Relation: p.OID}.Statement())
	if err != nil {
		return err
	}
	if len(rewritten) > 0 {
		return &compare.RewrittenError{Table: rewritten[0]}
	}
	m := logical.Forward(t.Blueprint, t.Number).Of(1, p.Table, p.OID, p.Table)
	binary, err := logical.Binary(ctx, from, m)
	if err != nil {
		return err
	}
	rows, err := logical.CopyRange(ctx, from.Conn(), to.Conn(), m, binary, 0, count.Pages)
	env.Logger.InfoContext(ctx, "took over a partition", slog.String("partition", p.Table.Plain()), slog.Int64("rows", rows))
	return err
}

// knownIn makes sure that the partitions of the live side in a snapshot are
// those that are known: else rows would be compared that nobody has looked for.
func (env *Env) knownIn(ctx context.Context, job registry.Job, snapshot string) error {
	d := live(job)
	return inSnapshot(ctx, env.from(d).pool, func(tx pgx.Tx) error {
		if err := exec(ctx, tx, sqltmpl.ImportSnapshot{Snapshot: sqltmpl.Literal(snapshot)}.Statement()); err != nil {
			return err
		}
		for _, t := range job.Tables {
			differences, err := partitionDifferences(ctx, tx, t, d)
			if err != nil {
				return err
			}
			if len(differences) > 0 {
				return &compare.RewrittenError{Table: t.Name.Plain()}
			}
		}
		return nil
	})
}
