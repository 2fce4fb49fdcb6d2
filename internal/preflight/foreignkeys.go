package preflight

import (
	"context"
	"fmt"
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
)

// checkForeignKeys refuses the foreign keys that this release can't carry over.
func checkForeignKeys(_ context.Context, in Input) ([]Finding, error) {
	var findings []Finding
	for _, key := range slices.Concat(in.Relation.ForeignKeys, in.Relation.ReferencedBy) {
		if key.Inherited || key.FromKind != "p" {
			continue // an inherited one's parent is in one of the lists, or a finding of its own
		}
		findings = append(findings, in.finding("foreign_key", dropForeignKey(key),
			"foreign key %s from %s to %s can't be carried by this release: %s is partitioned",
			key.Name, key.From.Plain(), key.To.Plain(), key.From.Plain()))
	}
	return findings, nil
}

func dropForeignKey(key catalog.ForeignKey) string {
	return fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s", key.From, key.Name)
}
