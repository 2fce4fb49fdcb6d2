package define

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// A ForeignKey is a foreign key of a table on the target.
type ForeignKey struct {
	catalog.ForeignKey
	// Moved: the table that it refers to is moved in the same job. Another one may be on the
	// target or not, with the rows that are referred to or without.
	Moved bool

	partitioned bool        // the referencing table is
	leaves      []memberKey // on its partitions that have rows
	crowns      []memberKey // on those that have partitions, each before those below it
}

// A memberKey is what becomes of a partitioned table's foreign key on one of its partitions.
type memberKey struct {
	table sqltmpl.Table
	key   catalog.ForeignKey
	below []sqltmpl.Table // the partitions with rows, of one that has partitions
}

// ForeignKeys lists r's own foreign keys, for Add and then Validate. Those that
// other tables have to r come with those tables.
func ForeignKeys(r catalog.Relation, moved []sqltmpl.Table) []ForeignKey {
	return Tree{Relation: r}.ForeignKeys(moved)
}

// ForeignKeys is the function ForeignKeys for the table and its partitions.
func (t Tree) ForeignKeys(moved []sqltmpl.Table) []ForeignKey {
	var out []ForeignKey
	for _, p := range t.nodes() {
		r := p.Relation
		for _, key := range r.ForeignKeys {
			if key.Inherited {
				continue
			}
			fk := ForeignKey{ForeignKey: key, Moved: key.To == r.Table || slices.Contains(moved, key.To), partitioned: r.Kind == partitioned}
			fk.From = r.Table
			fk.leaves, fk.crowns = t.membersOf(r.Table, key)
			if len(t.Parts) == 0 {
				for _, leaf := range r.Partitions {
					fk.leaves = append(fk.leaves, memberKey{table: leaf.Table, key: key})
				}
			}
			out = append(out, fk)
		}
	}
	return out
}

// membersOf finds what the partitions of a table call a foreign key of its.
func (t Tree) membersOf(table sqltmpl.Table, key catalog.ForeignKey) (leaves, crowns []memberKey) {
	as := map[sqltmpl.Table]uint32{table: key.OID}
	above := map[sqltmpl.Table]sqltmpl.Table{}
	for _, p := range t.Parts {
		for _, member := range p.Relation.ForeignKeys {
			if of, ok := as[p.Above]; !ok || !member.Inherited || member.ParentOID != of {
				continue
			}
			as[p.Relation.Table], above[p.Relation.Table] = member.OID, p.Above
			one := key // whose columns have the names that they come to have
			one.OID, one.Name, one.Comment = member.OID, member.Name, member.Comment
			if p.Relation.Kind == partitioned {
				crowns = append(crowns, memberKey{table: p.Relation.Table, key: one})
			} else {
				leaves = append(leaves, memberKey{table: p.Relation.Table, key: one})
			}
		}
	}
	for i := range crowns {
		for _, leaf := range leaves {
			up := above[leaf.table]
			for up != table && up != crowns[i].table {
				up = above[up]
			}
			if up == crowns[i].table {
				crowns[i].below = append(crowns[i].below, leaf.table)
			}
		}
	}
	return leaves, crowns
}

// of is the key on some partitions, and on no other table.
func (k ForeignKey) of(parts []Part) ForeignKey {
	has := func(table sqltmpl.Table) bool {
		return slices.ContainsFunc(parts, func(p Part) bool { return p.Relation.Table == table })
	}
	k.leaves = slices.DeleteFunc(slices.Clone(k.leaves), func(l memberKey) bool { return !has(l.table) })
	k.crowns = slices.DeleteFunc(slices.Clone(k.crowns), func(c memberKey) bool {
		return !has(c.table) || slices.ContainsFunc(c.below, func(t sqltmpl.Table) bool { return !has(t) })
	})
	if has(k.From) && !k.partitioned {
		k.leaves = append(k.leaves, memberKey{table: k.From, key: k.ForeignKey})
	}
	return k
}

// try adds the key to partitions and validates it there.
func (k ForeignKey) try(ctx context.Context, tx pgx.Tx) error {
	oid, err := oidOf(ctx, tx, k.To)
	if err != nil || oid == 0 {
		return err
	}
	for _, leaf := range k.leaves {
		if err := k.add(ctx, tx, leaf); err != nil {
			return err
		}
		if !leaf.key.Valid || !leaf.key.Enforced {
			continue
		}
		if _, err := (sqltmpl.ValidateConstraint{Table: leaf.table, Name: leaf.key.Name}).Statement().Exec(ctx, tx); err != nil {
			return err
		}
	}
	return k.crown(ctx, tx)
}

// LeftBehind names the foreign keys to r of tables that are not moved with it.
func LeftBehind(r catalog.Relation, moved []sqltmpl.Table) []string {
	var out []string
	for _, key := range r.ReferencedBy {
		if !slices.Contains(moved, key.From) && key.From != r.Table && !key.Inherited {
			out = append(out, fmt.Sprintf("foreign key %s of %s, which is not moved, refers to %s",
				key.Name, key.From.Plain(), r.Table.Plain()))
		}
	}
	return out
}

