package laws_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw5AcrossPartitionedTableIsFaithful: a partitioned table, one that refers to it, and a partitioned one that does, are on
// the target what they are on the source, with all that partitions have of their own, to the last name; triggers act once.
func TestLaw5AcrossPartitionedTableIsFaithful(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source, target := pgtest.Connect(t, c.from), pgtest.Connect(t, c.to)
	const once = `CREATE OR REPLACE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := NEW.note || '!'; RETURN NEW; END $$`
	for _, sql := range []string{readings, `DROP VIEW big`, once, `ALTER TABLE child ADD PRIMARY KEY (r, at)`, `ALTER TABLE parts ADD PRIMARY KEY (r, at)`} {
		_, err := source.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err)
	}
	execAll(t, target, []string{`CREATE SCHEMA "S x"`, once})
	tables := []string{"ref", "readings", "child", "parts"}
	c.must(append([]string{"plan", "--strategy=logical"}, tables...)...)
	c.must(append([]string{"run", "--strategy=logical", "--until", "verify"}, tables...)...)
	execAll(t, source, []string{ // it refers to another table of the job, and is referred to
		`CREATE TABLE readings_d PARTITION OF readings FOR VALUES FROM (1000) TO (1100)`, `INSERT INTO readings (at, ref_id) VALUES (1001, 7)`,
		`INSERT INTO child SELECT id, at FROM readings_d`, `INSERT INTO readings (at, note) SELECT g, 'late' FROM generate_series(90, 290, 100) g`,
	})
	pgtest.Exec(t, source, `UPDATE readings SET at = at + 100 WHERE note = 'late!' AND at = 190`)
	c.must(append([]string{"swap"}, tables...)...)
	for _, table := range []string{"readings", "child", "parts"} {
		sql := `SELECT tableoid::regclass, * FROM ` + table + ` ORDER BY 2, 3`
		require.Equal(t, pgtest.Rows(t, source, sql), pgtest.Rows(t, target, sql))
	}
	for sql, state := range map[string]string{
		`INSERT INTO readings (at, ref_id) VALUES (1, 99)`:                                    "23503",
		`INSERT INTO readings_c (id, at, ref_id) OVERRIDING SYSTEM VALUE VALUES (1, 250, 99)`: "23503",
		`INSERT INTO child VALUES (1, 1)`:                                                     "23503",
		`INSERT INTO parts VALUES (1, 1)`:                                                     "23503",
		`INSERT INTO readings (at, v) VALUES (1, -1)`:                                         "23514",
	} {
		_, err := target.Exec(t.Context(), sql)
		require.Equal(t, state, sqlState(err), sql)
	}
	c.must(append([]string{"cleanup", "--yes"}, tables...)...)
	pgtest.Exec(t, target, `INSERT INTO readings (at, note) VALUES (150, 'new')`)
	require.Equal(t, []string{"new!"}, pgtest.Rows(t, target, `SELECT note FROM readings WHERE at = 150 AND note LIKE 'new%'`))
	pgtest.Exec(t, source, `INSERT INTO readings (at, note) VALUES (150, 'new')`)
	c.requireNoTraces()
	if pgtest.ServerVersion(t, source) == pgtest.ServerVersion(t, target) {
		pgtest.Exec(t, target, `DROP SCHEMA repave CASCADE`)
		pgtest.RequireSameCatalog(t, withoutSequences(treeCatalog(t, source)), withoutSequences(treeCatalog(t, target)))
	}
}

