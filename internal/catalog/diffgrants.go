package catalog

import (
	"fmt"
	"slices"

	"github.com/repave-pg/repave/sqltmpl"
)

// grants compares privileges on the table, or on what where names.
func grants(d *diff, where string, before, after []Grant) {
	title := func(g Grant) string {
		role := "role " + string(g.Grantee)
		if g.Grantee == "" {
			role = "PUBLIC"
		}
		option := ""
		if g.Grantable {
			option = " with grant option"
		}
		return fmt.Sprintf("privilege %s%s for %s%s", g.Privilege, where, role, option)
	}
	for _, g := range before {
		if !slices.Contains(after, g) {
			d.lost(title(g), "was revoked")
		}
	}
	for _, g := range after {
		if !slices.Contains(before, g) {
			d.found(title(g), "was granted")
		}
	}
}

// tableGrants returns the privileges on r, those that the owner has by default
// spelled out. MAINTAIN, which PostgreSQL 17 brought, isn't compared for owners.
func tableGrants(r Relation) []Grant {
	isDefault := func(g Grant) bool { return g.Grantee == r.Owner && g.Privilege == "MAINTAIN" }
	if r.Grants != nil {
		return slices.DeleteFunc(slices.Clone(r.Grants), isDefault)
	}
	return ownerGrants(r.Owner, "DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE")
}

// sequenceGrants is tableGrants for a sequence.
func sequenceGrants(s Sequence) []Grant {
	if s.Grants != nil {
		return s.Grants
	}
	return ownerGrants(s.Owner, "SELECT", "UPDATE", "USAGE")
}

func ownerGrants(owner sqltmpl.Ident, privileges ...string) []Grant {
	var all []Grant
	for _, privilege := range privileges {
		all = append(all, Grant{Grantor: owner, Grantee: owner, Privilege: privilege})
	}
	return all
}
