package shadow

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Linked table is one of several whose shadows have been built for one job.
type Linked struct {
	Names     Names
	Blueprint *Blueprint
}

// Link completes the blueprints of a job on several tables: a foreign key from
// one to another is the same on both sides, between the two shadows, with the
// names and types that both have; one that the referencing table loses or gains
// by its change, the referenced one does too. Each is tried between the empty
// shadow and a probe of the other, so that what the swap could not do is found
// out now. It runs once, in the transaction of the Builds, locks nothing but
// shadows, and leaves nothing but what it changes in the blueprints.
func Link(ctx context.Context, tx pgx.Tx, tables []Linked) error {
	if err := distinct(tables); err != nil {
		return err
	}
	for _, parent := range tables {
		b := parent.Blueprint
		// Those of the job's tables come back below, as their own blueprints have them.
		b.ReferencedBy = slices.DeleteFunc(b.ReferencedBy, func(key catalog.ForeignKey) bool {
			return between(tables, key.From, b.Source.Table)
		})
		for _, child := range tables {
			for i := range child.Blueprint.ForeignKeys {
				key := &child.Blueprint.ForeignKeys[i]
				if key.To != b.Source.Table || child.Blueprint == b || key.Inherited {
					continue
				}
				if err := link(ctx, tx, child, parent, key); err != nil {
					return err
				}
				b.ReferencedBy = append(b.ReferencedBy, *key)
			}
		}
	}
	for _, t := range tables {
		t.Blueprint.Shadow.ForeignKeys = t.Blueprint.ForeignKeys
		t.Blueprint.Shadow.ReferencedBy = t.Blueprint.ReferencedBy
	}
	return nil
}

// between reports whether a foreign key from a table to another ties two of
// the job's.
func between(tables []Linked, from, to sqltmpl.Table) bool {
	return from != to && slices.ContainsFunc(tables, func(t Linked) bool { return t.Blueprint.Source.Table == from })
}

// link makes one foreign key of child refer to the shadow of parent. It has the
// columns of the source that it refers to, or of a probe of that.
func link(ctx context.Context, tx pgx.Tx, child, parent Linked, key *catalog.ForeignKey) error {
	b := parent.Blueprint
	names := sourceColumns(b.Source, *key)
	was := slices.Clone(key.ToTypes)
	key.To, key.ToOID, key.ToKind = b.Source.Table, b.Shadow.OID, b.Shadow.Kind
	key.FromKind = child.Blueprint.Shadow.Kind
	key.ToColumns, key.ToTypes, key.ToNums = nil, nil, nil
	for _, name := range names {
		at := slices.IndexFunc(b.Columns, func(c Column) bool { return c.Source == name })
		if at < 0 || b.Columns[at].Shadow == "" {
			return refuse("drop the foreign key in the same job, or leave the column",
				"foreign key %s of %s needs column %s of %s, which --alter drops",
				key.Name, key.From.Plain(), name, b.Source.Table.Plain())
		}
		for _, column := range b.Shadow.Columns {
			if column.Name == b.Columns[at].Shadow {
				key.ToColumns, key.ToTypes = append(key.ToColumns, column.Name), append(key.ToTypes, column.Type)
				key.ToNums = append(key.ToNums, column.Num)
			}
		}
	}
	if !referable(b.Shadow.Indexes, *key) {
		return refuse("drop the foreign key in the same job, or keep a unique constraint on these columns",
			"foreign key %s of %s refers to (%s), which --alter leaves without a unique constraint",
			key.Name, key.From.Plain(), key.ToColumns)
	}
	key.ToPrimary = key.ToPrimary && primary(b.Shadow.Indexes, *key)
	if !slices.Equal(key.FromTypes, sourceTypes(child.Blueprint.Source, *key)) || !slices.Equal(key.ToTypes, was) {
		child.Blueprint.Mismatches = append(child.Blueprint.Mismatches, mismatches(*key)...)
	}
	return tryLink(ctx, tx, child, parent, *key)
}

// sourceColumns are the columns of the referenced table, as it is now, that a
// foreign key refers to.
func sourceColumns(parent catalog.Relation, key catalog.ForeignKey) sqltmpl.Columns {
	for _, old := range parent.ReferencedBy {
		if old.OID == key.OID {
			return old.ToColumns
		}
	}
	return key.ToColumns // one that was added names them itself
}

// sourceTypes are the types that the columns of a foreign key have now, nil if
// it was added.
func sourceTypes(child catalog.Relation, key catalog.ForeignKey) []sqltmpl.Fragment {
	for _, old := range child.ForeignKeys {
		if old.OID == key.OID {
			return old.FromTypes
		}
	}
	return nil
}

// tryLink makes a foreign key between the shadow of child and a probe of
// parent's, which has no indexes yet, and undoes it.
func tryLink(ctx context.Context, tx pgx.Tx, child, parent Linked, key catalog.ForeignKey) error {
	probe := parent.Names.Object("probe")
	unique := sqltmpl.Fragment("UNIQUE (" + key.ToColumns.String() + ")")
	if key.Period {
		unique = sqltmpl.Fragment("UNIQUE (" + key.ToColumns.String() + " WITHOUT OVERLAPS)")
	}
	err := sqltmpl.Try(ctx, tx, func() error {
		for _, s := range []sqltmpl.Statement{
			sqltmpl.CreateProbe{Table: probe, Like: parent.Names.Object("shadow")}.Statement(),
			sqltmpl.AddConstraint{
				Table: probe, Name: parent.Names.Object("probe_key").Name, Def: unique,
			}.Statement(),
		} {
			if _, err := s.Exec(ctx, tx); err != nil {
				return err
			}
		}
		key.To, key.ToPrimary = probe, false
		add := ForeignKeyStatement(child.Names.Object("shadow"), key)
		if child.Blueprint.Shadow.Kind == "p" { // which can't have it NOT VALID; here are no rows to look at
			add = ValidForeignKey(child.Names.Object("shadow"), key)
		}
		_, err := add.Exec(ctx, tx)
		return err
	})
	if err != nil {
		return blame(err, "change both sides to types that can be compared, or drop the foreign key",
			"foreign key %s of %s can't be made again", key.Name, key.From.Plain())
	}
	return nil
}

// distinct makes sure that no two tables come to have an index or a sequence
// of one name in one schema, which only the swap would run into.
func distinct(tables []Linked) error {
	owners := map[sqltmpl.Table]sqltmpl.Table{}
	for _, t := range tables {
		table := t.Blueprint.Source.Table
		var names []sqltmpl.Ident
		for _, index := range t.Blueprint.Indexes {
			if !index.Helper {
				names = append(names, index.Name)
			}
		}
		for _, sequence := range t.Blueprint.Sequences {
			names = append(names, sequence.Name)
		}
		for _, name := range names {
			full := sqltmpl.Table{Schema: table.Schema, Name: name}
			if other, taken := owners[full]; taken && other != table {
				return refuse("give it another name for each table (in a job for each), or leave the name out",
					"%s and %s can't both have an index or sequence %s", other.Plain(), table.Plain(), name)
			}
			owners[full] = table
		}
	}
	return nil
}
