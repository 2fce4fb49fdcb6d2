package laws_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw6AcrossPartitionsComeAndGoOnTheTarget: whatever is done to the partitions of the target after the cutover, as to those of the source
// before it, is done to the source's on the way back, with the rows that were attached and those that nobody heard of; and the table
// goes there once more with all of them.
func TestLaw6AcrossPartitionsComeAndGoOnTheTarget(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	c.networked()
	source := pgtest.Connect(t, c.from, append(monthly, `CREATE TABLE t0 PARTITION OF t FOR VALUES FROM (-100) TO (0)`,
		`INSERT INTO t SELECT -g, -g, 'old' FROM generate_series(1, 100) g`, `CREATE TABLE r (id int PRIMARY KEY)`, `INSERT INTO r SELECT g FROM generate_series(-100, 40000) g`,
		`ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES r`)...)
	execAll(t, source, deepTree)
	target := pgtest.Connect(t, c.to)
	c.must("run", "--strategy=logical", "t", "r", "--alter", "ALTER id TYPE bigint")
	execAll(t, target, treeWrites)
	for _, sql := range treeChanges {
		execAll(t, target, []string{strings.ReplaceAll(sql, "id int NOT NULL, at int NOT NULL, CHECK", "id bigint NOT NULL, at int NOT NULL, CHECK")})
	}
	c.killedAt(c.toSource, []string{"cutover/empty_partition.sql"}, "revert-swap", "--yes", "t", "r")
	c.killedAt(c.toTarget, []string{"registry/set_bound.sql"}, "revert-swap", "--yes", "t", "r")
	execAll(t, target, []string{`UPDATE t SET v = 'late' WHERE at = 170`, `INSERT INTO t VALUES (263, 263, 'late')`, `DROP TABLE "T six"`})
	c.through("revert-swap", "--yes", "t", "r")
	c.sameTree()
	const tree = `SELECT relid::regclass, parentrelid::regclass FROM pg_partition_tree('t') ORDER BY relid::regclass::text COLLATE "C"`
	require.Equal(t, pgtest.Rows(t, target, tree), pgtest.Rows(t, source, tree))
	require.Contains(t, pgtest.Rows(t, source, tree), `m3a|m3`)
	require.Equal(t, 100, pgtest.Count(t, source, `SELECT count(*) FROM t0`), "what was dropped on the target is detached")
	execAll(t, source, []string{`INSERT INTO t VALUES (260, 260, 'here')`, `CREATE TABLE t7 PARTITION OF t FOR VALUES FROM (700) TO (800)`, `INSERT INTO t VALUES (700, 700)`})
	c.must("swap", "t", "r")
	c.sameTree()
	refused(t, source, `INSERT INTO t3 VALUES (261, 261)`)
	follower := c.start("follow", "t")
	execAll(t, target, []string{`INSERT INTO t VALUES (262, 262, 'there'), (701, 701, 'there')`, `CREATE TABLE t9 PARTITION OF t FOR VALUES FROM (900) TO (1000)`, `INSERT INTO t VALUES (900, 900)`})
	require.Eventually(t, func() bool { return pgtest.Count(t, source, `SELECT count(*) FROM t WHERE id = 900`) == 1 }, commandTimeout, 20*time.Millisecond,
		"who follows makes them, too: %s", follower.said())
	c.must("revert-swap", "--yes", "t", "r")
	c.sameTree()
	_, err := source.Exec(t.Context(), `INSERT INTO t VALUES (50000, 901)`)
	require.Equal(t, "23503", sqlState(err), "foreign keys hold on new partitions")
	pgtest.Exec(t, target, `DROP TABLE m2b`) // which was detached there, with a foreign key to what reset drops
	c.must("reset", "--yes", "t", "r")
	stderr, code := follower.end()
	require.Zero(t, code, stderr)
	c.requireNoTraces()
}

// TestLaw6AcrossPartitionsComeUnderTraffic: partitions that an application makes on the target and writes to at once, while somebody follows
// and while the way back is taken, lose no number that was committed.
func TestLaw6AcrossPartitionsComeUnderTraffic(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id)`, `CREATE TABLE t0 PARTITION OF t FOR VALUES FROM (0) TO (1000000)`)
	target := pgtest.Connect(t, c.to)
	d := c.diary()
	c.must("run", "--strategy=logical", "t")
	follower := c.start("follow", "t")
	// The writer is only ever in the last one: each begins a bit ahead of it.
	next := func() {
		t.Helper()
		from := pgtest.Value[int](t, target, `SELECT max(id) + 50 FROM t`)
		last := pgtest.Value[string](t, target, `SELECT max(relid::regclass::text) FROM pg_partition_tree('t') WHERE isleaf`)
		execAll(t, target, []string{fmt.Sprintf(`BEGIN; LOCK TABLE t; ALTER TABLE t DETACH PARTITION %[1]s; ALTER TABLE %[1]s RENAME TO %[1]s_; CREATE TABLE %[1]s_a PARTITION OF t FOR VALUES FROM (%[2]d) TO (1000000);
			ALTER TABLE t ATTACH PARTITION %[1]s_ FOR VALUES FROM (%[3]s) TO (%[2]d); COMMIT`, last, from, pgtest.Value[string](t, target,
			`SELECT coalesce(min(id), 0) FROM `+last))})
		require.Eventually(t, func() bool { return pgtest.Value[int](t, target, `SELECT max(id) FROM t`) > from+20 }, commandTimeout, 10*time.Millisecond)
	}
	next()
	require.Eventually(t, func() bool {
		return pgtest.Value[int](t, source, `SELECT count(*) FROM pg_partition_tree('t') WHERE isleaf`) == 2
	}, commandTimeout, 20*time.Millisecond, "%s", follower.said())
	next()
	c.must("revert-swap", "--yes", "t")
	d.await(t)
	d.end()
	require.Equal(t, d.last, pgtest.Count(t, source, `SELECT count(*) FROM t WHERE id BETWEEN 1 AND $1`, d.last))
	c.must("reset", "--yes", "t")
	c.requireNoTraces()
}
