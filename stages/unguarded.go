package stages

import (
	"context"
	"fmt"
	"slices"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// On the way back changes are applied with the source's triggers kept still, and with them its foreign keys and
// deferrable constraints. The target has the same and sees to them, but for those that the job gave up, and
// foreign keys of tables that were not moved.

// unguarded lists the source's constraints that nobody sees to on the way back.
func (env *Env) unguarded(ctx context.Context, job registry.Job) ([]sqltmpl.UnguardedConstraint, error) {
	needed, err := env.replicaRole(ctx, job)
	if err != nil || !needed {
		return nil, err
	}
	var sources, targets []uint32
	for _, t := range job.Tables {
		sources, targets = append(sources, t.SourceOID), append(targets, t.ShadowOID)
	}
	there, err := sqltmpl.All[sqltmpl.UnguardedConstraint](ctx, env.Source, sqltmpl.Unguarded{OIDs: sources}.Statement())
	if err != nil {
		return nil, err
	}
	here, err := sqltmpl.All[sqltmpl.UnguardedConstraint](ctx, env.Target, sqltmpl.Unguarded{OIDs: targets}.Statement())
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(there, func(k sqltmpl.UnguardedConstraint) bool {
		return !k.Valid || slices.ContainsFunc(here, func(o sqltmpl.UnguardedConstraint) bool {
			return o.Valid && o.Kind == k.Kind && o.Name == k.Name && o.Schema == k.Schema && o.Relation == k.Relation
		})
	}), nil
}

// unbroken refuses to go back where a deferrable constraint would be broken unnoticed.
func (env *Env) unbroken(ctx context.Context, job registry.Job) error {
	unguarded, err := env.unguarded(ctx, job)
	if err != nil {
		return err
	}
	for _, k := range unguarded {
		if k.Kind != "f" {
			table := sqltmpl.Table{Schema: k.Schema, Name: k.Relation}
			return &StateError{
				Problem: fmt.Sprintf("constraint %s of %s is not on the target, and deferrable: rows that break it could come back unnoticed",
					k.Name.Plain(), table.Plain()),
				Advice: fmt.Sprintf("nothing was changed; give it to the target as well: ALTER TABLE %s ADD CONSTRAINT %s %s", table, k.Name, k.Def),
			}
		}
	}
	return nil
}

// referred refuses to open the source with rows that break its foreign keys. It reads
// the tables of those that the target does not see to.
func (c *crossing) referred(ctx context.Context) error {
	if c.from == registry.Forward {
		return nil // there they are validated after the opening
	}
	unguarded, err := c.env.unguarded(ctx, c.job)
	if err != nil {
		return err
	}
	for _, k := range unguarded {
		if k.Kind != "f" {
			continue
		}
		table := sqltmpl.Table{Schema: k.Schema, Name: k.Relation}
		broken, err := sqltmpl.Scalar[bool](ctx, c.env.Source, sqltmpl.IsBroken{Table: table, Broken: k.Broken}.Statement())
		if err != nil {
			return err
		}
		if broken {
			return &StateError{
				Problem: fmt.Sprintf("on the source rows of %s would break foreign key %s, which the target does not have", table.Plain(), k.Name.Plain()),
				Advice: fmt.Sprintf("the target stays in use; correct the rows (those of %s where %s), then go back with: repave revert-swap %s",
					table.Plain(), k.Broken, c.job.Args()),
			}
		}
	}
	return nil
}
