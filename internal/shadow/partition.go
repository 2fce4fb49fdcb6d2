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

// partitioned reports whether the shadow is a partitioned table by now.
func (b *builder) partitioned() bool { return b.placed != nil }

// partition puts a partitioned table of the same shape, names and indexes into
// the place of the plain shadow, which is as it will be but for that. What
// follows works on it as on any other; its partitions are made last.
func (b *builder) partition(ctx context.Context) error {
	if b.src.Kind == "p" {
		return b.partitionAgain(ctx)
	}
	if b.change.PartitionBy == "" {
		return nil
	}
	clause, err := partitioning.Parse(b.change.PartitionBy)
	if err != nil {
		return blame(err, hintOf(err), "--partition-by '%s'", b.change.PartitionBy)
	}
	plain, err := b.load(ctx)
	if err != nil {
		return err
	}
	if err := b.partitionable(ctx, clause, plain); err != nil {
		return err
	}
	if b.bounds, err = b.boundsOf(ctx, clause, plain); err != nil {
		return err
	}
	if plain, err = b.reorderFirst(ctx, plain); err != nil {
		return err
	}
	by := sqltmpl.Fragment(sqltmpl.PartitionMethod(clause.Method).String() + " (" + clause.Columns.String() + ")")
	return b.partitionedBy(ctx, by, "--partition-by '"+b.change.PartitionBy+"'", plain)
}

// partitionedBy puts a partitioned table into the place of the plain shadow.
func (b *builder) partitionedBy(ctx context.Context, by sqltmpl.Fragment, title string, plain catalog.Relation) error {
	if err := b.replace(ctx, by, title, plain); err != nil {
		return err
	}
	for _, index := range plain.Indexes {
		if err := b.indexAgain(ctx, index); err != nil {
			return err
		}
	}
	if err := b.followIndexes(ctx); err != nil {
		return err
	}
	var err error
	if b.altered, err = b.load(ctx); err != nil {
		return err
	}
	b.place(plain)
	if b.moved != nil { // on the plain shadow, before
		placed := map[int16]int16{}
		for from, to := range b.moved {
			placed[from] = b.placed[to]
		}
		b.placed, b.moved = placed, nil
	}
	return nil
}

