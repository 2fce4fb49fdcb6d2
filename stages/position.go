package stages

import (
	"context"
	"fmt"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// A position is recorded where the changes go, in one transaction with them:
// forward that is the registry, backward a table of one row on the source.

// positionOf is that table.
func positionOf(job registry.Job, mark string) sqltmpl.PositionTable {
	return sqltmpl.PositionTable{Position: sqltmpl.Table{
		Schema: job.Tables[0].Name.Schema, Name: sqltmpl.Ident(mark + "_applied"),
	}}
}

// startPosition makes that table, and begins at a position. May run twice.
func startPosition(ctx context.Context, tx pgx.Tx, job registry.Job, mark string, at pglogrepl.LSN) error {
	return exec(ctx, tx, positionOf(job, mark).Make(at.String())...)
}

// remember records what has been applied to the source.
func remember(ctx context.Context, tx pgx.Tx, job registry.Job, mark string, applied pglogrepl.LSN) error {
	n, err := positionOf(job, mark).Advance(applied.String()).Exec(ctx, tx)
	if err == nil && n == 0 {
		err = fmt.Errorf("the backward stream of job %d is beyond %s already, or has ended", job.ID, applied)
	}
	return err
}

// stream is what is known of a stream, with the position that counts.
func (env *Env) stream(ctx context.Context, job registry.Job, d registry.Direction, mark string) (registry.Stream, error) {
	s, err := env.Registry.Stream(ctx, env.Target, job.ID, d)
	if err != nil || d == registry.Forward {
		return s, err
	}
	text, err := sqltmpl.Scalar[string](ctx, env.Source, positionOf(job, mark).Read())
	if err != nil {
		return s, err
	}
	s.Applied, err = pglogrepl.ParseLSN(text)
	return s, err
}
