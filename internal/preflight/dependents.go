package preflight

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/internal/catalog"
)

// checkDependents refuses whatever else is tied to the table, so that nothing
// is lost that nobody here knows how to carry. The check's name is the kind.
func checkDependents(_ context.Context, in Input) ([]Finding, error) {
	var findings []Finding
	for _, other := range in.Relation.Others {
		if other.Kind == catalog.Child {
			continue // carried: see checkHeirs
		}
		findings = append(findings, in.finding(other.Kind, dependentCure(other), "%s %s", other.Description, consequence(other.Kind)))
	}
	return findings, nil
}

// consequence says why a dependent of this kind is in the way.
func consequence(kind string) string {
	switch kind {
	case "publication":
		return "would be left without the table, or ship repave's own tables to its subscribers"
	case "subscription":
		return "writes to the table, and would go on writing to the old one"
	case "inheritance":
		return "is no table that this release knows how to inherit from"
	case "inherited":
		return "comes from the table's parents alone, and would be the table's own after the swap; the cure, which takes no time, makes it so now"
	case "extension":
		return "can't be carried by this release"
	default:
		return "is tied to the table, and this release does not carry it"
	}
}

func dependentCure(other catalog.Other) string {
	switch {
	case other.Drop == "":
		return fmt.Sprintf("-- drop or change it first, and make it again after the swap: %s", other.Description)
	case other.Kind == "subscription":
		return other.Drop + "; -- after the table has left the publication on the other side"
	case other.Kind == "type", other.Kind == "inherited":
		return other.Drop
	default:
		return other.Drop + "; -- and make it again after the swap"
	}
}
