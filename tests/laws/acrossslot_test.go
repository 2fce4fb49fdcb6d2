package laws_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/pgserver"
	"github.com/repave-pg/repave/tests/pgtest"
)

// hoard writes WAL segments full of nothing, after which a slot keeps so much more.
func hoard(t *testing.T, conn *pgx.Conn, segments int) {
	t.Helper()
	for range segments {
		pgtest.Exec(t, conn, `SELECT pg_logical_emit_message(false, 'test', 'x')`)
		pgtest.Exec(t, conn, `SELECT pg_switch_wal()`)
	}
}

// TestLaw3Field25AnInvalidatedSlotIsNoticed at once, by whoever follows it and by all who come later: what the server has
// thrown away was not applied, so nobody is caught up.
func TestLaw3Field25AnInvalidatedSlotIsNoticed(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := &clusters{t: t, target: pgtest.TargetServerWith(t, pgserver.Options{}), source: pgtest.ServerWith(t, pgserver.Options{
		Settings: map[string]string{"max_slot_wal_keep_size": "64MB", "min_wal_size": "32MB", "max_wal_size": "32MB", "wal_keep_size": "0"},
	})}
	c.from, c.to = c.source.DSN("postgres"), c.target.DSN("postgres")
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY)`, `INSERT INTO t VALUES (1)`)
	c.must("run", "--strategy=logical", "t", "--until", "verify")
	require.Empty(t, c.status("t").Stream.Warnings)

	// Whoever has the table locked keeps changes from being applied.
	blocker := pgtest.Connect(t, c.to, `BEGIN`, `LOCK TABLE t IN ACCESS EXCLUSIVE MODE`)
	pgtest.Exec(t, blocker, `SET application_name = 'in the way'`)
	follow := c.start("follow", "t")
	pgtest.Exec(t, source, `INSERT INTO t VALUES (2)`)
	hoard(t, source, 4)
	follow.awaitSaid("max_slot_wal_keep_size")
	require.NotEmpty(t, c.status("t").Stream.Warnings)
	// A stall has a name.
	require.Eventually(t, func() bool {
		s := c.status("t").Stream
		return s.Followed && s.Stalled >= 10 && len(s.Warnings) == 2
	}, 40*time.Second, 100*time.Millisecond)
	s := c.status("t").Stream
	require.Contains(t, s.Warnings[1], "nothing has been applied for")
	require.Contains(t, s.Warnings[1], "(in the way, idle in transaction")
	require.Greater(t, s.LagBytes, int64(4<<20))
	require.Greater(t, *s.Lag, 9.0)

	hoard(t, source, 8)
	pgtest.Exec(t, source, `CHECKPOINT`)
	stderr, code := follow.end()
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "has lost WAL that was not applied yet")
	require.Contains(t, stderr, "hint: start over with: repave reset public.t")
	require.Contains(t, c.status("t").Stream.Problem, "has lost WAL")
	pgtest.Exec(t, blocker, `ROLLBACK`)
	for _, command := range []string{"swap", "verify", "follow"} {
		stderr, code = c.run(command, "t")
		require.Equal(t, 1, code, command)
		require.Contains(t, stderr, "has lost WAL that was not applied yet", command)
	}
	pgtest.Exec(t, source, `INSERT INTO t VALUES (3)`)
	c.must("reset", "--yes", "t")
	c.must("run", "--strategy=logical", "t", "--cleanup")
	require.Equal(t, []string{"1", "2", "3"}, pgtest.Rows(t, pgtest.Connect(t, c.to), `SELECT id FROM t ORDER BY id`))
	c.requireNoTraces()
}

// TestLaw1Field25ASlotIsDroppedIfToldSo, before the disk of the cluster that is in use is full: first there is a warning, with
// --drop-slot the slot goes, and the job can only start over or, once it is swapped, not go back.
func TestLaw1Field25ASlotIsDroppedIfToldSo(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY)`, `INSERT INTO t VALUES (1)`)
	c.must("run", "--strategy=logical", "t", "--until", "verify")
	hoard(t, source, 3)
	stderr, code := c.run("follow", "t", "--drop-slot")
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "--drop-slot needs a limit: --max-slot-wal")
	follow := c.start("follow", "t", "--max-slot-wal", "20MB")
	follow.awaitSaid("more than --max-slot-wal 20 MB")
	require.Contains(t, c.status("t").Stream.Warnings[0], "more than --max-slot-wal 20 MB")
	require.NoError(t, follow.cmd.Process.Signal(os.Interrupt))
	stderr, code = follow.end()
	require.Equal(t, 130, code, stderr)
	stderr, code = c.run("swap", "t", "--max-slot-wal", "20MB", "--drop-slot")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "it was dropped (--drop-slot): changes are missing, and can't be had again")
	require.Contains(t, stderr, "hint: start over with: repave reset public.t")
	require.Zero(t, pgtest.Count(t, source, `SELECT count(*) FROM pg_replication_slots`))
	require.Contains(t, c.status("t").Stream.Problem, "is gone")
	c.must("reset", "--yes", "t")

	c.must("run", "--strategy=logical", "t")
	target := pgtest.Connect(t, c.to)
	hoard(t, target, 3)
	stderr, code = c.run("follow", "t", "--max-slot-wal", "20MB", "--drop-slot")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "hint: there is no way back any more; keep the target's tables with: repave cleanup public.t")
	stderr, code = c.run("revert-swap", "--yes", "t")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "is gone: changes are missing")
	pgtest.Exec(t, target, `INSERT INTO t VALUES (2)`)
	c.must("cleanup", "--yes", "t")
	c.requireNoTraces()
}

