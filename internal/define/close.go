package define

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// Close is the opposite of Open: the table is again one that only a stream is
// to write to, for whose rows nothing may fire and nothing fail. It locks the
// table ACCESS EXCLUSIVE, and may run twice.
func Close(ctx context.Context, tx pgx.Tx, r catalog.Relation, bound Bound) error {
	if err := closeTable(ctx, tx, r, bound); err != nil {
		return fmt.Errorf("closing table %s: %w", r.Table.Plain(), err)
	}
	return nil
}

func closeTable(ctx context.Context, tx pgx.Tx, r catalog.Relation, bound Bound) error {
	oid, err := oidOf(ctx, tx, r.Table)
	if err != nil {
		return err
	}
	if oid == 0 {
		return catalog.ErrGone
	}
	now, err := firing(ctx, tx, oid, bound.Registry)
	if err != nil {
		return err
	}
	var steps []sqltmpl.Statement
	for _, known := range bound.Firing {
		for _, has := range now {
			if has.Kind == known.Kind && has.Name == known.Name && has.State != disabled {
				has.State = disabled
				steps = append(steps, setFiring(r.Table, has))
			}
		}
	}
	for _, late := range lateConstraints(r) {
		there, err := sqltmpl.Scalar[bool](ctx, tx, sqltmpl.ConstraintExists{
			Table: r.Table.String(), Name: string(late.name),
		}.Statement())
		if err != nil {
			return err
		}
		if there {
			steps = append(steps, sqltmpl.DropConstraint{Table: r.Table, Name: late.name}.Statement())
		}
	}
	if r.ForceRLS {
		steps = append(steps, sqltmpl.RowSecurity{Table: r.Table, NoForce: true}.Statement())
	}
	return sqltmpl.ExecAll(ctx, tx, steps...)
}

// Drop drops the key again, if it is there. It locks both tables ACCESS
// EXCLUSIVE, and may run twice.
func (k ForeignKey) Drop(ctx context.Context, tx pgx.Tx) error {
	on := []memberKey{{table: k.From, key: k.ForeignKey}}
	if k.stepwise(tx) {
		on = slices.Concat(on, k.crowns, k.leaves)
	}
	for _, one := range on {
		there, err := there(ctx, tx, one.table, one.key.Name)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		if _, err := (sqltmpl.DropConstraint{Table: one.table, Name: one.key.Name}).Statement().Exec(ctx, tx); err != nil {
			return fmt.Errorf("dropping foreign key %s of %s: %w", one.key.Name, one.table.Plain(), err)
		}
	}
	return nil
}
