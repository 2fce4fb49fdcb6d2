package laws_test

import (
	"fmt"
	"os/exec"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

const monthlyRows = `SELECT tableoid::regclass, * FROM t ORDER BY id, at`

// sameTree requires that both sides have the same rows in the same partitions.
func (c *clusters) sameTree() {
	c.t.Helper()
	require.Equal(c.t, pgtest.Rows(c.t, pgtest.Connect(c.t, c.from), monthlyRows), pgtest.Rows(c.t, pgtest.Connect(c.t, c.to), monthlyRows))
}

func execAll(t *testing.T, conn *pgx.Conn, statements []string) {
	t.Helper()
	for _, sql := range statements {
		_, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err, sql)
	}
}

// deepTree is below monthly's table: partitions of partitions, in other orders of columns.
var deepTree = []string{
	`CREATE TABLE m (v text, at int NOT NULL, id int NOT NULL) PARTITION BY RANGE (id)`, `CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (MINVALUE) TO (2050)`,
	`CREATE TABLE m2 (at int NOT NULL, id int NOT NULL, v text) PARTITION BY LIST (at)`, `CREATE TABLE m2a PARTITION OF m2 FOR VALUES IN (2060, 2061)`,
	`CREATE TABLE m2b PARTITION OF m2 DEFAULT`, `ALTER TABLE m ATTACH PARTITION m2 FOR VALUES FROM (2050) TO (10000)`,
	`ALTER TABLE t ATTACH PARTITION m FOR VALUES FROM (2000) TO (3000)`, `INSERT INTO t SELECT g, g, 'deep' FROM generate_series(2000, 2099) g`,
}

var (
	// Each kind of write to a partitioned table.
	treeWrites = []string{
		`UPDATE t SET at = at + 100 WHERE at BETWEEN 10 AND 19`, `UPDATE t SET id = id + 500 WHERE at = 20`,
		`BEGIN; DELETE FROM t1 WHERE at = 3; INSERT INTO t VALUES (3, 3, 'again'); COMMIT`,
		`SET session_replication_role = replica; UPDATE t2 SET v = 'r' WHERE at = 150; RESET session_replication_role`,
		`BEGIN; INSERT INTO t VALUES (5000, 5); TRUNCATE t1; INSERT INTO t1 VALUES (1, 1, 'one'); SAVEPOINT a; TRUNCATE t; ROLLBACK TO a; COMMIT`,
		`UPDATE t SET v = repeat('big', 100000) WHERE at = 150`, `UPDATE t SET at = 90 WHERE at = 150`,
		`UPDATE t SET at = 2060, id = id + 2500 WHERE at BETWEEN 21 AND 25`, `UPDATE t SET at = at - 2000 + 30 WHERE at = 2061`,
		`BEGIN; TRUNCATE m1; INSERT INTO t VALUES (2001, 2001, 'again'); SAVEPOINT a; TRUNCATE m2; ROLLBACK TO a; TRUNCATE m2a; COMMIT`, `UPDATE m SET v = 'mm', at = 2060 WHERE id > 2090`,
	}
	// Each way in which partitions come and go: new, with rows from before; moved into from others;
	// detached for good, and for a change that nobody publishes; dropped; renamed; at any depth, and with what is below.
	treeChanges = []string{
		`CREATE TABLE t3 PARTITION OF t FOR VALUES FROM (200) TO (300) WITH (fillfactor = 80)`, `INSERT INTO t VALUES (250, 250, 'new')`,
		`UPDATE t SET at = 251 WHERE at = 7`, `GRANT SELECT ON t3 TO PUBLIC`, `COMMENT ON TABLE t3 IS 'the third'`,
		`CREATE TABLE t4 (LIKE t INCLUDING ALL); INSERT INTO t4 SELECT g, g, 'full' FROM generate_series(300, 399) g;
			ALTER TABLE t ATTACH PARTITION t4 FOR VALUES FROM (300) TO (400)`, `UPDATE t SET v = 'touched' WHERE at IN (300, 251)`,
		`ALTER TABLE t DETACH PARTITION t2`, `UPDATE t2 SET v = 'unheard of' WHERE at > 160; DELETE FROM t2 WHERE at = 170`,
		`ALTER TABLE t ATTACH PARTITION t2 FOR VALUES FROM (100) TO (200)`, `INSERT INTO t VALUES (9999, 170, 'back')`,
		`DROP TABLE t0`,
		`CREATE TABLE t5 PARTITION OF t FOR VALUES FROM (400) TO (500); INSERT INTO t VALUES (400, 400); DROP TABLE t5`,
		`CREATE TABLE t6 PARTITION OF t FOR VALUES FROM (500) TO (600); INSERT INTO t VALUES (500, 500); ALTER TABLE t6 RENAME TO "T six"; INSERT INTO t VALUES (501, 501)`,
		`ALTER TABLE t DETACH PARTITION m`, `UPDATE m2 SET v = 'unheard of' WHERE id > 2070; DELETE FROM m WHERE id = 2080`, `ALTER TABLE t ATTACH PARTITION m FOR VALUES FROM (2000) TO (3000)`,
		`INSERT INTO t VALUES (2003, 2003, 'back')`, `CREATE TABLE m3 PARTITION OF m FOR VALUES FROM (10000) TO (20000) PARTITION BY RANGE (at)`,
		`CREATE TABLE m3a PARTITION OF m3 FOR VALUES FROM (2000) TO (2500)`, `INSERT INTO t VALUES (15000, 2100, 'new')`, `UPDATE t SET id = 15001 WHERE id = 2071`,
		`ALTER TABLE m2 DETACH PARTITION m2b`,
		`CREATE TABLE m4 (v text DEFAULT 'four', id int NOT NULL, at int NOT NULL, CHECK (id > 20000)); INSERT INTO m4 SELECT v, id + 30000, at FROM m2b; CREATE INDEX four ON m4 (v);
			ALTER TABLE m ATTACH PARTITION m4 FOR VALUES FROM (20000) TO (MAXVALUE)`,
		`UPDATE t SET v = 'in four' WHERE id > 30000 AND id % 7 = 0`, `ALTER TABLE m1 RENAME TO m_one`, `UPDATE t SET v = 'renamed' WHERE id = 2001`,
	}
)

