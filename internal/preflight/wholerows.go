package preflight

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/sqltmpl"
)

// checkWholeRows refuses expressions over the row as a whole: they are bound to
// the row type of this very table.
func checkWholeRows(ctx context.Context, in Input) ([]Finding, error) {
	found, err := sqltmpl.All[sqltmpl.Shortcoming](ctx, in.DB, sqltmpl.FindWholeRows{OID: in.Relation.OID}.Statement())
	if err != nil {
		return nil, fmt.Errorf("looking for whole-row references: %w", err)
	}
	var findings []Finding
	for _, object := range found {
		findings = append(findings, in.finding("whole_row", object.Cure, "%s uses the row as a whole", object.What))
	}
	return findings, nil
}
