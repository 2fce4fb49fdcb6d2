package laws_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw1DeletingLoggedKeysGivesWay: before the indexes are built, changed keys
// are deleted from the shadow in one statement; an application need not wait
// for that.
func TestLaw1DeletingLoggedKeysGivesWay(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY, v text)`,
		`INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 100) g`)
	env := newEnv(t, dsn)
	env.Options.LockTimeout = 200 * time.Millisecond
	req := request(t, conn, "t", nil)
	job := runTo(t, env, req, stages.Backfill)
	pgtest.Exec(t, conn, `UPDATE t SET v = v || '!' WHERE id = 7`)
	// The statement takes as long as somebody holds the shadow's row.
	slow := pgtest.Connect(t, dsn, `BEGIN`, fmt.Sprintf(`SELECT FROM %s WHERE id = 7 FOR UPDATE`, standby(job)))
	app := pgtest.Connect(t, dsn, `BEGIN`)
	ended := make(chan error, 1)
	go func() {
		_, err := stages.Run(context.WithoutCancel(t.Context()), env, req, stages.Swap)
		ended <- err
	}()
	awaitTrue(t, conn, "deleting", `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
		AND application_name LIKE 'repave %' AND query LIKE '%changelog/delete_logged%' AND wait_event_type = 'Lock')`)
	began := time.Now()
	pgtest.Exec(t, app, `ALTER TABLE t ALTER v SET DEFAULT 'x'`)
	waited := time.Since(began)
	pgtest.Exec(t, app, `ROLLBACK`)
	pgtest.Exec(t, slow, `COMMIT`)
	t.Logf("the application waited %s", waited)
	require.Less(t, waited, env.Options.LockTimeout+1500*time.Millisecond)
	require.NoError(t, <-ended)
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM t WHERE v LIKE '%!'`))
	require.Equal(t, 100, pgtest.Count(t, conn, `SELECT count(*) FROM t`))
}

// slowTable is a table with a function that is slow for as long as somebody
// holds advisory lock 4711.
func slowTable(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	return pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY, v text)`,
		`INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 5000) g`,
		`CREATE FUNCTION same(v text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
			IF EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND objid = 4711
				AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())) THEN
				PERFORM pg_catalog.pg_sleep(0.002);
			END IF; RETURN v; END $$`)
}

// requireGivesWay requires that sql of an application gets its lock in time
// while a job reads t until some stage, and that the job ends well.
func requireGivesWay(t *testing.T, dsn string, conn *pgx.Conn, req stages.Request, sql, reading string) {
	t.Helper()
	env := newEnv(t, dsn)
	env.Options.LockTimeout = 200 * time.Millisecond
	slow := pgtest.Connect(t, dsn, `SELECT pg_advisory_lock(4711)`)
	app := pgtest.Connect(t, dsn, `BEGIN`)
	ended := make(chan error, 1)
	go func() {
		_, err := stages.Run(context.WithoutCancel(t.Context()), env, req, stages.Verify)
		ended <- err
	}()
	awaitTrue(t, conn, "reading", `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
		AND application_name LIKE 'repave %' AND wait_event = 'PgSleep' AND query LIKE '%' || $1 || '%')`, reading)
	began := time.Now()
	pgtest.Exec(t, app, sql)
	waited := time.Since(began)
	pgtest.Exec(t, app, "ROLLBACK")
	pgtest.Exec(t, slow, `SELECT pg_advisory_unlock(4711)`)
	t.Logf("the application waited %s", waited)
	require.Less(t, waited, env.Options.LockTimeout+1500*time.Millisecond, "all of it takes 10 s")
	require.NoError(t, <-ended)
	runTo(t, env, req, stages.Swap)
	require.Equal(t, 5000, pgtest.Count(t, conn, `SELECT count(*) FROM t`))
}

// TestLaw1LongReadsGiveWay: verify and a long round hold a lock for as long as
// they read; an application that wants a stronger one need not wait for that.
func TestLaw1LongReadsGiveWay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		stage, sql string
		before     stages.Name
	}{
		{"verify", `TRUNCATE t`, stages.Replay}, {"replay", `ALTER TABLE t ALTER v DROP DEFAULT`, stages.SyncSchema},
	} {
		t.Run(test.stage+" for "+test.sql, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := slowTable(t, dsn)
			req := request(t, conn, "t", func(s *registry.Spec) { s.Tables[0].Change.Using = map[string]string{"v": "public.same(v)"} })
			runTo(t, newEnv(t, dsn), req, test.before)
			if test.stage == "replay" {
				pgtest.Exec(t, conn, `UPDATE t SET v = v || '!'`)
			}
			requireGivesWay(t, dsn, conn, req, test.sql, "")
		})
	}
}

// TestLaw1ComparingComputedColumnsGivesWay: on the way forward again after a
// revert, a computed column is compared in all rows.
func TestLaw1ComparingComputedColumnsGivesWay(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := slowTable(t, dsn)
	req := request(t, conn, "t", func(s *registry.Spec) {
		s.Tables[0].Change.Alter = []string{"ADD COLUMN w text"}
		s.Tables[0].Change.Using = map[string]string{"w": "public.same(v)"}
	})
	env := newEnv(t, dsn)
	job := runTo(t, env, req, stages.Swap)
	pgtest.Exec(t, conn, `UPDATE t SET w = 'mine' WHERE id = 1`)
	_, err := stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	requireGivesWay(t, dsn, conn, req, `ALTER TABLE t ALTER v DROP DEFAULT`, "changelog/log_differing")
	require.Equal(t, "v1", strings.Join(pgtest.Rows(t, conn, `SELECT w FROM t WHERE id = 1`), ""))
}

// TestLaw1WeGiveUpBeforeTheDeadlockTimeout: whatever the server's
// deadlock_timeout is, also if it changed since setup, a writer's trigger waits
// for less, so that in a deadlock it is never the application that fails.
func TestLaw1WeGiveUpBeforeTheDeadlockTimeout(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY)`, `INSERT INTO t VALUES (1)`)
	waits := func() []string {
		return pgtest.Rows(t, conn, `SELECT DISTINCT c FROM pg_proc, unnest(proconfig) c
			WHERE pronamespace = 'repave'::regnamespace AND c LIKE 'lock_timeout=%'`)
	}
	deadlock := func(milliseconds string) {
		pgtest.Exec(t, conn, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = `+milliseconds+`', current_database()); END $$`)
	}
	req := request(t, conn, "t", nil)
	runTo(t, newEnv(t, dsn), req, stages.Setup)
	require.Equal(t, []string{"lock_timeout=100ms"}, waits())
	deadlock("70")
	runTo(t, newEnv(t, dsn), req, stages.Replay)
	require.Equal(t, []string{"lock_timeout=35ms"}, waits())
	deadlock("1")
	job := runTo(t, newEnv(t, dsn), req, stages.Swap)
	require.Contains(t, waits(), "lock_timeout=1ms", "zero would be no limit")
	pgtest.Exec(t, conn, `INSERT INTO t VALUES (2)`)
	require.NoError(t, stages.Erase(t.Context(), newEnv(t, dsn), job))
}
