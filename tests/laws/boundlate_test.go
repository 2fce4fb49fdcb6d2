package laws_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw1And5LongReadersAndLateComers: a session that reads the table for
// hours does not keep a job from copying, though the swap can't be rehearsed;
// what is bound to the table, changed or gone meanwhile follows all the same.
func TestLaw1And5LongReadersAndLateComers(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), `
		CREATE TABLE t (id int PRIMARY KEY, a int, b text); INSERT INTO t SELECT g, g % 10, 'b' || g FROM generate_series(1, 500) g;
		CREATE VIEW v AS SELECT id, a FROM t; CREATE VIEW gone AS SELECT b FROM t; CREATE STATISTICS s ON a, b FROM t;
		CREATE MATERIALIZED VIEW m AS SELECT a FROM t; CREATE MATERIALIZED VIEW m_gone AS SELECT b FROM t;
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.b := upper(NEW.b); RETURN NEW; END';`)
	require.NoError(t, err)
	env := newEnv(t, dsn)
	env.Options.LockTimeout = 20 * time.Millisecond
	req := request(t, conn, "t", func(s *registry.Spec) { s.Tables[0].Change.Alter = []string{"RENAME a TO aa"} })
	reader := pgtest.Connect(t, dsn, `BEGIN`)
	pgtest.Rows(t, reader, `SELECT count(*) FROM v`)
	job := runTo(t, env, req, stages.Verify)
	require.Nil(t, job.Carried)
	pgtest.Exec(t, reader, `COMMIT`)

	late := `CREATE VIEW late AS SELECT a + 1 AS b FROM t; CREATE TRIGGER late BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
		CREATE STATISTICS s2 ON id, b FROM t; CREATE MATERIALIZED VIEW m_late AS SELECT id, a FROM t;
		CREATE OR REPLACE VIEW v AS SELECT id, a, b FROM t; DROP VIEW gone; DROP MATERIALIZED VIEW m_gone;`
	_, err = conn.Exec(t.Context(), late)
	require.NoError(t, err)
	job = runTo(t, env, req, stages.Swap)
	pgtest.Exec(t, conn, `INSERT INTO t VALUES (1000, 999, 'low')`)
	require.Equal(t, []string{"1000|999|LOW"}, pgtest.Rows(t, conn, `SELECT * FROM v WHERE id = 1000`))
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM late WHERE b = 1000`))
	require.Equal(t, 500, pgtest.Count(t, conn, `SELECT count(*) FROM m_late`))
	require.Equal(t, 2, pgtest.Count(t, conn, `SELECT count(*) FROM pg_statistic_ext_data JOIN pg_statistic_ext ON oid = stxoid WHERE stxrelid = 't'::regclass`))

	// And once more before going back.
	_, err = conn.Exec(t.Context(), `DROP VIEW late; DROP STATISTICS s2; DROP MATERIALIZED VIEW m_late; ALTER TABLE t DISABLE TRIGGER late;
		CREATE VIEW later AS SELECT aa FROM t; CREATE MATERIALIZED VIEW m_later AS SELECT aa FROM t`)
	require.NoError(t, err)
	job, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM later WHERE aa = 999`))
	require.Equal(t, 501, pgtest.Count(t, conn, `SELECT count(*) FROM m_later`))
	require.NoError(t, stages.Reset(t.Context(), env, job))
	requireNoTraces(t, conn)
	require.Equal(t, []string{"D"}, pgtest.Rows(t, conn, `SELECT tgenabled FROM pg_trigger WHERE tgname = 'late'`))
	require.Equal(t, []string{"s"}, pgtest.Rows(t, conn, `SELECT stxname FROM pg_statistic_ext`))
}
