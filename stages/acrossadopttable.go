package stages

import (
	"context"
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
	b.Source.Partitions = slices.Clone(b.Source.Partitions) // the job's is needed again if this fails
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
	if err := exec(ctx, from, sqltmpl.PinSource{Source: sqltmpl.Rows{Of: p.Table, Partitioned: true}}.Statement()); err != nil {
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
