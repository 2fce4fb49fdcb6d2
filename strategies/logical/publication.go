package logical

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
)

// barrierPrefix marks messages of ours in the WAL.
const barrierPrefix = "repave"

// Publish makes a publication of just these tables. It waits for locks that
// DDL and VACUUM hold, and blocks those until tx ends, but no reads or writes.
// From then on a table without a replica identity takes no UPDATE or DELETE.
func Publish(ctx context.Context, tx pgx.Tx, name string, tables []sqltmpl.Table) error {
	if len(tables) == 0 {
		return errors.New("publishing: no tables")
	}
	_, err := sqltmpl.Publication{Name: sqltmpl.Ident(name), Tables: tables}.Create().Exec(ctx, tx)
	if err != nil {
		return fmt.Errorf("publishing: %w", err)
	}
	return nil
}

// Unpublish drops a publication, if there is one; it may run twice.
func Unpublish(ctx context.Context, db sqltmpl.DB, name string) error {
	if _, err := (sqltmpl.Publication{Name: sqltmpl.Ident(name)}).Drop().Exec(ctx, db); err != nil {
		return fmt.Errorf("dropping publication %s: %w", name, err)
	}
	return nil
}

// EmitBarrier puts a barrier into the WAL, which streams deliver at the place
// of tx's commit. It blocks nothing.
func EmitBarrier(ctx context.Context, tx pgx.Tx, token string) error {
	if _, err := sqltmpl.Scalar[string](ctx, tx, sqltmpl.EmitBarrier{Token: token}.Statement()); err != nil {
		return fmt.Errorf("sending the barrier: %w", err)
	}
	return nil
}

// An Identity tells clusters and databases apart.
type Identity struct {
	System   string // the cluster's system identifier
	Database string
}

// Identify reads which cluster and database db is on.
func Identify(ctx context.Context, db sqltmpl.DB) (Identity, error) {
	id, err := sqltmpl.One[Identity](ctx, db, sqltmpl.Identify{}.Statement())
	if err != nil {
		return Identity{}, fmt.Errorf("identifying the cluster: %w", err)
	}
	return id, nil
}
