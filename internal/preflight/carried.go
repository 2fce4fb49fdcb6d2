package preflight

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/sqltmpl"
)

// checkCarried refuses objects bound to the table that the session's role may
// not bind to another one.
func checkCarried(ctx context.Context, in Input) ([]Finding, error) {
	var relations []uint32
	for _, d := range in.Dependents {
		if d.Kind == carry.Inheritance || !d.OnTable && d.Direct && d.Relation != 0 {
			relations = append(relations, d.Relation)
			if d.DefaultOID != 0 {
				relations = append(relations, d.DefaultOID)
			}
		}
	}
	found, err := sqltmpl.All[sqltmpl.Shortcoming](ctx, in.DB, sqltmpl.ForeignOwners{OIDs: relations}.Statement())
	if err != nil {
		return nil, fmt.Errorf("looking at what is bound to the table: %w", err)
	}
	var findings []Finding
	for _, relation := range found {
		findings = append(findings, in.finding("privilege", relation.Cure,
			"%s is bound to the table and has an owner that this role can't act for", relation.What))
	}
	return append(findings, in.deferrable()...), nil
}

// deferrable refuses a child with a deferrable constraint: its last changes are
// applied under the swap's locks, and writers with an older snapshot that come
// through a parent would then miss rows without noticing.
func (in Input) deferrable() []Finding {
	var findings []Finding
	for _, d := range in.Dependents {
		for _, index := range in.Relation.Indexes {
			if d.Kind == carry.Inheritance && index.Constraint != nil && index.Constraint.Deferrable {
				findings = append(findings, in.finding("inheritance", string(d.Drop[0])+"; -- and make it again after the swap",
					"%s can't be carried while constraint %s is deferrable", d.Name, index.Name))
			}
		}
	}
	return findings
}
