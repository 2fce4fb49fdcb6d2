package laws_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw2KeysOfEveryType writes at every stage to tables with all kinds of
// keys, there and back. $n in a value is a row's number.
func TestLaw2KeysOfEveryType(t *testing.T) {
	t.Parallel()
	const icu = `CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`
	for name, test := range map[string]struct {
		before    string
		table     string // its definition
		key       string // the key's columns
		value     string // the key of row $n
		same      string // another spelling of the same key, if there is one
		extension string
		icu       bool
	}{
		"int2":         {table: `id int2 PRIMARY KEY`, key: `id`, value: `$n`},
		"int8":         {table: `id int8 PRIMARY KEY`, key: `id`, value: `$n * 10000000000`},
		"negative":     {table: `id int PRIMARY KEY`, key: `id`, value: `-2147483648 + $n`},
		"uuid":         {table: `id uuid PRIMARY KEY`, key: `id`, value: `md5(($n)::text)::uuid`},
		"text":         {table: `id text PRIMARY KEY`, key: `id`, value: `'k' || $n || '''"\'`},
		"text C":       {table: `id text COLLATE "C" PRIMARY KEY`, key: `id`, value: `'k' || $n`},
		"char":         {table: `id char(9) PRIMARY KEY`, key: `id`, value: `'k' || $n`, same: `'k' || $n || ' '`},
		"icu":          {before: icu, table: `id text COLLATE loose PRIMARY KEY`, key: `id`, value: `'key ' || $n`, same: `'KEY ' || $n`, icu: true},
		"citext":       {table: `id public.citext PRIMARY KEY`, key: `id`, value: `'key ' || $n`, same: `'KEY ' || $n`, extension: "citext"},
		"numeric":      {table: `id numeric PRIMARY KEY`, key: `id`, value: `$n + 0.5`, same: `$n + 0.50`},
		"float":        {table: `id float8 PRIMARY KEY`, key: `id`, value: `($n - 50) * 0.1`},
		"timestamptz":  {table: `id timestamptz PRIMARY KEY`, key: `id`, value: `'2026-03-29 00:00:00.000001 UTC'::timestamptz + ($n) * interval '7 minutes'`},
		"date":         {table: `id date PRIMARY KEY`, key: `id`, value: `date '2026-01-01' + ($n)::int`},
		"bytea":        {table: `id bytea PRIMARY KEY`, key: `id`, value: `decode(md5(($n)::text), 'hex')`},
		"enum":         {before: `CREATE TYPE e AS ENUM ('a', 'b')`, table: `a e, b int, PRIMARY KEY (a, b)`, key: `a, b`, value: `(CASE WHEN $n % 2 = 0 THEN 'a' ELSE 'b' END)::e, $n`},
		"domain":       {before: `CREATE DOMAIN d AS int CHECK (VALUE > -1000)`, table: `id d PRIMARY KEY`, key: `id`, value: `$n`},
		"composite":    {table: `a int, b text, c uuid, PRIMARY KEY (b, c, a)`, key: `a, b, c`, value: `$n % 3, 'b' || $n, md5(($n)::text)::uuid`},
		"inet":         {table: `id inet PRIMARY KEY`, key: `id`, value: `'10.0.0.0'::inet + ($n)`},
		"range":        {table: `id int4range PRIMARY KEY`, key: `id`, value: `int4range(($n)::int, ($n)::int + 2)`},
		"array":        {table: `id int[] PRIMARY KEY`, key: `id`, value: `ARRAY[$n, 1]`},
		"index only":   {table: `a int NOT NULL, b text NOT NULL, UNIQUE (b, a)`, key: `a, b`, value: `$n, 'b'`},
		"jsonb":        {table: `id jsonb PRIMARY KEY`, key: `id`, value: `jsonb_build_object('n', $n)`},
		"include":      {table: `id int, extra int, PRIMARY KEY (id) INCLUDE (extra)`, key: `id`, value: `$n`},
		"wide numeric": {table: `id numeric(30,10) PRIMARY KEY`, key: `id`, value: `($n / 7.0)::numeric(30,10)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn)
			if test.extension != "" {
				if !available(t, conn, test.extension) {
					t.Logf("%s is not installed here", test.extension)
					return
				}
				pgtest.Exec(t, conn, `CREATE EXTENSION `+test.extension+` SCHEMA public`)
			}
			if test.icu && pgtest.Count(t, conn, `SELECT count(*) FROM pg_collation WHERE collprovider = 'i'`) == 0 {
				t.Log("this server knows no ICU")
				return
			}
			if test.before != "" {
				pgtest.Exec(t, conn, test.before)
			}
			pgtest.Exec(t, conn, `CREATE TABLE t (`+test.table+`, v text, u int UNIQUE)`)
			at := func(n string) string { return strings.ReplaceAll(test.value, "$n", "("+n+")") }
			pgtest.Exec(t, conn, `INSERT INTO t (`+test.key+`, v, u) SELECT `+at("g")+`, 'v', g FROM generate_series(1, 100) g`)
			where := func(n string) string { return ` WHERE (` + test.key + `) = (` + at(n) + `)` }
			if !strings.Contains(test.key, ",") {
				where = func(n string) string { return ` WHERE ` + test.key + ` = ` + at(n) }
			}
			write := func(n int) {
				k := func(i int) string { return strconv.Itoa(10*n + i) }
				for i, sql := range []string{
					`UPDATE t SET v = v || '!'` + where(k(1)),
					`DELETE FROM t` + where(k(2)),
					`UPDATE t SET (` + test.key + `, v) = ROW(` + at(strconv.Itoa(200+n)) + `, 'moved')` + where(k(3)),
					`DELETE FROM t` + where(k(4)),
					`INSERT INTO t (` + test.key + `, v, u) VALUES (` + at(k(4)) + `, 'again', -` + k(4) + `)`,
					`INSERT INTO t (` + test.key + `, v, u) VALUES (` + at(strconv.Itoa(300+n)) + `, 'new', -` + strconv.Itoa(300+n) + `)`,
					`UPDATE t SET u = u - 1000` + where(k(5)),
					`UPDATE t SET u = ` + k(5) + where(k(6)),
				} {
					tag, err := conn.Exec(t.Context(), sql)
					require.NoError(t, err, sql)
					require.Equal(t, int64(1), tag.RowsAffected(), "%d: %s", i, sql)
				}
				if test.same != "" {
					// The key is the same to the index, and yet another value.
					same := strings.ReplaceAll(test.same, "$n", "("+k(7)+")")
					require.Equal(t, int64(1), pgtest.Exec(t, conn, `UPDATE t SET `+test.key+` = `+same+where(k(7))))
				}
			}
			rows := func() []string { return pgtest.Rows(t, conn, `SELECT x::text FROM t x ORDER BY x::text COLLATE "C"`) }
			env := newEnv(t, dsn)
			req := request(t, conn, "t", func(s *registry.Spec) { s.Tables[0].Change.Alter = []string{"ALTER v SET DEFAULT 'x'"} })
			for n, until := range stages.Order()[1:7] {
				runTo(t, env, req, until)
				write(n)
			}
			want := rows()
			job := runTo(t, env, req, stages.Swap)
			job, err := stages.RevertSwap(t.Context(), env, job)
			require.NoError(t, err)
			require.Equal(t, want, rows())
			write(6)
			want = rows()
			runTo(t, env, req, stages.Cleanup)
			require.Equal(t, want, rows())
			require.False(t, job.Swapped)
		})
	}
}

// TestLaw8Field22SparseKeysCostNothing: two rows that are a thousand million
// apart are two rows.
func TestLaw8Field22SparseKeysCostNothing(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id bigint PRIMARY KEY)`, `INSERT INTO t VALUES (-1000000000), (1), (1000000000), (9000000000000000000)`)
	env := newEnv(t, dsn)
	began := time.Now()
	runTo(t, env, request(t, conn, "t", nil), stages.Backfill)
	require.LessOrEqual(t, pgtest.Count(t, conn, `SELECT count(*) FROM repave.batch`), 2)
	runTo(t, env, request(t, conn, "t", nil), stages.Cleanup)
	require.Equal(t, 4, pgtest.Count(t, conn, `SELECT count(*) FROM t`))
	require.Less(t, time.Since(began), 30*time.Second)
}

// TestLaw5EmptyTables: a table without rows, or with none left.
func TestLaw5EmptyTables(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id serial PRIMARY KEY)`, `CREATE TABLE gone (id serial PRIMARY KEY)`,
		`INSERT INTO gone SELECT g FROM generate_series(1, 1000) g`, `DELETE FROM gone`)
	before := pgtest.CatalogSnapshot(t, conn)
	for _, table := range []string{"t", "gone"} {
		runTo(t, newEnv(t, dsn), request(t, conn, table, nil), stages.Cleanup)
		pgtest.Exec(t, conn, `INSERT INTO `+table+` VALUES (7)`)
	}
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
}
