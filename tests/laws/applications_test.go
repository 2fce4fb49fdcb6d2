package laws_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw1Field02And03Children: changing a parent leaves its children alone,
// and children of new parents can be inserted, before and after the swap.
func TestLaw1Field02And03Children(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn,
		`CREATE TABLE p (id int PRIMARY KEY, v int NOT NULL DEFAULT 0, up int REFERENCES p)`,
		`CREATE TABLE casc (id serial PRIMARY KEY, p_id int NOT NULL REFERENCES p ON DELETE CASCADE)`,
		`CREATE TABLE nulls (id serial PRIMARY KEY, p_id int REFERENCES p ON DELETE SET NULL)`,
		`CREATE TABLE strict (id serial PRIMARY KEY, p_id int NOT NULL REFERENCES p)`,
		`CREATE TABLE def (id serial PRIMARY KEY, p_id int NOT NULL DEFAULT 1 REFERENCES p ON DELETE SET DEFAULT)`,
		`INSERT INTO p SELECT g, 0, nullif(g - 1, 0) FROM generate_series(1, 100) g`,
		`INSERT INTO casc (p_id) SELECT id FROM p`, `INSERT INTO nulls (p_id) SELECT id FROM p`,
		`INSERT INTO strict (p_id) SELECT id FROM p`, `INSERT INTO def (p_id) SELECT id FROM p`)
	env := newEnv(t, dsn)
	req := request(t, conn, "p", bigint)
	next := 1000
	touch := func() {
		next++
		for _, level := range pgtest.Levels {
			pgtest.Exec(t, conn, "BEGIN ISOLATION LEVEL "+string(level))
			require.Equal(t, int64(100), pgtest.Exec(t, conn, `UPDATE p SET v = v + 1 WHERE id <= 100`))
			pgtest.Exec(t, conn, "COMMIT")
		}
		pgtest.Exec(t, conn, `INSERT INTO p VALUES ($1, 0, 7)`, next)
		for _, child := range []string{"casc", "nulls", "strict", "def"} {
			pgtest.Exec(t, conn, `INSERT INTO `+child+` (p_id) VALUES ($1)`, next)
			require.Equal(t, 100, pgtest.Count(t, conn, `SELECT count(*) FROM `+child+` WHERE p_id <= 100`), child)
			pgtest.Exec(t, conn, `DELETE FROM `+child+` WHERE p_id = $1`, next)
		}
		// And what the keys ask for is done, once.
		pgtest.Exec(t, conn, `INSERT INTO casc (p_id) VALUES ($1)`, next)
		pgtest.Exec(t, conn, `DELETE FROM p WHERE id = $1`, next)
		require.Zero(t, pgtest.Count(t, conn, `SELECT count(*) FROM casc WHERE p_id = $1`, next))
		_, err := conn.Exec(t.Context(), `DELETE FROM p WHERE id = 5`)
		require.Equal(t, "23503", sqlState(err))
	}
	for _, until := range stages.Order()[1:7] {
		runTo(t, env, req, until)
		touch()
	}
	job := runTo(t, env, req, stages.Swap)
	job, err := stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	touch()
	require.NoError(t, stages.Reset(t.Context(), env, job))
	touch()
	require.Equal(t, 100, pgtest.Count(t, conn, `SELECT count(*) FROM p WHERE v = 24`))
}

