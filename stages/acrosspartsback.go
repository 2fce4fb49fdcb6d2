package stages

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/compare"
	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// shape detaches and makes partitions on the source.
func (p *partsBack) shape(ctx context.Context, env *Env, tx pgx.Tx, fence sqltmpl.Fence) error {
	for _, has := range p.was {
		at := named(p.then, has.Table)
		if at >= 0 {
			// Only the target's bounds are of one spelling: there a column may be of a wider type.
			before := named(p.t.Bound.OnTarget, has.Table)
			if p.then[at].Parent != has.Parent || p.then[at].Kind != has.Kind || before >= 0 && p.t.Bound.OnTarget[before].Bound != p.then[at].Bound {
				return p.refused(fmt.Errorf("partition %s has another place or bound than on the source", has.Table.Plain()))
			}
			continue
		}
		if named(p.was, has.Parent) < 0 || named(p.then, has.Parent) >= 0 { // else it goes with what it is below
			env.Logger.WarnContext(ctx, "detached on the source, without its foreign keys; drop it if nobody needs what it held before the swap",
				slog.String("partition", has.Table.Plain()))
			if err := exec(ctx, tx, sqltmpl.DetachPartition{Parent: has.Parent, Partition: has.Table}.Statement()); err != nil {
				return p.unless(err)
			}
		}
		if err := inert(ctx, env, tx, has); err != nil {
			return p.unless(err)
		}
	}
	known := treeAt(p.t, registry.Forward)
	for _, come := range p.change.come {
		at := named(p.was, come.Table)
		if at < 0 {
			made := sqltmpl.MakePartition{Table: come.Table, Parent: come.Parent, Bound: come.Bound, By: p.own[come.Table].PartitionKey}
			owner := sqltmpl.SetOwner{Table: come.Table, Owner: p.t.Blueprint.Source.Owner}
			if err := exec(ctx, tx, made.Statement(), owner.Statement()); err != nil {
				return p.unless(err)
			}
			continue
		}
		if named(known, come.Table) >= 0 {
			continue
		}
		// A process before us has made it, or somebody by hand.
		fenced, err := sqltmpl.All[sqltmpl.Table](ctx, tx, fence.Tables())
		if err != nil {
			return err
		}
		if slices.Contains(fenced, come.Table) {
			if err := exec(ctx, tx, fence.Off(come.Table)); err != nil { // the table is not to have it in its final form
				return err
			}
			continue
		}
		held, err := sqltmpl.Scalar[bool](ctx, tx, sqltmpl.HasRows{Table: come.Table}.Statement())
		if err != nil {
			return err
		}
		if held {
			return p.refused(fmt.Errorf("partition %s holds rows on the source that nobody knows", come.Table.Plain()))
		}
	}
	return nil
}

// named is where a partition of a name is in a list, or -1.
func named(list []catalog.Partition, name sqltmpl.Table) int {
	return slices.IndexFunc(list, func(p catalog.Partition) bool { return p.Table == name })
}

// inert takes the foreign keys from a partition that was detached: its rows are old ones, and no statement on what they refer to
// is to fail because of them.
func inert(ctx context.Context, env *Env, tx pgx.Tx, table catalog.Partition) error {
	r, err := catalog.Load(ctx, tx, table.OID, env.Registry.Schema())
	if err != nil {
		return err
	}
	for _, key := range r.ForeignKeys {
		if err := exec(ctx, tx, sqltmpl.DropConstraint{Table: table.Table, Name: key.Name}.Statement()); err != nil {
			return err
		}
	}
	return nil
}

// unless is refused, unless err is one that passes.
func (p *partsBack) unless(err error) error {
	if passing(err) {
		return err
	}
	return p.refused(err)
}

// formsOf computes what is to be recorded: the forms of partitions that were made on the source are computed
// there, as of those that come before the swap.
func (env *Env) formsOf(ctx context.Context, job registry.Job, from pgx.Tx, all []*partsBack) error {
	come, some := make([][]uint32, len(job.Tables)), false
	for i := range come {
		come[i] = []uint32{} // of other tables no partition is of interest
	}
	err := inTx(ctx, env.Source, func(tx pgx.Tx) (err error) {
		for _, p := range all {
			if p.now, err = attachedTo(ctx, tx, p.t.SourceOID); err != nil {
				return err
			}
			p.form = without(*p.t.Blueprint, slices.DeleteFunc(slices.Clone(treeAt(p.t, registry.Forward)), func(was catalog.Partition) bool {
				return slices.ContainsFunc(p.now, func(o catalog.Partition) bool { return o.OID == was.OID })
			}))
			for i, t := range job.Tables {
				if t.Number == p.t.Number {
					if come[i], err = withAbove(ctx, tx, t, p.made()); err != nil {
						return err
					}
					some = some || len(come[i]) > 0
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var form finalForm
	if some {
		if form, _, err = finalOnce(ctx, env, job, come); err != nil {
			return err
		}
	}
	for _, p := range all {
		p.bound = *p.t.Bound
		p.bound.OnSource, p.bound.OnTarget, p.bound.Parts = p.now, p.then, map[uint32]define.Bound{}
		maps.Copy(p.bound.Parts, p.t.Bound.Parts)
		for i, t := range job.Tables {
			if t.Number != p.t.Number || len(come[i]) == 0 {
				continue
			}
			p.form = with(p.form, *form.blueprints[i])
			for _, made := range p.made() {
				p.bound.Parts[made.OID] = form.bounds[i].Parts[made.OID]
			}
		}
		if !sameTree(&p.form, p.now) { // they have changed since
			return &compare.RewrittenError{Table: p.t.Name.Plain()}
		}
		if err := p.tell(ctx, env, from); err != nil {
			return err
		}
	}
	return nil
}

// tell says what new partitions have of their own on the target, and will not have on the source.
func (p *partsBack) tell(ctx context.Context, env *Env, from pgx.Tx) error {
	tree := define.NewTree(&p.form, p.bound)
	for _, made := range p.made() {
		part, ok := tree.PartOf(made.Table)
		if !ok {
			continue
		}
		lacking, more, err := define.Lacking(ctx, from, part.Relation, part.Bound)
		if err != nil {
			return err
		}
		differences := slices.DeleteFunc(append(lacking, more...), func(line string) bool {
			return strings.HasPrefix(line, "to types of foreign key ") // the tables' own are not compared so either
		})
		if len(differences) > 0 {
			env.Logger.WarnContext(ctx, "a partition is made on the source as its table has it, and differs on the target",
				slog.String("partition", made.Table.Plain()), slog.Any("there", differences))
		}
	}
	return nil
}

// made are the partitions on the source that the job does not know yet.
func (p *partsBack) made() []catalog.Partition {
	known := p.t.Blueprint.Below()
	return slices.DeleteFunc(slices.Clone(p.now), func(o catalog.Partition) bool {
		return slices.ContainsFunc(known, func(k shadow.Partition) bool { return k.Own != nil && k.Own.Source.OID == o.OID })
	})
}