// TestLaw5AcrossPartitionsThatAreRefused: whatever can't be carried, or would lose rows, is named with a cure, and nothing is
// left; that a partition got something of its own meanwhile, too.
func TestLaw5AcrossPartitionsThatAreRefused(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, append(monthly, `CREATE TABLE t3 PARTITION OF t FOR VALUES FROM (300) TO (400) PARTITION BY LIST (id)`,
		`CREATE UNLOGGED TABLE t33 PARTITION OF t3 FOR VALUES IN (33)`, `ALTER TABLE t2 REPLICA IDENTITY NOTHING`,
		`CREATE TABLE k (id int NOT NULL, v text, UNIQUE (id)) PARTITION BY HASH (id)`, `CREATE TABLE k1 PARTITION OF k FOR VALUES WITH (MODULUS 1, REMAINDER 0)`,
		`ALTER TABLE k REPLICA IDENTITY FULL`, `ALTER TABLE k1 REPLICA IDENTITY FULL`)...)
	pgtest.Connect(t, c.to, `CREATE TABLE t1 (i int)`)
	stderr, code := c.run("run", "--strategy=logical", "t", "k", "t1")
	require.Equal(t, 3, code, stderr)
	for _, says := range []string{
		"partition public.t33 is UNLOGGED", "replica identity of partition public.t2", "has no primary key: in partitions to come",
		"ADD PRIMARY KEY (\"id\")", "is a partition of a partitioned table", "already (TABLE)",
	} {
		require.Contains(t, stderr, says)
	}
	execAll(t, source, []string{`DROP TABLE t33`, `ALTER TABLE t2 REPLICA IDENTITY DEFAULT`})
	pgtest.Connect(t, c.to, `DROP TABLE t1`)
	for _, flags := range [][]string{{"--alter", "ALTER at TYPE numeric"}, {"--alter", "ALTER id TYPE numeric"}, {"--partition-by", "HASH (id) 3"}} {
		stderr, code = c.run(append([]string{"run", "--strategy=logical", "t"}, flags...)...)
		require.Equal(t, 3, code, stderr)
		require.True(t, strings.Contains(stderr, "can put rows into other partitions") || strings.Contains(stderr, "is partitioned already"), stderr)
	}
	c.must("run", "--strategy=logical", "t", "--until", "verify", "--pk-bigint", "--using", "v=upper(v)", "--set", "fillfactor=61")
	pgtest.Exec(t, source, `CREATE INDEX own ON t1 (v)`)
	stderr, code = c.run("swap", "t")
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, `index own was added`)
	pgtest.Exec(t, source, `DROP INDEX own`)
	execAll(t, source, []string{`CREATE VIEW own AS SELECT id FROM t2`, `CREATE UNLOGGED TABLE t4 PARTITION OF t FOR VALUES FROM (400) TO (500)`})
	stderr, code = c.run("swap", "t")
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, "partition public.t4 is UNLOGGED")
	require.Contains(t, stderr, `DROP VIEW public.own`)
	execAll(t, source, []string{`DROP VIEW own`, `DROP TABLE t4`, `DROP TABLE t3`})
	pgtest.Exec(t, source, `CREATE TABLE t5 (v text, id int NOT NULL, at int NOT NULL)`)
	execAll(t, source, []string{`ALTER TABLE t ATTACH PARTITION t5 FOR VALUES FROM (500) TO (600)`, `INSERT INTO t VALUES (1000, 1, 'x'), (1, 500, 'new')`})
	c.must("swap", "t")
	require.Equal(t, []string{"v text, id bigint, at bigint|{fillfactor=61}"}, pgtest.Rows(t, pgtest.Connect(t, c.to), `SELECT string_agg(attname || ' ' || atttypid::regtype, ', ' ORDER BY attnum), reloptions
		FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relname = 't5' AND attnum > 0 GROUP BY reloptions`))
	require.Equal(t, []string{"t1|101|V|bigint", "t2|100|V|bigint", "t5|1|NEW|bigint"}, pgtest.Rows(t, pgtest.Connect(t, c.to),
		`SELECT tableoid::regclass, count(*), min(v), min(pg_typeof(at)::text) FROM t GROUP BY 1 ORDER BY 1`))
	c.must("cleanup", "--yes", "t")
	c.requireNoTraces()
}
