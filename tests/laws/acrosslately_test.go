package laws_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw3AcrossRowsChangedSinceVerifyAreCompared: what arrives wrongly after verify has looked, of keys of two columns that come
// in another type, keeps the cutover from opening the target; what arrives rightly is counted.
func TestLaw3AcrossRowsChangedSinceVerifyAreCompared(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (v text, part varchar(9), id int, PRIMARY KEY (id, part))`,
		`INSERT INTO t SELECT 'old', 'a,b' || g % 3, g FROM generate_series(1, 3000) g`)
	target := pgtest.Connect(t, c.to, `CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.id = 7 THEN NEW.v := ''spoilt''; END IF; RETURN NEW; END'`)
	hook := fmt.Sprintf(`psql -Xq '%s' -c "UPDATE t SET v = 'new' WHERE id IN (5, 6, 7); DELETE FROM t WHERE id = 8; UPDATE t SET id = -9 WHERE id = 9"`, c.from)
	spoil := fmt.Sprintf(`psql -Xq '%s' -c 'CREATE TRIGGER spoil BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION spoil()'; `, c.to)
	run := []string{"run", "--strategy=logical", "--alter", "ALTER id TYPE bigint", "t"}
	stderr, code := c.run(append(run, "--on-fence", spoil+hook)...)
	require.Equal(t, 4, code, stderr)
	require.Contains(t, stderr, "key 7, a,b1: differs")
	pgtest.Exec(t, source, `UPDATE t SET v = 'old' WHERE id = 7`) // the source is in use
	pgtest.Exec(t, target, `DROP TRIGGER spoil ON t`)
	c.must(append(run, "--until", "replay")...) // brings the row as it is
	pgtest.Exec(t, source, `UPDATE t SET v = 'newer' WHERE id = 7`)
	stderr, code = c.run(append(run, "--on-fence", hook)...)
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "3 rows changed since verify were compared again")
	require.Equal(t, pgtest.Rows(t, source, `SELECT * FROM t ORDER BY id`), pgtest.Rows(t, target, `SELECT * FROM t ORDER BY id`))
	back := fmt.Sprintf(`psql -Xq '%s' -c "UPDATE t SET v = 'back' WHERE id < 20"`, c.to)
	stderr, code = c.run("revert-swap", "--yes", "t", "--on-fence", back)
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, `msg="rows changed since verify were compared" rows=18`)
	require.Equal(t, 18, pgtest.Count(t, source, `SELECT count(*) FROM t WHERE v = 'back'`))
	c.must("reset", "--yes", "t")
	c.requireNoTraces()
}

// TestLaw3AcrossAllRowsChangedSinceVerifyAreCompared, many more than are compared behind the fence: a row that arrived wrongly stops the
// cutover before there is a fence; the next process verifies again.
func TestLaw3AcrossAllRowsChangedSinceVerifyAreCompared(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	c.networked()
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id text, part int, v int, PRIMARY KEY (id, part))`,
		`CREATE TABLE u (id bigint PRIMARY KEY, v int)`,
		`INSERT INTO t SELECT 'é, ' || g, g % 7, 0 FROM generate_series(1, 30000) g`, `INSERT INTO u SELECT g, 0 FROM generate_series(1, 15000) g`)
	target := pgtest.Connect(t, c.to)
	run := []string{"run", "--strategy=logical", "t", "u"}
	late := func() (string, int) {
		caught := c.toTarget.Catch("CREATE_REPLICATION_SLOT")
		process := c.start(run...)
		select {
		case <-caught.At:
		case <-process.ended:
			require.Fail(t, "it never got there", process.said())
		}
		pgtest.Exec(t, source, `WITH t AS (UPDATE t SET v = v + 1) UPDATE u SET v = v + 1 WHERE id > 100`)
		pgtest.Exec(t, target, `CREATE OR REPLACE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.id = 7777 THEN NEW.v := 99; END IF; RETURN NEW; END'`)
		caught.Resume()
		return process.end()
	}
	c.must(append(run, "--until", "verify")...)
	pgtest.Exec(t, target, `CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`)
	pgtest.Exec(t, target, `CREATE TRIGGER spoil BEFORE INSERT OR UPDATE ON u FOR EACH ROW EXECUTE FUNCTION spoil()`)
	stderr, code := late()
	require.Equal(t, 4, code, stderr)
	require.Contains(t, stderr, "key 7777: differs")
	require.NotContains(t, stderr, "writes are allowed again", "there was no fence yet")
	pgtest.Exec(t, target, `DROP TRIGGER spoil ON u`)
	stderr, code = c.run("swap", "t", "u") // another process, which has seen none of that
	require.Equal(t, 4, code, stderr)
	require.Contains(t, stderr, "key 7777: differs")
	pgtest.Exec(t, source, `UPDATE u SET v = v WHERE id = 7777`)
	stderr, code = late()
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "44,900 rows changed since verify were compared again\n")
	c.must("revert-swap", "--yes", "t", "u")
	c.must("reset", "--yes", "t", "u")
	c.requireNoTraces()
}

// TestLaw3AcrossWhatHasChangedIsForgotten: the session that keeps which rows have changed since verify is lost, while it takes them in or gives
// them out; all rows are verified again before there is a fence, so one that arrived wrongly still stops the cutover.
func TestLaw3AcrossWhatHasChangedIsForgotten(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	c.networked()
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY, v int)`, `INSERT INTO t SELECT g, 0 FROM generate_series(1, 25000) g`)
	target := pgtest.Connect(t, c.to, `CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.id = 7777 THEN NEW.v := 99; END IF; RETURN NEW; END'`)
	c.must("run", "--strategy=logical", "t", "--until", "verify")
	swap := func(lost string) (string, int) {
		t.Helper()
		caught := c.toTarget.Catch("CREATE_REPLICATION_SLOT")
		process := c.start("swap", "t")
		await := func(at <-chan struct{}) {
			t.Helper()
			select {
			case <-at:
			case <-process.ended:
				require.Fail(t, "it never got there", process.said())
			}
		}
		await(caught.At)
		pgtest.Exec(t, source, `UPDATE t SET v = v + 1`)
		loss := c.toTarget.Catch(lost)
		caught.Resume()
		await(loss.At)
		loss.Drop()
		return process.end()
	}
	pgtest.Exec(t, target, `CREATE TRIGGER spoil BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION spoil()`)
	stderr, code := swap("across/add_changed.sql")
	require.Equal(t, 4, code, stderr)
	require.Contains(t, stderr, "verifying again")
	require.Contains(t, stderr, "key 7777: differs")
	require.NotContains(t, stderr, "writes are allowed again", "there was no fence yet")
	pgtest.Exec(t, target, `DROP TRIGGER spoil ON t`)
	pgtest.Exec(t, source, `UPDATE t SET v = v WHERE id = 7777`)
	stderr, code = swap("across/list_changed.sql")
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "verifying again")
	require.Equal(t, pgtest.Rows(t, source, `SELECT * FROM t ORDER BY id`), pgtest.Rows(t, target, `SELECT * FROM t ORDER BY id`))
	c.must("cleanup", "--yes", "t")
	c.requireNoTraces()
}
