package preflight

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/sqltmpl"
)

// checkOrderBy refuses an order that the backfill could not walk in.
func checkOrderBy(ctx context.Context, in Input) ([]Finding, error) {
	if len(in.OrderBy) == 0 || in.Relation.Kind == partitioned {
		return nil, nil
	}
	found, err := sqltmpl.All[sqltmpl.Shortcoming](ctx, in.DB, sqltmpl.FindOrderProblems{
		OID: in.Relation.OID, Columns: in.OrderBy,
	}.Statement())
	if err != nil {
		return nil, fmt.Errorf("looking for an index for --order-by: %w", err)
	}
	var findings []Finding
	for _, object := range found {
		findings = append(findings, in.finding("order_by", object.Cure, "--order-by: %s", object.What))
	}
	return findings, nil
}
