package define

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Beginner begins transactions: a pool or a session.
type Beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// A Table is one table of a job, with what is asked for.
type Table struct {
	OID    uint32 // on the source
	Change shadow.Change
	Parts  []uint32 // as of shadow.Asked
}

// errComputed rolls back what was made to compute by.
var errComputed = errors.New("computed")

// Final computes the final form of each table of a job on the source, whose
// server says what the changes make of it: shadows are built in a transaction
// that is rolled back. The schema is the registry's, which need not exist. In
// the blueprints, Shadow has the source's OID.
//
// The session's role needs CREATE on the database, or on the schema if it is
// there, and what it takes to give a table to the source's owner. It locks
// ACCESS SHARE, waits for that as long as the session's lock_timeout says,
// and leaves nothing behind.
func Final(
	ctx context.Context, source Beginner, schema sqltmpl.Ident, tables []Table, searchPath string,
) ([]*shadow.Blueprint, error) {
	asked := make([]shadow.Asked, len(tables))
	for i, t := range tables {
		// Job 0 never is: these names are free even beside a registry.
		asked[i] = shadow.Asked{
			OID: t.OID, Change: t.Change, Parts: t.Parts, Names: shadow.Names{Schema: schema, Prefix: fmt.Sprintf("repave_0_%d_", i+1)},
		}
	}
	var blueprints []*shadow.Blueprint
	err := pgx.BeginFunc(ctx, source, func(tx pgx.Tx) (err error) {
		there, err := look(ctx, tx, schema)
		if err != nil {
			return err
		}
		if !there.schema(schema) {
			if _, err := (sqltmpl.CreateSchema{Schema: schema}).Statement().Exec(ctx, tx); err != nil {
				return err
			}
		}
		if blueprints, err = shadow.BuildAll(ctx, tx, asked, searchPath); err != nil {
			return err
		}
		for i, b := range blueprints {
			if err := complete(ctx, tx, b, asked[i].Names); err != nil {
				return err
			}
		}
		return errComputed
	})
	if !errors.Is(err, errComputed) {
		return nil, err
	}
	return blueprints, nil
}

// complete adds what only a table elsewhere needs to be told.
func complete(ctx context.Context, tx pgx.Tx, b *shadow.Blueprint, names shadow.Names) error {
	if b == nil {
		return nil
	}
	made, err := oidOf(ctx, tx, names.Object("shadow"))
	if err != nil {
		return err
	}
	if b.Source.Uses, err = uses(ctx, tx, b.Source.OID); err != nil {
		return err
	}
	all, err := uses(ctx, tx, made)
	if err != nil {
		return err
	}
	// Until the swap, a serial column of a shadow reads the source's sequence.
	b.Shadow.Uses = slices.DeleteFunc(all, func(s catalog.Sequence) bool {
		return slices.ContainsFunc(b.Shadow.Sequences, func(own catalog.Sequence) bool { return own.Table == s.Table })
	})
	b.Shadow.OID = b.Source.OID
	for _, p := range b.Below() {
		if p.Own == nil {
			continue
		}
		all, err := uses(ctx, tx, p.OID)
		if err != nil {
			return err
		}
		// A sequence that only the shadow has is the whole table's.
		p.Own.Shadow.Uses = slices.DeleteFunc(all, func(s catalog.Sequence) bool { return s.Table.Schema == names.Schema })
	}
	return nil
}
