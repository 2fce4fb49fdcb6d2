package stages

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies"
)

// revertible refuses to go back while the target holds what the source could
// not: values without a conversion, rows beyond a type, sequences beyond their
// bounds; or while our role may not apply changes there. It reads the target's tables once, where a column has another type.
func (across) revertible(ctx context.Context, env *Env, job registry.Job) error {
	if err := env.unbroken(ctx, job); err != nil {
		return err
	}
	for _, t := range job.Tables {
		for _, c := range t.Blueprint.Columns {
			if c.Source != "" && !c.SourceGenerated && c.Shadow != "" && c.Reverse == "" {
				return &StateError{
					Problem: fmt.Sprintf("column %s of %s has no conversion back from %s to %s", c.Source, t.Name.Plain(), c.ShadowType, c.SourceType),
					Advice:  "keep the new tables with: repave cleanup " + job.Args(),
				}
			}
		}
	}
	for _, t := range job.Tables {
		if err := env.misfits(ctx, t); err != nil {
			return err
		}
	}
	// What is on the target counts, as sequences there do.
	there := *env
	there.Source = env.Target
	for _, t := range job.Tables {
		if err := sequencesFit(ctx, &there, t); err != nil {
			return err
		}
	}
	return nil
}

// misfits names the target's rows that the source can't hold.
func (env *Env) misfits(ctx context.Context, t registry.Table) error {
	b := t.Blueprint
	fits := sqltmpl.Fits{Table: t.Name}
	for _, k := range b.Key {
		fits.Key = append(fits.Key, k.Shadow)
	}
	for _, c := range b.Columns {
		if c.Source == "" || c.SourceGenerated || c.Shadow == "" {
			continue
		}
		source, _ := columnOf(b.Source, c.Source)
		shadow, _ := columnOf(b.Shadow, c.Shadow)
		if c.Same && (!source.NotNull || shadow.NotNull) {
			continue
		}
		fits.Columns = append(fits.Columns, sqltmpl.FitsColumn{
			Value: c.Reverse, Type: c.SourceType, NotNull: source.NotNull,
			Missing: sqltmpl.Literal(fmt.Sprintf("column %s can't be null there", string(c.Source))),
		})
	}
	if len(fits.Columns) == 0 {
		return nil
	}
	var found []strategies.Misfit
	err := inTx(ctx, env.Target, func(tx pgx.Tx) error {
		err := exec(ctx, tx, fits.Create())
		if err != nil {
			return err
		}
		if found, err = sqltmpl.All[strategies.Misfit](ctx, tx, fits.List(maxDifferences+1)); err != nil {
			return err
		}
		return errProbe
	})
	if !errors.Is(err, errProbe) {
		return fmt.Errorf("looking for rows of %s that the source can't hold: %w", t.Name.Plain(), err)
	}
	if len(found) == 0 {
		return nil
	}
	return &MisfitError{
		Table: t.Name.Plain(), Rows: found[:min(len(found), maxDifferences)], More: len(found) > maxDifferences, Swapped: true,
	}
}