// TestLaw2And9AcrossPartitionsComeAndGo makes each kind of write, a TRUNCATE of one partition among them, and each change of
// the partitions, before the copy, in it, behind it, and after verify; nothing is lost, on the way back neither.
func TestLaw2And9AcrossPartitionsComeAndGo(t *testing.T) {
	t.Parallel()
	for _, until := range []string{"setup", "backfill", "verify"} {
		t.Run(until, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			c := twoClusters(t)
			source := pgtest.Connect(t, c.from, append(monthly, `CREATE TABLE t0 PARTITION OF t FOR VALUES FROM (-100) TO (0)`,
				`INSERT INTO t SELECT -g, -g, 'old' FROM generate_series(1, 100) g`)...)
			execAll(t, source, deepTree)
			target := pgtest.Connect(t, c.to)
			c.must("run", "--strategy=logical", "t", "--until", until)
			execAll(t, source, treeWrites)
			execAll(t, source, treeChanges)
			c.must("run", "--strategy=logical", "t")
			c.sameTree()
			const tree = `SELECT relid::regclass, parentrelid::regclass, pg_get_expr(relpartbound, oid) FROM pg_partition_tree('t') JOIN pg_class ON oid = relid ORDER BY relid::regclass::text COLLATE "C"`
			require.Equal(t, pgtest.Rows(t, source, tree), pgtest.Rows(t, target, tree))
			require.Contains(t, pgtest.Rows(t, target, tree), `m3a|m3|FOR VALUES FROM (2000) TO (2500)`)
			require.Equal(t, []string{"four", "m4_pkey"}, pgtest.Rows(t, target, `SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'm4'::regclass ORDER BY indexrelid::regclass::text COLLATE "C"`))
			require.Equal(t, []string{"{fillfactor=80}|the third|t"}, pgtest.Rows(t, target, `SELECT reloptions, obj_description(oid), has_table_privilege('pg_monitor', oid, 'SELECT') FROM pg_class WHERE relname = 't3'`))
			refused(t, source, `INSERT INTO t3 VALUES (260, 260)`)
			refused(t, source, `TRUNCATE t4`)
			execAll(t, target, []string{
				`UPDATE t SET at = at + 100 WHERE at BETWEEN 40 AND 49`, `TRUNCATE t4`, `INSERT INTO t VALUES (301, 301, 'after')`, `DELETE FROM t1 WHERE at = 1`,
				`TRUNCATE m_one`, `UPDATE t SET at = 2060, id = 2055 WHERE at = 41`, `UPDATE m SET v = 'gone there' WHERE id > 25000`, `INSERT INTO m4 (id, at) VALUES (40000, 2222)`,
			})
			c.must("revert-swap", "--yes", "t")
			c.sameTree()
			execAll(t, source, []string{`INSERT INTO t VALUES (302, 302, 'here again')`, `CREATE TABLE t7 PARTITION OF t FOR VALUES FROM (700) TO (800)`, `INSERT INTO t VALUES (700, 700)`})
			c.must("swap", "t")
			c.sameTree()
			c.must("cleanup", "--yes", "t")
			c.requireNoTraces()
		})
	}
}

