package define

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// Open makes the table one that applications may write to: adds the
// constraints that are NOT VALID, sets triggers and rules to the states that
// they have on the source, and has row security hold for the owner where it
// does there. It scans nothing, locks the table ACCESS EXCLUSIVE, and may run
// twice.
func Open(ctx context.Context, tx pgx.Tx, r catalog.Relation, bound Bound) error {
	if err := open(ctx, tx, r, bound); err != nil {
		return fmt.Errorf("opening table %s: %w", r.Table.Plain(), err)
	}
	return nil
}

func open(ctx context.Context, tx pgx.Tx, r catalog.Relation, bound Bound) error {
	oid, err := oidOf(ctx, tx, r.Table)
	if err != nil {
		return err
	}
	if oid == 0 {
		return catalog.ErrGone
	}
	for _, late := range lateConstraints(r) {
		there, err := sqltmpl.Scalar[bool](ctx, tx, sqltmpl.ConstraintExists{
			Table: r.Table.String(), Name: string(late.name),
		}.Statement())
		if err != nil {
			return err
		}
		if there { // a partition may have it from its table
			late.add = late.add[1:]
		}
		if err := sqltmpl.ExecAll(ctx, tx, late.add...); err != nil {
			return err
		}
	}
	now, err := firing(ctx, tx, oid, bound.Registry)
	if err != nil {
		return err
	}
	var steps []sqltmpl.Statement
	for _, want := range bound.Firing {
		for _, has := range now {
			if has.Kind == want.Kind && has.Name == want.Name && has.State != want.State {
				steps = append(steps, setFiring(r.Table, want))
			}
		}
	}
	if r.ForceRLS {
		steps = append(steps, sqltmpl.RowSecurity{Table: r.Table, Force: true}.Statement())
	}
	return sqltmpl.ExecAll(ctx, tx, steps...)
}

type lateConstraint struct {
	name sqltmpl.Ident
	add  []sqltmpl.Statement
}

// lateConstraints are those that rows may break that were there before them.
func lateConstraints(r catalog.Relation) []lateConstraint {
	var out []lateConstraint
	add := func(name sqltmpl.Ident, def sqltmpl.Fragment, comment string) {
		late := lateConstraint{name: name, add: []sqltmpl.Statement{
			sqltmpl.AddConstraint{Table: r.Table, Name: name, Def: def}.Statement(),
		}}
		if comment != "" {
			late.add = append(late.add, sqltmpl.CommentConstraint{
				Table: r.Table, Name: name, Comment: sqltmpl.Literal(comment),
			}.Statement())
		}
		out = append(out, late)
	}
	for _, check := range r.Checks {
		if lateCheck(check) {
			add(check.Name, check.Def, check.Comment)
		}
	}
	for _, n := range r.NotNulls {
		for _, column := range r.Columns {
			if column.Num == n.Column && !n.Valid {
				add(n.Name, shadow.LateNotNull(column.Name, n.NoInherit), n.Comment)
			}
		}
	}
	return out
}
