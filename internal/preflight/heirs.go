package preflight

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// checkHeirs refuses what keeps the tables that inherit from the table from
// inheriting from the new one, and materialized views, which are filled before
// the swap: the new table has no children by then, and their rows would be
// missing.
func checkHeirs(ctx context.Context, in Input) ([]Finding, error) {
	var heirs []uint32
	for _, d := range in.Dependents {
		if d.Kind == carry.Child {
			heirs = append(heirs, d.OID)
		}
	}
	if len(heirs) == 0 {
		return nil, nil
	}
	found, err := sqltmpl.All[sqltmpl.Shortcoming](ctx, in.DB, sqltmpl.FindChildProblems{
		Parent: in.Relation.Table, OID: in.Relation.OID, Children: heirs,
	}.Statement())
	if err != nil {
		return nil, fmt.Errorf("looking at the table's children: %w", err)
	}
	var findings []Finding
	for _, problem := range found {
		findings = append(findings, in.finding(carry.Inheritance, problem.Cure, "%s", problem.What))
	}
	for _, view := range carry.Waiting(in.Dependents, nil) {
		name := sqltmpl.Table{Schema: view.RelationSchema, Name: view.RelationName}
		findings = append(findings, in.finding(carry.Inheritance,
			fmt.Sprintf("DROP MATERIALIZED VIEW %s; -- and make it again after the swap", name),
			"%s reads the table, and would be filled without the rows of its children", view.Name))
	}
	return findings, nil
}

// heir is the child that a dependent stands for.
func heir(d catalog.Dependent) sqltmpl.Table {
	return sqltmpl.Table{Schema: d.RelationSchema, Name: d.RelationName}
}

// noLongerOf is the statement that leaves a child without the table.
func noLongerOf(in Input, d catalog.Dependent) string {
	return fmt.Sprintf("ALTER TABLE %s NO INHERIT %s", heir(d), in.Relation.Table)
}

// AtWork refuses a table whose parent or child belongs to an unfinished job of
// its own: the two would change over the same tie.
func AtWork(r catalog.Relation, d catalog.Dependent, job string) Finding {
	tie := "child"
	if d.Kind == carry.Inheritance {
		tie = "parent"
	}
	in := Input{Relation: r}
	return in.finding(carry.Inheritance, "finish that job first, or give both tables to one: repave status "+heir(d).Plain(),
		"%s %s belongs to an unfinished job (%s)", tie, heir(d).Plain(), job)
}
