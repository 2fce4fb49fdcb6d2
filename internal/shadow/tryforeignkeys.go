package shadow

import (
	"context"
	"fmt"
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// tryForeignKeys makes every foreign key whose columns changed type between the
// shadow and probes, so that what the swap could not do is found out now.
func (b *builder) tryForeignKeys(ctx context.Context) error {
	for _, key := range b.plan.ForeignKeys {
		if slices.Contains(b.partners, key.ToOID) || b.in != nil && key.Inherited {
			continue
		}
		if err := b.tryForeignKey(ctx, key, key.To, key.ToOID, true); err != nil {
			return err
		}
	}
	for _, key := range b.plan.ReferencedBy {
		if key.Inherited || slices.Contains(b.partners, key.FromOID) {
			continue
		}
		if err := b.tryForeignKey(ctx, key, key.From, key.FromOID, false); err != nil {
			return err
		}
	}
	return nil
}

// tryForeignKey tries one, with a probe for the other table, and notes if the
// two sides come to differ in type.
func (b *builder) tryForeignKey(
	ctx context.Context, key catalog.ForeignKey, other sqltmpl.Table, otherOID uint32, outgoing bool,
) error {
	if slices.Equal(key.FromTypes, key.ToTypes) {
		return nil
	}
	if !b.retyped(key, outgoing) {
		return nil
	}
	b.plan.Mismatches = append(b.plan.Mismatches, mismatches(key)...)
	err := sqltmpl.Try(ctx, b.tx, func() error {
		inner := *b // a probe made here is gone afterwards
		inner.probes = slices.Clone(b.probes)
		from, to := b.table, b.table
		if otherOID != b.src.OID {
			p, err := inner.probe(ctx, sqltmpl.ResolvedTable{
				OID: otherOID, Schema: other.Schema, Name: other.Name,
			})
			if err != nil {
				return err
			}
			if outgoing {
				to = p.table
			} else {
				from = p.table
			}
		}
		key.To, key.ToPrimary = to, false // of which there may be no primary key yet
		_, err := ForeignKeyStatement(from, key).Exec(ctx, b.tx)
		return err
	})
	if err != nil {
		return blame(err, "change the other side to a type that can be compared, or drop the foreign key",
			"foreign key %s of %s can't be made again", key.Name, key.From.Plain())
	}
	return nil
}

// mismatches says which columns of a foreign key have another type than those
// they refer to.
func mismatches(key catalog.ForeignKey) []string {
	var out []string
	for i := range key.FromTypes {
		if key.FromTypes[i] != key.ToTypes[i] {
			out = append(out, fmt.Sprintf(
				"foreign key %s: %s is %s, %s is %s", key.Name,
				sqltmpl.Table{Schema: key.From.Name, Name: key.FromColumns[i]}.Plain(), key.FromTypes[i],
				sqltmpl.Table{Schema: key.To.Name, Name: key.ToColumns[i]}.Plain(), key.ToTypes[i]))
		}
	}
	return out
}

// retyped reports whether the job changes the type of a column on the shadow's
// side of a foreign key. Those that were added have been made already.
func (b *builder) retyped(key catalog.ForeignKey, outgoing bool) bool {
	before := b.src.ReferencedBy
	if outgoing {
		before = b.src.ForeignKeys
	}
	for _, old := range before {
		if old.OID == key.OID {
			return !slices.Equal(old.FromTypes, key.FromTypes) || !slices.Equal(old.ToTypes, key.ToTypes)
		}
	}
	return true
}
