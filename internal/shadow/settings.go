package shadow

import (
	"context"
	"slices"

	"github.com/repave-pg/repave/sqltmpl"
)

// settings sets the storage parameters that were asked for, and moves the empty
// shadow with all its indexes to the tablespace that was asked for.
func (b *builder) settings(ctx context.Context) error {
	if len(b.change.Set) > 0 {
		if err := b.setOptions(ctx); err != nil {
			return err
		}
	}
	if b.change.Tablespace == "" {
		return nil
	}
	err := b.do(ctx, sqltmpl.SetTablespace{Table: b.table, Tablespace: b.change.Tablespace}.Statement())
	if err != nil {
		return b.blameTablespace(err)
	}
	indexes, err := b.indexForms(ctx, b.oid)
	if err != nil {
		return err
	}
	for _, index := range indexes {
		err := b.quietly(ctx, sqltmpl.SetIndexTablespace{
			Index: b.inSchema(index.Name), Tablespace: b.change.Tablespace,
		}.Statement())
		if err != nil {
			return b.blameTablespace(err)
		}
	}
	return nil
}

func (b *builder) blameTablespace(err error) error {
	remedy := "name a tablespace that \\db lists in psql"
	if sqltmpl.IsPrivilege(err) {
		remedy = "GRANT CREATE ON TABLESPACE " + b.change.Tablespace.String() + " TO the role that runs repave"
	}
	return blame(err, remedy, "--tablespace %s", b.change.Tablespace)
}

// setOptions runs --set. The server ignores parameters of a TOAST table that
// does not exist; that is refused.
func (b *builder) setOptions(ctx context.Context) error {
	options := sqltmpl.Options(b.change.Set)
	if err := b.do(ctx, sqltmpl.SetOptions{Table: b.table, Options: options}.Statement()); err != nil {
		return blame(err, "give it storage parameters of a table, as in --set fillfactor=90", "--set %s", options)
	}
	now, err := b.load(ctx)
	if err != nil {
		return err
	}
	for _, option := range b.change.Set {
		if !slices.Contains(now.Options, option) {
			return refuse("leave it out: the table has no column that could be stored in a TOAST table",
				"--set %s has no effect", option)
		}
	}
	return nil
}
