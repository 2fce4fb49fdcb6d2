package laws_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// refused requires that a statement is refused because the table has moved.
func refused(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	_, err := conn.Exec(t.Context(), sql)
	require.Equal(t, "25006", sqlState(err), "%s: %v", sql, err)
	require.ErrorContains(t, err, "has moved to")
}

// TestLaw1Field25AMissingSlotIsNotCaughtUp: without the slot nobody knows what is missing, so nobody
// is cut over; the source stays in use.
func TestLaw1Field25AMissingSlotIsNotCaughtUp(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY)`, `INSERT INTO t VALUES (1)`)
	c.must("run", "--strategy=logical", "t", "--until", "verify")
	pgtest.Exec(t, source, `INSERT INTO t VALUES (2)`)
	require.Eventually(t, func() bool { // the last command's sender may still be there
		_, err := source.Exec(t.Context(), `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots`)
		return err == nil
	}, 20*time.Second, 20*time.Millisecond)
	stderr, code := c.run("swap", "t")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "is gone: changes are missing")
	pgtest.Exec(t, source, `INSERT INTO t VALUES (3)`)
	require.Equal(t, 1, pgtest.Count(t, pgtest.Connect(t, c.to), `SELECT count(*) FROM t`))
	c.must("reset", "--yes", "t")
	c.must("run", "--strategy=logical", "t", "--cleanup")
	require.Equal(t, 3, pgtest.Count(t, pgtest.Connect(t, c.to), `SELECT count(*) FROM t`))
	c.requireNoTraces()
}

// TestLaw2Field27NobodyWritesBehindTheFence: whoever it is, and however.
func TestLaw2Field27NobodyWritesBehindTheFence(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY, v text)`, `INSERT INTO t VALUES (1, 'one')`,
		`CREATE TABLE parent (id int PRIMARY KEY)`, `INSERT INTO parent VALUES (7)`,
		`CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE)`, `INSERT INTO child VALUES (1, 7)`)
	target := pgtest.Connect(t, c.to, `CREATE TABLE parent (id int PRIMARY KEY)`, `INSERT INTO parent VALUES (7)`)
	c.must("run", "--strategy=logical", "t", "child", "--until", "verify")
	// Before the cutover it is the target that is closed.
	_, err := target.Exec(t.Context(), `INSERT INTO t VALUES (2, 'two')`)
	require.Equal(t, "25006", sqlState(err))
	require.ErrorContains(t, err, "is being filled by repave job")
	c.must("swap", "t", "child")
	for _, role := range []string{"origin", "replica"} {
		pgtest.Exec(t, source, `SET session_replication_role = `+role)
		for _, sql := range []string{
			`INSERT INTO t VALUES (2, 'two')`, `UPDATE t SET v = 'x'`, `UPDATE t SET v = 'x' WHERE false`, `DELETE FROM t`, `TRUNCATE t`,
			`COPY t FROM PROGRAM 'echo 3'`, `WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone`,
		} {
			refused(t, source, sql)
		}
	}
	pgtest.Exec(t, source, `RESET session_replication_role`)
	refused(t, source, `DELETE FROM parent`) // which would cascade
	require.Equal(t, []string{"1|one"}, pgtest.Rows(t, source, `SELECT * FROM t`), "reading goes on")
	pgtest.Exec(t, target, `INSERT INTO t VALUES (2, 'two')`)
	c.must("cleanup", "--yes", "t", "child")
	c.requireNoTraces()
}

