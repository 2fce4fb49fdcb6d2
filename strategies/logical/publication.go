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

// publicationMark is what the comment on a publication of ours begins with; the transaction that made it follows.
const publicationMark = "made by repave in transaction "

// Publish makes a publication of just these tables, and writes on it which transaction made it. It waits for locks that
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
	by, err := sqltmpl.Scalar[string](ctx, tx, sqltmpl.Publication{Name: sqltmpl.Ident(name)}.MadeBy())
	if err != nil {
		return fmt.Errorf("publishing: %w", err)
	}
	mark := sqltmpl.PublicationMark{Name: sqltmpl.Ident(name), Mark: sqltmpl.Literal(publicationMark + by)}
	if _, err := mark.Statement().Exec(ctx, tx); err != nil {
		return fmt.Errorf("publishing: %w", err)
	}
	return nil
}

// PublicationProblem says what happened to a publication of the tables with these OIDs since Publish, "" if nothing did.
// If anything did, even if it was undone, changes are missing in the stream, and nobody is told: since
// PostgreSQL 18 not even if there is no publication at all. It only reads.
func PublicationProblem(ctx context.Context, db sqltmpl.DB, name string, oids []uint32) (string, error) {
	whole, err := sqltmpl.Scalar[bool](ctx, db, sqltmpl.PublicationWhole{
		Name: sqltmpl.Ident(name), Mark: publicationMark, OIDs: oids,
	}.Statement())
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return "publication " + name + " is gone", nil
	case err != nil:
		return "", fmt.Errorf("looking at publication %s: %w", name, err)
	case !whole:
		return "somebody has altered publication " + name + ", or made it anew", nil
	}
	return "", nil
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
