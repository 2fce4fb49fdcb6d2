package registry

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
)

// A Copy is what others need to help with the copy of a job across clusters. Each attempt at one is
// another Copy, with a name that no other has.
type Copy struct {
	Name     string // "": there is none
	Version  string // of the program that makes it
	Snapshot string // that all of it is made in; "": each batch has its own
}

func (c Copy) key() sqltmpl.CopyKey {
	return sqltmpl.CopyKey{Name: c.Name, Version: c.Version, Snapshot: c.Snapshot}
}

// ShareCopy reports whether a copy still is the one that is being made; if so it stays so until tx ends. It
// waits for whoever is replacing it, or waits to, and comes before all else in tx.
func (r *Registry) ShareCopy(ctx context.Context, tx pgx.Tx, job int64, c Copy) (bool, error) {
	key := r.copyOf(job, c)
	return isCopy(ctx, tx, key, key.Share())
}

// LockCopy is ShareCopy for one who is about to replace it, and waits for all who share it: none of them commits
// anything afterwards.
func (r *Registry) LockCopy(ctx context.Context, tx pgx.Tx, job int64, c Copy) (bool, error) {
	key := r.copyOf(job, c)
	return isCopy(ctx, tx, key, key.Lock())
}

func (r *Registry) copyOf(job int64, c Copy) sqltmpl.CopyOf {
	return sqltmpl.CopyOf{StreamKey: r.streamKey(job, Forward), Name: c.Name}
}

func isCopy(ctx context.Context, tx pgx.Tx, key sqltmpl.CopyOf, lock sqltmpl.Statement) (bool, error) {
	err := exec(ctx, tx, lock)
	if err != nil {
		return false, fmt.Errorf("locking the copy: %w", err)
	}
	is, err := sqltmpl.Scalar[bool](ctx, tx, key.Is())
	if err != nil {
		return false, fmt.Errorf("looking whether the copy goes on: %w", err)
	}
	return is, nil
}

// A BatchHolder is a session that has claimed batches.
type BatchHolder struct {
	PID         int32  `db:"pid"`
	XID         string `db:"xid"` // of the transaction in which it has
	Application string
	Client      string // "local" also if this role may not see it
}

// BatchHolders returns who has claimed batches of a job. It only reads.
func (r *Registry) BatchHolders(ctx context.Context, db sqltmpl.DB, job int64) ([]BatchHolder, error) {
	holders, err := sqltmpl.All[BatchHolder](ctx, db, sqltmpl.BatchHolders{Schema: r.schema, JobID: job}.Statement())
	if err != nil {
		return nil, fmt.Errorf("looking for who holds batches: %w", err)
	}
	return holders, nil
}
