package preflight

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// checkGrants refuses grants by others than the owner, whom repave can't act for.
func checkGrants(_ context.Context, in Input) ([]Finding, error) {
	table := in.Relation.Table.String()
	findings := in.foreignGrants(in.Relation.Grants, " ON "+table)
	for _, column := range in.Relation.Columns {
		findings = append(findings, in.foreignGrants(column.Grants, " ("+column.Name.String()+") ON "+table)...)
	}
	for _, sequence := range in.Relation.Sequences {
		if sequence.Identity { // others stay the same object
			findings = append(findings, in.foreignGrants(sequence.Grants, " ON SEQUENCE "+sequence.Table.String())...)
		}
	}
	return findings, nil
}

// foreignGrants finds grants on one object that its owner did not give.
func (in Input) foreignGrants(grants []catalog.Grant, object string) []Finding {
	var findings []Finding
	for _, grant := range grants {
		if grant.Grantor == in.Relation.Owner {
			continue
		}
		what := grant.Privilege + object
		role := roleName(grant.Grantee)
		option := ""
		if grant.Grantable {
			option = " WITH GRANT OPTION"
		}
		findings = append(findings, in.finding("grant",
			fmt.Sprintf("SET ROLE %s; GRANT %s TO %s%s; SET ROLE %s; REVOKE %s FROM %s CASCADE; RESET ROLE",
				in.Relation.Owner, what, role, option, grant.Grantor, what, role),
			"%s was granted to %s by %s, not by the owner", what, role, grant.Grantor))
	}
	return findings
}

func roleName(role sqltmpl.Ident) string {
	if role == "" {
		return "PUBLIC"
	}
	return role.String()
}
