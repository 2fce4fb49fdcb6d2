package define

import (
	"context"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// Sequences lists the sequences that r's columns take values from: those that
// it owns, and those that its defaults read besides.
func Sequences(r catalog.Relation) []sqltmpl.Table {
	var out []sqltmpl.Table
	for _, s := range r.Sequences {
		out = append(out, s.Table)
	}
	for _, s := range r.Uses {
		out = append(out, s.Table)
	}
	return out
}

func sequenceOptions(s catalog.Sequence) sqltmpl.SetSequenceOptions {
	return sqltmpl.SetSequenceOptions{
		Sequence: s.Table, Type: s.Type, Start: sqltmpl.Number(s.Start), Increment: sqltmpl.Number(s.Increment),
		Min: sqltmpl.Number(s.Min), Max: sqltmpl.Number(s.Max), Cache: sqltmpl.Number(s.Cache), Cycle: s.Cycle,
	}
}

// sequences makes those that defaults name. A sequence that serves several
// tables may be there already: then it is taken as it is.
func (c *creator) sequences(ctx context.Context) error {
	for _, s := range c.r.Sequences {
		if s.Identity { // made with its column
			continue
		}
		// One that another table's defaults read may have been made with that.
		if err := c.sequence(ctx, s); err != nil {
			return err
		}
	}
	for _, s := range c.r.Uses {
		if err := c.sequence(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// sequence makes one unless it is there.
func (c *creator) sequence(ctx context.Context, s catalog.Sequence) error {
	oid, err := oidOf(ctx, c.tx, s.Table)
	if err != nil || oid != 0 {
		return err
	}
	steps := []sqltmpl.Statement{sqltmpl.CreateSequence{
		SetSequenceOptions: sequenceOptions(s), Unlogged: s.Persistence == unlogged && version(c.tx) >= v15,
	}.Statement()}
	return c.do(ctx, append(steps, commentSequence(s)...)...)
}

func commentSequence(s catalog.Sequence) []sqltmpl.Statement {
	if s.Comment == "" {
		return nil
	}
	return []sqltmpl.Statement{sqltmpl.CommentSequence{Sequence: s.Table, Comment: sqltmpl.Literal(s.Comment)}.Statement()}
}

// ownSequences ties sequences to their columns, and makes those of identity
// columns count like the source's.
func (c *creator) ownSequences(ctx context.Context) error {
	var steps []sqltmpl.Statement
	for _, s := range c.r.Sequences {
		if !s.Identity {
			steps = append(steps, sqltmpl.OwnSequence{Sequence: s.Table, Table: c.r.Table, Column: s.Column}.Statement())
			continue
		}
		steps = append(steps, sequenceOptions(s).Statement())
		steps = append(steps, commentSequence(s)...)
		// It is made as its table is, and ALTER SEQUENCE may have changed that.
		if version(c.tx) >= v15 && c.r.Persistence == unlogged && s.Persistence != unlogged {
			steps = append(steps, sqltmpl.LogSequence{Sequence: s.Table}.Statement())
		}
	}
	return c.do(ctx, steps...)
}
