// Package preflight finds every reason not to rewrite a table, before anything
// is done to it.
package preflight

import (
	"context"
	"errors"
	"fmt"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Finding is a reason to refuse a table.
type Finding struct {
	Check   string `json:"check"`
	Table   string `json:"table"`
	Problem string `json:"problem"`
	Cure    string `json:"cure"` // SQL ready to paste, or what else helps; never empty
	// Warning: worth knowing, but no reason to refuse. Only Across has such.
	Warning bool `json:"warning,omitempty"`
}

// Input is what the checks look at.
type Input struct {
	DB             sqltmpl.DB
	Relation       catalog.Relation
	Dependents     []catalog.Dependent
	RegistrySchema sqltmpl.Ident
	OrderBy        []string // columns that the backfill is to walk along
	PartitionBy    string   // how the table is to be partitioned
	// Of a partitioned table: its partitions, and what is bound to them.
	Partitions   []catalog.Relation
	OnPartitions []catalog.Dependent
	Only         []uint32 // which of the partitions to look at; none: all
}

// finding returns a Finding about the table of in.
func (in Input) finding(check, cure, problem string, args ...any) Finding {
	return Finding{
		Check:   check,
		Table:   in.Relation.Table.Plain(),
		Problem: fmt.Sprintf(problem, args...),
		Cure:    cure,
	}
}

// alter returns an ALTER TABLE of the table of in.
func (in Input) alter(action string, args ...any) string {
	return "ALTER TABLE " + in.Relation.Table.String() + " " + fmt.Sprintf(action, args...)
}

// A check looks for one kind of reason. An error means that it couldn't look.
type check func(context.Context, Input) ([]Finding, error)

// Run runs all checks on one table and returns what they found, also if some
// of them failed. It only reads. Of what is no table of a user it says just that.
func Run(ctx context.Context, in Input) ([]Finding, error) {
	checks := []check{
		checkServer,
		checkKind,
	}
	if (in.Relation.Kind == "r" || in.Relation.Kind == partitioned) && in.Relation.OID >= firstNormalOID {
		checks = append(
			checks,
			checkKey,
			checkInvalidIndexes,
			checkPrivileges,
			checkLeftovers,
			checkRowSecurity,
			checkCarried,
			checkHeirs,
			checkPartition,
			checkPartitioned,
			checkLeaves,
			checkWholeRows,
			checkGrants,
			checkSequences,
			checkDependents,
			checkOrderBy,
		)
	}
	var findings []Finding
	var failed error
	for _, look := range checks {
		found, err := look(ctx, in)
		findings = append(findings, found...)
		failed = errors.Join(failed, err)
	}
	return findings, failed
}
