package stages

import (
	"context"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// constrain makes a constraint of an index, or builds an exclusion constraint,
// which PostgreSQL can't make of one.
func (syncSchema) constrain(
	ctx context.Context, env *Env, tx pgx.Tx, table sqltmpl.Table, index shadow.Index,
) error {
	c := index.Constraint
	if index.Def == "" {
		if err := setMaintenance(ctx, tx, env.Options.MaintenanceMem); err != nil {
			return err
		}
		return exec(ctx, tx, sqltmpl.AddConstraint{Table: table, Name: index.BuildName, Def: c.Def}.Statement())
	}
	return exec(ctx, tx, sqltmpl.AttachConstraint{
		Table: table, Name: index.BuildName, Primary: c.Type == "p", Index: index.BuildName,
		Deferrable: c.Deferrable, Deferred: c.Deferred,
	}.Statement())
}

// setIndexStatistics sets the statistics targets of an index's expressions.
func setIndexStatistics(ctx context.Context, tx pgx.Tx, name sqltmpl.Table, index shadow.Index) error {
	for column, target := range index.StatsTargets {
		number, err := strconv.Atoi(column)
		if err != nil {
			return err
		}
		err = exec(ctx, tx, sqltmpl.SetIndexStatistics{Index: name, Number: number, Target: target}.Statement())
		if err != nil {
			return err
		}
	}
	return nil
}

// withoutHelper is r without the index that only serves replay.
func withoutHelper(r catalog.Relation, t registry.Table) catalog.Relation {
	r.Indexes = slices.DeleteFunc(slices.Clone(r.Indexes), func(i catalog.Index) bool {
		return slices.ContainsFunc(t.Blueprint.Indexes, func(p shadow.Index) bool {
			return p.Helper && p.BuildName == i.Name
		})
	})
	return r
}
