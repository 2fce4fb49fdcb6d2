package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/repave-pg/repave/internal/shell"
	"github.com/repave-pg/repave/sqltmpl"
)

// lockClass is the first key of our advisory locks; the second is the source
// table's OID. An operator sees them with
//
//	SELECT * FROM pg_locks WHERE locktype = 'advisory' AND classid = 1919250553
const lockClass int32 = 1919250553

// followClass is the first key of the locks that keep a second follower away.
const followClass = lockClass + 1

// followerPatience is how long a follower may take to let go of a lock that
// somebody waits for: it has to end what it is just applying.
const followerPatience = "10s"

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

// TryLock takes the advisory lock of a source table for the session db, which
// must be a connection of its own: the lock lives as long as that does. It
// does not wait for somebody who works on the table; the error is a *BusyError
// then. One who follows the table's stream shares the lock, and is waited for: that
// one lets go as soon as it sees us wait, and if it does not its session is ended.
func TryLock(ctx context.Context, db sqltmpl.DB, table sqltmpl.Table, oid uint32) error {
	busy, err := try(ctx, db, sqltmpl.TryLock{Class: lockClass, Object: object(oid)}.Statement(), table, lockClass, oid)
	if err != nil || busy == nil {
		return err
	}
	holder, err := HolderOf(ctx, db, oid)
	if err != nil || holder != nil && !holder.Shared {
		return errors.Join(busy, err)
	}
	limit := sqltmpl.SetSession{Name: "lock_timeout", Value: followerPatience}.Statement()
	wait := sqltmpl.AwaitLock{Class: lockClass, Object: object(oid)}.Statement()
	if err := exec(ctx, db, limit); err != nil {
		return fmt.Errorf("locking table %s: %w", table.Plain(), err)
	}
	if err = exec(ctx, db, wait); !sqltmpl.IsLockContention(err) {
		return lockError(table, err)
	}
	if holder, err = HolderOf(ctx, db, oid); err != nil || holder == nil || !holder.Shared {
		return errors.Join(busy, err) // somebody was faster
	}
	if err := exec(ctx, db, sqltmpl.Terminate{PID: holder.PID}.Statement()); err != nil {
		return errors.Join(busy, err)
	}
	if err = exec(ctx, db, wait); sqltmpl.IsLockContention(err) {
		return busy
	}
	return lockError(table, err)
}

// Share takes the locks of a job's source tables as a follower does: for
// the session db, beside nobody else who works on one or follows its stream, and only until
// Wanted. It never waits; the error may be a *BusyError, and the session is to be closed then.
func Share(ctx context.Context, db sqltmpl.DB, job Job) error {
	first := job.Tables[0]
	busy, err := try(ctx, db, sqltmpl.TryLock{Class: followClass, Object: object(first.SourceOID)}.Statement(), first.Name, followClass, first.SourceOID)
	for i := 0; i < len(job.Tables) && busy == nil && err == nil; i++ {
		t := job.Tables[i]
		busy, err = try(ctx, db, sqltmpl.ShareLock{Class: lockClass, Object: object(t.SourceOID)}.Statement(), t.Name, lockClass, t.SourceOID)
	}
	if busy != nil {
		return busy
	}
	return err
}

// Wanted reports whether somebody waits for a lock that is shared.
func Wanted(ctx context.Context, db sqltmpl.DB, job Job) (bool, error) {
	var objects []int64
	for _, t := range job.Tables {
		objects = append(objects, int64(t.SourceOID))
	}
	wanted, err := sqltmpl.Scalar[bool](ctx, db, sqltmpl.LockWanted{Class: lockClass, Objects: objects}.Statement())
	if err != nil {
		return false, fmt.Errorf("looking whether somebody wants to work on %s: %w", job.Title(), err)
	}
	return wanted, nil
}

// try runs a statement that takes a lock, or says who has it.
func try(
	ctx context.Context, db sqltmpl.DB, s sqltmpl.Statement, table sqltmpl.Table, class int32, oid uint32,
) (*BusyError, error) {
	got, err := sqltmpl.Scalar[bool](ctx, db, s)
	if err != nil || got {
		return nil, lockError(table, err)
	}
	busy := &BusyError{Table: table}
	holders, err := sqltmpl.All[Holder](ctx, db, sqltmpl.LockHolder{Class: class, Object: object(oid)}.Statement())
	if err == nil && len(holders) > 0 {
		busy.PID, busy.Application, busy.Client = holders[0].PID, holders[0].Application, holders[0].Client
	}
	return busy, nil
}

func lockError(table sqltmpl.Table, err error) error {
	if err != nil {
		err = fmt.Errorf("locking table %s: %w", table.Plain(), err)
	}
	return err
}

// object is a table as the second key of a lock.
func object(oid uint32) int32 {
	return int32(oid) //nolint:gosec // the bits are what counts
}
