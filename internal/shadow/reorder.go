package shadow

import (
	"context"
	"strings"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/layout"
	"github.com/repave-pg/repave/sqltmpl"
)

// reorder puts the shadow's columns into the order of least padding, if that
// was asked for and saves anything, and makes columns generated that were so
// before loosenFor. PostgreSQL can't move a column, so the
// shadow is made anew from its own definition: by now it is but columns,
// defaults, checks and not-null constraints; indexes and foreign keys are
// known by the names of their columns. That nothing was lost is checked.
func (b *builder) reorder(ctx context.Context) error {
	if b.partitioned() {
		return nil // reorderFirst has
	}
	before, err := b.load(ctx)
	if err != nil {
		return err
	}
	order := make([]int, len(before.Columns))
	for i := range order {
		order[i] = i
	}
	if b.change.OptimizeColumns && b.src.Kind != "p" { // rows are in partitions, each of which has an order of its own
		best, err := b.layout(ctx)
		if err != nil {
			return err
		}
		if b.plan.Layout.Changed {
			order = best
		}
	}
	if b.loose == nil && (b.plan.Layout == nil || !b.plan.Layout.Changed) {
		return nil
	}
	b.regenerate(&before)
	b.moved = map[int16]int16{}
	for to, from := range order {
		b.moved[before.Columns[from].Num] = int16(to + 1) //nolint:gosec // a table has at most 1600 columns
	}
	before.Columns = layout.Permute(before.Columns, order)
	b.renumber(&before)
	if err := b.rebuild(ctx, before); err != nil {
		return err
	}
	after, err := b.load(ctx)
	if err != nil {
		return err
	}
	if lost := catalog.Diff(before, after); len(lost) > 0 {
		return refuse("leave --optimize-columns out and generated columns alone, and please report it",
			"the columns of %s can't be made anew without loss: %s", b.src.Table.Plain(), strings.Join(lost, "; "))
	}
	b.renumberAll(order)
	return nil
}

// reorderFirst is reorder for a plain shadow that is about to be replaced by a
// partitioned one. It returns what the shadow is then; the indexes are those
// that it had, to be made on the partitioned one.
func (b *builder) reorderFirst(ctx context.Context, plain catalog.Relation) (catalog.Relation, error) {
	if !b.change.OptimizeColumns && b.loose == nil {
		return plain, nil
	}
	if err := b.dropIndexes(ctx, plain); err != nil {
		return plain, err
	}
	if err := b.reorder(ctx); err != nil {
		return plain, err
	}
	reordered, err := b.load(ctx)
	reordered.Indexes = plain.Indexes
	return reordered, err
}

// rebuild makes the shadow anew as r describes it, and drops what it was.
func (b *builder) rebuild(ctx context.Context, r catalog.Relation) error {
	model := b.names.Object("model")
	err := b.quietly(ctx, sqltmpl.RenameTable{Table: b.table, To: model.Name}.Statement())
	if err != nil {
		return err
	}
	create := sqltmpl.CreateOrdered{
		Table: b.table, Unlogged: r.Persistence == "u", AccessMethod: r.AccessMethod, Options: r.Options,
		Tablespace: r.Tablespace,
	}
	for _, c := range r.Columns {
		create.Columns = append(create.Columns, b.ordered(r, c))
	}
	for _, check := range r.Checks {
		create.Checks = append(create.Checks, sqltmpl.OrderedCheck{Name: check.Name, Def: check.Def})
	}
	if err := b.do(ctx, create.Statement()); err != nil {
		return err
	}
	if b.oid, err = sqltmpl.Scalar[uint32](ctx, b.tx, sqltmpl.FindTable{Table: b.table}.Statement()); err != nil {
		return err
	}
	if err := b.own(ctx); err != nil {
		return err
	}
	if err := b.dress(ctx, r); err != nil {
		return err
	}
	if err := b.handOver(ctx, r, model); err != nil {
		return err
	}
	return b.grantAgain(ctx, r)
}

// ordered is the definition of one column.
func (b *builder) ordered(r catalog.Relation, c catalog.Column) sqltmpl.OrderedColumn {
	out := sqltmpl.OrderedColumn{
		Name: c.Name, Type: c.Type, Collation: c.Collation, Default: c.Default, NotNull: c.NotNull,
		Stored: c.Generated == "s", Virtual: c.Generated == "v",
		Identity: c.Identity != "", Always: c.Identity == "a",
	}
	for i, s := range r.Sequences {
		if s.Identity && s.Column == c.Name {
			out.Sequence = b.newSequence(i)
		}
	}
	for _, n := range r.NotNulls {
		if n.Column == c.Num {
			out.Constraint, out.NoInherit = n.Name, n.NoInherit
		}
	}
	return out
}

// dress sets what CREATE TABLE has no clause for.
func (b *builder) dress(ctx context.Context, r catalog.Relation) error {
	var steps []sqltmpl.Statement
	comment := func(name sqltmpl.Ident, text string) {
		if text != "" {
			steps = append(steps, sqltmpl.CommentConstraint{
				Table: b.table, Name: name, Comment: sqltmpl.Literal(text),
			}.Statement())
		}
	}
	if r.Comment != "" {
		steps = append(steps, sqltmpl.CommentTable{Table: b.table, Comment: sqltmpl.Literal(r.Comment)}.Statement())
	}
	now, err := b.load(ctx)
	if err != nil {
		return err
	}
	for i, c := range r.Columns {
		steps = append(steps, ColumnAttributes(b.table, c)...)
		if c.Comment != "" {
			steps = append(steps, sqltmpl.CommentColumn{
				Table: b.table, Column: c.Name, Comment: sqltmpl.Literal(c.Comment),
			}.Statement())
		}
		if c.Storage != now.Columns[i].Storage {
			steps = append(steps, ColumnStorage(b.table, c))
		}
		if c.Compression != now.Columns[i].Compression {
			steps = append(steps, ColumnCompression(b.table, c))
		}
	}
	for _, check := range r.Checks {
		comment(check.Name, check.Comment)
	}
	for _, n := range r.NotNulls {
		comment(n.Name, n.Comment)
	}
	for _, s := range steps {
		if err := b.quietly(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// ColumnStorage returns what sets how a column is stored.
func ColumnStorage(table sqltmpl.Table, c catalog.Column) sqltmpl.Statement {
	return sqltmpl.SetColumnStorage{Table: table, Column: c.Name, Storage: storageNames[c.Storage]}.Statement()
}

// ColumnCompression returns what sets how a column is compressed.
func ColumnCompression(table sqltmpl.Table, c catalog.Column) sqltmpl.Statement {
	return sqltmpl.SetColumnCompression{Table: table, Column: c.Name, Method: compressionNames[c.Compression]}.Statement()
}

// What ALTER TABLE calls the letters in pg_attribute.
var (
	storageNames     = map[string]sqltmpl.Ident{"p": "plain", "e": "external", "m": "main", "x": "extended"}
	compressionNames = map[string]sqltmpl.Ident{"": "default", "p": "pglz", "l": "lz4"}
)
