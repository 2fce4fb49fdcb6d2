package stages

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// A position is where an identity sequence stands.
type position struct {
	LastValue int64 `db:"last_value"`
	IsCalled  bool  `db:"is_called"`
}

// park takes the name from a table: it becomes inert, without foreign keys in
// or out, out of the way in our schema under names of ours. It returns where
// its own sequences stand, by the name of their counterpart.
func park(ctx context.Context, tx pgx.Tx, schema sqltmpl.Ident, s side) (map[sqltmpl.Table]position, error) {
	if err := sqltmpl.ExecAll(ctx, tx, parkSteps(schema, s)...); err != nil {
		return nil, err
	}
	at := map[sqltmpl.Table]position{}
	return at, positions(ctx, tx, schema, s, at)
}

func parkSteps(schema sqltmpl.Ident, s side) []sqltmpl.Statement {
	table := s.relation.Table
	var steps []sqltmpl.Statement
	for _, fk := range roots(s.foreignKeys) { // its table's are gone by now
		steps = append(steps, sqltmpl.DropConstraint{Table: table, Name: fk.Name}.Statement())
	}
	for _, fk := range roots(s.referencedBy) { // which take their members along
		steps = append(steps, sqltmpl.DropConstraint{Table: fk.From, Name: fk.Name}.Statement())
	}
	for _, check := range s.lateChecks {
		steps = append(steps, sqltmpl.DropConstraint{Table: table, Name: check.Name}.Statement())
	}
	for _, notNull := range s.lateNotNulls {
		steps = append(steps, sqltmpl.DropConstraint{Table: table, Name: notNull.Name}.Statement())
	}
	for _, serial := range s.serials {
		if !serial.above {
			steps = append(steps, sqltmpl.DisownSequence{Sequence: serial.sequence.Table}.Statement())
		}
		steps = append(steps, sqltmpl.DropDefault{Table: table, Column: serial.name}.Statement())
	}
	for _, own := range s.sequences {
		steps = append(steps, sqltmpl.RenameSequence{
			Sequence: sqltmpl.Table{Schema: table.Schema, Name: own.name}, To: own.parked,
		}.Statement())
	}
	for _, index := range s.indexes {
		steps = append(steps, sqltmpl.RenameIndex{
			Index: sqltmpl.Table{Schema: table.Schema, Name: index.name}, To: index.parked,
		}.Statement())
	}
	steps = append(steps,
		sqltmpl.RenameTable{Table: table, To: s.parked.Name}.Statement(),
		sqltmpl.SetSchema{Table: sqltmpl.Table{Schema: table.Schema, Name: s.parked.Name}, Schema: schema}.Statement())
	for _, p := range s.partitions {
		steps = append(steps, parkSteps(schema, p)...)
	}
	return steps
}

// positions reads where the own sequences of a parked table and its partitions
// stand; their rename keeps nextval out.
func positions(
	ctx context.Context, tx pgx.Tx, schema sqltmpl.Ident, s side, out map[sqltmpl.Table]position,
) error {
	for _, own := range s.sequences {
		if own.counterpart == "" {
			continue
		}
		at, err := sqltmpl.One[position](ctx, tx, sqltmpl.SequenceState{
			Sequence: sqltmpl.Table{Schema: schema, Name: own.parked},
		}.Statement())
		if err != nil {
			return err
		}
		out[sqltmpl.Table{Schema: s.relation.Table.Schema, Name: own.counterpart}] = at
	}
	for _, p := range s.partitions {
		if err := positions(ctx, tx, schema, p, out); err != nil {
			return err
		}
	}
	return nil
}

// sequenceSteps give a table's own sequence its name and its position.
func sequenceSteps(table sqltmpl.Table, own ownSequence, at map[sqltmpl.Table]position) []sqltmpl.Statement {
	name := sqltmpl.Table{Schema: table.Schema, Name: own.name}
	steps := []sqltmpl.Statement{sqltmpl.RenameSequence{
		Sequence: sqltmpl.Table{Schema: table.Schema, Name: own.parked}, To: own.name,
	}.Statement()}
	if p, ok := at[sqltmpl.Table{Schema: table.Schema, Name: own.counterpart}]; ok && own.counterpart != "" {
		steps = append(steps, sqltmpl.SetSequence{
			Sequence: name.String(), LastValue: p.LastValue, IsCalled: p.IsCalled,
		}.Statement())
	}
	return steps
}

