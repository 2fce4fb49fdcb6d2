package preflight

import (
	"context"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/sqltmpl"
)

// checkPartitioned refuses what would mean something else for a partitioned
// table: parents, and subscribers that would get changes under the names of its partitions.
func checkPartitioned(ctx context.Context, in Input) ([]Finding, error) {
	if in.PartitionBy == "" {
		return nil, nil
	}
	var findings []Finding
	for _, d := range in.Dependents {
		if d.Kind == carry.Child {
			findings = append(findings, in.finding("partition", noLongerOf(in, d), "partitioned tables can't have a child like %s", heir(d).Plain()))
		}
		if d.OnTable && d.Kind == carry.Inheritance {
			findings = append(findings, in.finding("partition", string(d.Drop[0]), "%s is not carried to partitioned tables", d.Name))
		}
	}
	publications, err := sqltmpl.Scalars[sqltmpl.Ident](ctx, in.DB, sqltmpl.PublicationsOfPartitions{OID: in.Relation.OID}.Statement())
	if err != nil {
		return nil, err
	}
	for _, name := range publications {
		findings = append(findings, in.finding("partition", "ALTER PUBLICATION "+name.String()+" SET (publish_via_partition_root)",
			"publication %s would give its subscribers changes under the names of partitions", name))
	}
	return findings, nil
}
