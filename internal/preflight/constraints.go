package preflight

import "context"

// checkConstraints refuses the kinds of constraints that PostgreSQL 18 brought.
func checkConstraints(_ context.Context, in Input) ([]Finding, error) {
	var findings []Finding
	for _, check := range in.Relation.Checks {
		if !check.Enforced {
			findings = append(findings, in.finding("constraint", in.alter("DROP CONSTRAINT %s", check.Name),
				"check constraint %s is not enforced, which this release does not carry", check.Name))
		}
	}
	for _, index := range in.Relation.Indexes {
		if index.Constraint != nil && index.Constraint.Temporal {
			findings = append(findings, in.finding("constraint", in.alter("DROP CONSTRAINT %s", index.Name),
				"constraint %s is temporal (WITHOUT OVERLAPS), which this release does not carry", index.Name))
		}
	}
	return findings, nil
}
