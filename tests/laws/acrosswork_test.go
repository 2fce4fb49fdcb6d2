package laws_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// elsewhere gives a copy of c another network to both clusters, as that of another host.
func (c *clusters) elsewhere() *clusters {
	c.t.Helper()
	other := *c
	other.networked()
	return &other
}

// awaitCaught waits until a session has come to where it is stopped.
func (c *clusters) awaitCaught(caught *pgtest.Catch) {
	c.t.Helper()
	select {
	case <-caught.At:
	case <-time.After(commandTimeout / 2):
		require.Fail(c.t, "nobody comes there")
	}
}

// helperCopies is whether a program copies, by the target's sessions, since a point in time.
const helperCopies = `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = $1 AND query_start > $2::text::timestamptz
	AND query ~ '^-- (across/copy_in|registry/(claim|advance)_batch)')`

// TestLaw4AcrossHelpersComeAndGo: extra workers help with the copy under traffic, the first from before it begins; one is killed in a batch, the
// process that runs the job is killed as well, and the same command goes on with a mixed copy, and with the helper that is left.
func TestLaw4AcrossHelpersComeAndGo(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	load := c.shop(40_000)
	await(t, load, 20)
	target := pgtest.Connect(t, c.to)
	run := append([]string{"run", "--strategy=logical", "--alter", "ALTER id TYPE bigint"}, shopTables...)
	c.must(append(run, "--until", "setup")...)
	start := func(rate string, args ...string) *background {
		return c.start(append(args, "--workers", "1", "--batch-time", "5ms", "--max-active", "0", "--max-rate", rate)...)
	}
	const slow = "1000" // rows a second, at which it would take the process that runs the job too long
	killed := start(slow, "work", "orders")
	killed.awaitSaid("nobody runs the job; start: repave run")
	first := start(slow, run...)
	awaitTrue(t, target, "helped", helperCopies, "repave work", "-infinity")
	c.must("pause", "orders")
	const locked = `SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity USING (pid) WHERE application_name ~ '^repave (run|work)'
		AND l.relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace))`
	for _, dsn := range []string{c.from, c.to} {
		awaitTrue(t, pgtest.Connect(t, dsn), "nobody has locks while it is paused", `SELECT NOT (`+locked+`)`)
	}
	c.must("resume", "orders")
	awaitTrue(t, target, "they go on", helperCopies, "repave work", pgtest.Value[string](t, target, `SELECT now()::text`))
	require.NoError(t, killed.cmd.Process.Kill())
	<-killed.ended
	helper := start("4000", "work", "orders")
	awaitTrue(t, target, "helped again", `SELECT sum(rows) > $1 FROM repave.batch`,
		pgtest.Count(t, target, `SELECT sum(rows) + 1000 FROM repave.batch`))
	require.NoError(t, first.cmd.Process.Kill())
	<-first.ended
	helper.awaitSaid("nobody runs the job")
	require.Positive(t, pgtest.Count(t, target, `SELECT count(*) FROM repave.batch WHERE next_page < end_page`))
	await(t, load, 50)
	again := pgtest.Value[string](t, target, `SELECT now()::text`)
	second := start("8000", run...)
	awaitTrue(t, target, "helped with a mixed copy", helperCopies, "repave work", again)
	require.True(t, pgtest.Value[bool](t, target, `SELECT mixed FROM repave.stream`))
	stderr, code := helper.end()
	require.Zero(t, code, stderr)
	require.Regexp(t, `the backfill is over, [\d,]{5,} rows of it were copied here`, stderr)
	stderr, code = second.end()
	require.Zero(t, code, stderr)
	await(t, load, 50)
	stderr, code = c.run("work", "orders")
	require.Zero(t, code, "there is nothing left to help with: %s", stderr)
	c.must(append([]string{"cleanup", "--yes"}, shopTables...)...)
	settleUp(t, load, c.to)
	c.requireNoTraces()
}

