package shadow

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/partitioning"
	"github.com/repave-pg/repave/sqltmpl"
)

// bounds are the partitions to be made.
type bounds []partitioning.Partition

// The types that RANGE can be cut by, beside numeric and the integers.
const (
	dateOID        = 1082
	timestampOID   = 1114
	timestamptzOID = 1184
)

// boundsOf finds out which partitions the source's values need.
func (b *builder) boundsOf(ctx context.Context, clause partitioning.Clause, plain catalog.Relation) (bounds, error) {
	if clause.Method == partitioning.Hash {
		return clause.Hashes(), nil
	}
	at := slices.IndexFunc(plain.Columns, func(c catalog.Column) bool { return c.Name == clause.Columns[0] })
	column := plain.Columns[at]
	value, err := b.valueOf(column)
	if err != nil {
		return nil, err
	}
	var found []partitioning.Partition
	if clause.Method == partitioning.List {
		var values []*string
		values, err = sqltmpl.Scalars[*string](ctx, b.tx, sqltmpl.ListValues{
			Value: value, Source: b.src.Table, Limit: partitioning.MostList + 1,
		}.Statement())
		if err == nil {
			found, err = clause.Lists(values)
		}
	} else {
		found, err = b.ranges(ctx, clause, column, value)
	}
	if err != nil {
		return nil, blame(err, hintOf(err), "--partition-by '%s'", b.change.PartitionBy)
	}
	return append(found, partitioning.Default()), nil
}

// valueOf is what a column of the shadow holds for a row s of the source.
func (b *builder) valueOf(column catalog.Column) (sqltmpl.Fragment, error) {
	for _, c := range b.plan.Columns {
		switch {
		case c.Shadow != column.Name:
		case c.ShadowGenerated:
			return "", refuse("choose another column", "--partition-by '%s': column %s is generated", b.change.PartitionBy, column.Name)
		case c.Using == "" && c.Source == "":
			return "", refuse("give the rows their values with --using "+string(column.Name)+"=EXPRESSION",
				"--partition-by '%s': column %s is new, and all rows have the same value in it", b.change.PartitionBy, column.Name)
		case c.Using != "":
			return "CAST((" + c.Using + ") AS " + c.ShadowType + ")", nil
		case c.Same:
			return sqltmpl.Fragment("s." + c.Source.String()), nil
		default:
			return sqltmpl.Fragment("CAST(s." + c.Source.String() + " AS " + string(c.ShadowType) + ")"), nil
		}
	}
	return "", fmt.Errorf("column %s vanished", column.Name)
}

// ranges finds the partitions of a RANGE clause.
func (b *builder) ranges(
	ctx context.Context, clause partitioning.Clause, column catalog.Column, value sqltmpl.Fragment,
) ([]partitioning.Partition, error) {
	var least, most *big.Int
	switch column.BaseType {
	case dateOID, timestampOID, timestamptzOID:
		return b.times(ctx, clause, column, value)
	case int2OID:
		least, most = big.NewInt(-1<<15), big.NewInt(1<<15-1)
	case int4OID:
		least, most = big.NewInt(-1<<31), big.NewInt(1<<31-1)
	case int8OID:
		least, most = big.NewInt(-1<<63), big.NewInt(1<<63-1)
	case numericOID:
	default:
		return nil, refuse("use LIST or HASH, or another column",
			"RANGE takes a column of a date, timestamp, integer or numeric type, and %s is %s", column.Name, column.Type)
	}
	if clause.Width == nil {
		return nil, refuse(fmt.Sprintf("RANGE (%s) WIDTH 1000000", column.Name), "INTERVAL is for times, and %s is %s", column.Name, column.Type)
	}
	span, err := sqltmpl.One[sqltmpl.NumbersFound](ctx, b.tx, sqltmpl.NumberSpan{
		Value: value, Source: b.src.Table, Infinite: column.BaseType == numericOID,
	}.Statement())
	if err != nil {
		return nil, err
	}
	number := func(text *string) *big.Int {
		if text == nil {
			return nil
		}
		n, ok := new(big.Int).SetString(*text, 10)
		if !ok {
			return nil
		}
		return n
	}
	return clause.Numbers(number(span.First), number(span.Last), least, most, b.change.PartitionsAhead)
}

