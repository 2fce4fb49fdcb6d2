package logical_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	. "github.com/repave-pg/repave/strategies/logical" //nolint:revive // the package under test
	"github.com/repave-pg/repave/tests/pgtest"
)

// writersTables are those of pgtest.WritersTable.
var writersTables = []string{"parent", "child_cascade", "child_null", "child_strict"}

// withoutForeignKeys is what the target has before the cutover.
const withoutForeignKeys = `ALTER TABLE child_cascade DROP CONSTRAINT child_cascade_parent_id_fkey;
	ALTER TABLE child_null DROP CONSTRAINT child_null_parent_id_fkey;
	ALTER TABLE child_strict DROP CONSTRAINT child_strict_parent_id_fkey`

// TestLaw2Field24BehindIsExact compares the target with the snapshot of a temporary slot, again and again, while writers
// go on.
func TestLaw2Field24BehindIsExact(t *testing.T) {
	t.Parallel()
	e := between(t, pgtest.WritersTable, writersTables...).begin()
	_, err := e.target.Exec(t.Context(), withoutForeignKeys)
	require.NoError(t, err)
	require.NoError(t, e.open())
	w := pgtest.StartWriters(t, e.sourceDSN, 4711, 3, pgtest.Levels)
	for round := range 6 {
		w.Await(t, 50)
		if round%2 == 1 { // from where reading was stopped in the middle of something
			require.NoError(t, e.applier.Follow(t.Context(), e.stream, Goal{CaughtUp: func(int64, time.Duration) bool { return true }}))
		}
		replication, err := Connect(t.Context(), config(t, e.sourceDSN).ConnConfig, nil)
		require.NoError(t, err)
		slot, err := CreateSlot(t.Context(), replication, fmt.Sprintf("%s_%d", e.name, round), true, time.Minute)
		require.NoError(t, err)
		reader := pgtest.Connect(t, e.sourceDSN)
		tx, err := reader.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), "SET TRANSACTION SNAPSHOT '"+slot.Snapshot+"'")
		require.NoError(t, err)
		w.Await(t, 20) // which must not be applied
		require.NoError(t, e.applier.Follow(t.Context(), e.stream, Goal{Behind: slot.Consistent}))
		for _, table := range writersTables {
			sql := "SELECT t::text FROM " + table + " t ORDER BY id"
			require.Equal(t, pgtest.Rows(t, reader, sql), pgtest.Rows(t, e.target, sql), table)
		}
		require.NoError(t, tx.Rollback(t.Context()))
		require.NoError(t, replication.Close(t.Context()))
		require.NoError(t, e.applier.Follow(t.Context(), e.stream, Goal{Behind: slot.Consistent}), "it is there already")
		require.ErrorIs(t, e.applier.Follow(t.Context(), e.stream, Goal{Behind: e.slot.Consistent}), ErrPassed)
	}
	w.Stop(t, e.source)
	e.drain()
	e.equal()
}

// TestLaw2Field25BarrierIsTheEnd of what was committed before it.
func TestLaw2Field25BarrierIsTheEnd(t *testing.T) {
	t.Parallel()
	e := between(t, `CREATE TABLE t (id int PRIMARY KEY)`, "t").begin()
	require.NoError(t, e.open())
	e.run("INSERT INTO t VALUES (1)")
	failure := pgx.BeginFunc(t.Context(), e.source, func(tx pgx.Tx) error {
		if err := EmitBarrier(t.Context(), tx, "one"); err != nil {
			return err
		}
		return context.Canceled
	})
	require.ErrorIs(t, failure, context.Canceled, "a barrier of a transaction that was rolled back is none")
	e.run("INSERT INTO t VALUES (2)")
	require.NoError(t, pgx.BeginFunc(t.Context(), e.source, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), "INSERT INTO t VALUES (3)"); err != nil {
			return err
		}
		if err := EmitBarrier(t.Context(), tx, "one"); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), "INSERT INTO t VALUES (4)")
		return err
	}))
	e.run("INSERT INTO t VALUES (5)")
	e.barrier("two")
	require.NoError(t, e.applier.Follow(t.Context(), e.stream, Goal{Barrier: "one"}))
	require.Equal(t, []string{"1", "2", "3", "4"}, pgtest.Rows(t, e.target, "SELECT id FROM t ORDER BY 1"))
	require.NoError(t, e.applier.Follow(t.Context(), e.stream, Goal{Barrier: "one"}), "it has been passed")
	require.NoError(t, e.applier.Follow(t.Context(), e.stream, Goal{Barrier: "two"}))
	e.equal()
	require.LessOrEqual(t, e.last.Confirmed, e.last.Applied)
	require.Equal(t, e.last.Applied.String(), pgtest.Value[string](t, e.target, "SELECT applied::text FROM positions"))
}

// TestAnIdleStreamMovesOn while others write, so that the slot keeps no WAL; what is confirmed has been recorded.
func TestAnIdleStreamMovesOn(t *testing.T) {
	t.Parallel()
	e := between(t, `CREATE TABLE t (id int PRIMARY KEY)`, "t").begin()
	require.NoError(t, e.open())
	e.run("CREATE TABLE unrelated AS SELECT generate_series(1, 10000)")
	to, err := pglogrepl.ParseLSN(pgtest.Value[string](t, e.source, "SELECT pg_current_wal_flush_lsn()::text"))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.applier.Follow(ctx, e.stream, Goal{}) }()
	require.Eventually(t, func() bool {
		state, err := SlotState(t.Context(), e.source, e.name)
		recorded := pgtest.Rows(t, e.target, "SELECT applied FROM positions")
		return err == nil && state.Confirmed >= to && len(recorded) == 1
	}, time.Minute, 20*time.Millisecond)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	require.ErrorIs(t, e.applier.Follow(t.Context(), e.stream, Goal{}), ErrBroken)
	require.GreaterOrEqual(t, e.last.Applied, to)
	require.LessOrEqual(t, e.last.Confirmed, e.last.Applied)
}

// TestProgressTellsOfWhatIsNotApplied holds the applier up on the target.
func TestProgressTellsOfWhatIsNotApplied(t *testing.T) {
	t.Parallel()
	e := between(t, `CREATE TABLE t (id int PRIMARY KEY)`, "t").begin()
	require.NoError(t, e.open())
	e.run("INSERT INTO t VALUES (1)")
	e.drain()
	require.Zero(t, e.last.LagBytes/10_000)
	lock, err := e.target.Begin(t.Context())
	require.NoError(t, err)
	_, err = lock.Exec(t.Context(), "LOCK TABLE t")
	require.NoError(t, err)
	e.run("INSERT INTO t SELECT generate_series(2, 10000)")
	done := make(chan error, 1)
	go func() {
		done <- e.applier.Follow(t.Context(), e.stream, Goal{CaughtUp: func(bytes int64, lag time.Duration) bool { return bytes < 10_000 && lag < time.Second }})
	}()
	require.Eventually(t, func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.last.LagBytes > 100_000 && e.last.Lag > 2*time.Second && e.last.Changes == 1
	}, time.Minute, 20*time.Millisecond)
	require.NoError(t, lock.Rollback(t.Context()))
	require.NoError(t, <-done)
	require.EqualValues(t, 10_000, e.last.Changes)
	e.equal()
}