// TestLaw4AcrossTheLastBatchIsAHelpers: the process that runs the job waits for it, says for whom, and ends the session of one that is
// stopped. The helper loses its connection and finds that there is nothing left.
func TestLaw4AcrossTheLastBatchIsAHelpers(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	c.networked()
	source, target := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY, n int, big text)`,
		`INSERT INTO t SELECT g, 0, repeat('x', 1000) FROM generate_series(1, 2000) g`), pgtest.Connect(t, c.to)
	running := c.toSource.Catch("across/copy_out.sql")
	run := c.start("run", "--strategy=logical", "t", "--until", "verify", "--workers", "1", "--batch-time", "5ms")
	c.awaitCaught(running)
	far := c.elsewhere()
	stopped := far.toTarget.Catch("across/copy_in.sql")
	helper := far.start("work", "t", "--workers", "1", "--batch-time", "5ms")
	c.awaitCaught(stopped)
	pgtest.Exec(t, source, `UPDATE t SET n = n + 1 WHERE id % 3 = 0`)
	pgtest.Exec(t, source, `DELETE FROM t WHERE id % 7 = 0`)
	running.Resume()
	awaitTrue(t, target, "the helper is waited for", `SELECT waiting ~ '^a batch that pid \d+ \(repave work, client .*\) has$' FROM repave.job`)
	require.Equal(t, "backfill", pgtest.Value[string](t, target, `SELECT stage FROM repave.job`))
	require.Equal(t, 1, pgtest.Count(t, target, `SELECT count(*) FROM repave.batch WHERE next_page < end_page`))
	stderr, code := run.end()
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "ending a session that has had a batch for long")
	stopped.Resume()
	stderr, code = helper.end()
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "terminating connection due to administrator command")
	require.Contains(t, stderr, "the backfill is over")
	const rows = `SELECT id, n, md5(big) FROM t ORDER BY id`
	require.Equal(t, pgtest.Rows(t, source, rows), pgtest.Rows(t, target, rows))
	c.must("reset", "--yes", "t")
	c.requireNoTraces()
}

// TestLaw4Field29AcrossAHelperOfAnOldCopy: a helper that is just beginning a batch when the copy starts over, as another table was
// rewritten, does not copy rows of the old snapshot into the new one.
func TestLaw4Field29AcrossAHelperOfAnOldCopy(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	c.networked()
	source, target := pgtest.Connect(t, c.from, `CREATE TABLE small (id int PRIMARY KEY)`, `INSERT INTO small SELECT generate_series(1, 100)`,
		`CREATE TABLE t (id int PRIMARY KEY, big text)`, `INSERT INTO t SELECT g, repeat('x', 1000) FROM generate_series(1, 2000) g`,
		`ANALYZE t`), pgtest.Connect(t, c.to)
	running := c.toSource.Catch("across/copy_out.sql")
	run := c.start("run", "--strategy=logical", "t", "small", "--until", "verify", "--workers", "1", "--batch-time", "5ms")
	c.awaitCaught(running)
	far := c.elsewhere()
	stopped := far.toTarget.Catch("registry/share_copy.sql")
	helper := far.start("work", "small", "--workers", "1", "--batch-time", "5ms")
	c.awaitCaught(stopped)
	pgtest.Exec(t, source, `VACUUM FULL small`)
	pgtest.Exec(t, source, `DELETE FROM t WHERE id % 2 = 0`)
	anew := c.toSource.Catch("verify/import_snapshot.sql", "across/copy_out.sql")
	running.Resume()
	c.awaitCaught(anew)
	run.awaitSaid("backfill starts over")
	require.Positive(t, pgtest.Count(t, target, `SELECT count(*) FROM repave.batch WHERE next_page < end_page AND table_number = 1`))
	stopped.Resume()
	awaitTrue(t, target, "the helper copies in the new snapshot", `SELECT sum(rows) FILTER (WHERE table_number = 1) > 0 FROM repave.batch`)
	anew.Resume()
	for _, b := range []*background{run, helper} {
		stderr, code := b.end()
		require.Zero(t, code, stderr)
	}
	require.Equal(t, 1000, pgtest.Count(t, target, `SELECT count(*) FROM t`))
	require.Equal(t, 0, pgtest.Count(t, target, `SELECT count(*) FROM t WHERE id % 2 = 0`))
	c.must("reset", "--yes", "t", "small")
}

// TestLaw3Field29AcrossAHelperMayNotHaveTheSnapshot: that of another name of the same, after a restart or of another session, is no snapshot of the copy's,
// nor is a standby's, a restored copy's, or what another build makes of it.
func TestLaw3Field29AcrossAHelperMayNotHaveTheSnapshot(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	standby, err := c.source.Standby(t.Context(), 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, standby.Stop(t.Context())) })
	c.networked()
	source, target := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY, big text)`,
		`INSERT INTO t SELECT g, repeat('x', 1000) FROM generate_series(1, 2000) g`), pgtest.Connect(t, c.to)
	running := c.toTarget.Catch("registry/share_copy.sql") // with the snapshot imported
	run := c.start("run", "--strategy=logical", "t", "--until", "verify", "--workers", "1", "--batch-time", "5ms")
	c.awaitCaught(running)
	elsewhere := *c
	elsewhere.toSource, elsewhere.toTarget = nil, nil
	refused := func(problem, hint string) {
		t.Helper()
		stderr, code := elsewhere.run("work", "t")
		require.Equal(t, 1, code, stderr)
		require.Contains(t, stderr, problem)
		require.Contains(t, stderr, "hint: "+hint)
	}
	pgtest.Exec(t, target, `UPDATE repave.stream SET copy_version = 'other'`)
	refused("repave other runs the job, and this is ", "use the same build on both hosts")
	pgtest.Exec(t, target, `UPDATE repave.stream SET copy_version = (SELECT version FROM repave.job)`)
	elsewhere.from = standby.DSN("postgres")
	other := pgtest.Connect(t, elsewhere.from)
	lsn := pgtest.Value[string](t, source, `SELECT pg_current_wal_lsn()::text`)
	awaitTrue(t, other, "the standby has all", `SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn`, lsn)
	const same = "give the same --source as the process that runs the job"
	refused(" is a standby: rows are copied in a snapshot of its primary", same)
	require.True(t, pgtest.Value[bool](t, other, `SELECT pg_promote()`))
	refused(" is not the server that the job copies from: it has no replication slot repave_1_", same)
	elsewhere.from = c.from
	// The session that shares the snapshot is lost, and the name is another's by now.
	pgtest.Exec(t, source, `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'`)
	later := pgtest.Connect(t, c.from, `DELETE FROM t WHERE id % 2 = 0`, `BEGIN ISOLATION LEVEL REPEATABLE READ`)
	name := pgtest.Value[string](t, later, `SELECT pg_export_snapshot()`)
	pgtest.Exec(t, target, `UPDATE repave.stream SET snapshot = $1`, name)
	awaitTrue(t, source, "it is lost", `SELECT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')`)
	helper := elsewhere.start("work", "t")
	helper.awaitSaid("the session that shared its snapshot was lost")
	pgtest.Exec(t, later, `ROLLBACK`)
	second := elsewhere.start("work", "t")
	second.awaitSaid("the session that shared its snapshot was lost")
	running.Resume()
	for _, b := range []*background{helper, second} {
		stderr, code := b.end()
		require.Zero(t, code, stderr)
		require.Contains(t, stderr, "the backfill is over, 0 rows of it were copied here")
	}
	stderr, code := run.end()
	require.Zero(t, code, stderr)
	require.Equal(t, 1000, pgtest.Count(t, target, `SELECT count(*) FROM t`))
	require.False(t, pgtest.Value[bool](t, target, `SELECT mixed FROM repave.stream`))
	c.must("reset", "--yes", "t")
}
