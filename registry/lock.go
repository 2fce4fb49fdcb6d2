package registry

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/internal/shell"
	"github.com/repave-pg/repave/sqltmpl"
)

// lockClass is the first key of our advisory locks; the second is the source
// table's OID. An operator sees them with
//
//	SELECT * FROM pg_locks WHERE locktype = 'advisory' AND classid = 1919250553
const lockClass int32 = 1919250553

// A BusyError says that another session works on the table.
type BusyError struct {
	Table       sqltmpl.Table
	PID         int32
	Application string
	Client      string
}

func (e *BusyError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("another repave works on %s", e.Table.Plain())
	}
	return fmt.Sprintf("another repave works on %s: pid %d (%s, client %s)",
		e.Table.Plain(), e.PID, e.Application, e.Client)
}

// Hint says what to do about it.
func (e *BusyError) Hint() string {
	return "wait for it, or watch it with: repave status " + shell.Quote(e.Table.Plain())
}

type holder struct {
	PID         int32 `db:"pid"`
	Application string
	Client      string
}

// TryLock takes the advisory lock of a source table for the session db, which
// must be a connection of its own: the lock lives as long as that does. It
// never waits; if somebody else has the lock the error is a *BusyError.
func TryLock(ctx context.Context, db sqltmpl.DB, table sqltmpl.Table, oid uint32) error {
	object := int32(oid) //nolint:gosec // the bits are what counts
	got, err := sqltmpl.Scalar[bool](ctx, db, sqltmpl.TryLock{Class: lockClass, Object: object}.Statement())
	if err != nil {
		return fmt.Errorf("locking table %s: %w", table.Plain(), err)
	}
	if got {
		return nil
	}
	busy := &BusyError{Table: table}
	holders, err := sqltmpl.All[holder](ctx, db, sqltmpl.LockHolder{Class: lockClass, Object: object}.Statement())
	if err == nil && len(holders) > 0 {
		busy.PID, busy.Application, busy.Client = holders[0].PID, holders[0].Application, holders[0].Client
	}
	return busy
}