// TestLaw3AcrossPartitionAttachedBehindVerify: rows that come into the table without a change in the stream, when all has
// been compared already, are noticed behind the fence; the table stays where it is, and the next command moves them.
func TestLaw3AcrossPartitionAttachedBehindVerify(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, append(monthly, `CREATE TABLE t3 (LIKE t INCLUDING ALL)`, `INSERT INTO t3 VALUES (200, 200)`)...)
	attach := func(sql string) string { return "psql -X -q -v ON_ERROR_STOP=1 '" + c.from + "' -c \"" + sql + "\"" }
	c.must("run", "--strategy=logical", "t", "--until", "verify")
	// One that nobody sees any more, but whose changes are in the stream.
	come := []string{`CREATE TABLE t8 PARTITION OF t FOR VALUES FROM (800) TO (900)`, `UPDATE t SET at = 800 WHERE at = 7`, `DROP TABLE t8`}
	execAll(t, source, come)
	for _, sql := range []string{
		`ALTER TABLE t ATTACH PARTITION t3 FOR VALUES FROM (200) TO (300)`,
		`BEGIN; ALTER TABLE t DETACH PARTITION t1; UPDATE t1 SET v = 'x'; ALTER TABLE t ATTACH PARTITION t1 FOR VALUES FROM (0) TO (100); COMMIT`,
	} {
		stderr, code := c.run("swap", "t", "--on-fence", attach(sql))
		require.Equal(t, 1, code, stderr)
		require.Contains(t, stderr, "the partitions of public.t have changed")
		require.Contains(t, stderr, "run the same command again")
		pgtest.Exec(t, source, `UPDATE t SET v = 'still here' WHERE at = 5`)
	}
	c.must("swap", "t")
	c.sameTree()
	target := pgtest.Connect(t, c.to)
	execAll(t, target, append(come, `DELETE FROM t WHERE at = 8`))
	c.must("verify", "t")
	// The same on the way back.
	come9 := "psql -X -q -v ON_ERROR_STOP=1 '" + c.to + "' -c 'CREATE TABLE t9 PARTITION OF t FOR VALUES FROM (900) TO (1000)' -c 'INSERT INTO t VALUES (9, 900)'"
	stderr, code := c.run("revert-swap", "--yes", "t", "--on-fence", come9)
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, "run the same command again")
	pgtest.Exec(t, target, `CREATE TRIGGER own AFTER INSERT ON t9 FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`)
	stderr, code = c.run("revert-swap", "--yes", "t")
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, "partition public.t9 has trigger own of its own")
	pgtest.Exec(t, target, `DROP TRIGGER own ON t9`)
	c.must("revert-swap", "--yes", "t")
	c.sameTree()
	c.must("reset", "--yes", "t")
	c.requireNoTraces()
}

