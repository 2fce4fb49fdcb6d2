package shadow

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/sqllex"
	"github.com/repave-pg/repave/sqltmpl"
)

// Types that --pk-bigint widens, and the one it makes of them.
const (
	int2OID = 21
	int4OID = 23
	int8OID = 20
)

// alter applies the change to the empty shadow.
func (b *builder) alter(ctx context.Context) error {
	if b.change.PKBigint {
		if err := b.widenKey(ctx); err != nil {
			return err
		}
	}
	for _, list := range b.change.Alter {
		if err := b.alterOnce(ctx, list); err != nil {
			return err
		}
	}
	return b.settings(ctx)
}

// widenKey makes the integers of the primary key bigint.
func (b *builder) widenKey(ctx context.Context) error {
	narrow := b.narrowKey()
	if len(narrow) == 0 {
		return refuse("leave --pk-bigint out, or name the column with --alter 'ALTER COLUMN ... TYPE bigint'",
			"the primary key of %s has no smallint or integer column to widen", b.src.Table.Plain())
	}
	widen := sqltmpl.SetType{Table: b.table, Columns: narrow, Type: "bigint"}.Statement()
	if err := b.loosenFor(ctx, func() error { return b.quietly(ctx, widen) }); err != nil {
		return err
	}
	if err := b.do(ctx, widen); err != nil {
		return blame(err, b.alterHint(err), "--pk-bigint")
	}
	return b.followIndexes(ctx)
}

// narrowKey lists the columns that --pk-bigint widens.
func (b *builder) narrowKey() sqltmpl.Columns {
	var narrow sqltmpl.Columns
	for _, index := range b.src.Indexes {
		for _, num := range index.Columns {
			column, ok := columnByNum(b.src.Columns, num)
			if index.Primary && ok && (column.TypeOID == int2OID || column.TypeOID == int4OID) {
				narrow = append(narrow, column.Name)
			}
		}
	}
	return narrow
}

// alterOnce runs one --alter.
func (b *builder) alterOnce(ctx context.Context, list string) error {
	actions, err := sqllex.Split(list)
	if err != nil {
		return blame(err, "give it what follows the table's name in ALTER TABLE", "--alter '%s'", list)
	}
	if b.in != nil { // identities are the whole table's
		if list = withoutIdentity(actions); list == "" {
			return nil
		}
		if actions, err = sqllex.Split(list); err != nil {
			return err
		}
	}
	var changes []sqllex.TypeChange
	for _, action := range actions {
		if words, hint, ok := action.Refused(); ok {
			return refuse(hint, "--alter does not take %s", words)
		}
		if change, ok := action.TypeChange(); ok {
			changes = append(changes, change)
		}
	}
	run := list
	err = b.with(ctx, "search_path", b.searchPath, func() error {
		if run, err = b.redirect(ctx, list, actions); err != nil {
			return err
		}
		alter := func() error {
			return sqltmpl.AlterShadow{Table: b.table, Actions: sqltmpl.Fragment(run)}.Statement().ExecSingle(ctx, b.tx)
		}
		if err := b.loosenFor(ctx, alter); err != nil {
			return err
		}
		return alter()
	})
	if err != nil {
		return blame(err, b.alterHint(err), "--alter '%s'", list)
	}
	b.tell(sqltmpl.AlterShadow{Table: b.table, Actions: sqltmpl.Fragment(list)}.Statement())
	if err := b.followIndexes(ctx); err != nil {
		return err
	}
	return b.takeUsing(ctx, changes)
}

// withoutIdentity leaves out the actions on identities.
func withoutIdentity(actions []sqllex.Action) (list string) {
	var texts []string
	for _, action := range actions {
		if !action.OfIdentity() {
			texts = append(texts, action.Text)
		}
	}
	return strings.Join(texts, ", ")
}

// alterHint is the server's hint, or ours where the shadow differs from the
// table the operator had in mind.
func (b *builder) alterHint(err error) string {
	var hinter interface{ Hint() string }
	if errors.As(err, &hinter) && hinter.Hint() != "" {
		return hinter.Hint()
	}
	if sqltmpl.IsUnsupported(err) && slices.ContainsFunc(b.src.Columns, func(c catalog.Column) bool { return c.Generated != "" }) {
		return "drop the generated column and add it again around the change: " +
			"--alter 'DROP c, ALTER a TYPE bigint, ADD c bigint GENERATED ALWAYS AS (a * 2) STORED' (or VIRTUAL)"
	}
	if sqltmpl.IsDuplicate(err) && strings.HasPrefix(string(b.table.Name), b.names.Prefix) {
		return "give the constraint another name"
	}
	return ""
}

func (b *builder) followIndexes(ctx context.Context) error {
	forms, err := b.indexForms(ctx, b.oid)
	if err == nil {
		b.follow(forms)
	}
	return err
}

// takeUsing remembers the expressions of ALTER COLUMN ... TYPE ... USING: on an
// empty table they compute nothing. By attnum, since a later list may rename.
func (b *builder) takeUsing(ctx context.Context, changes []sqllex.TypeChange) error {
	if len(changes) == 0 {
		return nil
	}
	shadow, err := b.load(ctx)
	if err != nil {
		return err
	}
	for _, change := range changes {
		for _, column := range shadow.Columns {
			if string(column.Name) != change.Column {
				continue
			}
			if before, ok := b.using[column.Num]; ok && before != change.Using {
				return refuse("give one --using "+change.Column+"=EXPRESSION over the source's columns instead",
					"column %s has two USING expressions", change.Column)
			}
			b.using[column.Num] = change.Using
		}
	}
	return nil
}

// inspect reads the altered shadow and refuses what an ALTER TABLE can do to a
// table that a shadow must not have.
func (b *builder) inspect(ctx context.Context) error {
	after, err := b.load(ctx)
	if err != nil {
		return err
	}
	b.altered = after
	kinds := map[string]bool{}
	for _, other := range after.Others {
		kinds[other.Kind] = true
	}
	for problem, found := range map[string]bool{
		"another name or schema": after.Table != b.table,
		"another owner":          after.Owner != b.src.Owner,
		"another kind":           after.Kind != "r" || after.Persistence == "t",
		"a partitioned parent":   after.Partition,
		"inheritance":            kinds["inheritance"],
		"triggers":               len(after.Triggers) > 0,
		"policies":               kinds["policy"] || after.RowSecurity || after.ForceRLS,
		"rules":                  kinds["rule"],
		"a replica identity":     after.ReplIdent != "d",
	} {
		if found {
			return refuse("run that on the table itself, before or after the job",
				"--alter gave the new table %s, which it can't have", problem)
		}
	}
	if err := b.plainConstraints(ctx); err != nil {
		return err
	}
	return b.mergeUsing()
}

// mergeUsing adds the expressions of --using to those of --alter.
func (b *builder) mergeUsing() error {
	for _, name := range slices.Sorted(maps.Keys(b.change.Using)) {
		at := slices.IndexFunc(b.altered.Columns, func(c catalog.Column) bool { return string(c.Name) == name })
		if at < 0 {
			return refuse("name a column of the table as it will be", "--using %s: there is no such column", name)
		}
		column, text := b.altered.Columns[at], b.change.Using[name]
		if before, ok := b.using[column.Num]; ok && strings.TrimSpace(before) != strings.TrimSpace(text) {
			return refuse("give it once", "column %s has one expression in --using and another in --alter", name)
		}
		b.using[column.Num] = text
	}
	return nil
}
