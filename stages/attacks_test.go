package stages_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

var items = []string{
	`CREATE TABLE item (id int PRIMARY KEY, v text)`,
	`INSERT INTO item SELECT g, 'v' || g FROM generate_series(1, 500) g`,
}

// TestLaw3UnfinishedResetIsNotGoneOnWith: its triggers are off, so nothing
// captures changes any more.
func TestLaw3UnfinishedResetIsNotGoneOnWith(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, items...)
	env := newEnv(t, dsn)
	job, err := stages.Run(t.Context(), env, request(t, conn, "item", nil), stages.Verify)
	require.NoError(t, err)
	pgtest.Exec(t, conn, fmt.Sprintf(`CREATE VIEW blocker AS SELECT * FROM repave.repave_%d_1_shadow`, job.ID))
	require.Error(t, stages.Reset(t.Context(), env, job))
	_, err = stages.Run(t.Context(), env, request(t, conn, "item", nil), stages.Swap)
	require.ErrorAs(t, err, new(*stages.ChangedError))
	pgtest.Exec(t, conn, `DROP VIEW blocker`)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	requireNoTraces(t, conn)
}

// TestLaw3RewriteAfterVerifyIsVerifiedAgain: an ALTER that changes values and
// not the type fires no trigger.
func TestLaw3RewriteAfterVerifyIsVerifiedAgain(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, items...)
	env := newEnv(t, dsn)
	env.Options.SnapshotWait = time.Minute
	old := pgtest.Connect(t, dsn, `BEGIN ISOLATION LEVEL REPEATABLE READ`, `SELECT 1`)
	waiting := make(chan struct{}, 1000)
	env.Report = func(e stages.Event) {
		if e.Stage == stages.Swap && e.Phase == stages.Began {
			waiting <- struct{}{}
		}
	}
	result := make(chan error, 1)
	req := request(t, conn, "item", nil)
	go func() {
		_, err := stages.Run(context.WithoutCancel(t.Context()), env, req, stages.Swap)
		result <- err
	}()
	<-waiting
	pgtest.Exec(t, conn, `ALTER TABLE item ALTER v TYPE text USING upper(v)`)
	pgtest.Exec(t, old, `COMMIT`)
	require.ErrorAs(t, <-result, new(*stages.DifferentError))
	require.Equal(t, 500, pgtest.Count(t, conn, `SELECT count(*) FROM item WHERE v = upper(v)`))
}

