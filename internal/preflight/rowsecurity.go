package preflight

import "context"

// checkRowSecurity refuses row security, which this release does not carry;
// the policies themselves are findings of checkDependents.
func checkRowSecurity(_ context.Context, in Input) ([]Finding, error) {
	var findings []Finding
	if in.Relation.RowSecurity {
		findings = append(findings, in.finding("row_security", in.alter("DISABLE ROW LEVEL SECURITY"),
			"row security is enabled, which this release does not carry"))
	}
	if in.Relation.ForceRLS {
		findings = append(findings, in.finding("row_security", in.alter("NO FORCE ROW LEVEL SECURITY"),
			"row security is forced on the owner, which this release does not carry"))
	}
	return findings, nil
}
