package shadow

import (
	"context"
	"strconv"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/layout"
	"github.com/repave-pg/repave/sqltmpl"
)

// newSequence is what the nth sequence of the shadow is called while the one
// that it replaces has its name.
func (b *builder) newSequence(n int) sqltmpl.Table { return b.names.Object("n" + strconv.Itoa(n)) }

// handOver moves the sequences of the model to the table made after it, r: a
// serial column's as it is, an identity column's by making the new one count
// alike. Then the model is dropped.
func (b *builder) handOver(ctx context.Context, r catalog.Relation, model sqltmpl.Table) error {
	for i, s := range r.Sequences {
		step := sqltmpl.OwnSequence{Sequence: s.Table, Table: b.table, Column: s.Column}.Statement()
		if s.Identity {
			step = sqltmpl.SetSequenceOptions{
				Sequence: b.newSequence(i), Type: s.Type, Start: sqltmpl.Number(s.Start),
				Increment: sqltmpl.Number(s.Increment), Min: sqltmpl.Number(s.Min), Max: sqltmpl.Number(s.Max),
				Cache: sqltmpl.Number(s.Cache), Cycle: s.Cycle,
			}.Statement()
		}
		if err := b.quietly(ctx, step); err != nil {
			return err
		}
	}
	if err := b.quietly(ctx, sqltmpl.DropTable{Table: model}.Statement()); err != nil {
		return err
	}
	for i, s := range r.Sequences {
		if !s.Identity {
			continue
		}
		err := b.quietly(ctx, sqltmpl.RenameSequence{Sequence: b.newSequence(i), To: s.Table.Name}.Statement())
		if err != nil {
			return err
		}
		if s.Comment == "" {
			continue
		}
		err = b.quietly(ctx, sqltmpl.CommentSequence{Sequence: s.Table, Comment: sqltmpl.Literal(s.Comment)}.Statement())
		if err != nil {
			return err
		}
	}
	return nil
}

// grantAgain makes the privileges those of r.
func (b *builder) grantAgain(ctx context.Context, r catalog.Relation) error {
	now, err := b.load(ctx)
	if err != nil {
		return err
	}
	told := b.plan.DDL // they have been told once
	defer func() { b.plan.DDL = told }()
	if err := b.setGrants(ctx, false, b.table, now.Grants, r.Grants); err != nil {
		return err
	}
	for _, column := range r.Columns {
		for _, grant := range column.Grants {
			if err := b.grant(ctx, false, b.table, column.Name, grant); err != nil {
				return err
			}
		}
	}
	for _, s := range r.Sequences {
		for _, made := range now.Sequences {
			if s.Identity && made.Table == s.Table {
				if err := b.setGrants(ctx, true, made.Table, made.Grants, s.Grants); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// renumberAll brings all that is known of the shadow by attnum up to date.
func (b *builder) renumberAll(order []int) {
	b.altered.Columns = layout.Permute(b.altered.Columns, order)
	b.altered.OID = b.oid
	b.renumber(&b.altered)
	b.renumberChecks(b.plan.Shadow.Checks)
	b.renumberChecks(b.plan.LateChecks)
	for i := range b.plan.LateNotNulls {
		b.plan.LateNotNulls[i].Column = b.now(b.plan.LateNotNulls[i].Column)
	}
	for i, key := range b.plan.ForeignKeys {
		b.plan.ForeignKeys[i].FromNums, b.plan.ForeignKeys[i].FromOID = b.renumbered(key.FromNums), b.oid
		if key.ToOID == b.src.OID {
			b.plan.ForeignKeys[i].ToNums = b.renumbered(key.ToNums)
		}
	}
	for i, key := range b.plan.ReferencedBy {
		b.plan.ReferencedBy[i].ToNums, b.plan.ReferencedBy[i].ToOID = b.renumbered(key.ToNums), b.oid
	}
}

// renumber does so in one description.
func (b *builder) renumber(r *catalog.Relation) {
	for i := range r.Columns {
		r.Columns[i].Num = b.now(r.Columns[i].Num)
	}
	for i := range r.Indexes {
		r.Indexes[i].Columns = b.renumbered(r.Indexes[i].Columns)
	}
	b.renumberChecks(r.Checks)
	for i := range r.NotNulls {
		r.NotNulls[i].Column = b.now(r.NotNulls[i].Column)
	}
}

func (b *builder) renumberChecks(checks []catalog.Check) {
	for i := range checks {
		checks[i].Columns = b.renumbered(checks[i].Columns)
	}
}

func (b *builder) renumbered(nums []int16) []int16 {
	var out []int16
	for _, num := range nums {
		out = append(out, b.now(num))
	}
	return out
}
