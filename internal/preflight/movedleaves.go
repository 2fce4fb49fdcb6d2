package preflight

import (
	"context"
	"fmt"
	"slices"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
)

// checkMovedLeaves refuses partitions of a partitioned table, at whatever depth,
// that have of their own what is not carried to another cluster.
func checkMovedLeaves(ctx context.Context, in Input) ([]Finding, error) {
	if in.Relation.Kind != partitioned {
		return nil, nil
	}
	findings := in.wholeTree()
	for _, fk := range in.Relation.ForeignKeys {
		if !fk.Valid || !fk.Enforced {
			findings = append(findings, in.finding("partition", in.alter("VALIDATE CONSTRAINT %s", fk.Name),
				"foreign key %s is not valid or not enforced, which is not carried to another cluster for partitioned tables", fk.Name))
		}
	}
	for _, part := range in.Partitions {
		if !in.looksAt(part.OID) {
			continue
		}
		found, err := in.checkMovedPart(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("looking at partition %s: %w", part.Table.Plain(), err)
		}
		findings = append(findings, found...)
	}
	for _, d := range in.OnPartitions {
		if !OfPartition(d) || d.OnTable {
			continue
		}
		cure := "drop it, and make it again after the swap: " + d.Name
		if len(d.Drop) > 0 {
			cure = string(d.Drop[0]) + "; -- and make it again after the swap"
		}
		findings = append(findings, in.finding("partition", cure,
			"%s is bound to one partition, which is not carried to another cluster", d.Name))
	}
	return findings, nil
}

// looksAt reports whether a partition is one of those to look at.
func (in Input) looksAt(oid uint32) bool { return len(in.Only) == 0 || slices.Contains(in.Only, oid) }

// OfPartition reports whether a dependent of partitions is one's own, and not
// what it has from its table.
func OfPartition(d catalog.Dependent) bool { return d.Kind != carry.Inheritance }

// checkMovedPart checks one partition.
func (in Input) checkMovedPart(ctx context.Context, part catalog.Relation) ([]Finding, error) {
	as := in
	as.Relation, as.Partitions, as.OnPartitions = part, nil, nil
	p := &partCheck{in: in, part: part}
	p.kind()
	if part.Persistence != "p" {
		p.add(p.alter("SET LOGGED"), "is UNLOGGED")
	}
	if len(p.findings) > 0 {
		return p.findings, nil
	}
	p.columns()
	p.constraints()
	p.foreignKeys()
	p.apart()
	findings := p.findings
	for _, look := range []check{checkInvalidIndexes, checkRowSecurity} {
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

// apart refuses what would have to be kept apart from the same of the table's.
func (p *partCheck) apart() {
	for _, sequence := range p.part.Sequences {
		p.add("ALTER SEQUENCE "+sequence.Table.String()+" OWNED BY NONE", "owns sequence %s", sequence.Table.Plain())
	}
	for _, fk := range p.part.ReferencedBy {
		if p.part.Kind != partitioned && fk.FromKind != partitioned { // of others foreignKeys has told
			p.add(dropForeignKey(fk)+"; -- and make it again after cleanup", "is what foreign key %s of %s refers to", fk.Name, fk.From.Plain())
		}
	}
	for _, other := range p.part.Others {
		ofTable := slices.ContainsFunc(p.in.Relation.Others, func(o catalog.Other) bool { return o.Description == other.Description })
		if other.Kind != carry.Inheritance && !ofTable {
			p.add(other.Drop+"; -- and make it again after the swap", "is tied to %s", other.Description)
		}
	}
	for _, trigger := range p.part.Triggers {
		at := slices.IndexFunc(p.in.Relation.Triggers, func(t catalog.Trigger) bool { return t.Name == trigger.Name })
		if at >= 0 && p.in.Relation.Triggers[at].Enabled != trigger.Enabled {
			p.add(p.alter("ENABLE TRIGGER %s; -- as on the table", trigger.Name), "has trigger %s switched otherwise than the table", trigger.Name)
		}
	}
}

// Leaves finds what keeps the partitions of in, new ones perhaps, from being made
// elsewhere. It only reads.
func Leaves(ctx context.Context, in Input) ([]Finding, error) {
	findings, err := checkMovedLeaves(ctx, in)
	if err != nil {
		return findings, err
	}
	more, err := checkLeafIdentities(ctx, in)
	return append(findings, more...), err
}
