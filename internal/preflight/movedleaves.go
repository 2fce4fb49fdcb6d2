package preflight

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// checkMovedLeaves refuses partitions of a partitioned table that have more of
// their own than is carried to another cluster: they are made anew from their table there.
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
	indexes, err := sqltmpl.All[sqltmpl.PartitionIndex](ctx, in.DB, sqltmpl.PartitionIndexes{Relation: in.Relation.OID}.Statement())
	if err != nil {
		return nil, fmt.Errorf("looking at the partitions: %w", err)
	}
	for _, leaf := range in.Partitions {
		l := &leafCheck{in: in, leaf: leaf, findings: &findings}
		l.kind()
		l.columns()
		l.indexes(indexes)
		l.constraints()
		l.rest()
	}
	for _, d := range in.OnPartitions {
		if OfPartition(d) {
			cure := "drop it, and make it again after the swap: " + d.Name
			if len(d.Drop) > 0 {
				cure = string(d.Drop[0]) + "; -- and make it again after the swap"
			}
			findings = append(findings, in.finding("partition", cure,
				"%s is bound to one partition, which is not carried to another cluster", d.Name))
		}
	}
	return findings, nil
}

// OfPartition reports whether a dependent of partitions is one's own, and not
// what it has from its table.
func OfPartition(d catalog.Dependent) bool { return d.Kind != carry.Inheritance }

// A leafCheck looks at one partition.
type leafCheck struct {
	in       Input
	leaf     catalog.Relation
	findings *[]Finding
}

func (l *leafCheck) add(cure, problem string, args ...any) {
	*l.findings = append(*l.findings, l.in.finding("partition", cure, "partition %s %s", l.leaf.Table.Plain(), fmt.Sprintf(problem, args...)))
}

func (l *leafCheck) alter(action string, args ...any) string {
	return "ALTER TABLE " + l.leaf.Table.String() + " " + fmt.Sprintf(action, args...)
}

func (l *leafCheck) detach() string {
	return l.in.alter("DETACH PARTITION %s CONCURRENTLY", l.leaf.Table)
}

func (l *leafCheck) kind() {
	leaf := l.leaf
	switch {
	case leaf.Kind == partitioned:
		l.add(l.detach(), "has partitions itself, which is not carried")
	case leaf.Kind != "r":
		l.add(l.detach(), "is a foreign table")
	case leaf.AccessMethod != "heap":
		l.add(l.alter("SET ACCESS METHOD heap"), "has the access method %s", leaf.AccessMethod)
	case leaf.Persistence != "p":
		l.add(l.alter("SET LOGGED"), "is UNLOGGED")
	}
	if leaf.Owner != l.in.Relation.Owner {
		l.add(l.alter("OWNER TO %s", l.in.Relation.Owner), "has another owner than the table")
	}
}

// columns compares what a partition may have otherwise than its table.
func (l *leafCheck) columns() {
	parent := l.in.Relation
	for i, column := range l.leaf.Columns {
		if i >= len(parent.Columns) || parent.Columns[i].Name != column.Name {
			l.add(l.detach(), "has its columns in another order than the table")
			return
		}
		of := parent.Columns[i]
		if column.Default != of.Default {
			cure := l.alter("ALTER %s SET DEFAULT %s", column.Name, of.Default)
			if of.Default == "" {
				cure = l.alter("ALTER %s DROP DEFAULT", column.Name)
			}
			l.add(cure, "has a default of its own for column %s", column.Name)
		}
		if column.NotNull != of.NotNull {
			l.add(l.alter("ALTER %s DROP NOT NULL", column.Name), "has column %s NOT NULL, and the table has not", column.Name)
		}
		if column.Storage != of.Storage || column.Compression != of.Compression || column.Generated != of.Generated {
			l.add(l.detach(), "stores column %s otherwise than the table", column.Name)
		}
	}
}