// TestLaw1OldSnapshotIsWaitedFor: a transaction that can't see what the job
// wrote must not find the new table empty of it; the swap waits, and gives up.
func TestLaw1OldSnapshotIsWaitedFor(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY, v int)`, `CREATE TABLE other (id int)`,
		`INSERT INTO t SELECT g, 0 FROM generate_series(1, 100) g`)
	mustRepave(t, dsn, "run", "t", "--until", "sync_schema")
	pgtest.Exec(t, conn, `INSERT INTO t VALUES (101, 0)`)
	old := pgtest.Connect(t, dsn, `SET application_name = 'old reader'`, `BEGIN ISOLATION LEVEL REPEATABLE READ`, `SELECT FROM other`)
	_, stderr, code := repave(t, dsn, "run", "t", "--snapshot-wait", "300ms")
	require.Equal(t, 5, code, stderr)
	require.Contains(t, stderr, "old reader")
	require.Contains(t, stderr, "run the same command again")
	require.Equal(t, int64(101), pgtest.Exec(t, old, `UPDATE t SET v = v + 1`))
	pgtest.Exec(t, old, "COMMIT")
	mustRepave(t, dsn, "run", "t")
	require.Equal(t, 101, pgtest.Count(t, conn, `SELECT count(*) FROM t WHERE v = 1`))

	// The same on the way back.
	pgtest.Exec(t, conn, `INSERT INTO t VALUES (102, 1)`)
	pgtest.Exec(t, old, `BEGIN ISOLATION LEVEL REPEATABLE READ`)
	pgtest.Exec(t, old, `SELECT FROM other`)
	_, stderr, code = repave(t, dsn, "revert-swap", "t", "--snapshot-wait", "300ms")
	require.Equal(t, 5, code, stderr)
	require.Equal(t, int64(102), pgtest.Exec(t, old, `UPDATE t SET v = v + 1`))
	pgtest.Exec(t, old, "COMMIT")
	mustRepave(t, dsn, "revert-swap", "t")
	require.Equal(t, 102, pgtest.Count(t, conn, `SELECT count(*) FROM t WHERE v = 2`))
}

// TestLaw1DeferrableKeysFailOldSnapshots: a table that stays on the log drains
// under the lock; whoever can't see that gets a serialization failure.
func TestLaw1DeferrableKeysFailOldSnapshots(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn,
		`CREATE TABLE t (id int PRIMARY KEY, place int NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED)`,
		`CREATE TABLE other (id int)`, `INSERT INTO t SELECT g, g FROM generate_series(1, 100) g`)
	env := newEnv(t, dsn)
	req := request(t, conn, "t", nil)
	runTo(t, env, req, stages.Verify)
	pgtest.Exec(t, conn, `UPDATE t SET place = 101 - place`)
	runTo(t, env, req, stages.Verify)
	pgtest.Exec(t, conn, `UPDATE t SET place = place % 100 + 1`)
	pgtest.Exec(t, conn, `INSERT INTO t VALUES (200, 200)`)
	want := pgtest.Rows(t, conn, `SELECT * FROM t ORDER BY id`)
	old := pgtest.Connect(t, dsn, `BEGIN ISOLATION LEVEL REPEATABLE READ`, `SELECT FROM other`)
	env.Options.SnapshotWait = time.Second
	job, err := stages.Run(t.Context(), env, req, stages.Swap)
	if err != nil {
		require.ErrorAs(t, err, new(*stages.GaveUpError))
		require.Equal(t, int64(1), pgtest.Exec(t, old, `UPDATE t SET place = -1 WHERE id = 200`))
		pgtest.Exec(t, old, "ROLLBACK")
		job = runTo(t, env, req, stages.Swap)
	} else {
		tag, err := old.Exec(t.Context(), `UPDATE t SET place = -1 WHERE id = 200`)
		require.True(t, sqlState(err) == "40001" || err == nil && tag.RowsAffected() == 1, "silence: %v %v", tag, err)
		pgtest.Exec(t, old, "ROLLBACK")
	}
	require.True(t, job.Swapped)
	require.Equal(t, want, pgtest.Rows(t, conn, `SELECT * FROM t ORDER BY id`))
	pgtest.Exec(t, conn, `UPDATE t SET place = 500 - place`)
	require.NoError(t, stages.Erase(t.Context(), env, job))
	requireNoTraces(t, conn)
}

// TestLaw1ReaderThatNeverLeaves: the swap gives up, and nobody queues behind it
// for longer than the lock timeout.
func TestLaw1ReaderThatNeverLeaves(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY)`, `INSERT INTO t SELECT generate_series(1, 100)`)
	mustRepave(t, dsn, "run", "t", "--until", "verify")
	reader := pgtest.Connect(t, dsn, `SET application_name = 'never leaves'`, `BEGIN`, `SELECT count(*) FROM t`)

	ctx, cancel := context.WithCancel(t.Context())
	other := pgtest.Connect(t, dsn)
	longest := make(chan time.Duration, 1)
	go func() {
		var most time.Duration
		for ctx.Err() == nil {
			began := time.Now()
			if _, err := other.Exec(context.WithoutCancel(ctx), `SELECT count(*) FROM t WHERE id = 7`); err != nil {
				most = time.Hour
			}
			most = max(most, time.Since(began))
		}
		longest <- most
	}()
	const lockTimeout = 150 * time.Millisecond
	began := time.Now()
	_, stderr, code := repave(t, dsn, "run", "t", "--lock-timeout", lockTimeout.String(), "--lock-attempts", "5")
	took := time.Since(began)
	cancel()
	require.Equal(t, 5, code, stderr)
	require.Contains(t, stderr, "never leaves")
	require.Contains(t, stderr, "hint: ")
	most := <-longest
	t.Logf("gave up after %s; longest SELECT of another session: %s", took, most)
	require.Less(t, most, lockTimeout+time.Second)
	require.Less(t, most, took/2)
	pgtest.Exec(t, reader, "COMMIT")
	mustRepave(t, dsn, "run", "t")
	require.Equal(t, 100, pgtest.Count(t, conn, `SELECT count(*) FROM t`))
}

