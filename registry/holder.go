package registry

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/sqltmpl"
)

// A Holder is the session that works on a table.
type Holder struct {
	PID         int32 `db:"pid"`
	Application string
	Client      string
}

// HolderOf returns who holds the advisory lock of a source table; nil if nobody
// works on it now.
func HolderOf(ctx context.Context, db sqltmpl.DB, oid uint32) (*Holder, error) {
	object := int32(oid) //nolint:gosec // the bits are what counts
	holders, err := sqltmpl.All[Holder](ctx, db, sqltmpl.LockHolder{Class: lockClass, Object: object}.Statement())
	if err != nil {
		return nil, fmt.Errorf("looking for who works on a table: %w", err)
	}
	if len(holders) == 0 {
		return nil, nil
	}
	return &holders[0], nil
}
