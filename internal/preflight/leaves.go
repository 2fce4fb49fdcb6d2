package preflight

import (
	"context"
	"fmt"
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
)

// checkLeaves refuses partitions of a partitioned table that have of their own
// what is not carried.
func checkLeaves(ctx context.Context, in Input) ([]Finding, error) {
	if in.Relation.Kind != partitioned {
		return nil, nil
	}
	findings := in.wholeTree()
	for _, part := range in.Partitions {
		found, err := in.checkPart(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("looking at partition %s: %w", part.Table.Plain(), err)
		}
		findings = append(findings, found...)
	}
	return findings, nil
}

// wholeTree finds why a partitioned table can't be one job, whatever its partitions are.
func (in Input) wholeTree() []Finding {
	var findings []Finding
	if len(in.Relation.Partitions) == 0 {
		findings = append(findings, in.finding("kind", "name a table with rows", "is partitioned and has no partitions"))
	}
	if in.PartitionBy != "" {
		findings = append(findings, in.finding("partition", "leave --partition-by out: the table stays partitioned as it is",
			"is partitioned already, by %s", in.Relation.PartitionKey))
	}
	if len(in.OrderBy) > 0 {
		findings = append(findings, in.finding("order_by", "leave --order-by out, or rewrite the partitions one by one",
			"--order-by: the rows of a partitioned table are copied partition by partition"))
	}
	for i, fk := range in.Relation.ForeignKeys {
		for _, other := range in.Relation.ForeignKeys[i+1:] {
			// Partitions could have either's for the other's.
			if alike(fk, other) && (fk.Valid != other.Valid || fk.Enforced != other.Enforced) {
				findings = append(findings, in.finding("partition", in.alter("DROP CONSTRAINT %s", other.Name),
					"foreign keys %s and %s are alike, and one of them is not valid or not enforced", fk.Name, other.Name))
			}
		}
	}
	return findings
}

// checkPart checks one partition as a table of its own, as it is rewritten as
// one, and for what it can't have otherwise than its table.
func (in Input) checkPart(ctx context.Context, part catalog.Relation) ([]Finding, error) {
	as := in
	as.Relation, as.Partitions, as.OnPartitions, as.Dependents = part, nil, nil, nil
	for _, d := range in.OnPartitions {
		if !d.OnTable || d.Relation == part.OID {
			as.Dependents = append(as.Dependents, d)
		}
	}
	p := &partCheck{in: in, part: part}
	p.kind()
	if len(p.findings) > 0 {
		return p.findings, nil
	}
	p.columns()
	p.constraints()
	p.foreignKeys()
	findings := p.findings
	for _, look := range []check{
		checkInvalidIndexes, checkPrivileges, checkRowSecurity, checkCarried, checkWholeRows, checkGrants, checkSequences, checkDependents,
	} {
		found, err := look(ctx, as)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			f.Problem, f.Table = "partition "+part.Table.Plain()+": "+f.Problem, in.Relation.Table.Plain()
			findings = append(findings, f)
		}
	}
	return findings, nil
}

// partitioned is the relkind of partitioned tables.
const partitioned = "p"

// A partCheck looks at one partition, at whatever depth.
type partCheck struct {
	in       Input
	part     catalog.Relation
	findings []Finding
}

func (p *partCheck) add(cure, problem string, args ...any) {
	p.findings = append(p.findings, p.in.finding("partition", cure, "partition %s %s", p.part.Table.Plain(), fmt.Sprintf(problem, args...)))
}

func (p *partCheck) alter(action string, args ...any) string {
	return "ALTER TABLE " + p.part.Table.String() + " " + fmt.Sprintf(action, args...)
}

// above is the table that it is a partition of.
func (p *partCheck) above() catalog.Relation {
	for _, r := range append([]catalog.Relation{p.in.Relation}, p.in.Partitions...) {
		if slices.ContainsFunc(r.Partitions, func(one catalog.Partition) bool { return one.OID == p.part.OID }) {
			return r
		}
	}
	return p.in.Relation
}

func (p *partCheck) detach() string {
	return fmt.Sprintf("ALTER TABLE %s DETACH PARTITION %s CONCURRENTLY", p.above().Table, p.part.Table)
}

func (p *partCheck) kind() {
	switch part := p.part; {
	case part.Kind == partitioned:
	case part.Kind != "r":
		p.add(p.detach(), "is a foreign table")
	case part.AccessMethod != "heap":
		p.add(p.alter("SET ACCESS METHOD heap"), "has the access method %s", part.AccessMethod)
	}
}

// columns compares generated columns, whose expression may be a partition's own.
func (p *partCheck) columns() {
	for _, column := range p.part.Columns {
		for _, of := range p.in.Relation.Columns {
			if of.Name == column.Name && of.Generated != "" && of.Default != column.Default {
				p.add(p.detach(), "computes column %s otherwise than the table", column.Name)
			}
		}
	}
}

// constraints compares what is valid on a partition alone: when the swap adds a
// constraint NOT VALID to the table, it does to all of them.
func (p *partCheck) constraints() {
	for _, check := range p.part.Checks {
		at := slices.IndexFunc(p.in.Relation.Checks, func(c catalog.Check) bool { return c.Name == check.Name })
		if at >= 0 && check.Valid != p.in.Relation.Checks[at].Valid {
			p.add(p.in.alter("VALIDATE CONSTRAINT %s", check.Name), "has check constraint %s valid, and the table has not", check.Name)
		}
	}
	for _, notNull := range p.part.NotNulls {
		for _, column := range p.part.Columns {
			at := slices.IndexFunc(p.in.Relation.NotNulls, func(n catalog.NotNull) bool {
				of := slices.IndexFunc(p.in.Relation.Columns, func(c catalog.Column) bool { return c.Num == n.Column })
				return column.Num == notNull.Column && of >= 0 && p.in.Relation.Columns[of].Name == column.Name
			})
			if at < 0 {
				continue
			}
			of := p.in.Relation.NotNulls[at]
			if of.Valid != notNull.Valid || !of.Valid && of.Name != notNull.Name {
				p.add(p.in.alter("VALIDATE CONSTRAINT %s", of.Name), "has not-null constraint %s otherwise than the table", notNull.Name)
			}
		}
	}
}

// foreignKeys refuses two of a partition that has partitions itself which are
// alike, one of them its own: theirs could be either's.
func (p *partCheck) foreignKeys() {
	if p.part.Kind != partitioned {
		return
	}
	for i, fk := range p.part.ForeignKeys {
		for _, other := range p.part.ForeignKeys[i+1:] {
			if alike(fk, other) && (!fk.Inherited || !other.Inherited) {
				if !fk.Inherited {
					fk, other = other, fk
				}
				p.add(dropForeignKey(other), "has partitions itself, and foreign keys %s and %s that are alike", fk.Name, other.Name)
			}
		}
	}
}

// alike reports whether two foreign keys of a table say the same.
func alike(a, b catalog.ForeignKey) bool {
	return a.To == b.To && slices.Equal(a.FromNums, b.FromNums) && slices.Equal(a.ToNums, b.ToNums)
}

func dropForeignKey(key catalog.ForeignKey) string {
	return fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s", key.From, key.Name)
}
