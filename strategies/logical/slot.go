package logical

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/repave-pg/repave/sqltmpl"
)

// plugin decodes the WAL; it is part of PostgreSQL.
const plugin = "pgoutput"

// A Slot is one just made. Snapshot shows what was committed before
// Consistent; what commits at or after it is in the slot's stream.
type Slot struct {
	Name       string
	Consistent pglogrepl.LSN
	Snapshot   string
}

// slotName is what the server accepts for one.
var slotName = regexp.MustCompile(`^[a-z0-9_]{1,63}$`)

// CreateSlot makes a slot and exports its snapshot, which lives until conn's
// next command. It waits for all transactions that are running, each for no
// longer than lockTimeout (sqltmpl.IsLockContention tells); if it fails it
// leaves nothing behind. A temporary slot goes with conn; any other keeps the
// cluster's WAL until DropSlot.
func CreateSlot(
	ctx context.Context, conn *pgconn.PgConn, name string, temporary bool, lockTimeout time.Duration,
) (Slot, error) {
	if !slotName.MatchString(name) {
		return Slot{}, fmt.Errorf("%q can't be a slot's name", name)
	}
	if _, err := sqltmpl.ExecEach(ctx, conn, sqltmpl.SlotLockTimeout{Timeout: lockTimeout}.Statement()); err != nil {
		return Slot{}, fmt.Errorf("making slot %s: %w", name, err)
	}
	made, err := pglogrepl.CreateReplicationSlot(ctx, conn, sqltmpl.Ident(name).String(), plugin,
		pglogrepl.CreateReplicationSlotOptions{Temporary: temporary, SnapshotAction: "EXPORT_SNAPSHOT"})
	if err != nil {
		return Slot{}, fmt.Errorf("making slot %s: %w", name, err)
	}
	at, err := pglogrepl.ParseLSN(made.ConsistentPoint)
	if err != nil {
		return Slot{}, fmt.Errorf("making slot %s: %w", name, err)
	}
	return Slot{Name: name, Consistent: at, Snapshot: made.SnapshotName}, nil
}

// A State is what a slot is at. If it does not exist all else is zero.
type State struct {
	Exists       bool
	Ours         bool  // of this database, and of pgoutput
	ActivePID    int32 // of the session that reads from it; 0 if none does
	Confirmed    pglogrepl.LSN
	Restart      pglogrepl.LSN
	Retained     int64  // bytes of WAL that it keeps
	WALStatus    string // reserved, extended, unreserved or lost
	Safe         *int64 // bytes that can be written before it is in danger of losing WAL; nil: without limit
	Invalidation string // why it is of no use any more; "" if it is
}

// SlotState reads what a slot is at. It blocks nothing.
func SlotState(ctx context.Context, db sqltmpl.DB, name string) (State, error) {
	type row struct {
		Ours         *bool
		PID          int32 `db:"pid"`
		Confirmed    string
		Restart      string
		Retained     int64
		WALStatus    string `db:"wal_status"`
		Safe         *int64
		Invalidation string
	}
	r, err := sqltmpl.One[row](ctx, db, sqltmpl.ReplicationSlot{Name: name}.State())
	if errors.Is(err, pgx.ErrNoRows) {
		return State{}, nil
	}
	if err != nil {
		return State{}, fmt.Errorf("looking at slot %s: %w", name, err)
	}
	s := State{
		Exists: true, Ours: r.Ours != nil && *r.Ours, ActivePID: r.PID, Retained: r.Retained,
		WALStatus: r.WALStatus, Safe: r.Safe, Invalidation: r.Invalidation,
	}
	if s.Confirmed, err = pglogrepl.ParseLSN(r.Confirmed); err != nil {
		return State{}, err
	}
	s.Restart, err = pglogrepl.ParseLSN(r.Restart)
	return s, err
}

// A SlotActiveError says that a session reads from a slot.
type SlotActiveError struct {
	Slot string
	PID  int32
}

func (e *SlotActiveError) Error() string {
	return fmt.Sprintf("slot %s is in use by the session with pid %d", e.Slot, e.PID)
}

// Hint says how to end that session.
func (e *SlotActiveError) Hint() string {
	return fmt.Sprintf("stop the repave that uses it, or SELECT pg_terminate_backend(%d)", e.PID)
}

// DropSlot drops a slot, if there is one; it may run twice. If a session uses
// it the error is a *SlotActiveError.
func DropSlot(ctx context.Context, db sqltmpl.DB, name string) error {
	state, err := SlotState(ctx, db, name)
	switch {
	case err != nil:
		return err
	case !state.Exists:
		return nil
	case state.ActivePID != 0:
		return &SlotActiveError{Slot: name, PID: state.ActivePID}
	}
	if _, err := (sqltmpl.ReplicationSlot{Name: name}).Drop().Exec(ctx, db); err != nil {
		return fmt.Errorf("dropping slot %s: %w", name, err)
	}
	return nil
}

// Advance moves a slot that nobody reads from on to a position: what committed
// before it will not be streamed. A slot that is there or beyond stays.
func Advance(ctx context.Context, db sqltmpl.DB, name string, to pglogrepl.LSN) error {
	state, err := SlotState(ctx, db, name)
	switch {
	case err != nil:
		return err
	case !state.Exists:
		return fmt.Errorf("slot %s does not exist", name)
	case state.ActivePID != 0:
		return &SlotActiveError{Slot: name, PID: state.ActivePID}
	case state.Confirmed >= to:
		return nil
	}
	if _, err := sqltmpl.Scalar[string](ctx, db, sqltmpl.ReplicationSlot{Name: name}.Advance(to.String())); err != nil {
		return fmt.Errorf("moving slot %s on: %w", name, err)
	}
	return nil
}
