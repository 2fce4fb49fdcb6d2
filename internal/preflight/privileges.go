package preflight

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// checkPrivileges names each privilege that the role of the session lacks.
func checkPrivileges(ctx context.Context, in Input) ([]Finding, error) {
	params := sqltmpl.MissingPrivileges{OID: in.Relation.OID, Registry: in.RegistrySchema}
	for _, key := range in.Relation.ReferencedBy {
		params.Referencing = append(params.Referencing, key.FromOID)
	}
	for _, key := range in.Relation.ForeignKeys {
		params.Referenced = append(params.Referenced, key.ToOID)
	}
	if in.Relation.Partition {
		family, err := catalog.LoadFamily(ctx, in.DB, []uint32{in.Relation.OID}, nil)
		if err != nil {
			return nil, err
		}
		for _, key := range family.Tied() { // all are dropped and made again
			if key.FromOID != in.Relation.OID {
				params.Referencing = append(params.Referencing, key.FromOID)
			}
			params.Referenced = append(params.Referenced, key.ToOID)
		}
	}
	missing, err := sqltmpl.All[sqltmpl.Shortcoming](ctx, in.DB, params.Statement())
	if err != nil {
		return nil, fmt.Errorf("checking privileges: %w", err)
	}
	var findings []Finding
	for _, privilege := range missing {
		findings = append(findings, in.finding("privilege", privilege.Cure, "missing: %s", privilege.What))
	}
	for _, sequence := range in.Relation.Sequences {
		if sequence.Owner != in.Relation.Owner {
			findings = append(findings, in.finding("privilege",
				fmt.Sprintf("ALTER SEQUENCE %s OWNER TO %s", sequence.Table, in.Relation.Owner),
				"sequence %s has another owner than the table", sequence.Table.Plain()))
		}
	}
	return findings, nil
}
