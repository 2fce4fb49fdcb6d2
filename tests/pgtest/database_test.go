package pgtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

func TestDatabaseIsGoneAfterItsTest(t *testing.T) {
	t.Parallel()

	observer := pgtest.Connect(t, pgtest.Database(t))
	var name string
	t.Run("a test with an Umlaut: Ö, and a name that is much too long for PostgreSQL", func(t *testing.T) {
		dsn := pgtest.Database(t)
		conn := pgtest.Connect(t, dsn, "CREATE TABLE t (id int)", "", "INSERT INTO t SELECT generate_series(1, 3)")
		name = pgtest.Value[string](t, conn, "SELECT current_database()::text")
		require.Equal(t, 3, pgtest.Count(t, conn, "SELECT count(*) FROM t"))

		// All of these make a plain DROP DATABASE fail.
		pgtest.Exec(t, conn, "SELECT pg_create_logical_replication_slot($1, 'pgoutput')", "slot_of_"+name[len(name)-12:])
		pgtest.Exec(t, conn, "CREATE SUBSCRIPTION s CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false)")
		pgtest.Exec(t, conn, "BEGIN")
		pgtest.Exec(t, conn, "INSERT INTO t VALUES (4)")
		pgtest.Exec(t, conn, "PREPARE TRANSACTION 'left'")
		pgtest.Exec(t, pgtest.Connect(t, dsn), "BEGIN")
	})
	require.Equal(t, 1, pgtest.Count(t, observer, "SELECT count(*) FROM pg_database WHERE datname = current_database()"))
	require.Zero(t, pgtest.Count(t, observer, "SELECT count(*) FROM pg_database WHERE datname = $1", name))
}

func TestRowsPrintsWhatPostgresPrints(t *testing.T) {
	t.Parallel()

	conn := pgtest.Connect(t, pgtest.Database(t))
	got := pgtest.Rows(t, conn, `SELECT n, NULL::text, ARRAY[n, 1.50], true, '{"b": 1}'::jsonb, $1::text
		FROM generate_series(1, 2) n ORDER BY n`, "x")
	require.Equal(t, []string{`1|NULL|{1,1.50}|t|{"b": 1}|x`, `2|NULL|{2,1.50}|t|{"b": 1}|x`}, got)
}

func TestHelpersDoNotStumbleOverChangedTables(t *testing.T) {
	t.Parallel()

	conn := pgtest.Connect(t, pgtest.Database(t), "CREATE TABLE t (id int)", "INSERT INTO t VALUES (1)")
	require.Equal(t, []string{"1"}, pgtest.Rows(t, conn, "SELECT * FROM t"))
	pgtest.Exec(t, conn, "ALTER TABLE t ALTER id TYPE text, ADD note text DEFAULT 'n'")
	require.Equal(t, []string{"1|n"}, pgtest.Rows(t, conn, "SELECT * FROM t"))
}

func TestServerOfItsOwnSurvivesAKill(t *testing.T) {
	t.Parallel()

	server := pgtest.Server(t)
	dsn := pgtest.DatabaseOn(t, server.DSN("postgres"))
	pgtest.Connect(t, dsn, "CREATE TABLE t (id int)")
	require.NoError(t, server.Kill())
	require.NoError(t, server.Restart(t.Context()))
	conn := pgtest.Connect(t, dsn)
	require.Zero(t, pgtest.Count(t, conn, "SELECT count(*) FROM t"))
	require.Equal(t, server.Install().Version, pgtest.ServerVersion(t, conn))
}
