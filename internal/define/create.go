package define

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// A creator makes one table.
type creator struct {
	tx    pgx.Tx
	r     catalog.Relation
	found found
	notes Notes
}

// Create makes the table that r describes on the target, with columns,
// sequences, valid checks, settings and comments, and partitions, but without
// indexes, foreign keys, and constraints that are NOT VALID: older rows may
// break those, so they wait for Open. Sequences stand at their start.
//
// It locks nothing that was there before, and leaves nothing if tx is rolled
// back. It can't run twice.
func Create(ctx context.Context, tx pgx.Tx, r catalog.Relation) (Notes, error) {
	if lacking := Unsupported(r, version(tx)); len(lacking) > 0 {
		return nil, &UnsupportedError{Table: r.Table, Version: version(tx), Lacking: lacking}
	}
	c := &creator{tx: tx, r: r}
	names := []sqltmpl.Ident{r.AccessMethod, r.Tablespace}
	for _, p := range r.Partitions {
		names = append(names, p.Tablespace)
	}
	var err error
	if c.found, err = look(ctx, tx, names...); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{
		c.sequences, c.table, c.options, c.ownSequences, c.columns, c.constraints, c.partitions,
	} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("making table %s: %w", r.Table.Plain(), err)
		}
	}
	return c.notes, nil
}

func (c *creator) do(ctx context.Context, statements ...sqltmpl.Statement) error {
	return sqltmpl.ExecAll(ctx, c.tx, statements...)
}

// table makes the table itself.
func (c *creator) table(ctx context.Context) error {
	if err := c.do(ctx, sqltmpl.SetLocal{Name: "default_tablespace"}.Statement()); err != nil {
		return err
	}
	create := sqltmpl.CreateOrdered{
		Table: c.r.Table, Unlogged: c.r.Persistence == unlogged, PartitionBy: c.r.PartitionKey,
		AccessMethod: c.r.AccessMethod, Tablespace: c.tablespace(c.r.Tablespace, "table "+c.r.Table.Plain()),
	}
	if c.r.AccessMethod != "" && !c.found.accessMethod(c.r.AccessMethod) {
		c.notes.add("table %s has the default access method: there is no %s", c.r.Table.Plain(), c.r.AccessMethod)
		create.AccessMethod = ""
	}
	for _, column := range c.r.Columns {
		create.Columns = append(create.Columns, c.column(column))
	}
	for _, check := range c.r.Checks {
		if !lateCheck(check) {
			create.Checks = append(create.Checks, sqltmpl.OrderedCheck{Name: check.Name, Def: check.Def})
		}
	}
	return c.do(ctx, create.Statement())
}

func (c *creator) tablespace(name sqltmpl.Ident, what string) sqltmpl.Ident {
	if name == "" || c.found.tablespace(name) {
		return name
	}
	c.notes.add("%s is in the default tablespace: there is no %s", what, name)
	return ""
}

// column is the definition of one column.
func (c *creator) column(column catalog.Column) sqltmpl.OrderedColumn {
	out := sqltmpl.OrderedColumn{
		Name: column.Name, Type: column.Type, Collation: column.Collation, Default: column.Default,
		Stored: column.Generated == "s", Virtual: column.Generated == "v",
		Identity: column.Identity != "", Always: column.Identity == "a", NotNull: column.NotNull,
	}
	for _, s := range c.r.Sequences {
		if s.Identity && s.Column == column.Name {
			out.Sequence = s.Table
		}
	}
	for _, n := range c.r.NotNulls {
		if n.Column != column.Num {
			continue
		}
		out.NotNull = n.Valid
		if version(c.tx) >= v18 {
			out.Constraint, out.NoInherit = n.Name, n.NoInherit
		}
	}
	return out
}

// lateCheck reports whether a check waits for Open. One that is never enforced
// may as well be there from the start.
func lateCheck(check catalog.Check) bool { return !check.Valid && check.Enforced }

// options sets storage parameters, but for those that the target does not know.
func (c *creator) options(ctx context.Context) error {
	return c.setOptions(ctx, c.r.Table, c.r.Options)
}

func (c *creator) setOptions(ctx context.Context, table sqltmpl.Table, options []string) error {
	set := func(options ...string) error {
		return sqltmpl.Keep(ctx, c.tx, func() error {
			return c.do(ctx, sqltmpl.SetOptions{Table: table, Options: options}.Statement())
		})
	}
	if len(options) == 0 || set(options...) == nil {
		return nil
	}
	for _, option := range options {
		if err := set(option); err != nil {
			if !sqltmpl.IsUnknownOption(err) {
				return err
			}
			c.notes.add("storage parameter %s of %s: the target does not take it", option, table.Plain())
		}
	}
	return nil
}

// constraints comments on those that there are.
func (c *creator) constraints(ctx context.Context) error {
	var steps []sqltmpl.Statement
	comment := func(name sqltmpl.Ident, text string) {
		if text != "" {
			steps = append(steps, sqltmpl.CommentConstraint{
				Table: c.r.Table, Name: name, Comment: sqltmpl.Literal(text),
			}.Statement())
		}
	}
	for _, check := range c.r.Checks {
		if !lateCheck(check) {
			comment(check.Name, check.Comment)
		}
	}
	for _, n := range c.r.NotNulls {
		if n.Valid && version(c.tx) >= v18 {
			comment(n.Name, n.Comment)
		}
	}
	if c.r.Comment != "" {
		steps = append(steps, sqltmpl.CommentTable{Table: c.r.Table, Comment: sqltmpl.Literal(c.r.Comment)}.Statement())
	}
	switch c.r.ReplIdent {
	case "f", "n":
		steps = append(steps, sqltmpl.ReplicaIdentity{Table: c.r.Table, Full: c.r.ReplIdent == "f"}.Statement())
	default: // by an index: when that is there
	}
	return c.do(ctx, steps...)
}

// partitions makes those that the table gets on the way. They have its columns
// and settings, and storage parameters and a tablespace of their own.
func (c *creator) partitions(ctx context.Context) error {
	for _, p := range c.r.Partitions {
		if err := c.partition(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (c *creator) partition(ctx context.Context, p catalog.Partition) error {
	err := c.do(ctx, sqltmpl.DefinePartition{
		Table: p.Table, Parent: c.r.Table, Bound: p.Bound,
		Tablespace: c.tablespace(p.Tablespace, "partition "+p.Table.Plain()),
	}.Statement())
	if err != nil {
		return err
	}
	if err := c.setOptions(ctx, p.Table, p.Options); err != nil {
		return err
	}
	for _, column := range c.r.Columns { // these are not passed on
		if len(column.Options) == 0 {
			continue
		}
		err := c.do(ctx, sqltmpl.SetColumnOptions{Table: p.Table, Column: column.Name, Options: column.Options}.Statement())
		if err != nil {
			return err
		}
	}
	return nil
}

// tables are the table and its partitions.
func tables(r catalog.Relation) []sqltmpl.Table {
	out := []sqltmpl.Table{r.Table}
	for _, p := range r.Partitions {
		out = append(out, p.Table)
	}
	return out
}
