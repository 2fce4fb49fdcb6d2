package preflight

import (
	"context"
	"fmt"
	"slices"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// checkCarried refuses objects bound to the table that the session's role may
// not bind to another one.
func checkCarried(ctx context.Context, in Input) ([]Finding, error) {
	var relations []uint32
	for _, d := range in.Dependents {
		if d.Kind == carry.Inheritance || d.Kind == carry.Child || !d.OnTable && d.Direct && d.Relation != 0 {
			relations = append(relations, d.Relation)
			if d.DefaultOID != 0 {
				relations = append(relations, d.DefaultOID)
			}
		}
	}
	ancestors, err := in.guarded(ctx)
	if err != nil {
		return nil, err
	}
	relations = append(relations, ancestors...)
	found, err := sqltmpl.All[sqltmpl.Shortcoming](ctx, in.DB, sqltmpl.ForeignOwners{OIDs: relations}.Statement())
	if err != nil {
		return nil, fmt.Errorf("looking at what is bound to the table: %w", err)
	}
	var findings []Finding
	for _, relation := range found {
		findings = append(findings, in.finding("privilege", relation.Cure,
			"%s is bound to the table and has an owner that this role can't act for", relation.What))
	}
	return findings, nil
}

// guarded lists the tables above a child or a partition with a deferrable
// constraint: its last changes are applied under the swap's locks, and a trigger
// on those tables keeps writers with an older snapshot from missing rows.
func (in Input) guarded(ctx context.Context) ([]uint32, error) {
	deferrable := slices.ContainsFunc(in.Relation.Indexes, func(i catalog.Index) bool {
		return i.Constraint != nil && i.Constraint.Deferrable
	})
	if !deferrable {
		return nil, nil
	}
	found, err := sqltmpl.All[sqltmpl.Ancestor](ctx, in.DB, sqltmpl.ListAncestors{OIDs: []uint32{in.Relation.OID}}.Statement())
	if err != nil {
		return nil, fmt.Errorf("looking at what is above the table: %w", err)
	}
	var oids []uint32
	for _, ancestor := range found {
		oids = append(oids, ancestor.OID)
	}
	return oids, nil
}