// TestLaw1LongReadsGiveWay: verify and a long round hold a lock for as long as
// they read; an application that wants a stronger one need not wait for that.
func TestLaw1LongReadsGiveWay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ stage, sql string }{
		{"verify", `TRUNCATE t`}, {"replay", `ALTER TABLE t ALTER v DROP DEFAULT`},
	} {
		t.Run(test.stage+" for "+test.sql, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			// A conversion that is slow for as long as somebody has an advisory lock.
			conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY, v text)`,
				`INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 5000) g`,
				`CREATE FUNCTION same(v text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
					IF EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND objid = 4711
						AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())) THEN
						PERFORM pg_catalog.pg_sleep(0.002);
					END IF; RETURN v; END $$`)
			using := func(s *registry.Spec) { s.Tables[0].Change.Using = map[string]string{"v": "public.same(v)"} }
			env := newEnv(t, dsn)
			req := request(t, conn, "t", using)
			before := map[string]stages.Name{"verify": stages.Replay, "replay": stages.SyncSchema}[test.stage]
			runTo(t, env, req, before)
			if test.stage == "replay" {
				pgtest.Exec(t, conn, `UPDATE t SET v = v || '!'`)
			}
			slow := pgtest.Connect(t, dsn, `SELECT pg_advisory_lock(4711)`)
			app := pgtest.Connect(t, dsn, `BEGIN`)
			env.Options.LockTimeout = 200 * time.Millisecond
			ended := make(chan error, 1)
			go func() {
				_, err := stages.Run(context.WithoutCancel(t.Context()), env, req, stages.Verify)
				ended <- err
			}()
			awaitTrue(t, conn, "reading", `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
				AND application_name LIKE 'repave %' AND wait_event = 'PgSleep')`)
			began := time.Now()
			pgtest.Exec(t, app, test.sql)
			waited := time.Since(began)
			pgtest.Exec(t, app, "ROLLBACK")
			pgtest.Exec(t, slow, `SELECT pg_advisory_unlock(4711)`)
			t.Logf("the application waited %s", waited)
			require.Less(t, waited, env.Options.LockTimeout+1500*time.Millisecond, "all of it takes 10 s")
			require.NoError(t, <-ended)
			runTo(t, env, req, stages.Swap)
			require.Equal(t, 5000, pgtest.Count(t, conn, `SELECT count(*) FROM t`))
		})
	}
}

// TestLaw1Field12IdsBeyondInt4: after a swap to bigint larger ids work;
// revert-swap, which would lose them, names them and changes nothing.
func TestLaw1Field12IdsBeyondInt4(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id serial PRIMARY KEY, v int)`, `INSERT INTO t (v) SELECT generate_series(1, 100)`)
	mustRepave(t, dsn, "run", "t", "--pk-bigint")
	pgtest.Exec(t, conn, `INSERT INTO t VALUES (3000000001, 1), (3000000002, 2)`)
	pgtest.Exec(t, conn, `UPDATE t SET id = 3000000003 WHERE id = 3`)
	pgtest.Exec(t, conn, `SELECT setval('t_id_seq', 3000000010)`)
	pgtest.Exec(t, conn, `INSERT INTO t (v) VALUES (0)`)
	after := pgtest.CatalogSnapshot(t, conn)
	want := pgtest.Rows(t, conn, `SELECT * FROM t ORDER BY id`)
	_, stderr, code := repave(t, dsn, "revert-swap", "t")
	require.Equal(t, 1, code, stderr)
	for _, key := range []string{"3000000001", "3000000002", "3000000003", "3000000011"} {
		require.Contains(t, stderr, "key "+key)
	}
	require.Contains(t, stderr, "repave cleanup")
	pgtest.RequireSameCatalog(t, after, pgtest.CatalogSnapshot(t, conn))
	require.Equal(t, want, pgtest.Rows(t, conn, `SELECT * FROM t ORDER BY id`))
	require.True(t, pgtest.Value[bool](t, conn, `SELECT swapped FROM repave.job`))
	pgtest.Exec(t, conn, `INSERT INTO t VALUES (3000000020, 1)`)
}

// TestLaw6MisfitsThatWereDeleted: once the rows that do not fit are gone, as the
// hint says, revert-swap works.
func TestLaw6MisfitsThatWereDeleted(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id serial PRIMARY KEY, v int)`, `INSERT INTO t (v) SELECT generate_series(1, 100)`)
	before := pgtest.CatalogSnapshot(t, conn)
	mustRepave(t, dsn, "run", "t", "--pk-bigint")
	pgtest.Exec(t, conn, `INSERT INTO t VALUES (3000000001, 1), (3000000002, 2)`)
	_, stderr, code := repave(t, dsn, "revert-swap", "t")
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, "change or delete these rows and run again")
	pgtest.Exec(t, conn, `DELETE FROM t WHERE id = 3000000001`)
	pgtest.Exec(t, conn, `UPDATE t SET id = 200 WHERE id = 3000000002`)
	mustRepave(t, dsn, "revert-swap", "t")
	require.Equal(t, 101, pgtest.Count(t, conn, `SELECT count(*) FROM t`))
	mustRepave(t, dsn, "reset", "t", "--yes")
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
}