// Add adds the key NOT VALID, without a scan, unless it is there. A key to a
// table that the target lacks is left out, and noted. It locks both tables
// SHARE ROW EXCLUSIVE and may run twice.
//
// A partitioned table can't have such a key before PostgreSQL 18. There, its
// partitions get it, and Validate gives it to the table.
func (k ForeignKey) Add(ctx context.Context, tx pgx.Tx) (notes Notes, err error) {
	oid, err := oidOf(ctx, tx, k.To)
	if err != nil {
		return nil, err
	}
	if oid == 0 {
		notes.add("foreign key %s of %s: the target has no table %s", k.Name, k.From.Plain(), k.To.Plain())
		return notes, nil
	}
	on := []memberKey{{table: k.From, key: k.ForeignKey}}
	if k.stepwise(tx) {
		if there, err := there(ctx, tx, k.From, k.Name); err != nil || there {
			return nil, err
		}
		on = k.leaves
	}
	for _, one := range on {
		if err := k.add(ctx, tx, one); err != nil {
			return nil, fmt.Errorf("adding foreign key %s of %s: %w", one.key.Name, one.table.Plain(), err)
		}
	}
	return nil, nil
}

// stepwise reports whether the partitions have to have the key first: the
// server would also call it as it is called on the table.
func (k ForeignKey) stepwise(tx pgx.Tx) bool {
	return k.partitioned && (version(tx) < v18 || slices.ContainsFunc(slices.Concat(k.leaves, k.crowns), func(l memberKey) bool {
		return l.key.Name != k.Name || l.key.OID != k.OID && l.key.Comment != ""
	}))
}

func there(ctx context.Context, tx pgx.Tx, table sqltmpl.Table, name sqltmpl.Ident) (bool, error) {
	return sqltmpl.Scalar[bool](ctx, tx, sqltmpl.ConstraintExists{Table: table.String(), Name: string(name)}.Statement())
}

func (k ForeignKey) add(ctx context.Context, tx pgx.Tx, on memberKey) error {
	there, err := there(ctx, tx, on.table, on.key.Name)
	if err != nil || there {
		return err
	}
	return sqltmpl.ExecAll(ctx, tx, k.commented(on, shadow.ForeignKeyStatement(on.table, on.key))...)
}

// commented adds the comment: partitions that are made on the way have none of their own.
func (k ForeignKey) commented(on memberKey, add sqltmpl.Statement) []sqltmpl.Statement {
	steps := []sqltmpl.Statement{add}
	if on.key.Comment != "" && (on.table == k.From || on.key.OID != k.OID) {
		steps = append(steps, sqltmpl.CommentConstraint{
			Table: on.table, Name: on.key.Name, Comment: sqltmpl.Literal(on.key.Comment),
		}.Statement())
	}
	return steps
}

// Validate checks all rows, if the source's key is valid, and the key was
// added. It locks the table SHARE UPDATE EXCLUSIVE and the other ROW SHARE,
// where partitions were to have it first SHARE ROW EXCLUSIVE for a moment, and
// may run twice.
func (k ForeignKey) Validate(ctx context.Context, tx pgx.Tx) error {
	if err := k.Prove(ctx, tx); err != nil {
		return err
	}
	return k.Crown(ctx, tx)
}

// Prove is the part of Validate that reads all rows.
func (k ForeignKey) Prove(ctx context.Context, tx pgx.Tx) error {
	if !k.Valid || !k.Enforced {
		return nil
	}
	on := []memberKey{{table: k.From, key: k.ForeignKey}}
	if k.stepwise(tx) {
		on = k.leaves
	}
	for _, one := range on {
		there, err := there(ctx, tx, one.table, one.key.Name)
		if err != nil {
			return err
		}
		if !there {
			return nil // it was left out
		}
		_, err = sqltmpl.ValidateConstraint{Table: one.table, Name: one.key.Name}.Statement().Exec(ctx, tx)
		if err != nil {
			return fmt.Errorf("validating foreign key %s of %s: %w", one.key.Name, one.table.Plain(), err)
		}
	}
	return nil
}

// Crown is the part of Validate that gives the key of the partitions to the
// table: for a moment, under SHARE ROW EXCLUSIVE.
func (k ForeignKey) Crown(ctx context.Context, tx pgx.Tx) error {
	if !k.Valid || !k.Enforced || !k.stepwise(tx) {
		return nil
	}
	for _, one := range append([]memberKey{{table: k.From, key: k.ForeignKey}}, k.leaves...) {
		there, err := there(ctx, tx, one.table, one.key.Name)
		if err != nil || there == (one.table == k.From) {
			return err // it has it, or it was left out
		}
	}
	if err := k.crown(ctx, tx); err != nil {
		return err
	}
	return sqltmpl.ExecAll(ctx, tx, k.commented(memberKey{table: k.From, key: k.ForeignKey}, shadow.ValidForeignKey(k.From, k.ForeignKey))...)
}

// crown adds the key to the partitions that have partitions: each takes in the
// keys of those, under the name that it has there.
func (k ForeignKey) crown(ctx context.Context, tx pgx.Tx) error {
	for _, one := range slices.Backward(k.crowns) {
		there, err := there(ctx, tx, one.table, one.key.Name)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		if err := sqltmpl.ExecAll(ctx, tx, k.commented(one, shadow.ValidForeignKey(one.table, one.key))...); err != nil {
			return fmt.Errorf("adding foreign key %s of %s: %w", one.key.Name, one.table.Plain(), err)
		}
	}
	return nil
}
