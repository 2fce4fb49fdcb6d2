package preflight

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/sqltmpl"
)

// checkCarried refuses objects bound to the table that the session's role may
// not bind to another one.
func checkCarried(ctx context.Context, in Input) ([]Finding, error) {
	var relations []uint32
	for _, d := range in.Dependents {
		if !d.OnTable && d.Direct && d.Relation != 0 {
			relations = append(relations, d.Relation)
		}
	}
	found, err := sqltmpl.All[sqltmpl.Shortcoming](ctx, in.DB, sqltmpl.ForeignOwners{OIDs: relations}.Statement())
	if err != nil {
		return nil, fmt.Errorf("looking at what is bound to the table: %w", err)
	}
	var findings []Finding
	for _, relation := range found {
		findings = append(findings, in.finding("privilege", relation.Cure,
			"%s mentions the table and has an owner that this role can't act for", relation.What))
	}
	return findings, nil
}
