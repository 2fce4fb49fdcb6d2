package shadow

import (
	"context"
	"slices"
	"strings"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// create makes the shadow under the source's own name, so that the operator's
// actions find the names they expect, or under ours if the registry's schema
// has another relation of that name.
func (b *builder) create(ctx context.Context) error {
	taken, err := b.taken(ctx, b.names.Schema, []sqltmpl.Ident{b.table.Name})
	if err != nil {
		return err
	}
	if taken[b.table.Name] {
		b.table = b.names.Object("shadow")
	}
	err = b.do(ctx, sqltmpl.CreateTable{
		Table: b.table, Source: b.src.Table, Unlogged: b.src.Persistence == "u",
		AccessMethod: b.src.AccessMethod, Options: b.src.Options, Tablespace: b.src.Tablespace,
		NoIdentity: b.borrowsIdentity(),
	}.Statement())
	if err != nil {
		return err
	}
	b.oid, err = sqltmpl.Scalar[uint32](ctx, b.tx, sqltmpl.FindTable{Table: b.table}.Statement())
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{b.unchanged, b.own, b.grants, b.attributes} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// borrowsIdentity reports whether the source's identity columns are those of
// the table that it is a partition of (PostgreSQL 17): ATTACH makes them so, and
// refuses a table with identity columns of its own.
func (b *builder) borrowsIdentity() bool {
	return b.src.Partition && !slices.ContainsFunc(b.src.Sequences, func(s catalog.Sequence) bool { return s.Identity })
}

// unchanged makes sure that what LIKE copied is what b.src describes. From here
// on the lock that LIKE took keeps others from changing it.
func (b *builder) unchanged(ctx context.Context) error {
	now, err := catalog.Load(ctx, b.tx, b.src.OID, b.names.Schema)
	if err != nil {
		return err
	}
	before := b.src
	before.Sequences, now.Sequences = nil, nil // the shadow's own defaults use them by now
	if changes := catalog.Diff(before, now); len(changes) > 0 {
		return refuse("run it again", "%s changed meanwhile: %s", b.src.Table.Plain(), strings.Join(changes, "; "))
	}
	return nil
}

// own gives the shadow to the source's owner. Who is not a superuser can do so
// only if the owner may create tables in the registry's schema, so that is
// allowed for a moment.
func (b *builder) own(ctx context.Context) error { return b.ownAll(ctx, b.table) }

func (b *builder) ownAll(ctx context.Context, tables ...sqltmpl.Table) error {
	role, err := sqltmpl.One[sqltmpl.CurrentRole](ctx, b.tx, sqltmpl.CurrentOwner{
		Owner: b.src.Owner, Schema: b.names.Schema,
	}.Statement())
	if err != nil || role.Name == b.src.Owner {
		return err
	}
	if !role.Allowed {
		err := b.quietly(ctx, sqltmpl.GrantCreate{Schema: b.names.Schema, Role: b.src.Owner}.Statement())
		if err != nil {
			return err
		}
	}
	for _, table := range tables {
		if err := b.quietly(ctx, sqltmpl.SetOwner{Table: table, Owner: b.src.Owner}.Statement()); err != nil {
			return err
		}
	}
	if !role.Allowed {
		return b.quietly(ctx, sqltmpl.RevokeCreate{Schema: b.names.Schema, Role: b.src.Owner}.Statement())
	}
	return nil
}

// attributes sets what LIKE leaves out.
func (b *builder) attributes(ctx context.Context) error {
	var statements []sqltmpl.Statement
	if b.src.Comment != "" {
		statements = append(statements, sqltmpl.CommentTable{
			Table: b.table, Comment: sqltmpl.Literal(b.src.Comment),
		}.Statement())
	}
	for _, column := range b.src.Columns {
		statements = append(statements, ColumnAttributes(b.table, column)...)
	}
	for _, s := range statements {
		if err := b.do(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// ColumnAttributes returns what sets a column's statistics target and options.
func ColumnAttributes(table sqltmpl.Table, column catalog.Column) []sqltmpl.Statement {
	var statements []sqltmpl.Statement
	if column.StatsTarget >= 0 {
		statements = append(statements, sqltmpl.SetColumnStatistics{
			Table: table, Column: column.Name, Target: column.StatsTarget,
		}.Statement())
	}
	if len(column.Options) > 0 {
		statements = append(statements, sqltmpl.SetColumnOptions{
			Table: table, Column: column.Name, Options: column.Options,
		}.Statement())
	}
	return statements
}
