package stages

import (
	"context"
	"fmt"
	"log/slog"
	"maps"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/compare"
	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/internal/preflight"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// An adoption takes over what has become of one table's partitions.
type adoption struct {
	env      *Env
	job      registry.Job
	mark     string
	from, to pgx.Tx // the snapshot, and what all is done in
	t        registry.Table
	change   treeChange
	// final is the form of the table with the partitions that have come, and those above them, and parts
	// what is bound to these; nil if none has.
	final *shadow.Blueprint
	parts map[uint32]define.Bound
}

// run is nothing if nothing has changed.
func (a *adoption) run(ctx context.Context) error {
	if !a.change.any() {
		return nil
	}
	now, err := attachedTo(ctx, a.from, a.t.SourceOID)
	if err != nil {
		return err
	}
	b, err := a.grown(now)
	if err != nil {
		return err
	}
	if err := a.checkNew(ctx); err != nil {
		return err
	}
	bound := *a.t.Bound // the job's is needed again if this fails
	bound.OnSource, bound.Parts = now, maps.Clone(bound.Parts)
	for _, p := range a.change.gone {
		if err := exec(ctx, a.to, sqltmpl.DropTable{Table: p.Table}.Statement()); err != nil {
			return err
		}
		delete(bound.Parts, p.OID)
	}
	if bound.Parts == nil {
		bound.Parts = map[uint32]define.Bound{}
	}
	var oids []uint32
	for _, p := range a.change.come {
		bound.Parts[p.OID] = a.parts[p.OID]
		oids = append(oids, p.OID)
	}
	expected, notes, err := define.NewTree(&b, bound).AddParts(ctx, a.to, oids, tablesAt(a.job))
	if err != nil {
		return err
	}
	a.env.note(ctx, notes)
	for oid, e := range expected {
		part := bound.Parts[oid]
		part.Expected = &e
		bound.Parts[oid] = part
	}
	a.t.Blueprint = &b
	for _, p := range a.change.come {
		if err := exec(ctx, a.to, filling(a.job, a.mark).On(p.Table)...); err != nil {
			return err
		}
		if p.Kind == partitioned {
			continue
		}
		if err := a.copy(ctx, p); err != nil {
			return err
		}
	}
	if bound.OnTarget, err = attachedTo(ctx, a.to, a.t.ShadowOID); err != nil {
		return err
	}
	if err := a.env.Registry.SetShadow(ctx, a.to, a.t, a.t.ShadowOID, b); err != nil {
		return err
	}
	return a.env.Registry.SetBound(ctx, a.to, a.t, bound)
}

// grown is the table's blueprint with the partitions that there are now: those
// that have come as they are, the others as they were.
func (a *adoption) grown(now []catalog.Partition) (shadow.Blueprint, error) {
	b := without(*a.t.Blueprint, a.change.gone)
	if a.final != nil {
		b = with(b, *a.final)
	}
	if !sameTree(&b, now) { // they have changed since
		return b, &compare.RewrittenError{Table: a.t.Name.Plain()}
	}
	return b, nil
}

// checkNew refuses partitions that have of their own what is not carried.
func (a *adoption) checkNew(ctx context.Context) error {
	if len(a.change.come) == 0 {
		return nil
	}
	relation, err := catalog.Load(ctx, a.from, a.t.SourceOID, a.env.Registry.Schema())
	if err != nil {
		return err
	}
	in := preflight.Input{DB: a.from, Relation: relation, RegistrySchema: a.env.Registry.Schema()}
	for _, p := range a.change.come {
		in.Only = append(in.Only, p.OID)
	}
	if in.Partitions, in.OnPartitions, err = partitionsToCheck(ctx, a.env, a.from, relation); err != nil {
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

// copy copies the rows that a new partition has in the snapshot.
func (a *adoption) copy(ctx context.Context, p catalog.Partition) error {
	if err := exec(ctx, a.from, sqltmpl.PinSource{Source: sqltmpl.Rows{Of: p.Table, Partitioned: true}}.Statement()); err != nil {
		return err
	}
	rewritten, err := sqltmpl.Scalars[string](ctx, a.from, sqltmpl.ListRewritten{OIDs: []uint32{p.OID}}.Statement())
	if err != nil {
		return err
	}
	count, err := sqltmpl.One[pageCount](ctx, a.from, sqltmpl.PageCount{Relation: p.OID}.Statement())
	if err != nil {
		return err
	}
	if len(rewritten) > 0 {
		return &compare.RewrittenError{Table: rewritten[0]}
	}
	m := mappingOf(a.t, live(a.job), 1, p)
	binary, err := logical.Binary(ctx, a.from, m)
	if err != nil {
		return err
	}
	rows, err := logical.CopyRange(ctx, a.from.Conn(), a.to.Conn(), m, binary, 0, count.Pages)
	a.env.Logger.InfoContext(ctx, "took over a partition", slog.String("partition", p.Table.Plain()), slog.Int64("rows", rows))
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
