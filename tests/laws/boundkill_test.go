package laws_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw4KilledWhileViewsAreFilled: kill -9 between the transaction that makes
// a materialized view for the new table and the swap, there and back: the same
// command again ends right, and nothing is left of either view.
func TestLaw4KilledWhileViewsAreFilled(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY, v text)`, `INSERT INTO t SELECT g, g FROM generate_series(1, 100) g`,
		`CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM t`, `CREATE VIEW on_m AS SELECT count FROM m`)
	before := pgtest.CatalogSnapshot(t, conn)
	again := func(args ...string) {
		t.Helper()
		require.Eventually(t, func() bool {
			_, stderr, code := repave(t, dsn, args...)
			if code != 0 {
				require.Contains(t, stderr, "another repave works")
			}
			return code == 0
		}, commandTimeout, 100*time.Millisecond)
	}
	// The old snapshot of another session keeps the swap waiting once the view is there.
	kill := func(args ...string) {
		t.Helper()
		old := pgtest.Connect(t, dsn, `BEGIN ISOLATION LEVEL REPEATABLE READ`)
		pgtest.Rows(t, old, `SELECT 1`)
		cmd := command(t.Context(), t, dsn, args...)
		require.NoError(t, cmd.Start())
		awaitTrue(t, conn, "a view waits", `SELECT EXISTS (SELECT FROM pg_matviews WHERE schemaname = 'repave' AND ispopulated)
			AND EXISTS (SELECT FROM repave.job WHERE waiting <> '')`)
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
		pgtest.Exec(t, old, `ROLLBACK`)
	}
	kill("run", "t")
	again("run", "t")
	pgtest.Exec(t, conn, `INSERT INTO t VALUES (101, 'x')`)
	kill("revert-swap", "t", "--yes")
	again("revert-swap", "t", "--yes")
	require.Equal(t, []string{"101"}, pgtest.Rows(t, conn, `SELECT count FROM on_m`))
	again("run", "t")
	require.Equal(t, []string{"101"}, pgtest.Rows(t, conn, `SELECT count FROM on_m`))
	again("cleanup", "t", "--yes")
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
	requireNoTraces(t, conn)
}
