package traffic

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// loaded returns a database that traffic has gone over for a second, and the
// traffic.
func loaded(t *testing.T, prepared bool) (*pgx.Conn, *Load) {
	t.Helper()

	const rows = 2000
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE SCHEMA "My Shop"`)
	tables := Tables{Schema: "My Shop", Orders: "The Orders"}
	require.NoError(t, Fill(t.Context(), conn, tables, rows))
	load, err := Start(t.Context(), Config{
		DSN: dsn, Tables: tables, Rows: rows, Writers: 3, Readers: 1, Seed: 7, Prepared: prepared,
	})
	require.NoError(t, err)
	timer := time.NewTimer(time.Second)
	<-timer.C
	load.Stop(t.Context())
	return conn, load
}

func TestTheLedgerEqualsTheTables(t *testing.T) {
	t.Parallel()

	for _, prepared := range []bool{false, true} {
		conn, load := loaded(t, prepared)
		verdict, err := load.Check(t.Context(), conn)
		require.NoError(t, err)
		require.Empty(t, verdict.Differences)
		require.Positive(t, verdict.Touched)
		require.Zero(t, verdict.Unknown)
		numbers := load.Take()
		require.Zero(t, numbers.Failed, "%v", numbers.Failures)
		require.Greater(t, numbers.Transactions, int64(100))
		require.Greater(t, numbers.Statements, numbers.Transactions)
		require.LessOrEqual(t, numbers.Percentile(50), numbers.Percentile(99))
		require.LessOrEqual(t, numbers.Percentile(99), numbers.Longest)
		require.NotEmpty(t, numbers.LongestSQL)
		require.Zero(t, load.Take().Statements, "taken once")
	}
}

func TestTheLedgerNoticesEverything(t *testing.T) {
	t.Parallel()

	for _, tampering := range []string{
		`DELETE FROM "My Shop"."The Orders" WHERE id = (SELECT max(id) FROM "My Shop"."The Orders")`,
		`DELETE FROM "My Shop"."The Orders" WHERE id = (SELECT min(id) FROM "My Shop"."The Orders")`,
		`UPDATE "My Shop"."The Orders" SET total = total + 0.01 WHERE id = (SELECT max(id) FROM "My Shop"."The Orders")`,
		`UPDATE "My Shop"."The Orders" SET note = NULL WHERE id = (SELECT min(id) FROM "My Shop"."The Orders")`,
		`INSERT INTO "My Shop"."The Orders" (id, customer_id, ref) VALUES (-5, 1, 'extra')`,
		`DELETE FROM "My Shop".order_lines WHERE id = (SELECT max(id) FROM "My Shop".order_lines)`,
	} {
		t.Run(tampering, func(t *testing.T) {
			t.Parallel()

			conn, load := loaded(t, false)
			require.EqualValues(t, 1, pgtest.Exec(t, conn, tampering))
			verdict, err := load.Check(t.Context(), conn)
			require.NoError(t, err)
			require.NotEmpty(t, verdict.Differences)
		})
	}
}

// TestFailuresAreCounted breaks the table under the traffic.
func TestFailuresAreCounted(t *testing.T) {
	t.Parallel()

	const rows = 200
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	require.NoError(t, Fill(t.Context(), conn, Tables{}, rows))
	load, err := Start(t.Context(), Config{DSN: dsn, Rows: rows, Writers: 1, Readers: 1})
	require.NoError(t, err)
	pgtest.Exec(t, conn, "ALTER TABLE orders RENAME COLUMN note TO remark")
	require.Eventually(t, func() bool { return load.Take().Failed > 0 }, 10*time.Second, 10*time.Millisecond)
	pgtest.Exec(t, conn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()", Application)
	require.Eventually(t, func() bool { return load.Take().Statements > 0 }, 10*time.Second, 10*time.Millisecond, "it comes back")
	load.Stop(t.Context())
}
