package shadow

import (
	"context"
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// counterpart returns the shadow's column that was made after one of the
// source, unless it was dropped. LIKE numbers the live columns from 1 on;
// reorder may have moved them since.
func (b *builder) counterpart(num int16) (catalog.Column, bool) {
	at := slices.IndexFunc(b.src.Columns, func(c catalog.Column) bool { return c.Num == num })
	if at < 0 {
		return catalog.Column{}, false
	}
	n := int16(at + 1) //nolint:gosec // a table has at most 1600 columns
	if b.placed != nil {
		n = b.placed[n]
	}
	return columnByNum(b.altered.Columns, b.now(n))
}

// now is where a column of the shadow is that LIKE or --alter put at num.
func (b *builder) now(num int16) int16 {
	if b.moved == nil || num == 0 { // 0 is an expression of an index
		return num
	}
	return b.moved[num] // 0 if dropped: no column has that
}

// origin returns the source's column that one of the shadow was made after. It
// is of no use once reorder has moved them.
func (b *builder) origin(num int16) (catalog.Column, bool) {
	if int(num) > len(b.src.Columns) {
		return catalog.Column{}, false
	}
	return b.src.Columns[num-1], true
}

// columns describes how rows of the source become rows of the shadow, and back.
func (b *builder) columns(ctx context.Context) error {
	back, err := b.probe(ctx, sqltmpl.ResolvedTable{
		OID: b.src.OID, Schema: b.src.Table.Schema, Name: b.src.Table.Name,
	})
	if err != nil {
		return err
	}
	for _, shadow := range b.altered.Columns {
		column, err := b.column(ctx, shadow, back.table)
		if err != nil {
			return err
		}
		b.plan.Columns = append(b.plan.Columns, column)
	}
	for _, source := range b.src.Columns {
		if _, ok := b.counterpart(source.Num); !ok {
			b.plan.Columns = append(b.plan.Columns, Column{
				Source: source.Name, SourceType: source.Type, SourceGenerated: source.Generated != "",
			})
		}
	}
	return nil
}

// column describes one column of the shadow. The table back has the source's
// columns.
func (b *builder) column(ctx context.Context, shadow catalog.Column, back sqltmpl.Table) (Column, error) {
	c := Column{
		Shadow: shadow.Name, ShadowType: shadow.Type, ShadowGenerated: shadow.Generated != "",
		Recomputed: shadow.Generated == "v", AsText: asText(shadow),
	}
	source, ok := b.origin(shadow.Num)
	if ok {
		c.Source, c.SourceType, c.SourceGenerated = source.Name, source.Type, source.Generated != ""
		// A column that it is computed from may have another type by now.
		c.Recomputed = c.Recomputed || c.ShadowGenerated && (shadow.Default != source.Default || b.loose != nil)
	}
	if text, given := b.using[shadow.Num]; given {
		using, err := b.checkUsing(ctx, shadow, text)
		if err != nil {
			return Column{}, err
		}
		c.Using = using
	}
	if !ok {
		return c, nil
	}
	equal := source.TypeOID == shadow.TypeOID && source.Type == shadow.Type
	if c.Using == "" && !c.ShadowGenerated && !equal {
		if err := b.checkConversion(ctx, source, shadow); err != nil {
			return Column{}, err
		}
	}
	c.Same = equal && c.Using == ""
	c.Safe = c.Same || c.Using == "" && safe(source, shadow)
	if c.Using != "" && !onlyCasts(c.Using, source.Name) {
		return c, nil
	}
	if equal {
		c.Reverse = sqltmpl.Fragment("s." + shadow.Name.String())
		return c, nil
	}
	reverse, err := b.reverse(ctx, source, shadow, back)
	c.Reverse = reverse
	return c, err
}

// checkConversion makes sure that the server assigns the source's column to the
// shadow's. Each of several changes of type may have had a cast where the whole
// has none.
func (b *builder) checkConversion(ctx context.Context, source, shadow catalog.Column) error {
	err := sqltmpl.TryAssign{
		Into: b.table, Column: shadow.Name, Value: sqltmpl.Fragment("s." + source.Name.String()), From: b.src.Table,
	}.Statement().Check(ctx, b.tx)
	if err != nil {
		return blame(err, "say how with --using "+string(shadow.Name)+"=EXPRESSION",
			"column %s (%s) can't become %s (%s)", source.Name, source.Type, shadow.Name, shadow.Type)
	}
	return nil
}

// reverse returns the expression that turns the shadow's column back into the
// source's.
func (b *builder) reverse(
	ctx context.Context, source, shadow catalog.Column, back sqltmpl.Table,
) (sqltmpl.Fragment, error) {
	plain := sqltmpl.Fragment("s." + shadow.Name.String())
	for _, value := range []sqltmpl.Fragment{plain, "CAST(" + plain + " AS " + source.Type + ")"} {
		err := sqltmpl.TryAssign{Into: back, Column: source.Name, Value: value, From: b.table}.Statement().Check(ctx, b.tx)
		if err == nil {
			return value, nil
		}
		if !sqltmpl.IsUnconvertible(err) {
			return "", err
		}
	}
	return "", nil
}

// safe reports whether every value of one type is, unchanged, one of the other.
func safe(from, to catalog.Column) bool {
	switch from.TypeOID {
	case int2OID:
		return to.TypeOID == int4OID || to.TypeOID == int8OID
	case int4OID:
		return to.TypeOID == int8OID
	case varcharOID:
		return to.TypeOID == textOID
	default:
		return false
	}
}

const (
	textOID    = 25
	varcharOID = 1043
)

// hashable are the built-in types whose equality is identity and that have a
// hash: bool, bytea, "char", name, int8, int2, int4, text, oid, bpchar, varchar,
// date, time, timestamp, timestamptz, uuid.
var hashable = []uint32{
	16, 17, 18, 19, int8OID, int2OID, int4OID, textOID, 26, 1042, varcharOID, 1082, 1083, 1114, 1184, 2950,
}

// asText reports whether values that are equal may differ, or have no hash.
func asText(column catalog.Column) bool {
	if column.TypeKind == "e" {
		return false
	}
	return !column.Deterministic || !slices.Contains(hashable, column.BaseType)
}
