package preflight

import "context"

// checkColumns refuses virtual generated columns, which PostgreSQL 18 brought.
func checkColumns(_ context.Context, in Input) ([]Finding, error) {
	var findings []Finding
	for _, column := range in.Relation.Columns {
		if column.Generated == "v" {
			findings = append(findings, in.finding("column", in.alter("DROP COLUMN %s", column.Name),
				"column %s is a virtual generated column, which this release does not carry", column.Name))
		}
	}
	return findings, nil
}
