package shadow

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// partitionAgain partitions the shadow of a partitioned source as the source is.
func (b *builder) partitionAgain(ctx context.Context) error {
	plain, err := b.load(ctx)
	if err != nil {
		return err
	}
	return b.partitionedBy(ctx, b.src.PartitionKey, "PARTITION BY "+string(b.src.PartitionKey), plain)
}

// partitionsAgain makes the partitions that the source has, with what they do
// not have from their table: parameters, tablespace, statistics targets,
// comments and privileges. What else a partition may have of its own, preflight
// refuses.
func (b *builder) partitionsAgain(ctx context.Context) error {
	indexes, err := sqltmpl.All[sqltmpl.PartitionIndex](ctx, b.tx, sqltmpl.PartitionIndexes{Relation: b.src.OID}.Statement())
	if err != nil {
		return err
	}
	var tables []sqltmpl.Table
	for i, p := range b.src.Partitions {
		source, err := catalog.Load(ctx, b.tx, p.OID, b.names.Schema)
		if err != nil {
			return err
		}
		made := Partition{
			Name: p.Table.Name, BuildName: b.names.Object("p" + strconv.Itoa(i+1)).Name, Source: &source,
			Indexes: map[string]sqltmpl.Ident{},
		}
		for _, index := range b.plan.Indexes {
			at := slices.IndexFunc(indexes, func(own sqltmpl.PartitionIndex) bool {
				return own.Relation == p.OID && own.Root == index.SourceName && index.SourceName != ""
			})
			if at >= 0 {
				made.Indexes[string(index.BuildName)] = indexes[at].Name
			}
		}
		tablespace := source.Tablespace
		if b.change.Tablespace != "" {
			tablespace = b.altered.Tablespace
		}
		err = b.do(ctx, sqltmpl.CreatePartition{
			Table: b.inSchema(made.BuildName), Parent: b.table, Bound: sqltmpl.PartitionBound{As: p.Bound},
			Options: merged(source.Options, b.options), Tablespace: tablespace,
		}.Statement())
		if err != nil {
			return blame(err, "", "partition %s %s", p.Table.Plain(), p.Bound)
		}
		b.plan.Partitions, tables = append(b.plan.Partitions, made), append(tables, b.inSchema(made.BuildName))
	}
	if err := b.secure(ctx, tables); err != nil {
		return err
	}
	if err := b.describePartitions(ctx); err != nil {
		return err
	}
	for _, p := range b.plan.Partitions {
		if err := b.dressPartition(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// dressPartition gives a partition what CREATE TABLE has no clause for.
func (b *builder) dressPartition(ctx context.Context, p Partition) error {
	table := b.inSchema(p.BuildName)
	now, err := catalog.Load(ctx, b.tx, p.OID, b.names.Schema)
	if err != nil {
		return err
	}
	if err := b.setGrants(ctx, false, table, now.Grants, p.Source.Grants); err != nil {
		return err
	}
	var steps []sqltmpl.Statement
	if p.Source.Comment != "" {
		steps = append(steps, sqltmpl.CommentTable{Table: table, Comment: sqltmpl.Literal(p.Source.Comment)}.Statement())
	}
	for _, column := range p.Source.Columns {
		at := slices.IndexFunc(b.plan.Columns, func(c Column) bool { return c.Source == column.Name })
		if at < 0 || b.plan.Columns[at].Shadow == "" {
			continue
		}
		column.Name = b.plan.Columns[at].Shadow
		steps = append(steps, ColumnAttributes(table, column)...)
		if column.Comment != "" {
			steps = append(steps, sqltmpl.CommentColumn{
				Table: table, Column: column.Name, Comment: sqltmpl.Literal(column.Comment),
			}.Statement())
		}
		for _, grant := range column.Grants {
			if err := b.grant(ctx, false, table, column.Name, grant); err != nil {
				return err
			}
		}
	}
	for _, s := range steps {
		if err := b.quietly(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// merged are storage parameters with others set over them.
func merged(options, over []string) []string {
	optionName := func(option string) string {
		name, _, _ := strings.Cut(option, "=")
		return name
	}
	out := slices.DeleteFunc(slices.Clone(options), func(o string) bool {
		return slices.ContainsFunc(over, func(other string) bool { return optionName(o) == optionName(other) })
	})
	return append(out, over...)
}
