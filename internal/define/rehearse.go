package define

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// An Outcome is what a rehearsal found.
type Outcome struct {
	Notes    Notes      // what will not be carried
	Expected []Expected // of each table
	// Parts are what is expected of each table's partitions, by their OIDs on the source.
	Parts []map[uint32]Expected
	// Views that can be made, as they read on the target, and those that can't.
	Views []catalog.Dependent
	Left  []carry.Left
}

// Record keeps what is expected of the nth table with what is bound to it.
func (o Outcome) Record(n int, bound *Bound) {
	bound.Expected = &o.Expected[n]
	for oid, expected := range o.Parts[n] {
		part := bound.Parts[oid]
		part.Expected = &expected
		bound.Parts[oid] = part
	}
}

// Rehearse makes the tables on the target with everything, empty, with views
// over them as LoadViews read them, and undoes it. The error is the first that
// making them for good would meet. It locks, for as long as that takes, what
// foreign keys refer to SHARE ROW EXCLUSIVE.
func Rehearse(ctx context.Context, tx pgx.Tx, tables []Tree, views []catalog.Dependent) (Outcome, error) {
	r := &rehearsal{tx: tx, tables: slices.Clone(tables)}
	err := sqltmpl.Try(ctx, tx, func() error { return r.run(ctx, views) })
	return r.out, err
}

type rehearsal struct {
	tx     pgx.Tx
	tables []Tree
	moved  []sqltmpl.Table
	out    Outcome
}

// note takes over what a step could not carry.
func (r *rehearsal) note(notes Notes, err error) error {
	r.out.Notes = append(r.out.Notes, notes...)
	return err
}

func (r *rehearsal) run(ctx context.Context, views []catalog.Dependent) error {
	if err := r.fill(ctx); err != nil {
		return err
	}
	made, left, notes, err := MakeViews(ctx, r.tx, r.tables, views)
	if err := r.note(notes, err); err != nil {
		return err
	}
	r.out.Left = left
	ready, err := r.observe(ctx)
	if err != nil {
		return err
	}
	if err := r.open(ctx); err != nil {
		return err
	}
	opened, err := r.observe(ctx)
	if err != nil {
		return err
	}
	var oids []uint32
	for i, t := range r.tables {
		oids = append(oids, opened[i][0].relation.OID)
		parts := map[uint32]Expected{}
		for j, p := range t.nodes() {
			expected := expectedOf(p.Relation, p.Bound, ready[i][j], opened[i][j])
			if j == 0 {
				expected = expectedOf(t.Relation, t.Bound, ready[i][j], opened[i][j])
				r.out.Expected = append(r.out.Expected, expected)
				continue
			}
			parts[p.OID] = expected
		}
		r.out.Parts = append(r.out.Parts, parts)
	}
	if len(made) == 0 {
		return nil
	}
	r.out.Views, err = LoadViews(ctx, r.tx, oids, r.tables[0].Bound.Registry)
	r.out.Views = slices.DeleteFunc(r.out.Views, func(d catalog.Dependent) bool {
		return !slices.ContainsFunc(made, func(m catalog.Dependent) bool { return m.Name == d.Name })
	})
	return err
}

// expectedOf compares a table before and after the opening with its final form.
func expectedOf(r catalog.Relation, bound Bound, ready, opened state) Expected {
	out := Expected{Dependents: opened.dependents}
	bound.Expected = &Expected{Dependents: opened.dependents}
	out.UntilOpen, _ = ready.differences(r, bound)
	out.Lasting, _ = opened.differences(r, bound)
	return out
}

// fill makes the tables as they are before the cutover.
func (r *rehearsal) fill(ctx context.Context) error {
	for _, t := range r.tables {
		r.moved = append(r.moved, t.Relation.Table)
		if err := r.note(t.Create(ctx, r.tx)); err != nil {
			return err
		}
	}
	for _, t := range r.tables {
		for _, index := range t.Indexes() {
			for _, step := range []func(context.Context, pgx.Tx) (Notes, error){index.Build, index.Attach} {
				if err := r.note(step(ctx, r.tx)); err != nil {
					return err
				}
			}
		}
	}
	for _, t := range r.tables {
		if err := r.note(t.Finish(ctx, r.tx)); err != nil {
			return err
		}
	}
	return nil
}

// open makes them what they are after it.
func (r *rehearsal) open(ctx context.Context) error {
	for _, t := range r.tables {
		for _, key := range t.ForeignKeys(r.moved) {
			if err := r.note(key.Add(ctx, r.tx)); err != nil {
				return err
			}
			if err := key.Validate(ctx, r.tx); err != nil {
				return err
			}
		}
		if err := t.Open(ctx, r.tx); err != nil {
			return err
		}
	}
	return nil
}

func (r *rehearsal) observe(ctx context.Context) ([][]state, error) {
	out := make([][]state, len(r.tables))
	for i, t := range r.tables {
		var err error
		if out[i], err = observeAll(ctx, r.tx, t.nodes()); err != nil {
			return nil, err
		}
	}
	return out, nil
}
