package define

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Rehearsed is one table of a rehearsal.
type Rehearsed struct {
	Relation catalog.Relation // its final form
	Bound    Bound
}

// Rehearse makes the tables on the target with everything, empty, and undoes
// it. The error is the first that making them for good would meet, the notes
// are what will not be carried. It locks, for as long as that takes, what
// foreign keys refer to SHARE ROW EXCLUSIVE.
func Rehearse(ctx context.Context, tx pgx.Tx, tables []Rehearsed) (Notes, error) {
	var notes Notes
	err := sqltmpl.Try(ctx, tx, func() error { return rehearse(ctx, tx, tables, &notes) })
	return notes, err
}

func rehearse(ctx context.Context, tx pgx.Tx, list []Rehearsed, notes *Notes) error {
	var moved []sqltmpl.Table
	for _, t := range list {
		moved = append(moved, t.Relation.Table)
		made, err := Create(ctx, tx, t.Relation)
		*notes = append(*notes, made...)
		if err != nil {
			return err
		}
	}
	for _, t := range list {
		for _, index := range Indexes(t.Relation) {
			for _, step := range []func(context.Context, pgx.Tx) (Notes, error){index.Build, index.Attach} {
				made, err := step(ctx, tx)
				*notes = append(*notes, made...)
				if err != nil {
					return err
				}
			}
		}
	}
	for _, t := range list {
		for _, key := range ForeignKeys(t.Relation, moved) {
			made, err := key.Add(ctx, tx)
			*notes = append(*notes, made...)
			if err != nil {
				return err
			}
			if err := key.Validate(ctx, tx); err != nil {
				return err
			}
		}
		bound, err := Finish(ctx, tx, t.Relation, t.Bound)
		*notes = append(*notes, bound...)
		if err != nil {
			return err
		}
		if err := Open(ctx, tx, t.Relation, t.Bound); err != nil {
			return err
		}
	}
	return nil
}
