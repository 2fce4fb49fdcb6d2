package preflight

import (
	"context"

	"github.com/repave-pg/repave/sqltmpl"
)

// checkInvalidIndexes refuses indexes that a failed CREATE INDEX CONCURRENTLY or
// REINDEX CONCURRENTLY left behind: nobody knows whether they are wanted.
func checkInvalidIndexes(_ context.Context, in Input) ([]Finding, error) {
	var findings []Finding
	for _, index := range in.Relation.Indexes {
		if index.Valid {
			continue
		}
		name := sqltmpl.Table{Schema: in.Relation.Table.Schema, Name: index.Name}
		cure := "REINDEX INDEX CONCURRENTLY " + name.String()
		if index.Constraint == nil {
			cure += "; -- or: DROP INDEX CONCURRENTLY " + name.String()
		}
		findings = append(findings, in.finding("invalid_index", cure, "index %s is invalid", name.Plain()))
	}
	return findings, nil
}
