package shadow

import (
	"context"
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// dropConstraints gives up what --drop-constraint names: a constraint, or a
// unique index that is none.
func (b *builder) dropConstraints(ctx context.Context) error {
	for _, text := range b.change.DropConstraints {
		name := sqltmpl.Ident(text)
		now, err := b.load(ctx)
		if err != nil {
			return err
		}
		drop := sqltmpl.DropConstraint{Table: b.table, Name: name}.Statement()
		index := slices.IndexFunc(now.Indexes, func(i catalog.Index) bool { return i.Name == name })
		check := slices.ContainsFunc(now.Checks, func(c catalog.Check) bool { return c.Name == name })
		switch {
		case index >= 0 && now.Indexes[index].Constraint == nil && now.Indexes[index].Unique:
			drop = sqltmpl.DropIndex{Index: b.inSchema(name)}.Statement()
		case index >= 0 && now.Indexes[index].Constraint != nil, check:
		default:
			return refuse("name a primary key, unique, exclusion, check or foreign key constraint, or a unique index, as it is "+
				"called after --alter", "--drop-constraint %s: %s has no such constraint", name, b.src.Table.Plain())
		}
		if err := b.do(ctx, drop); err != nil {
			return blame(err, "", "--drop-constraint %s", name)
		}
		if err := b.followIndexes(ctx); err != nil {
			return err
		}
	}
	return nil
}
