package shadow

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// A MemberError lists why one partition alone can't be what was asked for.
type MemberError struct {
	Table    sqltmpl.Table
	Problems []Problem
}

func (e *MemberError) Error() string {
	return fmt.Sprintf("%s can't be replaced by such a partition: %s", e.Table.Plain(), e.Problems[0].What)
}

// Hint says what to do about the first.
func (e *MemberError) Hint() string { return e.Problems[0].Remedy }

// member makes sure that the shadow of a partition can be one in its place, and
// that the server will believe a check that it has only rows of that partition.
func (b *builder) member(ctx context.Context) error {
	if !b.src.Partition || b.in != nil {
		return nil
	}
	levels, err := sqltmpl.All[sqltmpl.Membership](ctx, b.tx, sqltmpl.ReadMembership{OID: b.src.OID}.Statement())
	if err != nil {
		return err
	}
	if len(levels) == 0 {
		return refuse("run it again", "%s is no partition any more", b.src.Table.Plain())
	}
	found := &MemberError{Table: b.src.Table}
	root := levels[len(levels)-1].Parent()
	for _, what := range b.unlike() {
		found.Problems = append(found.Problems, Problem{
			What:   what + ", and all partitions of " + root.Plain() + " have the same columns",
			Remedy: "give the whole table: repave run " + root.Plain(),
		})
	}
	for i, key := range b.src.ForeignKeys {
		if key.Inherited && !slices.ContainsFunc(b.altered.Checks, func(check catalog.Check) bool {
			n, ok := b.standsFor(check)
			return ok && n == i && check.Name == key.Name
		}) {
			found.Problems = append(found.Problems, Problem{
				What:   fmt.Sprintf("foreign key %s would be gone or different, and all partitions of %s have it", key.Name, root.Plain()),
				Remedy: "leave it as it is, or give the whole table: repave run " + root.Plain(),
			})
		}
	}
	for _, m := range levels {
		scans, err := b.trial(ctx, m)
		if err != nil {
			return err
		}
		if scans > 0 {
			found.Problems = append(found.Problems, Problem{
				What: fmt.Sprintf("PostgreSQL reads every row of a table to make it a partition %s of one BY %s, whatever checks it has, "+
					"while nobody can use either", m.Bound, m.Key),
				Remedy: "give the whole table: repave run " + root.Plain(),
			})
		}
	}
	if len(found.Problems) > 0 {
		return found
	}
	return nil
}

// unlike names the columns of the shadow that a partition in the place of the
// source can't have.
func (b *builder) unlike() []string {
	var out []string
	seen := map[int16]bool{}
	for _, source := range b.src.Columns {
		now, ok := b.counterpart(source.Num)
		seen[now.Num] = ok
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("column %s would be gone", source.Name))
		case now.Name != source.Name:
			out = append(out, fmt.Sprintf("column %s would be called %s", source.Name, now.Name))
		case now.TypeOID != source.TypeOID || now.Type != source.Type || now.Collation != source.Collation:
			out = append(out, fmt.Sprintf("column %s would be %s instead of %s", source.Name, now.Type, source.Type))
		case b.using[now.Num] != "":
			out = append(out, fmt.Sprintf("column %s would have other values", source.Name))
		}
	}
	for _, now := range b.altered.Columns {
		if !seen[now.Num] {
			out = append(out, fmt.Sprintf("column %s would be new", now.Name))
		}
	}
	return out
}

// trial attaches an empty table to another one, with the checks that ought to
// tell the server that no row of theirs is in the wrong place, and returns how
// many tables it nevertheless read. It leaves nothing behind.
func (b *builder) trial(ctx context.Context, m sqltmpl.Membership) (int64, error) {
	trial := Trial{Schema: b.names}
	own, err := trial.Make(ctx, b.tx, m)
	if err != nil {
		return 0, err
	}
	drop := sqltmpl.DropTable{Table: trial.parent()}.Statement()
	if own == "" {
		return 0, b.quietly(ctx, drop)
	}
	steps := []sqltmpl.Statement{
		sqltmpl.DetachPartition{Parent: trial.parent(), Partition: trial.partition()}.Statement(),
		sqltmpl.AddConstraint{Table: trial.partition(), Name: "holds", Def: Satisfies(own)}.Statement(),
	}
	if !m.IsDefault && !m.Hash {
		steps = append(steps,
			sqltmpl.CreateTrialPartition{Table: trial.other(), Parent: trial.parent(), Bound: "DEFAULT"}.Statement(),
			sqltmpl.AddConstraint{Table: trial.other(), Name: "holds", Def: Satisfies(Not(own))}.Statement())
	}
	if err := sqltmpl.ExecAll(ctx, b.tx, steps...); err != nil {
		return 0, err
	}
	count := sqltmpl.CountScans{Names: []string{trial.partition().String(), trial.other().String()}}.Statement()
	before, err := sqltmpl.Scalar[int64](ctx, b.tx, count)
	if err != nil {
		return 0, err
	}
	err = b.quietly(ctx, sqltmpl.AttachPartition{
		Parent: trial.parent(), Partition: trial.partition(), Bound: m.Bound,
	}.Statement())
	if err != nil {
		return 0, err
	}
	after, err := sqltmpl.Scalar[int64](ctx, b.tx, count)
	if err != nil {
		return 0, err
	}
	return after - before, b.quietly(ctx, drop)
}

// A Trial is a small partitioned table to try things on.
type Trial struct{ Schema Names }

func (t Trial) parent() sqltmpl.Table    { return t.Schema.Object("trial") }
func (t Trial) partition() sqltmpl.Table { return t.Schema.Object("trial1") }
func (t Trial) other() sqltmpl.Table     { return t.Schema.Object("trial2") }

// Make makes a table that is partitioned like m's, with a partition like the
// one of m, and returns what the rows of that satisfy apart from what they do
// as rows of the whole table: "" if they may be anything. It locks the
// partitioned table ACCESS SHARE; the caller rolls back or drops the trial.
func (t Trial) Make(ctx context.Context, tx pgx.Tx, m sqltmpl.Membership) (sqltmpl.Fragment, error) {
	steps := []sqltmpl.Statement{
		sqltmpl.CreateTrialParent{Table: t.parent(), Like: m.Parent(), Key: m.Key}.Statement(),
	}
	if m.IsDefault && m.Sibling != "" {
		steps = append(steps, sqltmpl.CreateTrialPartition{
			Table: t.other(), Parent: t.parent(), Bound: m.Sibling,
		}.Statement())
	}
	steps = append(steps, sqltmpl.CreateTrialPartition{
		Table: t.partition(), Parent: t.parent(), Bound: m.Bound,
	}.Statement())
	if err := sqltmpl.ExecAll(ctx, tx, steps...); err != nil {
		return "", err
	}
	text, err := sqltmpl.Scalar[string](ctx, tx, sqltmpl.PartitionConstraint{Name: t.partition().String()}.Statement())
	return sqltmpl.Fragment(text), err
}

// Satisfies makes a check constraint of an expression.
func Satisfies(expression sqltmpl.Fragment) sqltmpl.Fragment { return "CHECK (" + expression + ")" }

// Not negates an expression.
func Not(expression sqltmpl.Fragment) sqltmpl.Fragment { return "NOT (" + expression + ")" }
