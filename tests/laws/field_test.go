package laws_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

var fieldTable = []string{
	`CREATE TABLE t (id int PRIMARY KEY, u int, v text)`, `CREATE UNIQUE INDEX t_u ON t (u)`,
	`INSERT INTO t SELECT g, g, 'v' FROM generate_series(1, 20) g`,
}

// A fieldCase is a row of field.md as a few statements: those of an application,
// and in between those of a tool that makes the mistake, into the copy n.
type fieldCase struct {
	name  string
	steps []fieldStep
}

// A fieldStep is a statement of the tool, or of the application.
type fieldStep struct {
	app bool
	sql string
}

func tool(sql string) fieldStep { return fieldStep{sql: sql} }
func app(sql string) fieldStep  { return fieldStep{app: true, sql: sql} }

const (
	naiveCopy = `CREATE TABLE n (LIKE t INCLUDING INDEXES)`
	// naiveTrigger mirrors every row as DELETE and INSERT.
	naiveTrigger = `CREATE FUNCTION naive() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF TG_OP <> 'INSERT' THEN DELETE FROM n WHERE id = OLD.id; END IF;
		IF TG_OP <> 'DELETE' THEN INSERT INTO n VALUES (NEW.*) ON CONFLICT DO NOTHING; END IF; RETURN NULL; END $$;
		CREATE TRIGGER naive AFTER INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION naive()`
	naiveLog = `CREATE TABLE log (id int UNIQUE); CREATE FUNCTION naive() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		INSERT INTO log VALUES (coalesce(NEW.id, OLD.id)) ON CONFLICT DO NOTHING; RETURN NULL; END $$;
		CREATE TRIGGER naive AFTER INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION naive()`
	naiveReplay = `DELETE FROM n WHERE id IN (SELECT id FROM log); INSERT INTO n SELECT t.* FROM t JOIN log USING (id) ON CONFLICT DO NOTHING`
	copyAll     = `INSERT INTO n SELECT * FROM t ON CONFLICT DO NOTHING`
)

// The rows of field.md about lost changes. What the application does in each of
// them is also done while a job of ours is at every stage.
var fieldCases = []fieldCase{
	{"Field 01: the key range is measured before the trigger exists", []fieldStep{
		tool(naiveCopy), tool(`CREATE TABLE measured AS SELECT max(id) AS last FROM t`), app(`INSERT INTO t VALUES (21, 21, 'new')`),
		tool(naiveTrigger), tool(`INSERT INTO n SELECT t.* FROM t, measured WHERE id <= last`),
	}},
	{"Field 04: a batch without row locks races the trigger", []fieldStep{
		tool(naiveCopy), tool(naiveTrigger), tool(`BEGIN ISOLATION LEVEL REPEATABLE READ`), tool(`SELECT count(*) FROM t`),
		app(`DELETE FROM t WHERE id = 5`), tool(copyAll), tool(`COMMIT`),
	}},
	{"Field 05: the writer's snapshot can't see the copy's row", []fieldStep{
		tool(naiveCopy), tool(naiveTrigger), app(`BEGIN ISOLATION LEVEL REPEATABLE READ`), app(`SELECT count(*) FROM t`), tool(copyAll),
		app(`DELETE FROM t WHERE id = 6`), app(`COMMIT`),
	}},
	{"Field 06: the log has a unique key and DO NOTHING", []fieldStep{
		tool(naiveCopy), tool(naiveLog), tool(copyAll), app(`DELETE FROM t WHERE id = 7`), tool(naiveReplay),
		app(`INSERT INTO t VALUES (7, 7, 'again')`), tool(`DELETE FROM log`),
	}},
	{"Field 07: only the new key is logged", []fieldStep{
		tool(naiveCopy), tool(naiveLog), tool(copyAll), app(`UPDATE t SET id = 107 WHERE id = 8`), tool(naiveReplay),
	}},
	{"Field 08: a unique value moves while batches are copied", []fieldStep{
		tool(`CREATE TABLE n (LIKE t)`), tool(naiveLog), tool(`INSERT INTO n SELECT * FROM t WHERE id <= 9`),
		app(`UPDATE t SET u = 109 WHERE id = 9`), app(`UPDATE t SET u = 9 WHERE id = 10`), tool(`INSERT INTO n SELECT * FROM t WHERE id > 9`),
		// The index can't be built, which is what this table stands for.
		tool(`CREATE TABLE twice AS SELECT u FROM n GROUP BY u HAVING count(*) > 1`), tool(`DELETE FROM n WHERE u IN (SELECT u FROM twice)`),
	}},
	{"Field 09: DO NOTHING meets a stale row", []fieldStep{
		tool(naiveCopy), tool(copyAll), app(`UPDATE t SET u = 111 WHERE id = 11`), tool(naiveTrigger), app(`UPDATE t SET u = 11 WHERE id = 12`),
		tool(`DELETE FROM n WHERE id = 11`), tool(`INSERT INTO n SELECT * FROM t WHERE id = 11`),
	}},
	{"Field 10: TRUNCATE is not captured", []fieldStep{
		tool(naiveCopy), tool(naiveTrigger), tool(copyAll), app(`TRUNCATE t`), app(`INSERT INTO t VALUES (1, 1, 'later')`),
	}},
	{"Field 10: session_replication_role is not captured", []fieldStep{
		tool(naiveCopy), tool(naiveTrigger), tool(copyAll), app(`SET session_replication_role = replica`),
		app(`UPDATE t SET v = 'replica' WHERE id = 13`), app(`RESET session_replication_role`),
	}},
}

