package preflight

import (
	"context"

	"github.com/repave-pg/repave/internal/carry"
)

// checkPartitioned refuses what would mean something else for a partitioned
// table: subscribers get changes under the names of its partitions, and each
// partition has a replica identity of its own.
func checkPartitioned(_ context.Context, in Input) ([]Finding, error) {
	if in.PartitionBy == "" {
		return nil, nil
	}
	var findings []Finding
	for _, d := range in.Dependents {
		if d.OnTable && (d.Kind == "publication" || d.Kind == "replica identity" || d.Kind == carry.Inheritance) {
			findings = append(findings, in.finding("partition", string(d.Drop[0]), "%s is not carried to partitioned tables", d.Name))
		}
	}
	return findings, nil
}
