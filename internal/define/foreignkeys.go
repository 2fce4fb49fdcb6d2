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

	partitions []sqltmpl.Table // of the referencing table, if it is partitioned
}

// ForeignKeys lists r's own foreign keys, for Add and then Validate. Those that
// other tables have to r come with those tables.
func ForeignKeys(r catalog.Relation, moved []sqltmpl.Table) []ForeignKey {
	var out []ForeignKey
	for _, key := range r.ForeignKeys {
		if key.Inherited {
			continue
		}
		fk := ForeignKey{ForeignKey: key, Moved: key.To == r.Table || slices.Contains(moved, key.To)}
		fk.From = r.Table
		if r.Kind == partitioned {
			fk.partitions = tables(r)[1:]
		}
		out = append(out, fk)
	}
	return out
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
	on := []sqltmpl.Table{k.From}
	if k.stepwise(tx) {
		if there, err := k.there(ctx, tx, k.From); err != nil || there {
			return nil, err
		}
		on = k.partitions
	}
	for _, table := range on {
		if err := k.add(ctx, tx, table); err != nil {
			return nil, fmt.Errorf("adding foreign key %s of %s: %w", k.Name, table.Plain(), err)
		}
	}
	return nil, nil
}

// stepwise reports whether the partitions have to have the key first.
func (k ForeignKey) stepwise(tx pgx.Tx) bool { return len(k.partitions) > 0 && version(tx) < v18 }

func (k ForeignKey) there(ctx context.Context, tx pgx.Tx, table sqltmpl.Table) (bool, error) {
	return sqltmpl.Scalar[bool](ctx, tx, sqltmpl.ConstraintExists{
		Table: table.String(), Name: string(k.Name),
	}.Statement())
}

func (k ForeignKey) add(ctx context.Context, tx pgx.Tx, table sqltmpl.Table) error {
	there, err := k.there(ctx, tx, table)
	if err != nil || there {
		return err
	}
	return sqltmpl.ExecAll(ctx, tx, k.commented(table, shadow.ForeignKeyStatement(table, k.ForeignKey))...)
}

func (k ForeignKey) commented(table sqltmpl.Table, add sqltmpl.Statement) []sqltmpl.Statement {
	steps := []sqltmpl.Statement{add}
	if k.Comment != "" && table == k.From {
		steps = append(steps, sqltmpl.CommentConstraint{
			Table: table, Name: k.Name, Comment: sqltmpl.Literal(k.Comment),
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
	on := []sqltmpl.Table{k.From}
	if k.stepwise(tx) {
		on = k.partitions
	}
	for _, table := range on {
		there, err := k.there(ctx, tx, table)
		if err != nil {
			return err
		}
		if !there {
			return nil // it was left out
		}
		_, err = sqltmpl.ValidateConstraint{Table: table, Name: k.Name}.Statement().Exec(ctx, tx)
		if err != nil {
			return fmt.Errorf("validating foreign key %s of %s: %w", k.Name, table.Plain(), err)
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
	for _, table := range append([]sqltmpl.Table{k.From}, k.partitions...) {
		there, err := k.there(ctx, tx, table)
		if err != nil || there == (table == k.From) {
			return err // it has it, or it was left out
		}
	}
	return sqltmpl.ExecAll(ctx, tx, k.commented(k.From, shadow.ValidForeignKey(k.From, k.ForeignKey))...)
}
