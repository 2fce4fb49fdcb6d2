package preflight

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/sqltmpl"
)

// checkRowSecurity refuses a table of which the session's role sees some rows
// only: what it does not see would be lost.
func checkRowSecurity(ctx context.Context, in Input) ([]Finding, error) {
	role, err := sqltmpl.Scalar[string](ctx, in.DB, sqltmpl.HiddenFrom{OID: in.Relation.OID}.Statement())
	if err != nil {
		return nil, fmt.Errorf("checking row security: %w", err)
	}
	if role == "" {
		return nil, nil
	}
	return []Finding{in.finding("row_security",
		fmt.Sprintf("ALTER ROLE %s BYPASSRLS; -- or, until the job is done: %s", role, in.alter("NO FORCE ROW LEVEL SECURITY")),
		"row security is forced on the owner too, and %s does not bypass it", role)}, nil
}