// TestLaw2FieldRows shows that the naive tool loses each of these changes, and
// that we do not.
func TestLaw2FieldRows(t *testing.T) {
	t.Parallel()
	for _, c := range fieldCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn, fieldTable...)
			application := pgtest.Connect(t, dsn)
			for _, step := range c.steps {
				session := conn
				if step.app {
					session = application
				}
				_, err := session.Exec(t.Context(), step.sql, pgx.QueryExecModeSimpleProtocol)
				require.NoError(t, err, step.sql)
			}
			require.NotEmpty(t, pgtest.Rows(t, conn, `(SELECT * FROM t EXCEPT SELECT * FROM n) UNION ALL (SELECT * FROM n EXCEPT SELECT * FROM t)`),
				"the naive tool loses nothing: this test proves nothing")

			for _, until := range []stages.Name{stages.Setup, stages.SyncSchema, stages.Replay, stages.Swap} {
				dsn := pgtest.Database(t)
				conn := pgtest.Connect(t, dsn, fieldTable...)
				application := pgtest.Connect(t, dsn)
				env := newEnv(t, dsn)
				req := request(t, conn, "t", nil)
				job := runTo(t, env, req, until)
				for _, step := range c.steps {
					if step.app {
						pgtest.Exec(t, application, step.sql)
					}
				}
				want := pgtest.Rows(t, conn, `SELECT * FROM t ORDER BY id`)
				if job.Swapped {
					var err error
					job, err = stages.RevertSwap(t.Context(), env, job)
					require.NoError(t, err)
				} else {
					job = runTo(t, env, req, stages.Swap)
				}
				require.Equal(t, want, pgtest.Rows(t, conn, `SELECT * FROM t ORDER BY id`), until)
				require.NotZero(t, job.ID)
			}
		})
	}
}

// TestLaw2Field01WriterDuringSetup: what is written while the triggers are put
// on, by a transaction that is open before and after, is not lost.
func TestLaw2Field01WriterDuringSetup(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, fieldTable...)
	writer := pgtest.Connect(t, dsn, `BEGIN`, `INSERT INTO t SELECT g, g, repeat('x', 500) FROM generate_series(100, 300) g`, `UPDATE t SET v = 'in between' WHERE id = 3`)
	env := newEnv(t, dsn)
	req := request(t, conn, "t", nil)
	ended := make(chan error, 1)
	go func() {
		_, err := stages.Run(context.WithoutCancel(t.Context()), env, req, stages.Swap)
		ended <- err
	}()
	awaitTrue(t, conn, "setup waits for the writer", `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
		AND $1::int = ANY (pg_blocking_pids(pid)))`, int(writer.PgConn().PID()))
	pgtest.Exec(t, writer, `COMMIT`)
	require.NoError(t, <-ended)
	require.Equal(t, 221, pgtest.Count(t, conn, `SELECT count(*) FROM t`))
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM t WHERE v = 'in between'`))
}

// TestField02And12Naive shows what children and large ids suffer from a trigger
// that mirrors into a table with foreign keys, or with a narrow key.
func TestField02And12Naive(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, fieldTable...)
	for _, sql := range []string{
		naiveCopy, copyAll, naiveTrigger, `CREATE TABLE child (t_id int REFERENCES t ON DELETE CASCADE)`, `INSERT INTO child SELECT id FROM t`,
		`ALTER TABLE child ADD FOREIGN KEY (t_id) REFERENCES n ON DELETE CASCADE`, `UPDATE t SET v = 'changed' WHERE id <= 10`,
	} {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	require.Equal(t, 10, pgtest.Count(t, conn, `SELECT count(*) FROM child`), "the children of updated rows are gone")
	_, err := conn.Exec(t.Context(), `INSERT INTO t VALUES (21, 21, ''); INSERT INTO child VALUES (21); ALTER TABLE t ALTER id TYPE bigint`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `INSERT INTO t VALUES (3000000000, 22, '')`)
	require.Contains(t, []string{"22003", "42804"}, sqlState(err), "the application's insert fails")
}

// TestLaw1NaiveSwapLosesAWrite shows what the swap waits for: a transaction with
// an older snapshot updates nothing in the new table, and is told nothing.
func TestLaw1NaiveSwapLosesAWrite(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, fieldTable...)
	old := pgtest.Connect(t, dsn, `BEGIN ISOLATION LEVEL REPEATABLE READ`, `SELECT FROM pg_class LIMIT 1`)
	for _, sql := range []string{naiveCopy, copyAll, `ALTER TABLE t RENAME TO old`, `ALTER TABLE n RENAME TO t`} {
		pgtest.Exec(t, conn, sql)
	}
	require.Zero(t, pgtest.Exec(t, old, `UPDATE t SET v = 'lost' WHERE id = 1`))
}

// TestLaw4Field17And19: state and effect commit together, and after any stage
// there is a list of all that was made.
func TestLaw4Field17And19ArtifactsAreListed(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, faultShop...)
	env := newEnv(t, dsn)
	req := request(t, conn, "orders", bigint)
	for _, until := range stages.Order()[1:7] {
		runTo(t, env, req, until)
		require.Empty(t, pgtest.Rows(t, conn, `SELECT c.relname FROM pg_class c WHERE c.relname ~ '^repave_[0-9]' AND c.relkind = 'r' AND c.relpersistence <> 't'
			AND NOT EXISTS (SELECT FROM repave.artifact a WHERE position(c.relname IN a.name) > 0)
			UNION ALL SELECT p.proname FROM pg_proc p WHERE p.proname ~ '^repave_[0-9]' AND NOT EXISTS (SELECT FROM repave.artifact a WHERE position(p.proname IN a.name) > 0)
			UNION ALL SELECT g.tgname FROM pg_trigger g WHERE g.tgname ~ '^repave_[0-9]' AND NOT EXISTS (SELECT FROM repave.artifact a WHERE position(g.tgname IN a.name) > 0)`))
	}
}
