package preflight

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/sqltmpl"
)

// checkLeftovers refuses a table with triggers of a job that the registry knows
// nothing of: they would go on capturing changes for nobody. It is run for
// tables without a job.
func checkLeftovers(ctx context.Context, in Input) ([]Finding, error) {
	found, err := sqltmpl.All[sqltmpl.Shortcoming](ctx, in.DB, sqltmpl.FindLeftovers{
		OID: in.Relation.OID, Registry: string(in.RegistrySchema),
	}.Statement())
	if err != nil {
		return nil, fmt.Errorf("looking for leftovers: %w", err)
	}
	var findings []Finding
	for _, object := range found {
		findings = append(findings, in.finding("leftover", object.Cure,
			"%s are of a job that is not in the registry any more", object.What))
	}
	return findings, nil
}