// TestLaw1OrdinaryRole runs a job as an owner without any other privilege: old
// snapshots of other roles must be seen and waited for.
func TestLaw1OrdinaryRole(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	admin := pgtest.Connect(t, dsn, `SELECT 1`)
	role := fmt.Sprintf("plain_%d", pgtest.Count(t, admin, `SELECT oid::bigint % 2000000000 FROM pg_database WHERE datname = current_database()`))
	other := role + "_app"
	for _, sql := range []string{
		`CREATE ROLE %[1]s LOGIN PASSWORD 'secret'`, `CREATE ROLE %[2]s LOGIN PASSWORD 'secret'`,
		`DO $$ BEGIN EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %%I TO %[1]s', current_database()); END $$`,
		`GRANT USAGE, CREATE ON SCHEMA public TO %[1]s`, `GRANT USAGE ON SCHEMA public TO %[2]s`,
		`ALTER DEFAULT PRIVILEGES FOR ROLE %[1]s GRANT ALL ON TABLES TO %[2]s`,
		`ALTER DEFAULT PRIVILEGES FOR ROLE %[1]s GRANT ALL ON FUNCTIONS TO %[2]s`,
		`ALTER DEFAULT PRIVILEGES FOR ROLE %[1]s GRANT ALL ON SCHEMAS TO %[2]s`,
	} {
		pgtest.Exec(t, admin, fmt.Sprintf(sql, role, other))
	}
	t.Cleanup(func() {
		ctx := context.Background()
		_, _ = admin.Exec(ctx, fmt.Sprintf(`DROP OWNED BY %s, %s CASCADE`, role, other))
		_, _ = admin.Exec(ctx, fmt.Sprintf(`DROP ROLE %s, %s`, role, other))
	})
	mine := pgtest.As(t, dsn, role, "secret")
	conn := pgtest.Connect(t, mine, items...)
	app := pgtest.Connect(t, pgtest.As(t, dsn, other, "secret"), `BEGIN ISOLATION LEVEL REPEATABLE READ`, `SELECT 1`)
	env := newEnv(t, mine)
	env.Options.SnapshotWait = 300 * time.Millisecond
	req := request(t, conn, "item", nil)
	_, err := stages.Run(t.Context(), env, req, stages.Swap)
	require.ErrorAs(t, err, new(*stages.GaveUpError))
	require.EqualValues(t, 1, pgtest.Exec(t, app, `UPDATE item SET v = 'app' WHERE id = 1`))
	pgtest.Exec(t, app, `COMMIT`)
	// Nobody got a right on our objects by ALTER DEFAULT PRIVILEGES.
	require.Empty(t, pgtest.Rows(t, admin, `
		SELECT proname FROM pg_proc p, aclexplode(proacl) a
		WHERE pronamespace = 'repave'::regnamespace AND a.grantee <> p.proowner
		UNION ALL SELECT relname FROM pg_class c, aclexplode(relacl) a
		WHERE relnamespace = 'repave'::regnamespace AND a.grantee <> c.relowner AND relname NOT LIKE '%shadow'
		UNION ALL SELECT nspname FROM pg_namespace n, aclexplode(nspacl) a WHERE nspname = 'repave' AND a.grantee <> n.nspowner`))
	job, err := stages.Run(t.Context(), env, req, stages.Swap)
	require.NoError(t, err)
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM item WHERE v = 'app'`))
	require.NoError(t, stages.Erase(t.Context(), env, job))
}

// TestLaw9RenamesNeverFailAWriter: the job notices instead.
func TestLaw9RenamesNeverFailAWriter(t *testing.T) {
	t.Parallel()
	for _, rename := range []string{`RENAME COLUMN v TO w`, `RENAME COLUMN id TO key`, `RENAME TO item_2`, `DROP COLUMN v`} {
		for _, until := range []stages.Name{stages.Setup, stages.Verify, stages.Swap} {
			t.Run(fmt.Sprintf("%s after %s", rename, until), func(t *testing.T) {
				t.Parallel()
				dsn := pgtest.Database(t)
				conn := pgtest.Connect(t, dsn, items...)
				env := newEnv(t, dsn)
				job, err := stages.Run(t.Context(), env, request(t, conn, "item", nil), until)
				require.NoError(t, err)
				pgtest.Exec(t, conn, `ALTER TABLE item `+rename)
				table := "item"
				if rename == `RENAME TO item_2` {
					table = "item_2"
				}
				pgtest.Exec(t, conn, `INSERT INTO `+table+` VALUES (1000)`)
				pgtest.Exec(t, conn, `DELETE FROM `+table)
				if job.Swapped {
					_, err = stages.RevertSwap(t.Context(), env, job)
				} else {
					_, err = stages.Resume(t.Context(), env, job, stages.Swap)
				}
				require.ErrorAs(t, err, new(*stages.ChangedError))
			})
		}
	}
}

// TestLaw1WritersOfAnySort: domains that refuse nulls, checks that depend on the
// path and the role, settings of the writer's session.
func TestLaw1WritersOfAnySort(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn,
		`CREATE DOMAIN strict_id AS int NOT NULL`,
		`CREATE TABLE limits (n int)`, `INSERT INTO limits VALUES (10)`,
		`CREATE FUNCTION below(int) RETURNS boolean LANGUAGE plpgsql AS $$
			BEGIN IF $1 < 5 THEN RETURN true; END IF; RETURN (SELECT $1 < n FROM limits); END $$`,
		`CREATE TABLE item (id strict_id PRIMARY KEY, n int CHECK (public.below(n)), x float8)`,
		`INSERT INTO item SELECT g, 1, 0.1 + g FROM generate_series(1, 100) g`)
	env := newEnv(t, dsn)
	req := request(t, conn, "item", func(s *registry.Spec) { s.Tables[0].Change.Alter = []string{`ALTER COLUMN x TYPE text`} })
	_, err := stages.Run(t.Context(), env, req, stages.Verify)
	require.NoError(t, err)
	pgtest.Exec(t, conn, `SET extra_float_digits = 0`)
	pgtest.Exec(t, conn, `INSERT INTO item VALUES (1000, 7, 0.1::float8 + 0.2::float8)`)
	pgtest.Exec(t, conn, `UPDATE item SET n = 8 WHERE id = 1`)
	pgtest.Exec(t, conn, `DELETE FROM item WHERE id = 2`)
	pgtest.Exec(t, conn, `TRUNCATE item`)
	pgtest.Exec(t, conn, `INSERT INTO item VALUES (1000, 2, 0.1::float8 + 0.2::float8)`)
	_, err = stages.Run(t.Context(), env, req, stages.Swap)
	require.NoError(t, err)
	require.Equal(t, []string{"1000|0.30000000000000004"}, pgtest.Rows(t, conn, `SELECT id, x FROM item`))
}

// TestLaw4ABatchThatAnotherHoldsIsWaitedFor: an orphan may hold one.
func TestLaw4ABatchThatAnotherHoldsIsWaitedFor(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, items...)
	env := newEnv(t, dsn)
	req := request(t, conn, "item", nil)
	_, err := stages.Run(t.Context(), env, req, stages.Setup)
	require.NoError(t, err)
	orphan := pgtest.Connect(t, dsn, `BEGIN`, `SELECT * FROM repave.batch FOR UPDATE`)
	env.Report = func(e stages.Event) {
		if e.Waiting != "" && !orphan.IsClosed() {
			_ = orphan.Close(context.Background())
		}
	}
	_, err = stages.Run(t.Context(), env, req, stages.Swap)
	require.NoError(t, err)
	require.True(t, orphan.IsClosed())
}

// TestLaw4DroppedTableCanBeReset: its owner may drop it at any time.
func TestLaw4DroppedTableCanBeReset(t *testing.T) {
	t.Parallel()
	for _, until := range []stages.Name{stages.SyncSchema, stages.Swap} {
		dsn := pgtest.Database(t)
		conn := pgtest.Connect(t, dsn, items...)
		env := newEnv(t, dsn)
		job, err := stages.Run(t.Context(), env, request(t, conn, "item", nil), until)
		require.NoError(t, err)
		pgtest.Exec(t, conn, `DROP TABLE item`)
		if until == stages.Swap {
			require.NoError(t, stages.Erase(t.Context(), env, job))
		} else {
			require.NoError(t, stages.Reset(t.Context(), env, job))
		}
		requireNoTraces(t, conn)
	}
}

// TestACorrectedCommandFindsNoJobInItsWay: nothing was made by the first.
func TestACorrectedCommandFindsNoJobInItsWay(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, items...)
	env := newEnv(t, dsn)
	alter := func(actions string) stages.Request {
		return request(t, conn, "item", func(s *registry.Spec) { s.Tables[0].Change.Alter = []string{actions} })
	}
	_, err := stages.Run(t.Context(), env, alter(`DROP COLUM v`), stages.Swap)
	require.Error(t, err)
	_, err = stages.Run(t.Context(), env, alter(`DROP COLUMN v`), stages.Swap)
	require.NoError(t, err)
}

// TestLaw4AServerThatGoesAwayEndsTheRun: nothing may wait for it for ever.
func TestLaw4AServerThatGoesAwayEndsTheRun(t *testing.T) {
	t.Parallel()
	proxy := pgtest.NewProxy(t, pgtest.Database(t))
	conn := pgtest.Connect(t, proxy.DSN, items...)
	env := newEnv(t, proxy.DSN)
	env.Options.MaxRate = 50
	req := request(t, conn, "item", nil)
	var once sync.Once
	env.Report = func(e stages.Event) {
		if e.Stage == stages.Backfill && e.Phase == stages.Going {
			once.Do(func() { go proxy.Cut() })
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := stages.Run(ctx, env, req, stages.Swap)
	require.Error(t, err)
	require.NoError(t, ctx.Err(), "the run did not end by itself")
}
