package laws_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw5AcrossCleanupDropsTheSourceIfAsked: all tables or none, whatever depends on them, and nothing else.
func TestLaw5AcrossCleanupDropsTheSourceIfAsked(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(
		t, c.from, `CREATE TABLE parent (id serial PRIMARY KEY)`, `CREATE TABLE child (id int PRIMARY KEY REFERENCES parent)`,
		`INSERT INTO parent VALUES (1)`, `INSERT INTO child VALUES (1)`, `CREATE VIEW children AS SELECT * FROM child`,
		`CREATE TABLE other (id int PRIMARY KEY)`,
	)
	there := func() int {
		return pgtest.Count(t, source, `SELECT count(*) FROM pg_class WHERE relname IN ('parent', 'child', 'other', 'parent_id_seq', 'children')`)
	}
	c.must("run", "--strategy=logical", "parent", "child")
	stderr, code := c.run("cleanup", "--yes", "--drop-source", "parent", "child")
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, "the source's tables can't be dropped: view public.children depends on table public.child")
	require.Contains(t, stderr, "hint: drop what depends on them, or leave out --drop-source; nothing has been dropped")
	require.Equal(t, 5, there())
	refused(t, source, `INSERT INTO parent VALUES (2)`)
	pgtest.Exec(t, source, `DROP VIEW children`)
	c.must("cleanup", "--yes", "--drop-source", "parent", "child")
	require.Equal(t, 1, there())
	require.Equal(t, 1, pgtest.Count(t, pgtest.Connect(t, c.to), `SELECT count(*) FROM child`))
	c.requireNoTraces()

	// Rows that came with a partition after the swap are nowhere else.
	pgtest.Connect(t, c.from, `CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id)`,
		`CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10)`)
	c.must("run", "--strategy=logical", "parts")
	pgtest.Connect(t, c.from, `CREATE TABLE parts_2 AS SELECT 11 AS id`, `ALTER TABLE parts_2 ALTER id SET NOT NULL`,
		`ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM (10) TO (20)`)
	stderr, code = c.run("cleanup", "--yes", "--drop-source", "parts")
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, "the partitions on the source are not those that were moved: partition public.parts_2 is new")
	require.Equal(t, 1, pgtest.Count(t, source, `SELECT count(*) FROM parts`))
	pgtest.Exec(t, source, `ALTER TABLE parts DETACH PARTITION parts_2`)
	c.must("cleanup", "--yes", "--drop-source", "parts")
	require.Equal(t, 1, pgtest.Count(t, source, `SELECT count(*) FROM parts_2`))
	c.requireNoTraces()

	// Another table that gets the name between the look and the lock is not the one that was moved.
	pgtest.Exec(t, source, `CREATE TABLE mine (id int PRIMARY KEY)`)
	c.must("run", "--strategy=logical", "mine")
	c.networked()
	caught := c.toSource.Catch("session/table_name.sql", "session/lock_table.sql")
	cleanup := c.start("cleanup", "--yes", "--drop-source", "mine")
	select {
	case <-caught.At:
	case <-cleanup.ended:
		require.Fail(t, "it never got there", cleanup.said())
	}
	pgtest.Exec(t, source, `ALTER TABLE mine RENAME TO was_mine`)
	pgtest.Exec(t, source, `CREATE TABLE mine AS SELECT 7 AS id`)
	caught.Resume()
	stderr, code = cleanup.end()
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, "public.mine was renamed just now on the source")
	require.Contains(t, stderr, "nothing has been dropped")
	require.Equal(t, 1, pgtest.Count(t, source, `SELECT count(*) FROM mine`))
	require.Equal(t, 0, pgtest.Count(t, source, `SELECT count(*) FROM was_mine`))
	refused(t, source, `INSERT INTO was_mine VALUES (1)`)
	pgtest.Exec(t, source, `DROP TABLE mine`)
	pgtest.Exec(t, source, `ALTER TABLE was_mine RENAME TO mine`)
	c.must("cleanup", "--yes", "--drop-source", "mine")
	require.False(t, pgtest.Value[bool](t, source, `SELECT to_regclass('mine') IS NOT NULL`))
	c.requireNoTraces()

	// Somebody who dropped it by hand, or a process that died just after that, leaves a job that ends as well.
	c.must("run", "--strategy=logical", "other")
	pgtest.Exec(t, source, `DROP TABLE other`)
	c.must("cleanup", "--yes", "--drop-source", "other")
	c.requireNoTraces()
}