// TestLaw4AcrossKilledTakingOverPartitions: kill -9 while partitions full of rows are taken over, in the copy, and while a mixed
// copy of partitions is straightened; the same command, run again, goes on, and nothing is there twice or not at all.
func TestLaw4AcrossKilledTakingOverPartitions(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	random, _ := newRand(t)
	source := pgtest.Connect(t, c.from, append(monthly, `INSERT INTO t SELECT g, g % 200, repeat('x', 50) FROM generate_series(1000, 30000) g`)...)
	kill := func(cmd *exec.Cmd) { require.NoError(t, cmd.Process.Kill()) }
	run := []string{"run", "--strategy=logical", "t", "--until", "verify"}
	attach := func(n int) {
		execAll(t, source, []string{
			fmt.Sprintf(`CREATE TABLE t%d (LIKE t INCLUDING ALL); INSERT INTO t%[1]d SELECT g, %[2]d + g %% 100, repeat('y', 50) FROM generate_series(1, 20000) g;
				ALTER TABLE t ATTACH PARTITION t%[1]d FOR VALUES FROM (%[2]d) TO (%[2]d + 100)`, n, 100*(n-1)),
			`UPDATE t SET at = at + 100, id = id + 100000 WHERE v LIKE 'x%' AND id % 100000 BETWEEN 2000 AND 2100`, `UPDATE t1 SET v = 'z' WHERE id % 10 = 3`,
		})
	}
	c.strike(random, "backfill", kill, run...)
	attach(3)
	c.strike(random, "sync_schema", kill, run...)
	for n := 4; n < 7; n++ {
		attach(n)
		if n == 5 {
			execAll(t, source, deepTree)
		}
		c.strike(random, "replay", kill, run...)
	}
	pgtest.Exec(t, source, `DROP TABLE t3`)
	c.through(run...)
	c.through("swap", "t")
	c.sameTree()
	c.must("cleanup", "--yes", "t")
	c.requireNoTraces()
}

// TestLaw6AcrossPartitionedOnTheWay: a table that is partitioned on the way goes back as a plain one, with what was written to
// each partition; a TRUNCATE of one of them alone is not lost without a word.
func TestLaw6AcrossPartitionedOnTheWay(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY, v text)`, `INSERT INTO t SELECT g, 'v' FROM generate_series(1, 300) g`)
	target := pgtest.Connect(t, c.to)
	same := func() {
		t.Helper()
		require.Equal(t, pgtest.Rows(t, source, `SELECT * FROM t ORDER BY id`), pgtest.Rows(t, target, `SELECT * FROM t ORDER BY id`))
	}
	c.must("run", "--strategy=logical", "t", "--partition-by", "RANGE (id) WIDTH 100", "--until", "verify")
	execAll(t, source, []string{`UPDATE t SET id = id + 1000 WHERE id < 10`, `DELETE FROM t WHERE id = 150`})
	c.must("swap", "t")
	same()
	leaf := pgtest.Value[string](t, target, `SELECT tableoid::regclass::text FROM t WHERE id = 250`)
	execAll(t, target, []string{
		`UPDATE t SET id = id + 500 WHERE id BETWEEN 101 AND 105`, `UPDATE t SET v = 'w' WHERE id % 7 = 0`, `BEGIN; TRUNCATE t; INSERT INTO t SELECT g, 'x' FROM generate_series(50, 350) g; COMMIT`,
		`DELETE FROM ` + leaf + ` WHERE id = 260`,
	})
	c.must("revert-swap", "--yes", "t")
	same()
	c.must("swap", "t")
	same()
	// Partitions that come or go there are none of the source's.
	pgtest.Exec(t, target, `CREATE TABLE far PARTITION OF t FOR VALUES FROM (100000) TO (100100)`)
	stderr, code := c.run("revert-swap", "--yes", "t")
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, "partition public.far is new")
	pgtest.Exec(t, target, `DROP TABLE far`)
	pgtest.Exec(t, target, `TRUNCATE `+leaf)
	stderr, code = c.run("revert-swap", "--yes", "t")
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, "it was truncated alone")
	c.must("cleanup", "--yes", "t")
	c.requireNoTraces()
}
