package preflight

import (
	"context"
	"fmt"
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// checkKey refuses tables whose rows nothing identifies.
func checkKey(_ context.Context, in Input) ([]Finding, error) {
	if _, ok := catalog.KeyOf(in.Relation); ok {
		return nil, nil
	}
	return []Finding{in.finding("key", in.keyCure(), "there is no primary key and no unique index on not-null columns")}, nil
}

// keyCure returns a statement that would give the table a key.
func (in Input) keyCure() string {
	for _, index := range in.Relation.Indexes {
		plain := index.Unique && index.Valid && !index.Partial && !slices.Contains(index.Columns, 0)
		if !plain || index.Constraint != nil && index.Constraint.Temporal {
			continue
		}
		actions := ""
		for _, column := range in.Relation.Columns {
			if slices.Contains(index.Columns, column.Num) && !column.NotNull {
				actions += fmt.Sprintf(", ALTER COLUMN %s SET NOT NULL", column.Name)
			}
		}
		if actions != "" {
			return in.alter("%s", actions[len(", "):])
		}
	}
	const name = sqltmpl.Ident("id")
	if slices.ContainsFunc(in.Relation.Columns, func(c catalog.Column) bool { return c.Name == name }) {
		return in.alter("ADD PRIMARY KEY (%s)", name)
	}
	return in.alter("ADD COLUMN %s bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", name)
}
