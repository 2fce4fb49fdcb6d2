package shadow

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// The shadow of a partitioned table is a tree of shadows: each partition is
// built from its own source as if it were rewritten alone, so it keeps what it
// has of its own; the whole table's change is made to each, and then it is
// attached, while all are empty.

// A placing is where a partition stands in its tree.
type placing struct {
	above *builder // of the table that it is a partition of, which is done but for its partitions
	// indexes are those that belong to one of the table above, and what that one is called.
	indexes map[sqltmpl.Ident]sqltmpl.Ident
}

// partitionAgain partitions the shadow of a partitioned source as the source is.
func (b *builder) partitionAgain(ctx context.Context) error {
	plain, err := b.load(ctx)
	if err != nil {
		return err
	}
	if plain, err = b.reorderFirst(ctx, plain); err != nil {
		return err
	}
	return b.partitionedBy(ctx, b.src.PartitionKey, "PARTITION BY "+string(b.src.PartitionKey), plain)
}

// partitionsAgain makes the partitions that the source has.
func (b *builder) partitionsAgain(ctx context.Context) error {
	attached, err := sqltmpl.All[sqltmpl.PartitionIndex](ctx, b.tx, sqltmpl.PartitionIndexes{Relation: b.src.OID}.Statement())
	if err != nil {
		return err
	}
	for i, p := range b.src.Partitions {
		if b.parts != nil && !slices.Contains(b.parts, p.OID) {
			continue
		}
		source, err := catalog.Load(ctx, b.tx, p.OID, b.names.Schema)
		if err != nil {
			return err
		}
		part := b.below(i, source, attached)
		if err := part.run(ctx); err != nil {
			return blame(err, hintOf(err), "partition %s", p.Table.Plain())
		}
		b.plan.DDL = append(b.plan.DDL, part.plan.DDL...)
		b.plan.Mismatches = append(b.plan.Mismatches, part.plan.Mismatches...)
		part.plan.DDL, part.plan.Mismatches = nil, nil
		attach := sqltmpl.AttachPartition{Parent: b.table, Partition: part.table, Bound: p.Bound}.Statement()
		if err := b.do(ctx, attach); err != nil {
			return blame(err, "", "partition %s %s", p.Table.Plain(), p.Bound)
		}
		b.plan.Partitions = append(b.plan.Partitions, Partition{
			OID: part.oid, Name: p.Table.Name, BuildName: part.table.Name, Prefix: part.names.Prefix, Own: &part.plan,
		})
	}
	return b.describePartitions(ctx)
}

// below returns the builder of the nth partition.
func (b *builder) below(n int, source catalog.Relation, attached []sqltmpl.PartitionIndex) *builder {
	names := Names{Schema: b.names.Schema, Prefix: b.names.Prefix + "p" + strconv.Itoa(n+1) + "_"}
	in := &placing{above: b, indexes: map[sqltmpl.Ident]sqltmpl.Ident{}}
	for _, index := range attached {
		if index.Relation == source.OID {
			in.indexes[index.Name] = index.Root
		}
	}
	return &builder{
		tx: b.tx, src: source, names: names, change: b.changeBelow(), searchPath: b.searchPath, partners: b.partners, parts: b.parts, in: in,
		table: sqltmpl.Table{Schema: names.Schema, Name: source.Table.Name}, using: map[int16]string{}, plan: Blueprint{Source: source},
	}
}

// changeBelow is the change as a partition has to make it, which may have
// another primary key than its table.
func (b *builder) changeBelow() Change {
	change := b.change
	if !change.PKBigint {
		return change
	}
	change.PKBigint = false
	var actions []string
	for _, column := range b.narrowKey() {
		actions = append(actions, "ALTER COLUMN "+column.String()+" TYPE bigint")
	}
	change.Alter = append([]string{strings.Join(actions, ", ")}, change.Alter...)
	return change
}

// indexAbove is what the whole table calls the index that one of a partition
// belongs to, which is how the operator's actions name it; else the index's own name.
func (b *builder) indexAbove(name sqltmpl.Ident) sqltmpl.Ident {
	if b.in == nil {
		return name
	}
	if above, ok := b.in.indexes[name]; ok {
		return b.in.above.indexAbove(above)
	}
	return name
}

// keyAbove is the same of a foreign key.
func (b *builder) keyAbove(key catalog.ForeignKey) sqltmpl.Ident {
	if b.in == nil || !key.Inherited {
		return key.Name
	}
	for _, above := range b.in.above.src.ForeignKeys {
		if above.OID == key.ParentOID {
			return b.in.above.keyAbove(above)
		}
	}
	return key.Name
}

// addedAbove gives a partition the foreign keys that were added to the table above.
func (b *builder) addedAbove() {
	if b.in == nil {
		return
	}
	for _, key := range b.in.above.plan.ForeignKeys {
		if slices.ContainsFunc(b.in.above.src.ForeignKeys, func(old catalog.ForeignKey) bool { return old.OID == key.OID }) {
			continue
		}
		key.Inherited, key.ParentOID, key.FromKind, key.Comment, key.FromNums = true, key.OID, "r", "", nil
		for _, name := range key.FromColumns {
			key.FromNums = append(key.FromNums, columnByName(b.altered.Columns, name).Num)
		}
		b.plan.ForeignKeys = append(b.plan.ForeignKeys, key)
	}
}

// helperAbove adds the index that serves replay if the table above has one of ours.
func (b *builder) helperAbove(ctx context.Context) error {
	name := b.names.Object("key").Name
	at := slices.IndexFunc(b.in.above.plan.Indexes, func(index Index) bool { return index.Helper })
	if at >= 0 {
		var columns sqltmpl.Columns
		for _, key := range b.top().plan.Key {
			columns = append(columns, key.Shadow)
		}
		err := b.quietly(ctx, sqltmpl.CreateHelper{Table: b.table, Index: name, Columns: columns}.Statement())
		if err != nil {
			return err
		}
		if b.altered, err = b.load(ctx); err != nil {
			return err
		}
	}
	return b.list(ctx, -1, name)
}

// top is the builder of the whole table.
func (b *builder) top() *builder {
	for b.in != nil {
		b = b.in.above
	}
	return b
}

// belong finds out which of a partition's indexes those of the table above are
// made of, and gives what was added names of its own.
func (b *builder) belong(context.Context) error {
	if b.in == nil {
		return nil
	}
	for _, above := range b.in.above.plan.Indexes {
		at := slices.IndexFunc(b.plan.Indexes, func(index Index) bool {
			switch {
			case index.Above != "" || above.Helper != index.Helper:
				return false
			case above.Helper:
				return true
			case above.SourceName != "":
				return index.SourceName != "" && b.in.indexes[index.SourceName] == above.SourceName
			default:
				return index.SourceName == "" && b.forms[index.BuildName] == b.in.above.forms[above.BuildName]
			}
		})
		if at < 0 {
			return refuse("please report it", "it has no index that could be part of index %s", above.Name)
		}
		b.plan.Indexes[at].Above = above.BuildName
	}
	return nil
}
