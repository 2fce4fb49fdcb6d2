package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/analyze"
	"github.com/repave-pg/repave/tests/pgtest"
)

func TestAnalyze(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	conn := pgtest.Connect(t, dsn,
		`CREATE TABLE orders (paid boolean NOT NULL, id bigint PRIMARY KEY, sent boolean NOT NULL, at timestamptz NOT NULL,
			items smallint, customer_id bigint NOT NULL, note text, tags text[])`,
		`CREATE INDEX orders_tags ON orders USING gin (tags)`,
		`INSERT INTO orders SELECT true, g, false, now(), g % 9, g, CASE WHEN g % 2 = 0 THEN 'note ' || g END, ARRAY['a', 'b'] FROM generate_series(1, 40000) g`,
		`DELETE FROM orders WHERE id % 4 = 0`, `VACUUM ANALYZE orders`)
	got := repave(t, "analyze", "orders")
	require.Equal(t, exitOK, got.code, got.stderr)
	t.Log(got.stdout)
	for _, text := range []string{
		"rows   about 30,000", "column       type", "boolean", "never", "a row takes", "orders_tags  gin", "unknown",
		"a plain job would save", "repave run public.orders --optimize-columns", "in the order id, at, customer_id, items, paid, sent, note, tags",
	} {
		require.Contains(t, got.stdout, text)
	}
	got = repave(t, "analyze", "orders", "--json")
	var reports []analyze.Report
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &reports))
	require.Positive(t, reports[0].Best.Saved)
	require.Zero(t, pgtest.Count(t, conn, "SELECT count(*) FROM pg_namespace WHERE nspname = 'repave'"), "it writes nothing")

	pgtest.Exec(t, conn, "CREATE VIEW v AS SELECT * FROM orders")
	got = repave(t, "analyze", "v")
	require.Equal(t, exitFailed, got.code)
	require.Equal(t, "error: public.v is not a table with rows of its own\nhint: name a table, a partition or a materialized view\n", got.stderr)
}

// TestWrapped: lines break between names, and each is as wide as a terminal at most.
func TestWrapped(t *testing.T) {
	require.Equal(t, "  in the order a, b", wrapped("  in the order ", []string{"a", "b"}))
	long := strings.Repeat("x", 63)
	require.Equal(t, "  in the order a,\n      "+long+",\n      "+long, wrapped("  in the order ", []string{"a", long, long}))
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf("column_%d", i))
	}
	text := wrapped("    in the order ", names)
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, len(strings.TrimSuffix(line, "\n")), 80)
	}
	require.Equal(t, "    in the order "+strings.Join(names, ", "), strings.ReplaceAll(text, "\n     ", ""))
}
