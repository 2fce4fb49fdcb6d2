package laws_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// familySpec changes each table in its own way: keys on one side, the columns
// that refer to them on the other, and what takes another path through the backfill.
const familySpec = `
tables:
  orders:
    pk_bigint: true
    alter: ALTER up TYPE bigint, ALTER n TYPE numeric USING n::numeric
  lines:
    alter:
      - ALTER order_id TYPE bigint
      - ADD half int
    using:
      half: n / 2
    order_by: id
    set: {fillfactor: 80}
pace:
  workers: 2
  batch_time: 5ms
`

// TestLaw1And2And6SpecFileUnderWriters takes two tables with different changes in
// one job there and back and there again, while writers go on that insert
// parents and children, cascade and change keys. A third table stays outside.
func TestLaw1And2And6SpecFileUnderWriters(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), familyTables)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "rewrite.yaml")
	require.NoError(t, os.WriteFile(path, []byte(familySpec), 0o600))
	before := pgtest.CatalogSnapshot(t, conn)
	writers := startFamilies(t, dsn, pgtest.Levels...)
	writers.await(20)
	mustRepave(t, dsn, "plan", "-f", path)
	mustRepave(t, dsn, "run", "-f", path, "--until", "backfill")
	writers.await(10)
	mustRepave(t, dsn, "run", "--file", path)
	// The old rows all are what was asked of them, unless somebody changed them since.
	require.Zero(t, pgtest.Count(t, conn, `SELECT count(*) FROM lines WHERE owner = 0 AND half <> n / 2`))
	require.NotZero(t, pgtest.Count(t, conn, `SELECT count(*) FROM lines WHERE half IS NOT NULL`))
	writers.await(30)
	mustRepave(t, dsn, "verify", "lines")
	mustRepave(t, dsn, "revert-swap", "orders")
	writers.await(30)
	mustRepave(t, dsn, "run", "orders", "lines", "--as-begun")
	writers.await(20)
	mustRepave(t, dsn, "run", "-f", path, "--cleanup")
	writers.await(10)
	writers.stop(conn)
	require.Equal(t, []string{
		"bigint", "bigint", "numeric", "bigint",
	}, pgtest.Value[[]string](t, conn, `SELECT array_agg(format_type(atttypid, NULL) ORDER BY attrelid::regclass::text, attname)
		FROM pg_attribute WHERE (attrelid, attname) IN (('orders'::regclass, 'id'), ('orders'::regclass, 'up'),
			('orders'::regclass, 'n'), ('lines'::regclass, 'order_id'))`))
	require.NotEmpty(t, pgtest.CatalogDiff(before, pgtest.CatalogSnapshot(t, conn)))
	requireNoTraces(t, conn)
}
