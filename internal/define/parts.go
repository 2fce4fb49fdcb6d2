package define

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// LoadParts reads what is bound to the partitions of a table on the source, by
// their OIDs; a plain one has none. It locks nothing.
func LoadParts(ctx context.Context, tx pgx.Tx, b *shadow.Blueprint, registry sqltmpl.Ident) (map[uint32]Bound, error) {
	var out map[uint32]Bound
	for _, p := range b.Below() {
		if p.Own == nil {
			continue
		}
		bound, err := LoadBound(ctx, tx, p.Own.Source.OID, p.Own.Columns, registry)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = map[uint32]Bound{}
		}
		out[p.Own.Source.OID] = bound
	}
	return out, nil
}

// AddParts makes more partitions of the tree on the target, those of its Parts
// whose OIDs on the source are given, with indexes and all, and says how they will differ from the
// source. Moved are the tables of the job. It locks the table ACCESS EXCLUSIVE,
// what foreign keys refer to SHARE ROW EXCLUSIVE for a moment, and leaves nothing if tx is rolled back.
func (t Tree) AddParts(ctx context.Context, tx pgx.Tx, oids []uint32, moved []sqltmpl.Table) (map[uint32]Expected, Notes, error) {
	parts := slices.DeleteFunc(slices.Clone(t.Parts), func(p Part) bool { return !slices.Contains(oids, p.OID) })
	var notes Notes
	for _, p := range parts {
		made, err := t.addPart(ctx, tx, p)
		if err != nil {
			return nil, nil, fmt.Errorf("making partition %s: %w", p.Relation.Table.Plain(), err)
		}
		notes = append(notes, made...)
	}
	made, err := t.finish(ctx, tx, parts)
	if err != nil {
		return nil, nil, err
	}
	expected, err := t.expect(ctx, tx, parts, moved)
	return expected, append(notes, made...), err
}

// addPart makes one with its indexes, while it is empty, and attaches it: the
// server pairs the indexes, first those that belong to the table's.
func (t Tree) addPart(ctx context.Context, tx pgx.Tx, p Part) (Notes, error) {
	notes, err := p.create(ctx, tx)
	if err != nil {
		return nil, err
	}
	indexes := Indexes(p.Relation)
	slices.SortStableFunc(indexes, func(a, b Index) int {
		rank := func(i Index) int {
			if p.Indexes[i.Name] == "" {
				return 1
			}
			return 0
		}
		return rank(a) - rank(b)
	})
	for _, index := range indexes {
		index.Only = index.OfPartitioned
		for _, step := range []func(context.Context, pgx.Tx) (Notes, error){index.Build, index.Attach} {
			made, err := step(ctx, tx)
			if err != nil {
				return nil, err
			}
			notes = append(notes, made...)
		}
	}
	return notes, p.attach(ctx, tx)
}

// expect rehearses the opening of partitions that are as they are before it.
func (t Tree) expect(ctx context.Context, tx pgx.Tx, parts []Part, moved []sqltmpl.Table) (map[uint32]Expected, error) {
	ready, err := observeAll(ctx, tx, parts)
	if err != nil {
		return nil, err
	}
	var opened []state
	err = sqltmpl.Try(ctx, tx, func() error {
		for _, key := range t.ForeignKeys(moved) {
			if err := key.of(parts).try(ctx, tx); err != nil {
				return err
			}
		}
		for _, p := range parts {
			if err := Open(ctx, tx, p.Relation, p.Bound); err != nil {
				return err
			}
		}
		opened, err = observeAll(ctx, tx, parts)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := map[uint32]Expected{}
	for i, p := range parts {
		out[p.OID] = expectedOf(p.Relation, p.Bound, ready[i], opened[i])
	}
	return out, nil
}

func observeAll(ctx context.Context, tx pgx.Tx, parts []Part) ([]state, error) {
	out := make([]state, len(parts))
	for i, p := range parts {
		var err error
		if out[i], err = observe(ctx, tx, p.Relation, p.Bound); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// PartOf is what a tree has of a partition of the source.
func (t Tree) PartOf(table sqltmpl.Table) (Part, bool) {
	at := slices.IndexFunc(t.Parts, func(p Part) bool { return p.Relation.Table == table })
	if at < 0 {
		return Part{}, false
	}
	return t.Parts[at], true
}

// inheritedNotNulls are what a partition may have from the table above, by name.
func inheritedNotNulls(above []catalog.Relation) map[sqltmpl.Ident]bool {
	out := map[sqltmpl.Ident]bool{}
	for _, r := range above {
		for _, n := range r.NotNulls {
			out[n.Name] = true
		}
	}
	return out
}
