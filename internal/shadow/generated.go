package shadow

import (
	"context"
	"slices"
	"strconv"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// PostgreSQL refuses to change the type of a column that a generated column is
// computed from. Where it does, the shadow's generated columns become ordinary
// ones for the time of the change, with a check in the place of each that keeps
// its expression up to date; rebuild makes them generated again.

// loosenFor does so if run, which is tried and taken back, needs it.
func (b *builder) loosenFor(ctx context.Context, run func() error) error {
	generated := slices.ContainsFunc(b.src.Columns, func(c catalog.Column) bool { return c.Generated == "s" })
	if !generated || b.loose != nil {
		return nil
	}
	if err := sqltmpl.Try(ctx, b.tx, run); !sqltmpl.IsUnsupported(err) && !sqltmpl.IsSyntax(err) {
		return nil // whatever else it says will be said again
	}
	return b.with(ctx, "search_path", "", func() error { return b.loosen(ctx) })
}

func (b *builder) loosen(ctx context.Context) error {
	now, err := b.load(ctx)
	if err != nil {
		return err
	}
	b.loose = map[sqltmpl.Ident]int16{}
	for i, c := range now.Columns {
		if c.Generated != "s" {
			continue
		}
		keep := b.names.Object("g" + strconv.Itoa(i+1)).Name
		b.loose[keep] = c.Num
		for _, s := range []sqltmpl.Statement{
			sqltmpl.AddConstraint{Table: b.table, Name: keep, Def: sqltmpl.Remember(c.Default)}.Statement(),
			sqltmpl.DropExpression{Table: b.table, Column: c.Name}.Statement(),
		} {
			if err := b.quietly(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// tighten takes the checks off again, and has b.altered describe the columns as
// the generated ones that they will be.
func (b *builder) tighten(ctx context.Context) error {
	for keep, num := range b.loose {
		at := slices.IndexFunc(b.altered.Columns, func(c catalog.Column) bool { return c.Num == num })
		check := slices.IndexFunc(b.altered.Checks, func(c catalog.Check) bool { return c.Name == keep })
		if at < 0 && check < 0 {
			continue // dropped
		}
		if check >= 0 {
			err := b.quietly(ctx, sqltmpl.DropConstraint{Table: b.table, Name: keep}.Statement())
			if err != nil {
				return err
			}
		}
		if at < 0 {
			b.altered.Checks = slices.Delete(b.altered.Checks, check, check+1)
			continue
		}
		column := &b.altered.Columns[at]
		if check < 0 || column.Default != "" || column.Identity != "" {
			return refuse("drop it in the same --alter, or change it in a job of its own",
				"--alter leaves the generated column %s without what it is computed from", column.Name)
		}
		expression, ok := sqltmpl.Remembered(b.altered.Checks[check].Def)
		if !ok {
			return refuse("drop the generated column and add it again in the same --alter",
				"the expression of column %s can't be followed: %s", column.Name, b.altered.Checks[check].Def)
		}
		b.altered.Checks = slices.Delete(b.altered.Checks, check, check+1)
		column.Generated, column.Default = "s", expression
	}
	return nil
}

// regenerate has r, as it was read, describe the generated columns like b.altered.
func (b *builder) regenerate(r *catalog.Relation) {
	for _, num := range b.loose {
		for i := range r.Columns {
			if column, ok := columnByNum(b.altered.Columns, num); ok && r.Columns[i].Num == num {
				r.Columns[i].Generated, r.Columns[i].Default = column.Generated, column.Default
			}
		}
	}
}
