package logical_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/sqltmpl"
	. "github.com/repave-pg/repave/strategies/logical" //nolint:revive // the package under test
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestSlotWaitsNoLongerThanItMay makes a slot while a transaction is running.
func TestSlotWaitsNoLongerThanItMay(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Server(t).DSN("postgres") // others' transactions would be waited for too
	conn := pgtest.Connect(t, dsn, "CREATE TABLE t (id int PRIMARY KEY)")
	busy, err := pgtest.Connect(t, dsn).Begin(t.Context())
	require.NoError(t, err)
	_, err = busy.Exec(t.Context(), "INSERT INTO t VALUES (1)")
	require.NoError(t, err)

	replication, err := Connect(t.Context(), config(t, dsn).ConnConfig, nil)
	require.NoError(t, err)
	defer func() { _ = replication.Close(context.Background()) }()
	began := time.Now()
	_, err = CreateSlot(t.Context(), replication, "s", false, 200*time.Millisecond)
	require.True(t, sqltmpl.IsLockContention(err), "%v", err)
	require.Less(t, time.Since(began), 10*time.Second)
	state, err := SlotState(t.Context(), conn, "s")
	require.NoError(t, err)
	require.Zero(t, state)

	require.NoError(t, busy.Commit(t.Context()))
	slot, err := CreateSlot(t.Context(), replication, "s", false, time.Minute)
	require.NoError(t, err)
	pgtest.Exec(t, conn, "INSERT INTO t VALUES (2)")
	tx, err := conn.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SET TRANSACTION SNAPSHOT '"+slot.Snapshot+"'")
	require.NoError(t, err)
	var n int
	require.NoError(t, tx.QueryRow(t.Context(), "SELECT count(*) FROM t").Scan(&n))
	require.Equal(t, 1, n)
	require.NoError(t, tx.Rollback(t.Context()))

	state, err = SlotState(t.Context(), conn, "s")
	require.NoError(t, err)
	require.True(t, state.Exists && state.Ours)
	require.Equal(t, slot.Consistent, state.Confirmed)
	require.Equal(t, "reserved", state.WALStatus)
	require.Positive(t, state.Retained)

	to := slot.Consistent + 100
	require.NoError(t, Advance(t.Context(), conn, "s", to))
	require.NoError(t, Advance(t.Context(), conn, "s", slot.Consistent), "it is beyond")
	state, err = SlotState(t.Context(), conn, "s")
	require.NoError(t, err)
	require.GreaterOrEqual(t, state.Confirmed, to)

	require.NoError(t, DropSlot(t.Context(), conn, "s"))
	require.NoError(t, DropSlot(t.Context(), conn, "s"))
	require.ErrorContains(t, Advance(t.Context(), conn, "s", to), "does not exist")
	_, err = CreateSlot(t.Context(), replication, "S; DROP", false, time.Minute)
	require.ErrorContains(t, err, "slot's name")
}

// TestSlotInUse is not dropped, and the error says who uses it.
func TestSlotInUse(t *testing.T) {
	t.Parallel()
	e := between(t, `CREATE TABLE t (id int PRIMARY KEY)`, "t").begin()
	require.NoError(t, e.open())
	err := DropSlot(t.Context(), e.source, e.name)
	var active *SlotActiveError
	require.ErrorAs(t, err, &active)
	require.Positive(t, active.PID)
	require.Contains(t, active.Hint(), "pg_terminate_backend")
	require.NoError(t, e.stream.Close(t.Context()))
	require.NoError(t, e.stream.Close(t.Context()), "twice")
	require.Eventually(t, func() bool { return DropSlot(t.Context(), e.source, e.name) == nil }, time.Minute, 5*time.Millisecond)
	require.NoError(t, Unpublish(t.Context(), e.source, e.name))
	require.NoError(t, Unpublish(t.Context(), e.source, e.name))
	one, err := Identify(t.Context(), e.source)
	require.NoError(t, err)
	two, err := Identify(t.Context(), e.target)
	require.NoError(t, err)
	require.NotEqual(t, one.System, two.System)
	require.NotEmpty(t, one.Database)
}
