package preflight

import (
	"context"
	"fmt"
)

// checkTriggers refuses users' triggers, which this release does not carry.
func checkTriggers(_ context.Context, in Input) ([]Finding, error) {
	var findings []Finding
	for _, trigger := range in.Relation.Triggers {
		findings = append(findings, in.finding("trigger",
			fmt.Sprintf("DROP TRIGGER %s ON %s; -- after the swap: %s", trigger.Name, in.Relation.Table, trigger.Def),
			"trigger %s is not carried by this release", trigger.Name))
	}
	return findings, nil
}
