package shadow

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// key describes the key on both sides.
func (b *builder) key(context.Context) error {
	if b.in != nil {
		return nil // its table's is what identifies rows
	}
	source, _ := catalog.KeyOf(b.src)
	at := slices.IndexFunc(b.plan.Indexes, func(index Index) bool { return index.Key })
	shadow := b.altered.Indexes[at]
	for i, num := range source.Columns {
		from, _ := columnByNum(b.src.Columns, num)
		to, _ := b.counterpart(num)
		position := slices.Index(shadow.Columns, to.Num)
		if i >= len(source.KeyOps) || position < 0 || position >= len(shadow.KeyOps) {
			return fmt.Errorf("key column %s has no equality operator", from.Name)
		}
		b.plan.Key = append(b.plan.Key, KeyColumn{
			Source: from.Name, SourceType: from.Type, SourceCollation: from.Collation, SourceEq: source.KeyOps[i],
			Shadow: to.Name, ShadowType: to.Type, ShadowCollation: to.Collation, ShadowEq: shadow.KeyOps[position],
		})
	}
	return nil
}

// describe makes plan.Shadow what a Load after the swap will return, as far as
// this package knows; the rest is the source's.
func (b *builder) describe(ctx context.Context) error {
	after := b.altered
	after.Table = b.src.Table
	after.Checks = append(slices.Clone(b.plan.Shadow.Checks), b.plan.LateChecks...)
	slices.SortFunc(after.Checks, func(x, y catalog.Check) int { return strings.Compare(string(x.Name), string(y.Name)) })
	after.NotNulls = b.notNulls()
	for _, constraint := range b.plan.LateNotNulls {
		for i := range after.Columns {
			after.Columns[i].NotNull = after.Columns[i].NotNull || after.Columns[i].Num == constraint.Column
		}
	}
	after.ForeignKeys, after.ReferencedBy = b.plan.ForeignKeys, b.plan.ReferencedBy
	after.Triggers, after.Others = b.src.Triggers, b.src.Others
	after.RowSecurity, after.ForceRLS, after.ReplIdent = b.src.RowSecurity, b.src.ForceRLS, b.src.ReplIdent
	after.Grants, after.Sequences = b.src.Grants, nil
	after.Partition = b.src.Partition
	if b.in != nil {
		b.describeAbove(&after)
	} else if b.borrowsIdentity() {
		for i := range after.Columns {
			at := slices.IndexFunc(b.src.Columns, func(c catalog.Column) bool { return c.Name == after.Columns[i].Name })
			after.Columns[i].Identity = b.src.Columns[at].Identity
		}
	}
	if err := b.describeSequences(&after); err != nil {
		return err
	}
	if err := b.describeIndexes(ctx, &after); err != nil {
		return err
	}
	b.plan.Shadow = after
	return b.checkNames(ctx)
}

// notNulls are the shadow's, whether they are on it by now or not.
func (b *builder) notNulls() []catalog.NotNull {
	all := slices.Clone(b.plan.LateNotNulls)
	for _, constraint := range b.altered.NotNulls {
		if constraint.Valid {
			all = append(all, constraint)
		}
	}
	slices.SortFunc(all, func(x, y catalog.NotNull) int { return int(x.Column) - int(y.Column) })
	return all
}

// describeSequences sets the sequences as the swap leaves them, and the defaults
// that name them.
func (b *builder) describeSequences(after *catalog.Relation) error {
	for _, listed := range b.plan.Sequences {
		at := slices.IndexFunc(b.altered.Sequences, func(s catalog.Sequence) bool { return s.Column == listed.Column })
		source, ok := b.sourceSequence(listed.Column)
		var sequence catalog.Sequence
		switch {
		case listed.BuildName != "" && at >= 0:
			sequence = b.altered.Sequences[at]
		case ok:
			sequence = source
		default:
			return fmt.Errorf("sequence %s vanished", listed.Name)
		}
		sequence.Column = listed.Column
		sequence.Table = sqltmpl.Table{Schema: b.src.Table.Schema, Name: listed.Name}
		if listed.Type != "" {
			sequence.Type, sequence.Max = listed.Type, 1<<63-1
		}
		after.Sequences = append(after.Sequences, sequence)
		for i := range after.Columns {
			if after.Columns[i].Name == listed.Column && listed.Default != "" {
				after.Columns[i].Default = listed.Default
			}
		}
	}
	return nil
}

// describeIndexes sets the indexes' final names, in their definitions too.
func (b *builder) describeIndexes(ctx context.Context, after *catalog.Relation) error {
	var indexes []catalog.Index
	for i, listed := range b.plan.Indexes {
		if listed.Helper {
			continue
		}
		index := b.altered.Indexes[i]
		now, err := b.head(ctx, index, index.Name, b.altered.Table)
		if err != nil {
			return err
		}
		rest, ok := strings.CutPrefix(string(index.Def), now)
		if !ok {
			return fmt.Errorf("index definition does not begin with %q: %s", now, index.Def)
		}
		then, err := b.head(ctx, index, listed.Name, b.src.Table)
		if err != nil {
			return err
		}
		index.Name, index.Def = listed.Name, sqltmpl.Fragment(then+rest)
		index.StatsTargets = listed.StatsTargets
		if source, ok := b.copyOf(index.OID); ok {
			index.ReplIdent = source.ReplIdent
		}
		indexes = append(indexes, index)
	}
	after.Indexes = indexes
	return nil
}

func (b *builder) head(
	ctx context.Context, index catalog.Index, name sqltmpl.Ident, table sqltmpl.Table,
) (string, error) {
	return sqltmpl.Scalar[string](ctx, b.tx, sqltmpl.IndexHead{
		Unique: index.Unique, Name: name, Only: b.partitioned(), Table: table,
	}.Statement())
}

// checkNames makes sure that the names of what was added are free in the
// source's schema, and are not made of the one we gave the shadow.
func (b *builder) checkNames(ctx context.Context) error {
	var added []sqltmpl.Ident
	for _, index := range b.plan.Indexes {
		if index.SourceName != index.Name && !index.Helper {
			added = append(added, index.Name)
		}
	}
	for _, sequence := range b.plan.Sequences {
		if sequence.Source == "" {
			added = append(added, sequence.Name)
		}
	}
	own := []uint32{b.src.OID}
	for _, index := range b.src.Indexes {
		own = append(own, index.OID)
	}
	for _, sequence := range b.src.Sequences {
		own = append(own, sequence.OID)
	}
	taken, err := b.taken(ctx, b.src.Table.Schema, added, own...)
	if err != nil {
		return err
	}
	for _, name := range added {
		if taken[name] || b.ours(name) {
			return refuse("give it a name of its own: ADD CONSTRAINT name ...",
				"schema %s can't have an index or sequence %s", b.src.Table.Schema, name)
		}
	}
	return nil
}
