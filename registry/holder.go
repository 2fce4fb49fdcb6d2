package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/repave-pg/repave/sqltmpl"
)

// A Holder is the session that works on a table.
type Holder struct {
	PID         int32 `db:"pid"`
	Application string
	Client      string
	Shared      bool       // it follows a stream, and lets go for anybody who works on the job
	Since       *time.Time // of its session; nil if this role may not see it
}

// HolderOf returns who holds the advisory lock of a source table, rather one who
// works on it than one who follows its stream; nil if nobody does either.
func HolderOf(ctx context.Context, db sqltmpl.DB, oid uint32) (*Holder, error) {
	holders, err := sqltmpl.All[Holder](ctx, db, sqltmpl.LockHolder{Class: lockClass, Object: object(oid)}.Statement())
	if err != nil {
		return nil, fmt.Errorf("looking for who works on a table: %w", err)
	}
	if len(holders) == 0 {
		return nil, nil
	}
	return &holders[0], nil
}
