package stages

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/repave-pg/repave/sqltmpl"
)

// cleanupTimeout bounds what is done after a context was cancelled.
const cleanupTimeout = 5 * time.Second

// inTx runs fn in a READ COMMITTED transaction.
func inTx(ctx context.Context, pool *pgxpool.Pool, fn func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, fn)
}

// inSnapshot runs fn in a REPEATABLE READ transaction.
func inSnapshot(ctx context.Context, pool *pgxpool.Pool, fn func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, fn)
}

// exec runs statements one after the other.
func exec(ctx context.Context, db sqltmpl.DB, statements ...sqltmpl.Statement) error {
	for _, s := range statements {
		if _, err := s.Exec(ctx, db); err != nil {
			return err
		}
	}
	return nil
}

// setLockTimeout bounds every lock wait of a transaction.
func setLockTimeout(ctx context.Context, tx pgx.Tx, d time.Duration) error {
	ms := max(d.Milliseconds(), 1)
	return exec(ctx, tx, sqltmpl.SetLocal{Name: "lock_timeout", Value: strconv.FormatInt(ms, 10)}.Statement())
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// detached returns a context that outlives the cancellation of ctx, for a
// bounded time.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
}
