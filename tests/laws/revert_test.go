package laws_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw6RevertSwapLosesNothing goes there and back, twice, while writers at
// all isolation levels go on, by the program itself.
func TestLaw6RevertSwapLosesNothing(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), pgtest.WritersTable)
	require.NoError(t, err)
	pgtest.Exec(t, conn, `INSERT INTO parent SELECT -g, 'base-' || g, 0, g, repeat('x', 200) FROM generate_series(1, 3000) g`)
	env := newEnv(t, dsn)
	env.Options.BatchTime = 20 * time.Millisecond
	_, seed := newRand(t)
	writers := pgtest.StartWriters(t, dsn, seed, 2, pgtest.Levels[1:])
	writers.Await(t, 20)
	req := request(t, conn, "parent", func(s *registry.Spec) {
		s.Tables[0].Change.PKBigint = true
		s.Tables[0].Change.Alter = []string{"ALTER n TYPE bigint", "ADD since timestamptz DEFAULT now()", "RENAME pad TO padding"}
	})
	job := runTo(t, env, req, stages.Swap)
	for range 2 {
		writers.Await(t, 30)
		job, err = stages.RevertSwap(t.Context(), env, job)
		require.NoError(t, err)
		require.False(t, job.Swapped)
		writers.Await(t, 30)
		job = runTo(t, env, req, stages.Swap)
	}
	writers.Await(t, 30)
	job, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	writers.Await(t, 10)
	writers.Stop(t, conn)
	require.Equal(t, 3000, pgtest.Count(t, conn, `SELECT count(*) FROM parent WHERE owner = 0 AND n = -id`))
	requireNoTraces(t, conn)
}

// TestLaw6DroppedColumnsKeepTheirValues: what only the old table has is there
// again after revert-swap, also of rows that were written since.
func TestLaw6DroppedColumnsKeepTheirValues(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY, gone text DEFAULT 'default', v int)`,
		`INSERT INTO t SELECT g, 'kept ' || g, g FROM generate_series(1, 50) g`)
	env := newEnv(t, dsn)
	req := request(t, conn, "t", func(s *registry.Spec) { s.Tables[0].Change.Alter = []string{"DROP gone"} })
	job := runTo(t, env, req, stages.Swap)
	pgtest.Exec(t, conn, `UPDATE t SET v = -v WHERE id <= 10`)
	pgtest.Exec(t, conn, `DELETE FROM t WHERE id = 11`)
	pgtest.Exec(t, conn, `INSERT INTO t VALUES (51, 51)`)
	job, err := stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.Equal(t, 49, pgtest.Count(t, conn, `SELECT count(*) FROM t WHERE gone = 'kept ' || id AND abs(v) = id`))
	require.Equal(t, []string{"51|default|51"}, pgtest.Rows(t, conn, `SELECT * FROM t WHERE id > 50`))
	require.NoError(t, stages.Reset(t.Context(), env, job))
	requireNoTraces(t, conn)
}
