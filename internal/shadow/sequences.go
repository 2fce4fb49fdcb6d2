package shadow

import (
	"context"
	"math"
	"strconv"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// sequences lists the sequences that the shadow's columns own after the swap,
// and gives those that the shadow has now names that can't be in the way.
func (b *builder) sequences(ctx context.Context) error {
	for i, sequence := range b.altered.Sequences {
		listed := Sequence{
			Column: sequence.Column, Name: b.plainName(sequence.Table.Name), Identity: sequence.Identity,
			BuildName: b.names.Object("s" + strconv.Itoa(i+1)).Name,
		}
		if source, ok := b.sourceSequence(sequence.Column); ok {
			listed.Source = source.Table.Name
			listed.Name = source.Table.Name
		}
		if err := b.sequenceDefault(ctx, sequence, &listed); err != nil {
			return err
		}
		err := b.quietly(ctx, sqltmpl.RenameSequence{Sequence: sequence.Table, To: listed.BuildName}.Statement())
		if err != nil {
			return err
		}
		b.plan.Sequences = append(b.plan.Sequences, listed)
	}
	for _, source := range b.src.Sequences {
		column, ok := b.columnAfter(source.Column)
		if source.Identity || !ok || column.Identity != "" {
			continue
		}
		listed := Sequence{Column: column.Name, Name: source.Table.Name, Source: source.Table.Name}
		// A default that reads another sequence by now leaves this one as it is.
		if column.TypeOID == int8OID && column.Default != "" && source.Type != "bigint" && outgrown(source) {
			listed.Type = "bigint"
		}
		b.plan.Sequences = append(b.plan.Sequences, listed)
	}
	return nil
}

// outgrown reports whether a sequence ends where its type does.
func outgrown(sequence catalog.Sequence) bool {
	return sequence.Max == math.MaxInt16 || sequence.Max == math.MaxInt32
}

// sourceSequence returns the source's sequence of a column, given the name of
// the column in the shadow.
func (b *builder) sourceSequence(shadow sqltmpl.Ident) (catalog.Sequence, bool) {
	for _, source := range b.src.Sequences {
		if column, ok := b.columnAfter(source.Column); ok && column.Name == shadow {
			return source, true
		}
	}
	return catalog.Sequence{}, false
}

// columnAfter returns the shadow's column that was made after a named one.
func (b *builder) columnAfter(source sqltmpl.Ident) (catalog.Column, bool) {
	for _, column := range b.src.Columns {
		if column.Name == source {
			return b.counterpart(column.Num)
		}
	}
	return catalog.Column{}, false
}

// sequenceDefault fills in what the default of a serial column will say, if it
// says what serial columns' defaults do.
func (b *builder) sequenceDefault(ctx context.Context, now catalog.Sequence, then *Sequence) error {
	text, err := b.defaultOf(ctx, now.Table)
	if err != nil {
		return err
	}
	for _, column := range b.altered.Columns {
		if column.Name == now.Column && column.Identity == "" && column.Default == text {
			then.Default, err = b.defaultOf(ctx, sqltmpl.Table{Schema: b.src.Table.Schema, Name: then.Name})
		}
	}
	return err
}

func (b *builder) defaultOf(ctx context.Context, sequence sqltmpl.Table) (sqltmpl.Fragment, error) {
	text, err := sqltmpl.Scalar[string](ctx, b.tx, sqltmpl.DefaultOfSequence{Sequence: sequence}.Statement())
	return sqltmpl.Fragment(text), err
}
