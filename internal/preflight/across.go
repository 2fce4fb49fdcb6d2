package preflight

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// The two ends, as findings name them.
const (
	atSource = "the source"
	atTarget = "the target"
)

// longTransaction is how old a transaction is that may well hold up a slot.
const longTransaction = time.Minute

// AcrossInput is what the checks of a move to another cluster look at.
type AcrossInput struct {
	Source, Target sqltmpl.DB
	Relations      []catalog.Relation // tables of the source
	Trees          []Tree             // of each of Relations; none: they are all plain, and stay so
	RegistrySchema sqltmpl.Ident
	// LongTransaction is the age from which transactions on the source are findings; 0 is a minute.
	LongTransaction time.Duration
}

// A Tree is what one table of Across has and gets of partitions.
type Tree struct {
	Partitions  []catalog.Relation
	Bound       []catalog.Dependent // to the partitions
	PartitionBy string
	OrderBy     []string
}

// partitionsOf are the partitions of the nth table, at every depth.
func (in AcrossInput) partitionsOf(n int) []catalog.Relation {
	if n >= len(in.Trees) {
		return nil
	}
	return in.Trees[n].Partitions
}

// Across finds what is in the way of moving tables to another cluster, on both
// ends at once, also if some checks failed. It only reads. Findings that are Warnings are
// no reason to refuse. Types, extensions and collations that the target lacks are not looked for here.
func Across(ctx context.Context, in AcrossInput) ([]Finding, error) {
	checks := []func(context.Context, AcrossInput) ([]Finding, error){
		checkEnds,
		checkTransactions,
		checkSourcePrivileges,
		checkTargetPrivileges,
		checkReplicaRole,
		checkMoved,
		checkPlaces,
	}
	for _, end := range []struct {
		db   sqltmpl.DB
		name string
	}{{in.Source, atSource}, {in.Target, atTarget}} {
		checks = append(checks, func(ctx context.Context, _ AcrossInput) ([]Finding, error) {
			found, err := checkServer(ctx, Input{DB: end.db})
			for i := range found {
				found[i].Table = end.name
			}
			return found, err
		})
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

// at returns a Finding about one end.
func at(end, check, cure, problem string, args ...any) Finding {
	return Finding{Check: check, Table: end, Problem: fmt.Sprintf(problem, args...), Cure: cure}
}

// checkTransactions finds what making a slot on the source would wait for.
func checkTransactions(ctx context.Context, in AcrossInput) ([]Finding, error) {
	age := in.LongTransaction
	if age == 0 {
		age = longTransaction
	}
	found, err := sqltmpl.All[sqltmpl.Shortcoming](ctx, in.Source, sqltmpl.ListLongTransactions{Seconds: age.Seconds()}.Statement())
	if err != nil {
		return nil, fmt.Errorf("looking for long transactions: %w", err)
	}
	var findings []Finding
	for _, f := range found {
		findings = append(findings, at(atSource, "transaction", f.Cure, "a slot can't be made before the end of %s", f.What))
	}
	return findings, nil
}

func checkSourcePrivileges(ctx context.Context, in AcrossInput) ([]Finding, error) {
	params := sqltmpl.MissingOnSource{Registry: in.RegistrySchema}
	for i, r := range in.Relations {
		params.OIDs = append(params.OIDs, r.OID)
		for _, p := range in.partitionsOf(i) {
			params.OIDs = append(params.OIDs, p.OID)
		}
	}
	return missing(ctx, in.Source, atSource, params.Statement())
}

func checkTargetPrivileges(ctx context.Context, in AcrossInput) ([]Finding, error) {
	params := sqltmpl.MissingOnTarget{Registry: in.RegistrySchema}
	for i, r := range in.Relations {
		for _, table := range append([]catalog.Relation{r}, in.partitionsOf(i)...) {
			params.Schemas = append(params.Schemas, string(table.Table.Schema))
			params.Owners = append(params.Owners, string(table.Owner))
		}
	}
	return missing(ctx, in.Target, atTarget, params.Statement())
}

func missing(ctx context.Context, db sqltmpl.DB, end string, s sqltmpl.Statement) ([]Finding, error) {
	found, err := sqltmpl.All[sqltmpl.Shortcoming](ctx, db, s)
	if err != nil {
		return nil, fmt.Errorf("checking privileges on %s: %w", end, err)
	}
	var findings []Finding
	for _, privilege := range found {
		findings = append(findings, at(end, "privilege", privilege.Cure, "missing: %s", privilege.What))
	}
	return findings, nil
}