// TestLaw9Field25AStreamThatWillNotCatchUpIsSaidSo by whoever applies it, and by status, while it moves all the time: a hundred rows are
// written for each 25 that may pass a gate on the target. Once the writers stop it catches up.
func TestLaw9Field25AStreamThatWillNotCatchUpIsSaidSo(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id serial PRIMARY KEY, v text)`)
	run := []string{"run", "--strategy=logical", "t", "--until"}
	c.must(append(run, "sync_schema")...)
	// One gate for each 25 rows, in their order.
	const gates = 10000
	gate := pgtest.Connect(t, c.to, `CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
			PERFORM pg_advisory_lock_shared(7, NEW.id / 25); PERFORM pg_advisory_unlock_shared(7, NEW.id / 25); RETURN NEW; END'`,
		`CREATE TRIGGER pass BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION pass()`)
	pgtest.Exec(t, gate, `SELECT pg_advisory_lock(7, g) FROM generate_series(0, $1 - 1) g`, gates)
	write := func(rows int) {
		pgtest.Exec(t, source, `INSERT INTO t (v) SELECT repeat('x', 100) FROM generate_series(1, $1)`, rows)
	}
	write(10000) // more than what counts as caught up
	replay := c.start(append(run, "replay")...)
	const says = "will not catch up at this rate"
	for opened := 0; !strings.Contains(replay.said(), says); opened++ {
		require.Less(t, opened, gates, replay.said())
		write(100)
		pgtest.Exec(t, gate, `SELECT pg_advisory_unlock(7, $1)`, opened)
	}
	s := c.status("t").Stream
	require.Len(t, s.Warnings, 1)
	require.Contains(t, s.Warnings[0], says)
	require.Contains(t, s.Warnings[0], "MB/s of WAL in, ")
	require.True(t, s.Followed)
	require.Greater(t, s.LagBytes, int64(1<<20))
	pgtest.Exec(t, gate, `SELECT pg_advisory_unlock_all()`)
	stderr, code := replay.end()
	require.Zero(t, code, stderr)
	c.must("reset", "--yes", "t")
	c.requireNoTraces()
}