func (l *leafCheck) indexes(attached []sqltmpl.PartitionIndex) {
	for _, index := range l.leaf.Indexes {
		name := sqltmpl.Table{Schema: l.leaf.Table.Schema, Name: index.Name}
		at := slices.IndexFunc(attached, func(a sqltmpl.PartitionIndex) bool { return a.Relation == l.leaf.OID && a.Name == index.Name })
		if at < 0 {
			cure := "DROP INDEX " + name.String()
			if index.Constraint != nil {
				cure = l.alter("DROP CONSTRAINT %s", index.Name)
			}
			l.add(cure+"; -- and make it again after cleanup", "has index %s, which the table has not", index.Name)
			continue
		}
		root := l.in.Relation.Indexes[slices.IndexFunc(l.in.Relation.Indexes, func(i catalog.Index) bool { return i.Name == attached[at].Root })]
		comment := index.Comment
		if index.Constraint != nil {
			comment += index.Constraint.Comment
		}
		switch {
		case !attached[at].Same || index.Tablespace != root.Tablespace || !reflect.DeepEqual(index.StatsTargets, root.StatsTargets):
			l.add("REINDEX can't change that: drop index "+root.Name.String()+" and make it again", "has index %s with other parameters than %s of the table", index.Name, root.Name)
		case comment != "":
			l.add("COMMENT ON INDEX "+name.String()+" IS NULL; -- or ON CONSTRAINT", "has a comment on index %s", index.Name)
		case index.Clustered:
			l.add(l.alter("SET WITHOUT CLUSTER"), "has a CLUSTER mark on index %s", index.Name)
		}
	}
}

func (l *leafCheck) constraints() {
	for _, check := range l.leaf.Checks {
		at := slices.IndexFunc(l.in.Relation.Checks, func(c catalog.Check) bool { return c.Name == check.Name })
		if at < 0 {
			l.add(l.alter("DROP CONSTRAINT %s", check.Name)+"; -- and make it again after cleanup", "has check constraint %s, which the table has not", check.Name)
		} else if of := l.in.Relation.Checks[at]; check.Comment != "" || check.Valid != of.Valid {
			l.add("VALIDATE it, or COMMENT ON CONSTRAINT "+check.Name.String()+" ON "+l.leaf.Table.String()+" IS NULL",
				"has check constraint %s otherwise than the table", check.Name)
		}
	}
	for _, notNull := range l.leaf.NotNulls {
		if !slices.ContainsFunc(l.in.Relation.NotNulls, func(n catalog.NotNull) bool {
			return n.Name == notNull.Name && n.Valid == notNull.Valid && notNull.Comment == ""
		}) {
			l.add(l.alter("RENAME CONSTRAINT %s TO ...; -- as the table's is called", notNull.Name), "has not-null constraint %s otherwise than the table", notNull.Name)
		}
	}
	for _, fk := range l.leaf.ForeignKeys {
		at := slices.IndexFunc(l.in.Relation.ForeignKeys, func(k catalog.ForeignKey) bool { return k.OID == fk.ParentOID })
		switch {
		case at < 0:
			l.add(dropForeignKey(fk), "has foreign key %s, which the table has not", fk.Name)
		case l.in.Relation.ForeignKeys[at].Name != fk.Name:
			l.add(l.alter("RENAME CONSTRAINT %s TO %s", fk.Name, l.in.Relation.ForeignKeys[at].Name), "has foreign key %s, which the table calls %s",
				fk.Name, l.in.Relation.ForeignKeys[at].Name)
		case fk.Comment != "":
			l.add("COMMENT ON CONSTRAINT "+fk.Name.String()+" ON "+l.leaf.Table.String()+" IS NULL", "has a comment on foreign key %s", fk.Name)
		}
	}
	for _, fk := range l.leaf.ReferencedBy {
		l.add(dropForeignKey(fk)+"; -- and make it again after cleanup", "is what foreign key %s of %s refers to", fk.Name, fk.From.Plain())
	}
}

func (l *leafCheck) rest() {
	for _, sequence := range l.leaf.Sequences {
		l.add("ALTER SEQUENCE "+sequence.Table.String()+" OWNED BY NONE", "owns sequence %s", sequence.Table.Plain())
	}
	for _, trigger := range l.leaf.Triggers {
		at := slices.IndexFunc(l.in.Relation.Triggers, func(t catalog.Trigger) bool { return t.Name == trigger.Name })
		if at >= 0 && l.in.Relation.Triggers[at].Enabled != trigger.Enabled {
			l.add(l.alter("ENABLE TRIGGER %s; -- as on the table", trigger.Name), "has trigger %s switched otherwise than the table", trigger.Name)
		}
	}
	for _, other := range l.leaf.Others {
		ofTable := slices.ContainsFunc(l.in.Relation.Others, func(o catalog.Other) bool { return o.Description == other.Description })
		if other.Kind != carry.Inheritance && !ofTable {
			l.add(other.Drop+"; -- and make it again after the swap", "is tied to %s", other.Description)
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