// TestLaw1Field27TheFenceComesDownByItself: when a repave dies between the fence and the opening it is not waited for, whatever
// --cutover-timeout is, and what else it leaves is named.
func TestLaw1Field27TheFenceComesDownByItself(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY)`, `INSERT INTO t VALUES (1)`)
	target := pgtest.Connect(t, c.to)
	c.must("run", "--strategy=logical", "t", "--until", "verify")
	ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
	defer cancel()
	// Changes can't be applied while the table is locked, so the cutover has to wait behind its fence.
	const timeout = time.Minute // it is not what opens the fence
	blocker := pgtest.Connect(t, c.to)
	cmd := c.command(ctx, "swap", "t", "--cutover-timeout", timeout.String(), "--on-fence", "psql -X '"+c.to+"' -c 'SELECT pg_advisory_lock(1)'")
	pgtest.Exec(t, blocker, `SELECT pg_advisory_lock(1)`)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	awaitTrue(t, target, "the hook", `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 1 AND classid = 0)`)
	pgtest.Exec(t, blocker, `BEGIN`)
	pgtest.Exec(t, blocker, `LOCK TABLE t IN ACCESS EXCLUSIVE MODE`)
	pgtest.Exec(t, source, `INSERT INTO t VALUES (2)`)
	pgtest.Exec(t, blocker, `SELECT pg_advisory_unlock(1)`)
	fenced := time.Now()
	require.Eventually(t, func() bool {
		fenced = time.Now()
		_, err := source.Exec(t.Context(), `UPDATE t SET id = id`)
		return sqlState(err) == "25006"
	}, 20*time.Second, 5*time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.Eventually(t, func() bool {
		_, err := source.Exec(t.Context(), `INSERT INTO t VALUES (3)`)
		return err == nil
	}, 20*time.Second, 5*time.Millisecond)
	require.Less(t, time.Since(fenced), timeout/2)
	pgtest.Exec(t, blocker, `ROLLBACK`)
	// What it has left is named, with the command that removes it.
	var said string
	require.Eventually(t, func() bool {
		var code int
		said, code = c.run("status")
		return code == 0 && strings.Count(said, "is left over from a cutover of public.t") == 3
	}, 20*time.Second, 100*time.Millisecond, "the slot and the publication on the target, the fence on the source: %s", &said)
	_, command, _ := strings.Cut(said, "this removes it: repave ")
	command, _, _ = strings.Cut(command, "\n")
	c.through(strings.Fields(command)...)
	said, _ = c.run("status")
	require.NotContains(t, said, "warning")
	require.Zero(t, pgtest.Count(t, target, `SELECT count(*) FROM pg_replication_slots`))
	c.through("swap", "t")
	require.Equal(t, []string{"1", "2", "3"}, pgtest.Rows(t, target, `SELECT id FROM t ORDER BY id`))
	refused(t, source, `INSERT INTO t VALUES (4)`)
	c.must("cleanup", "--yes", "t")
	c.requireNoTraces()
}

// TestLaw3Field29AnotherClusterIsRefused: a copy and a stream of different clusters don't mix.
func TestLaw3Field29AnotherClusterIsRefused(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY)`, `INSERT INTO t VALUES (1)`)
	c.must("run", "--strategy=logical", "t", "--until", "replay")
	right := c.from
	c.from = pgtest.DatabaseOn(t, right)
	pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY)`, `INSERT INTO t VALUES (2)`)
	stderr, code := c.run("swap", "t")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "the tables of job 1 come from cluster")
	wrong := c.from
	// Nor is the target its own source: its fence stays up.
	c.from = c.to
	for _, command := range [][]string{{"swap", "t"}, {"reset", "--yes", "t"}, {"follow", "t"}} {
		stderr, code = c.run(command...)
		require.Equal(t, 1, code, command)
		require.Contains(t, stderr, "hint: give the same --source and --target", command)
	}
	require.NotEmpty(t, c.status("t").Stream.Warnings)
	_, err := pgtest.Connect(t, c.to).Exec(t.Context(), `INSERT INTO t VALUES (3)`)
	require.Equal(t, "25006", sqlState(err))
	c.from = right
	// Nor does a record that is older than what the slot was told, as a restored target has it.
	pgtest.Exec(t, pgtest.Connect(t, right), `CREATE TABLE other (id int)`)
	c.must("run", "--strategy=logical", "t", "--until", "replay")
	target := pgtest.Connect(t, c.to, `CREATE TABLE kept AS SELECT applied FROM repave.stream`, `UPDATE repave.stream SET applied = '0/1'`)
	stderr, code = c.run("swap", "t")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "which is all that was applied here")
	// Nor does a source that was restored from a backup, with its slot: it is behind what was applied.
	pgtest.Exec(t, target, `UPDATE repave.stream SET applied = 'FF/0'`)
	stderr, code = c.run("swap", "t")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "but changes up to FF/0 were applied: it has been set back")
	pgtest.Exec(t, target, `UPDATE repave.stream SET applied = kept.applied FROM kept`)
	c.must("swap", "t")
	require.Equal(t, []string{"1"}, pgtest.Rows(t, pgtest.Connect(t, c.to), `SELECT id FROM t`))
	// What a cutover has left on the source would be forgotten by a cleanup of another.
	c.from = wrong
	for _, command := range [][]string{{"verify", "t"}, {"revert-swap", "--yes", "t"}, {"cleanup", "--yes", "t"}, {"cleanup", "--yes", "--drop-source", "t"}} {
		stderr, code = c.run(command...)
		require.Equal(t, 1, code, command)
		require.Contains(t, stderr, "hint: give the same --source and --target", command)
	}
	require.Equal(t, []string{"2"}, pgtest.Rows(t, pgtest.Connect(t, c.from), `SELECT id FROM t`))
	c.from = right
	c.must("cleanup", "--yes", "t")
	c.requireNoTraces()
}

// TestLaw5Field31SequencesGoOnExactly: of serial and identity columns, one that several tables share, one that was never
// called, and after nextval behind the fence.
func TestLaw5Field31SequencesGoOnExactly(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE SEQUENCE shared INCREMENT 5 CACHE 3`,
		`CREATE TABLE a (id bigserial PRIMARY KEY, n int DEFAULT nextval('shared'), i int GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT -2 MAXVALUE 200))`,
		`CREATE TABLE b (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, n int DEFAULT nextval('shared'))`,
		`INSERT INTO a DEFAULT VALUES`, `INSERT INTO a DEFAULT VALUES`, `INSERT INTO b (n) VALUES (0)`, `SELECT setval('b_id_seq', 50, false)`)
	c.must("run", "--strategy=logical", "a", "b")
	refused(t, source, `INSERT INTO a DEFAULT VALUES`)
	const where = `SELECT s, (pg_sequence_last_value(s::regclass)) FROM unnest(ARRAY['a_id_seq', 'a_i_seq', 'shared', 'b_id_seq']) s ORDER BY 1`
	target := pgtest.Connect(t, c.to)
	require.Equal(t, []string{"a_i_seq|98", "a_id_seq|2", "b_id_seq|NULL", "shared|11"}, pgtest.Rows(t, target, where))
	pgtest.Exec(t, target, `INSERT INTO a DEFAULT VALUES`)
	pgtest.Exec(t, target, `INSERT INTO b (n) VALUES (1)`)
	require.Equal(t, []string{"3|16|96"}, pgtest.Rows(t, target, `SELECT * FROM a WHERE id > 2`))
	require.Equal(t, []string{"50"}, pgtest.Rows(t, target, `SELECT id FROM b WHERE n = 1`))
	c.must("revert-swap", "--yes", "a", "b")
	pgtest.Exec(t, source, `INSERT INTO a DEFAULT VALUES`)
	require.Equal(t, []string{"3|16|96", "4|11|94"}, pgtest.Rows(t, source, `SELECT * FROM a WHERE id > 2 ORDER BY 1`))
	c.must("reset", "--yes", "a", "b")
	c.requireNoTraces()
}