// replace makes the partitioned table, gives it what LIKE leaves out, and drops
// the plain one.
func (b *builder) replace(ctx context.Context, by sqltmpl.Fragment, title string, plain catalog.Relation) error {
	name, wait := b.table, b.names.Object("parent")
	err := b.do(ctx, sqltmpl.CreatePartitioned{
		Table: wait, Like: name, By: by, Tablespace: plain.Tablespace,
	}.Statement())
	if err != nil {
		return blame(err, "", "%s", title)
	}
	b.table = wait
	if b.oid, err = sqltmpl.Scalar[uint32](ctx, b.tx, sqltmpl.FindTable{Table: wait}.Statement()); err != nil {
		return err
	}
	if err := b.own(ctx); err != nil {
		return err
	}
	made, err := b.load(ctx)
	if err != nil {
		return err
	}
	if err := b.setGrants(ctx, false, wait, made.Grants, plain.Grants); err != nil {
		return err
	}
	var steps []sqltmpl.Statement
	if plain.Comment != "" {
		steps = append(steps, sqltmpl.CommentTable{Table: wait, Comment: sqltmpl.Literal(plain.Comment)}.Statement())
	}
	for _, column := range plain.Columns {
		steps = append(steps, ColumnAttributes(wait, column)...)
		for _, grant := range column.Grants {
			if err := b.grant(ctx, false, wait, column.Name, grant); err != nil {
				return err
			}
		}
	}
	for _, sequence := range plain.Sequences {
		if !sequence.Identity {
			steps = append(steps, sqltmpl.OwnSequence{Sequence: sequence.Table, Table: wait, Column: sequence.Column}.Statement())
			continue
		}
		at := slices.IndexFunc(made.Sequences, func(s catalog.Sequence) bool { return s.Column == sequence.Column })
		if at >= 0 {
			if err := b.identity(ctx, made.Sequences[at], sequence); err != nil {
				return err
			}
		}
	}
	b.options, b.table = plain.Options, name
	steps = append(steps, sqltmpl.DropTable{Table: name}.Statement(), sqltmpl.RenameTable{Table: wait, To: name.Name}.Statement())
	for _, s := range steps {
		if err := b.quietly(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// indexAgain makes an index of the plain shadow on the partitioned one, under
// the same name.
func (b *builder) indexAgain(ctx context.Context, index catalog.Index) error {
	if index.Clustered {
		b.plan.Clustered = index.Name
	}
	create := sqltmpl.CreateIndex{Def: index.Def}.Statement()
	if index.Constraint != nil {
		create = sqltmpl.AddConstraint{Table: b.table, Name: index.Name, Def: withOptions(index)}.Statement()
	}
	err := b.with(ctx, "default_tablespace", string(index.Tablespace), func() error { return b.quietly(ctx, create) })
	if err != nil {
		return blame(err, "give it up with --drop-constraint, or drop it with --alter", "index %s can't be one of a partitioned table",
			index.Name)
	}
	var steps []sqltmpl.Statement
	if index.Constraint != nil && index.Constraint.Comment != "" {
		steps = append(steps, sqltmpl.CommentConstraint{
			Table: b.table, Name: index.Name, Comment: sqltmpl.Literal(index.Constraint.Comment),
		}.Statement())
	}
	if index.Comment != "" {
		steps = append(steps, sqltmpl.CommentIndex{
			Index: b.inSchema(index.Name), Comment: sqltmpl.Literal(index.Comment),
		}.Statement())
	}
	for column, target := range index.StatsTargets {
		n, err := strconv.Atoi(column)
		if err != nil {
			return err
		}
		steps = append(steps, sqltmpl.SetIndexStatistics{
			Index: b.inSchema(index.Name), Number: n, Target: target,
		}.Statement())
	}
	for _, s := range steps {
		if err := b.quietly(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// withOptions is the definition of an index's constraint with the storage
// parameters that only the index's own definition has, at its end: it can't
// have a predicate.
func withOptions(index catalog.Index) sqltmpl.Fragment {
	def, end := string(index.Constraint.Def), ""
	for _, clause := range []string{" DEFERRABLE INITIALLY DEFERRED", " DEFERRABLE"} {
		if rest, ok := strings.CutSuffix(def, clause); ok && index.Constraint.Deferrable {
			def, end = rest, clause
			break
		}
	}
	at := strings.LastIndex(string(index.Def), ") WITH (")
	if at < 0 || strings.Contains(string(index.Def[at:]), `"`) {
		return index.Constraint.Def
	}
	return sqltmpl.Fragment(def + string(index.Def[at+1:]) + end)
}

// place follows columns to the partitioned table, which has no gaps where
// columns were dropped.
func (b *builder) place(plain catalog.Relation) {
	b.placed = map[int16]int16{}
	for _, was := range plain.Columns {
		for _, now := range b.altered.Columns {
			if now.Name == was.Name {
				b.placed[was.Num] = now.Num
			}
		}
	}
	move := func(nums []int16) []int16 {
		out := slices.Clone(nums)
		for i := range out {
			out[i] = b.placed[out[i]]
		}
		return out
	}
	for _, checks := range [][]catalog.Check{b.plan.Shadow.Checks, b.plan.LateChecks} {
		for i := range checks {
			checks[i].Columns = move(checks[i].Columns)
		}
	}
	for i := range b.plan.LateNotNulls {
		b.plan.LateNotNulls[i].Column = b.placed[b.plan.LateNotNulls[i].Column]
	}
	for i := range b.plan.ForeignKeys {
		b.plan.ForeignKeys[i].FromNums = move(b.plan.ForeignKeys[i].FromNums)
		b.plan.ForeignKeys[i].FromOID, b.plan.ForeignKeys[i].FromKind = b.oid, "p"
		if b.plan.ForeignKeys[i].ToOID == b.src.OID {
			b.plan.ForeignKeys[i].ToNums, b.plan.ForeignKeys[i].ToKind = move(b.plan.ForeignKeys[i].ToNums), "p"
		}
	}
	for i := range b.plan.ReferencedBy {
		b.plan.ReferencedBy[i].ToNums = move(b.plan.ReferencedBy[i].ToNums)
		b.plan.ReferencedBy[i].ToOID, b.plan.ReferencedBy[i].ToKind = b.oid, "p"
	}
}

func hintOf(err error) string {
	if hinter, ok := err.(interface{ Hint() string }); ok {
		return hinter.Hint()
	}
	return ""
}