// unpark gives a parked table its name, and all that it has only with it but
// foreign keys: those need the other tables, too, see tie.
func unpark(ctx context.Context, tx pgx.Tx, s side, at map[sqltmpl.Table]position) error {
	return sqltmpl.ExecAll(ctx, tx, unparkSteps(s, at)...)
}

func unparkSteps(s side, at map[sqltmpl.Table]position) []sqltmpl.Statement {
	table := s.relation.Table
	steps := []sqltmpl.Statement{
		// First to the schema: the name may be taken in ours.
		sqltmpl.SetSchema{Table: s.parked, Schema: table.Schema}.Statement(),
		sqltmpl.RenameTable{
			Table: sqltmpl.Table{Schema: table.Schema, Name: s.parked.Name}, To: table.Name,
		}.Statement(),
	}
	for _, index := range s.indexes {
		steps = append(steps, sqltmpl.RenameIndex{
			Index: sqltmpl.Table{Schema: table.Schema, Name: index.parked}, To: index.name,
		}.Statement())
	}
	for _, index := range s.relation.Indexes {
		if index.Clustered {
			steps = append(steps, sqltmpl.ClusterOn{Table: table, Index: index.Name}.Statement())
		}
	}
	for _, own := range s.sequences {
		steps = append(steps, sequenceSteps(table, own, at)...)
	}
	for _, serial := range s.serials {
		steps = append(steps, serialSteps(table, serial)...)
	}
	for _, check := range s.lateChecks {
		steps = append(steps, sqltmpl.AddConstraint{Table: table, Name: check.Name, Def: check.Def}.Statement())
		if check.Comment != "" {
			steps = append(steps, commentOn(table, check.Name, check.Comment))
		}
	}
	for _, notNull := range s.lateNotNulls {
		steps = append(steps, lateNotNull(table, s.relation, notNull)...)
	}
	for _, check := range s.comments {
		steps = append(steps, commentOn(table, check.Name, check.Comment))
	}
	for _, p := range s.partitions { // after what they have from here
		steps = append(steps, unparkSteps(p, at)...)
	}
	return steps
}

// serialSteps give a column the default that it has from a sequence.
func serialSteps(table sqltmpl.Table, serial serialColumn) []sqltmpl.Statement {
	if serial.above && serial.value == "" {
		return []sqltmpl.Statement{sqltmpl.DropDefault{Table: table, Column: serial.name}.Statement()}
	}
	var steps []sqltmpl.Statement
	if serial.retype != "" {
		steps = append(steps, sqltmpl.RetypeSequence{Sequence: serial.sequence.Table, Type: serial.retype}.Statement())
	}
	if !serial.above {
		steps = append(steps, sqltmpl.OwnSequence{Sequence: serial.sequence.Table, Table: table, Column: serial.name}.Statement())
	}
	return append(steps, sqltmpl.SetDefault{Table: table, Column: serial.name, Default: serial.value}.Statement())
}

// lateNotNull adds a not-null constraint that is NOT VALID.
func lateNotNull(table sqltmpl.Table, r catalog.Relation, c catalog.NotNull) []sqltmpl.Statement {
	var steps []sqltmpl.Statement
	for _, column := range r.Columns {
		if column.Num == c.Column {
			steps = append(steps, sqltmpl.AddConstraint{
				Table: table, Name: c.Name, Def: shadow.LateNotNull(column.Name, c.NoInherit),
			}.Statement())
		}
	}
	if c.Comment != "" {
		steps = append(steps, commentOn(table, c.Name, c.Comment))
	}
	return steps
}

// addForeignKey adds a foreign key NOT VALID, without a scan.
func addForeignKey(from sqltmpl.Table, fk catalog.ForeignKey) []sqltmpl.Statement {
	steps := []sqltmpl.Statement{shadow.ForeignKeyStatement(from, fk)}
	if fk.Comment != "" {
		steps = append(steps, commentOn(from, fk.Name, fk.Comment))
	}
	return steps
}

func commentOn(table sqltmpl.Table, constraint sqltmpl.Ident, text string) sqltmpl.Statement {
	return sqltmpl.CommentConstraint{Table: table, Name: constraint, Comment: sqltmpl.Literal(text)}.Statement()
}