func (b *builder) times(
	ctx context.Context, clause partitioning.Clause, column catalog.Column, value sqltmpl.Fragment,
) ([]partitioning.Partition, error) {
	layout, utc := "2006-01-02 15:04:05", false
	switch {
	case clause.Unit == partitioning.None:
		return nil, refuse(fmt.Sprintf("RANGE (%s) INTERVAL 1 month", column.Name), "WIDTH is for numbers, and %s is %s", column.Name, column.Type)
	case column.BaseType == dateOID && clause.Zone():
		return nil, refuse("use days or more", "column %s is a date, which has no hours", column.Name)
	case column.BaseType == dateOID:
		layout = "2006-01-02"
	case column.BaseType == timestamptzOID && clause.Zone():
		layout, utc = layout+"+00", true
	}
	span, err := sqltmpl.One[sqltmpl.TimesFound](ctx, b.tx, sqltmpl.TimeSpan{
		Value: value, Source: b.src.Table, UTC: utc,
	}.Statement())
	if err != nil {
		return nil, err
	}
	return clause.Times(span.First, span.Last, span.Now, b.change.PartitionsAhead, layout)
}

// partitions makes the partitions, with what they do not have from their table,
// and notes what they will be called.
func (b *builder) partitions(ctx context.Context) error {
	if !b.partitioned() {
		return nil
	}
	if b.src.Kind == "p" {
		return b.partitionsAgain(ctx)
	}
	var tables []sqltmpl.Table
	for i, p := range b.bounds {
		made := Partition{
			Name: partitioning.Join(b.src.Table.Name, p.Suffix), BuildName: b.names.Object("p" + strconv.Itoa(i+1)).Name,
		}
		table := b.inSchema(made.BuildName)
		err := b.quietly(ctx, sqltmpl.CreatePartition{
			Table: table, Parent: b.table, Bound: p.Bound, Options: b.options, Tablespace: b.altered.Tablespace,
		}.Statement())
		if err != nil {
			return blame(err, "", "--partition-by '%s'", b.change.PartitionBy)
		}
		for _, column := range b.altered.Columns {
			for _, s := range ColumnAttributes(table, column) {
				if err := b.quietly(ctx, s); err != nil {
					return err
				}
			}
		}
		b.plan.Partitions, tables = append(b.plan.Partitions, made), append(tables, table)
	}
	if err := b.secure(ctx, tables); err != nil {
		return err
	}
	return b.describePartitions(ctx)
}

// secure gives partitions to the owner, and nobody else a right on them.
func (b *builder) secure(ctx context.Context, tables []sqltmpl.Table) error {
	if err := b.ownAll(ctx, tables...); err != nil {
		return err
	}
	var names []string
	for _, table := range tables {
		names = append(names, string(table.Name))
	}
	return sqltmpl.ForeignGrants{Schema: string(b.names.Schema), Tables: names}.Revoke(ctx, b.tx)
}

// describePartitions sets what the partitions are called after the swap.
func (b *builder) describePartitions(ctx context.Context) error {
	made, err := b.load(ctx)
	if err != nil {
		return err
	}
	var finals []sqltmpl.Ident
	for i := range b.plan.Partitions {
		p := &b.plan.Partitions[i]
		at := slices.IndexFunc(made.Partitions, func(m catalog.Partition) bool { return m.Table.Name == p.BuildName })
		if at < 0 {
			return fmt.Errorf("partition %s vanished", p.BuildName)
		}
		p.OID = made.Partitions[at].OID
		after := made.Partitions[at]
		after.Table = b.plan.PartitionTable(*p)
		b.plan.Shadow.Partitions = append(b.plan.Shadow.Partitions, after)
		if p.Own == nil {
			finals = append(finals, p.Name)
		}
	}
	slices.SortFunc(b.plan.Shadow.Partitions, func(x, y catalog.Partition) int {
		return strings.Compare(string(x.Table.Name), string(y.Table.Name))
	})
	taken, err := b.taken(ctx, b.src.Table.Schema, finals)
	if err != nil {
		return err
	}
	for _, name := range finals {
		if taken[name] {
			return refuse("rename or drop what has that name", "schema %s has a relation %s already, which a partition would be called",
				b.src.Table.Schema, name)
		}
	}
	return nil
}
