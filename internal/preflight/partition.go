package preflight

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/sqltmpl"
)

// checkPartition refuses a partition that another table can't replace without a
// scan under the swap's locks, which nobody's queries on the whole table pass,
// or whose foreign keys could not be told apart when they are made again.
func checkPartition(ctx context.Context, in Input) ([]Finding, error) {
	if !in.Relation.Partition {
		return nil, nil
	}
	found, err := sqltmpl.All[sqltmpl.Shortcoming](ctx, in.DB, sqltmpl.FindMemberProblems{OID: in.Relation.OID}.Statement())
	if err != nil {
		return nil, fmt.Errorf("looking at what the table is a partition of: %w", err)
	}
	var findings []Finding
	for _, problem := range found {
		findings = append(findings, in.finding("partition", problem.Cure, "%s", problem.What))
	}
	return findings, nil
}
