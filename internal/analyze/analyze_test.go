package analyze_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/analyze"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/tests/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func report(t *testing.T, conn *pgx.Conn, table string) analyze.Report {
	t.Helper()

	oid := pgtest.Value[uint32](t, conn, `SELECT $1::text::regclass::oid`, table)
	r, err := analyze.Table(t.Context(), conn, oid, sqltmpl.Table{Schema: "public", Name: sqltmpl.Ident(table)})
	require.NoError(t, err)
	return r
}

// TestEstimatesAreRight bloats tables, estimates, has VACUUM FULL rewrite them,
// and compares.
func TestEstimatesAreRight(t *testing.T) {
	t.Parallel()

	for name, sql := range map[string][]string{
		"fixed": {
			`CREATE TABLE t (a boolean NOT NULL, id int PRIMARY KEY, b bigint, c int, d int)`,
			`CREATE INDEX few ON t (c)`, `CREATE INDEX two ON t (b, d)`, `CREATE INDEX computed ON t ((c + 1), a)`,
			`CREATE INDEX partly ON t (d) WHERE d > 900`,
			`INSERT INTO t SELECT true, g, g, g % 100, g % 1000 FROM generate_series(1, 60000) g`,
			`ANALYZE t`, `DELETE FROM t WHERE id % 3 <> 0`,
		},
		"texts": {
			`CREATE TABLE t (id bigint PRIMARY KEY, note text, email text UNIQUE, at timestamptz) WITH (fillfactor = 80)`,
			`CREATE INDEX note ON t (note) WITH (fillfactor = 70)`, `CREATE INDEX lower ON t (lower(email))`,
			`INSERT INTO t SELECT g, repeat('x', g % 90), 'user' || g || '@example.com', CASE WHEN g % 3 = 0 THEN now() END
				FROM generate_series(1, 60000) g`,
			`UPDATE t SET note = note || 'y'`,
		},
		"uuids": {
			`CREATE TABLE t (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), n smallint, "Doc" jsonb)`,
			`CREATE INDEX ON t (n)`,
			`INSERT INTO t (n, "Doc") SELECT g % 7, jsonb_build_object('a', repeat(md5(g::text), g % 12)) FROM generate_series(1, 30000) g`,
			`DELETE FROM t WHERE n = 3`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := pgtest.Connect(t, pgtest.Database(t), sql...)
			pgtest.Exec(t, conn, `VACUUM ANALYZE t`)
			before := report(t, conn, "t")
			pgtest.Exec(t, conn, `VACUUM FULL t`)
			size := func(name string) int64 {
				return pgtest.Value[int64](t, conn, `SELECT pg_relation_size(format('%I', $1::text)::regclass)`, name)
			}
			t.Logf("heap: %d, needed %d, is %d", before.Heap.Bytes, before.Heap.Needed, size("t"))
			require.InEpsilon(t, size("t"), before.Heap.Needed, 0.05)
			for _, index := range before.Indexes {
				t.Logf("%s: %d, needed %d, is %d", index.Name, index.Bytes, *index.Needed, size(index.Name))
				if index.Name == "partly" {
					// How many different keys are in there nobody knows: no bloat is made up.
					require.GreaterOrEqual(t, *index.Needed, size(index.Name))
					continue
				}
				require.InEpsilon(t, size(index.Name), *index.Needed, 0.1, index.Name)
			}
			pgtest.Exec(t, conn, `ANALYZE t`)
			after := report(t, conn, "t")
			require.Less(t, after.PlainSaves, after.Heap.Bytes/10, "nothing is left to save")
			require.Greater(t, before.PlainSaves, before.Heap.Bytes/10)
		})
	}
}

func TestTheLayoutIsShown(t *testing.T) {
	t.Parallel()

	conn := pgtest.Connect(t, pgtest.Database(t),
		`CREATE TABLE t (a boolean NOT NULL, gone text, id bigint PRIMARY KEY, b boolean, note text, tags int[])`,
		`ALTER TABLE t DROP gone`, `CREATE INDEX gin ON t USING gin (tags)`,
		`INSERT INTO t SELECT true, g, CASE WHEN g % 4 = 0 THEN true END, 'abc', '{}' FROM generate_series(1, 1000) g`)
	r := report(t, conn, "t")
	require.EqualValues(t, 1000, r.Rows, "never analyzed: counted by the sample")
	require.Equal(t, analyze.Column{Name: "a", Type: "boolean", Align: 1, Length: 1, Bytes: 1, NotNull: true}, r.Columns[0])
	require.True(t, r.Columns[1].Dropped)
	require.InDelta(t, 7, r.Columns[2].Before, 0.001)
	require.InDelta(t, 0.75, r.Columns[3].NullFraction, 0.001)
	require.InDelta(t, 4, r.Columns[4].Bytes, 0.001)
	require.InDelta(t, 8, r.Best.SavedPerRow, 4)
	require.Nil(t, r.Indexes[0].Needed, "nobody can tell of gin")

	pgtest.Exec(t, conn, `CREATE VIEW v AS SELECT * FROM t`)
	oid := pgtest.Value[uint32](t, conn, `SELECT 'v'::regclass::oid`)
	_, err := analyze.Table(t.Context(), conn, oid, sqltmpl.Table{Schema: "public", Name: "v"})
	var kind *analyze.KindError
	require.ErrorAs(t, err, &kind)

	pgtest.Exec(t, conn, `CREATE TABLE empty (id int PRIMARY KEY)`)
	r = report(t, conn, "empty")
	require.Zero(t, r.Rows)
	require.Zero(t, r.PlainSaves)
}
