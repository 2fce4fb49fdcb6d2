package define

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Bound is what is bound to a table on the source, as it reads there, for
// Finish and Open. It can be recorded as JSON.
type Bound struct {
	Registry sqltmpl.Ident `json:"registry"`
	// Columns pair the names that definitions here use with those that the table will have; none
	// if they are the same.
	Columns    []shadow.Column        `json:"columns"`
	Dependents []catalog.Dependent    `json:"dependents"` // triggers, rules, statistics objects and the like
	Policies   []sqltmpl.LoadedPolicy `json:"policies"`
	Firing     []sqltmpl.FiringObject `json:"firing"` // when triggers and rules act
	Expected   *Expected              `json:"expected,omitempty"`
	// Parts are what is bound to the partitions that a table has on the source, by their OIDs there.
	Parts map[uint32]Bound `json:"parts,omitempty"`
	// OnSource and OnTarget are the partitions that are known, at every depth.
	OnSource []catalog.Partition `json:"on_source,omitempty"`
	OnTarget []catalog.Partition `json:"on_target,omitempty"`
}

// LoadBound reads what is bound to a table on the source. Columns are those of
// its blueprint. It locks nothing.
func LoadBound(
	ctx context.Context, tx pgx.Tx, oid uint32, columns []shadow.Column, registry sqltmpl.Ident,
) (Bound, error) {
	out := Bound{Registry: registry, Columns: columns}
	all, err := catalog.LoadDependents(ctx, tx, []uint32{oid}, registry)
	if err != nil {
		return out, err
	}
	for _, d := range all {
		if d.OnTable {
			out.Dependents = append(out.Dependents, d)
		}
	}
	if out.Policies, err = sqltmpl.All[sqltmpl.LoadedPolicy](ctx, tx, sqltmpl.LoadPolicies{Relation: oid}.Statement()); err != nil {
		return out, err
	}
	out.Firing, err = firing(ctx, tx, oid, registry)
	return out, err
}

func firing(ctx context.Context, tx pgx.Tx, oid uint32, registry sqltmpl.Ident) ([]sqltmpl.FiringObject, error) {
	return sqltmpl.All[sqltmpl.FiringObject](ctx, tx, sqltmpl.Firing{Relation: oid, Registry: registry}.Statement())
}

// withSourceNames runs fn while the columns have the names that they have on
// the source. New columns have none that the source knows: what is bound to a
// column that was dropped must not come to be bound to another of its name.
func (b Bound) withSourceNames(ctx context.Context, tx pgx.Tx, table sqltmpl.Table, fn func() error) error {
	there, back := b.renames(table)
	if err := sqltmpl.ExecAll(ctx, tx, there...); err != nil {
		return err
	}
	if err := fn(); err != nil {
		return err
	}
	return sqltmpl.ExecAll(ctx, tx, back...)
}

// renames lists what gives the columns their names on the source, and what
// gives them back their own: by way of names that nothing has, since they may
// have been exchanged.
func (b Bound) renames(table sqltmpl.Table) (there, back []sqltmpl.Statement) {
	taken := map[sqltmpl.Ident]bool{}
	source := map[sqltmpl.Ident]bool{}
	for _, c := range b.Columns {
		taken[c.Source], taken[c.Shadow] = true, true
		source[c.Source] = true
	}
	var second, third []sqltmpl.Statement
	rename := func(from, to sqltmpl.Ident) sqltmpl.Statement {
		return sqltmpl.RenameColumn{Table: table, Column: from, To: to}.Statement()
	}
	for n, c := range b.Columns {
		if c.Shadow == "" || c.Source == c.Shadow || c.Source == "" && !source[c.Shadow] {
			continue
		}
		waiting := free(taken, n)
		there, third = append(there, rename(c.Shadow, waiting)), append(third, rename(waiting, c.Shadow))
		if c.Source != "" {
			second, back = append(second, rename(waiting, c.Source)), append(back, rename(c.Source, waiting))
		}
	}
	return slices.Concat(there, second), slices.Concat(back, third)
}
