package shadow

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/partitioning"
	"github.com/repave-pg/repave/sqltmpl"
)

// firstSharedIdentity is the first version whose partitions have the identity
// columns of their table.
const firstSharedIdentity = 17

// alike takes from a partition the sequences that the operator's actions gave
// it: those are the whole table's.
func (b *builder) alike(ctx context.Context) error {
	if b.in == nil {
		return nil
	}
	if err := b.alone(); err != nil {
		return err
	}
	var steps []sqltmpl.Statement
	for _, sequence := range b.altered.Sequences {
		column := columnByName(b.altered.Columns, sequence.Column)
		if source, ok := b.origin(column.Num); ok && slices.ContainsFunc(b.src.Sequences, func(s catalog.Sequence) bool {
			return s.Column == source.Name
		}) {
			continue
		}
		if sequence.Identity {
			steps = append(steps, sqltmpl.DropIdentity{Table: b.table, Column: column.Name}.Statement())
			continue
		}
		steps = append(steps,
			sqltmpl.DropDefault{Table: b.table, Column: column.Name}.Statement(),
			sqltmpl.DropSequence{Sequence: sequence.Table}.Statement())
	}
	above, err := b.in.above.load(ctx)
	if err != nil {
		return err
	}
	for _, column := range b.altered.Columns {
		if _, old := b.origin(column.Num); old || column.Generated != "" {
			continue
		}
		if text := columnByName(above.Columns, column.Name).Default; text != "" && text != column.Default {
			steps = append(steps, sqltmpl.SetDefault{Table: b.table, Column: column.Name, Default: text}.Statement())
		}
	}
	if len(steps) == 0 {
		return nil
	}
	if err := sqltmpl.ExecAll(ctx, b.tx, steps...); err != nil {
		return err
	}
	b.altered, err = b.load(ctx)
	return err
}

// alone refuses foreign keys of a partition's own that tie it to tables of the
// job: which of two shadows they belong to, only the swap could tell.
func (b *builder) alone() error {
	top := b.top()
	inside := func(oid uint32, name sqltmpl.Table) bool {
		return oid == top.src.OID || slices.Contains(b.partners, oid) || top.holds(name)
	}
	for _, key := range b.src.ForeignKeys {
		if !key.Inherited && inside(key.ToOID, key.To) {
			return refuse("ALTER TABLE "+key.From.String()+" DROP CONSTRAINT "+key.Name.String(),
				"foreign key %s refers to %s, which is of the same job", key.Name, key.To.Plain())
		}
	}
	for _, key := range b.src.ReferencedBy {
		if inside(key.FromOID, key.From) {
			return refuse("ALTER TABLE "+key.From.String()+" DROP CONSTRAINT "+key.Name.String(),
				"foreign key %s of %s, which is of the same job, refers to it", key.Name, key.From.Plain())
		}
	}
	return nil
}

// holds reports whether the source has a partition of that name, as far as its
// partitions have been built or are directly below it.
func (b *builder) holds(name sqltmpl.Table) bool {
	return slices.ContainsFunc(b.src.Partitions, func(p catalog.Partition) bool { return p.Table == name }) ||
		slices.ContainsFunc(b.plan.Below(), func(p Partition) bool { return b.plan.PartitionTable(p) == name })
}

// describeAbove sets what a partition's columns have from the table above: the
// identity, and the defaults of those that were added.
func (b *builder) describeAbove(after *catalog.Relation) {
	for i := range after.Columns {
		column := &after.Columns[i]
		above := columnByName(b.in.above.plan.Shadow.Columns, column.Name)
		if catalog.Major(b.tx.Conn()) >= firstSharedIdentity {
			column.Identity = above.Identity
		}
		added := slices.ContainsFunc(b.plan.Columns, func(c Column) bool { return c.Shadow == column.Name && c.Source == "" })
		if added && column.Generated == "" {
			column.Default = above.Default
		}
	}
}

// nameBelow is what a partition calls an index that was added: the server names
// such after the partition, unless the operator gave the name, which is the whole table's.
func (b *builder) nameBelow(ctx context.Context, name sqltmpl.Ident) (sqltmpl.Ident, error) {
	top := b.top()
	if b.in == nil || !slices.ContainsFunc(top.plan.Indexes, func(i Index) bool { return i.Name == name }) {
		return name, nil
	}
	suffix := string(name)
	if rest, ok := strings.CutPrefix(suffix, string(top.src.Table.Name)+"_"); ok && rest != "" {
		suffix = rest
	}
	for n := 0; ; n++ {
		free := partitioning.Join(b.src.Table.Name, suffix)
		if n > 0 {
			free = partitioning.Join(free, strconv.Itoa(n))
		}
		taken, err := b.taken(ctx, b.src.Table.Schema, []sqltmpl.Ident{free})
		if err != nil || !taken[free] && !slices.ContainsFunc(b.plan.Indexes, func(i Index) bool { return i.Name == free }) {
			return free, err
		}
	}
}
