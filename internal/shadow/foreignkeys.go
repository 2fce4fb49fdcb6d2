package shadow

import (
	"context"
	"fmt"
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// ForeignKeyStatement returns what adds a foreign key, NOT VALID, to the table
// from; the other side and all else is as key says.
func ForeignKeyStatement(from sqltmpl.Table, key catalog.ForeignKey) sqltmpl.Statement {
	return foreignKey(from, key, false)
}

// ValidForeignKey returns what adds a foreign key to a partitioned table whose
// partitions all have it by that name and valid; else it looks at all rows.
func ValidForeignKey(from sqltmpl.Table, key catalog.ForeignKey) sqltmpl.Statement {
	return foreignKey(from, key, true)
}

func foreignKey(from sqltmpl.Table, key catalog.ForeignKey, valid bool) sqltmpl.Statement {
	return sqltmpl.AddForeignKey{
		Table: from, Name: key.Name,
		From: sqltmpl.KeyColumns{Names: key.FromColumns, Period: key.Period},
		To:   key.To, ToColumns: sqltmpl.KeyColumns{Names: key.ToColumns, Period: key.Period},
		ToPrimary: key.ToPrimary,
		Match:     sqltmpl.MatchType(key.Match), SetColumns: key.SetColumns,
		OnUpdate: sqltmpl.ReferentialAction(key.OnUpdate), OnDelete: sqltmpl.ReferentialAction(key.OnDelete),
		Deferrable: key.Deferrable, Deferred: key.Deferred, NotEnforced: !key.Enforced, Valid: valid,
	}.Statement()
}

// foreignKeys collects the shadow's foreign keys: those of the source that the
// operator left, and those that were added, which it drops again.
func (b *builder) foreignKeys(ctx context.Context) error {
	for _, check := range b.altered.Checks {
		n, ok := b.standsFor(check)
		if !ok {
			continue
		}
		key := b.src.ForeignKeys[n]
		if key.Name = check.Name; b.in != nil && key.Inherited {
			key.Name = b.src.ForeignKeys[n].Name // whatever the whole table's is renamed to
		}
		if key.Enforced {
			key.Valid = check.Valid
		}
		var err error
		if key.FromColumns, key.FromTypes, key.FromNums, err = b.mapped(key, key.FromNums); err != nil {
			return err
		}
		if key.SetColumns, err = b.mappedNames(b.src.ForeignKeys[n], key.SetColumns); err != nil {
			return err
		}
		if key.ToOID == b.src.OID {
			if key.ToColumns, key.ToTypes, key.ToNums, err = b.mapped(key, key.ToNums); err != nil {
				return err
			}
			key.ToPrimary = key.ToPrimary && primary(b.altered.Indexes, key)
		}
		if err := b.toAbove(&key); err != nil {
			return err
		}
		b.plan.ForeignKeys = append(b.plan.ForeignKeys, key)
	}
	for _, key := range b.altered.ForeignKeys {
		if err := b.quietly(ctx, sqltmpl.DropConstraint{Table: b.table, Name: key.Name}.Statement()); err != nil {
			return err
		}
		if b.in == nil {
			b.plan.ForeignKeys = append(b.plan.ForeignKeys, b.unprobed(key))
		}
	}
	b.addedAbove()
	for i := range b.plan.ForeignKeys {
		b.plan.ForeignKeys[i].From, b.plan.ForeignKeys[i].FromOID = b.src.Table, b.oid
	}
	return nil
}

// toAbove has a partition's foreign key to a table that it belongs to say what
// the columns of that one come to be.
func (b *builder) toAbove(key *catalog.ForeignKey) (err error) {
	for in := b.in; in != nil; in = in.above.in {
		if up := in.above; up.src.OID == key.ToOID {
			if key.ToColumns, key.ToTypes, key.ToNums, err = up.mapped(*key, key.ToNums); err != nil {
				return err
			}
			key.ToPrimary = key.ToPrimary && primary(up.altered.Indexes, *key)
		}
	}
	return nil
}

// unprobed has a foreign key that was added refer to the real table.
func (b *builder) unprobed(key catalog.ForeignKey) catalog.ForeignKey {
	if key.ToOID == b.oid {
		key.To, key.ToOID = b.src.Table, b.src.OID
	}
	for _, p := range b.probes {
		if key.ToOID == p.oid {
			key.To, key.ToOID, key.ToKind = p.of, p.ofOID, p.ofKind
		}
	}
	return key
}

// mapped finds columns of the source, of which a foreign key speaks, in the shadow.
func (b *builder) mapped(key catalog.ForeignKey, nums []int16) (
	names sqltmpl.Columns, types []sqltmpl.Fragment, now []int16, err error,
) {
	for _, num := range nums {
		column, ok := b.counterpart(num)
		if !ok {
			lost, _ := columnByNum(b.src.Columns, num)
			remedy := fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s", key.From, key.Name)
			return nil, nil, nil, refuse(remedy, "foreign key %s of %s needs column %s, which --alter drops",
				key.Name, key.From.Plain(), lost.Name)
		}
		names, types, now = append(names, column.Name), append(types, column.Type), append(now, column.Num)
	}
	return names, types, now, nil
}

func (b *builder) mappedNames(key catalog.ForeignKey, names sqltmpl.Columns) (sqltmpl.Columns, error) {
	var nums []int16
	for _, name := range names {
		at := slices.Index(key.FromColumns, name)
		if at >= 0 {
			nums = append(nums, key.FromNums[at])
		}
	}
	now, _, _, err := b.mapped(key, nums)
	return now, err
}

// referencedBy maps other tables' foreign keys to the shadow's columns.
func (b *builder) referencedBy(context.Context) error {
	for _, key := range b.src.ReferencedBy {
		if slices.Contains(b.partners, key.FromOID) {
			b.plan.ReferencedBy = append(b.plan.ReferencedBy, key)
			continue
		}
		var err error
		if key.ToColumns, key.ToTypes, key.ToNums, err = b.mapped(key, key.ToNums); err != nil {
			return err
		}
		if !referable(b.altered.Indexes, key) {
			return refuse(fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s", key.From, key.Name),
				"foreign key %s of %s refers to (%s), which --alter leaves without a unique constraint",
				key.Name, key.From.Plain(), key.ToColumns)
		}
		key.ToOID = b.oid
		key.ToPrimary = key.ToPrimary && primary(b.altered.Indexes, key)
		b.plan.ReferencedBy = append(b.plan.ReferencedBy, key)
	}
	return nil
}

// referable reports whether one of a shadow's indexes is one that a foreign key
// can refer to.
func referable(indexes []catalog.Index, key catalog.ForeignKey) bool {
	return slices.ContainsFunc(indexes, func(index catalog.Index) bool {
		temporal := index.Constraint != nil && index.Constraint.Temporal
		return (index.Unique || temporal) && index.Immediate && !index.Partial && temporal == key.Period &&
			sameColumns(index.Columns, key.ToNums)
	})
}

// primary reports whether a foreign key names just what the primary key has, in its order.
func primary(indexes []catalog.Index, key catalog.ForeignKey) bool {
	return slices.ContainsFunc(indexes, func(index catalog.Index) bool {
		return index.Primary && slices.Equal(index.Columns, key.ToNums)
	})
}

// sameColumns compares as sets.
func sameColumns(a, b []int16) bool {
	x, y := slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(x, y)
}
