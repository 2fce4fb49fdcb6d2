package logical

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/repave-pg/repave/sqltmpl"
)

// An exported snapshot's name is no proof of anything: it is made of the number of a session's slot in memory and of that
// of its transaction there, and after a restart the server counts from the beginning: the same name is another snapshot's then. So
// the session that exports one holds an advisory lock of a name that is never used again, taken before. Whoever has imported the
// snapshot and then finds the lock held knows that this session has lived all the time, on this very server, and
// that the snapshot is its own.

// HoldCopy takes that lock for conn, which may be a replication session, until it ends.
func HoldCopy(ctx context.Context, conn *pgconn.PgConn, name string) error {
	_, err := sqltmpl.ExecEach(ctx, conn, sqltmpl.HoldCopy{Name: sqltmpl.Literal(name)}.Statement())
	if err != nil {
		return fmt.Errorf("preparing to share a copy: %w", err)
	}
	return nil
}

// CopyIsHeld reports whether a session that has it lives on this server. If none does, tx has to be
// rolled back.
func CopyIsHeld(ctx context.Context, tx pgx.Tx, name string) (bool, error) {
	held, err := sqltmpl.Scalar[bool](ctx, tx, sqltmpl.CopyIsHeld{Name: name}.Statement())
	if err != nil {
		return false, fmt.Errorf("looking for who makes the copy: %w", err)
	}
	return held, nil
}
