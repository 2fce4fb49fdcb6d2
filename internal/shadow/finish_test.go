package shadow_test

import (
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/tests/pgtest"
)

// finish does with a blueprint what the later stages do, in the simplest way,
// and requires the outcome to be what the blueprint promised.
func finish(t *testing.T, conn *pgx.Conn, plan shadow.Blueprint) catalog.Relation {
	t.Helper()

	table := names.Object("shadow")
	for _, index := range plan.Indexes {
		buildIndex(t, conn, table, index)
	}
	pgtest.Exec(t, conn, `CREATE SCHEMA old`)
	src := plan.Source
	for _, key := range src.ReferencedBy {
		exec(t, conn, sqltmpl.DropConstraint{Table: key.From, Name: key.Name}.Statement())
	}
	for _, s := range plan.Sequences {
		if s.BuildName == "" {
			dropOldDefault(t, conn, plan, s)
			exec(t, conn, sqltmpl.DisownSequence{
				Sequence: sqltmpl.Table{Schema: src.Table.Schema, Name: s.Name},
			}.Statement())
		}
	}
	exec(t, conn, sqltmpl.SetSchema{Table: src.Table, Schema: "old"}.Statement(),
		sqltmpl.SetSchema{Table: table, Schema: src.Table.Schema}.Statement(),
		sqltmpl.RenameTable{
			Table: sqltmpl.Table{Schema: src.Table.Schema, Name: table.Name}, To: src.Table.Name,
		}.Statement())
	in := func(name sqltmpl.Ident) sqltmpl.Table { return sqltmpl.Table{Schema: src.Table.Schema, Name: name} }
	for _, index := range plan.Indexes {
		if index.Helper {
			exec(t, conn, sqltmpl.DropIndex{Index: in(index.BuildName)}.Statement())
			continue
		}
		exec(t, conn, sqltmpl.RenameIndex{Index: in(index.BuildName), To: index.Name}.Statement())
		if index.Clustered {
			exec(t, conn, sqltmpl.ClusterOn{Table: src.Table, Index: index.Name}.Statement())
		}
	}
	finishSequences(t, conn, plan, in)
	finishConstraints(t, conn, plan)
	after := load(t, conn, src.Table.String())
	// What the swap moves is not moved here.
	after.Triggers, after.Others = plan.Shadow.Triggers, plan.Shadow.Others
	after.RowSecurity, after.ForceRLS, after.ReplIdent = plan.Shadow.RowSecurity, plan.Shadow.ForceRLS, plan.Shadow.ReplIdent
	require.Empty(t, catalog.Diff(plan.Shadow, after))
	return after
}

// dropOldDefault lets go of a sequence that changes tables.
func dropOldDefault(t *testing.T, conn *pgx.Conn, plan shadow.Blueprint, s shadow.Sequence) {
	t.Helper()

	for _, column := range plan.Columns {
		if column.Shadow == s.Column {
			exec(t, conn, sqltmpl.DropDefault{Table: plan.Source.Table, Column: column.Source}.Statement())
		}
	}
}

func buildIndex(t *testing.T, conn *pgx.Conn, table sqltmpl.Table, index shadow.Index) {
	t.Helper()

	exec(t, conn, sqltmpl.SetSession{Name: "default_tablespace", Value: string(index.Tablespace)}.Statement())
	built := sqltmpl.Table{Schema: table.Schema, Name: index.BuildName}
	if index.Def != "" {
		exec(t, conn, sqltmpl.CreateIndex{Def: index.Def}.Statement())
	}
	switch c := index.Constraint; {
	case c == nil:
	case index.Def == "":
		exec(t, conn, sqltmpl.AddConstraint{Table: table, Name: index.BuildName, Def: c.Def}.Statement())
	default:
		exec(t, conn, sqltmpl.AttachConstraint{
			Table: table, Name: index.BuildName, Primary: index.Primary, Index: index.BuildName,
			Deferrable: c.Deferrable, Deferred: c.Deferred,
		}.Statement())
	}
	if index.Constraint != nil && index.Constraint.Comment != "" {
		exec(t, conn, sqltmpl.CommentConstraint{
			Table: table, Name: index.BuildName, Comment: sqltmpl.Literal(index.Constraint.Comment),
		}.Statement())
	}
	if index.Comment != "" {
		exec(t, conn, sqltmpl.CommentIndex{Index: built, Comment: sqltmpl.Literal(index.Comment)}.Statement())
	}
	for _, number := range slices.Sorted(maps.Keys(index.StatsTargets)) {
		n, err := strconv.Atoi(number)
		require.NoError(t, err)
		exec(t, conn, sqltmpl.SetIndexStatistics{Index: built, Number: n, Target: index.StatsTargets[number]}.Statement())
	}
}

func finishSequences(
	t *testing.T, conn *pgx.Conn, plan shadow.Blueprint, in func(sqltmpl.Ident) sqltmpl.Table,
) {
	t.Helper()

	for _, s := range plan.Sequences {
		if s.BuildName != "" {
			exec(t, conn, sqltmpl.RenameSequence{Sequence: in(s.BuildName), To: s.Name}.Statement())
			continue
		}
		exec(t, conn, sqltmpl.OwnSequence{Sequence: in(s.Name), Table: plan.Source.Table, Column: s.Column}.Statement())
		if s.Type != "" {
			exec(t, conn, sqltmpl.RetypeSequence{Sequence: in(s.Name), Type: s.Type}.Statement())
		}
	}
}

func finishConstraints(t *testing.T, conn *pgx.Conn, plan shadow.Blueprint) {
	t.Helper()

	comment := func(table sqltmpl.Table, name sqltmpl.Ident, text string) {
		if text != "" {
			exec(t, conn, sqltmpl.CommentConstraint{Table: table, Name: name, Comment: sqltmpl.Literal(text)}.Statement())
		}
	}
	for _, check := range plan.LateChecks {
		exec(t, conn, sqltmpl.AddConstraint{Table: plan.Source.Table, Name: check.Name, Def: check.Def}.Statement())
		comment(plan.Source.Table, check.Name, check.Comment)
	}
	for _, constraint := range plan.LateNotNulls {
		for _, column := range plan.Shadow.Columns {
			if column.Num == constraint.Column {
				exec(t, conn, sqltmpl.AddConstraint{
					Table: plan.Source.Table, Name: constraint.Name, Def: shadow.LateNotNull(column.Name, constraint.NoInherit),
				}.Statement())
			}
		}
		comment(plan.Source.Table, constraint.Name, constraint.Comment)
	}
	for _, key := range slices.Concat(plan.ForeignKeys, plan.ReferencedBy) {
		exec(t, conn, shadow.ForeignKeyStatement(key.From, key))
		if key.Valid {
			exec(t, conn, sqltmpl.ValidateConstraint{Table: key.From, Name: key.Name}.Statement())
		}
		comment(key.From, key.Name, key.Comment)
	}
}