// TestLaw5Field31ASharedSequenceNeverGoesBack: it serves a table that has moved before, whose next rows would get numbers a second time.
func TestLaw5Field31ASharedSequenceNeverGoesBack(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE SEQUENCE up`, `CREATE SEQUENCE down INCREMENT -1`, `CREATE TABLE a (id int PRIMARY KEY DEFAULT nextval('up'), n int DEFAULT nextval('down'))`,
		`CREATE TABLE b (id int PRIMARY KEY DEFAULT nextval('up'), n int DEFAULT nextval('down'), a serial)`, `ALTER TABLE a ADD m int DEFAULT nextval('b_a_seq')`)
	const add = `INSERT INTO %s SELECT FROM generate_series(1, 3)`
	insert := func(conn *pgx.Conn, table string) { pgtest.Exec(t, conn, strings.ReplaceAll(add, "%s", table)) }
	insert(source, "a")
	insert(source, "b")
	c.must("run", "--strategy=logical", "a")
	target := pgtest.Connect(t, c.to)
	insert(target, "a") // 7 to 9
	c.must("run", "--strategy=logical", "b")
	insert(target, "a") // 10 to 12: the source has got to 6
	insert(target, "b")
	const last = `SELECT max(id), min(n), max(a) FROM b`
	require.Equal(t, []string{"15|-15|15"}, pgtest.Rows(t, target, last))
	insert(target, "a")
	c.must("revert-swap", "--yes", "b")
	insert(source, "b") // behind all of them
	require.Equal(t, []string{"21|-21|21"}, pgtest.Rows(t, source, last))
}

// TestLaw7Field32NoPasswordIsPrinted, of neither cluster, however wrong the DSN is.
func TestLaw7Field32NoPasswordIsPrinted(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	const secret = "hunter2secret"
	for _, dsn := range []string{
		"postgres://me:" + secret + "@nowhere.invalid:1/x", "postgres://me:" + secret + "@:abc/x", "host=nowhere.invalid password=" + secret,
		"postgres://me:" + secret + "%zz@host/x", "password='" + secret + "' port=x",
	} {
		c := &clusters{t: t, from: dsn, to: pgtest.Database(t)}
		stderr, code := c.run("run", "--strategy=logical", "t")
		require.NotZero(t, code)
		require.NotContains(t, stderr, secret)
		c.from, c.to = c.to, dsn
		stderr, code = c.run("run", "--strategy=logical", "t")
		require.NotZero(t, code)
		require.NotContains(t, stderr, secret)
	}
}

// TestLaw5AcrossOrphansAreNamed: what a job has left whose registry is gone is found on both clusters, with what drops it.
func TestLaw5AcrossOrphansAreNamed(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY)`)
	c.must("run", "--strategy=logical", "t")
	stderr, code := c.run("status")
	require.Zero(t, code)
	require.NotContains(t, stderr, "warning")
	target := pgtest.Connect(t, c.to)
	pgtest.Exec(t, target, `DROP SCHEMA repave CASCADE`)
	stderr, code = c.run("status")
	require.Zero(t, code)
	var undo []string
	for line := range strings.Lines(stderr) {
		if _, sql, ok := strings.Cut(strings.TrimSpace(line), "of none at all: "); ok {
			conn := target
			if strings.Contains(line, "on the source") {
				conn = source
			}
			pgtest.Exec(t, conn, sql)
			undo = append(undo, sql)
		}
	}
	require.Len(t, undo, 4, "the fence and the position on the source, slot and publication on the target: %s", stderr)
	pgtest.Exec(t, source, `INSERT INTO t VALUES (1)`)
	stderr, code = c.run("status")
	require.Zero(t, code)
	require.NotContains(t, stderr, "warning")
}
