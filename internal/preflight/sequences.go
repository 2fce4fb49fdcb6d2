package preflight

import (
	"context"
	"fmt"
)

// checkSequences refuses identity sequences that something else uses: they go
// with their column, and the shadow's identity column has one of its own.
func checkSequences(_ context.Context, in Input) ([]Finding, error) {
	var findings []Finding
	for _, sequence := range in.Relation.Sequences {
		if !sequence.Identity {
			continue
		}
		for _, dependent := range sequence.Dependents {
			findings = append(findings, in.finding("sequence",
				fmt.Sprintf("-- give this a sequence of its own first: %s", dependent),
				"identity sequence %s is used by other objects: %s", sequence.Table.Plain(), dependent))
		}
	}
	return findings, nil
}
