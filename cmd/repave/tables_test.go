package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

var shopSQL = []string{
	`CREATE TABLE orders (id int PRIMARY KEY, up int REFERENCES orders, n int)`,
	`CREATE TABLE lines (order_id int NOT NULL REFERENCES orders ON DELETE CASCADE, line int, PRIMARY KEY (order_id, line))`,
	`CREATE TABLE parts (id int PRIMARY KEY, order_id int, line int, FOREIGN KEY (order_id, line) REFERENCES lines)`,
	`CREATE TABLE elsewhere (id int PRIMARY KEY, parts_id int REFERENCES parts)`,
	`INSERT INTO orders SELECT g, g, 0 FROM generate_series(1, 100) g`,
	`INSERT INTO lines SELECT g, 1 FROM generate_series(1, 100) g`,
	`INSERT INTO parts SELECT g, g, 1 FROM generate_series(1, 100) g`,
	`INSERT INTO elsewhere SELECT g, g FROM generate_series(1, 100) g`,
}

// TestTablesCannotJoinOrLeaveAJob: a run names the tables that the job was
// begun with; any one of them is enough for all other commands.
func TestTablesCannotJoinOrLeaveAJob(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	conn := pgtest.Connect(t, dsn, shopSQL...)
	got := repave(t, "run", "orders", "lines", "--until", "verify", "--json")
	require.Equal(t, exitOK, got.code, got.stderr)
	var out report
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &out))
	require.Equal(t, []string{"public.orders", "public.lines"}, out.Tables)
	require.Equal(t, verdict{verdictEqual, 200, 0}, out.Verify)
	require.Equal(t, "repave swap public.orders public.lines", out.Next[0].Command)

	for _, tables := range [][]string{{"orders"}, {"lines"}, {"lines", "orders", "parts"}, {"parts", "lines"}} {
		got = repave(t, append([]string{"run"}, tables...)...)
		require.Equal(t, exitFailed, got.code, tables)
		require.Contains(t, got.stderr, "there is a job on public.orders, public.lines")
		require.Contains(t, got.stderr, "hint: go on with: repave run public.orders public.lines; or start over after: repave reset public.orders public.lines")
	}
	got = repave(t, "run", "lines", "orders", "--alter", "ADD x int")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "public.orders --alter: the job has [], now asked for [ADD x int]")
	require.Contains(t, got.stderr, "public.lines --alter: the job has []")
	require.Equal(t, exitOK, repave(t, "run", "parts", "--until", "setup").code)
	require.Contains(t, repave(t, "verify", "parts", "lines").stderr, "belong to different jobs")
	require.Contains(t, repave(t, "run", "parts", "lines").stderr, "have jobs of their own")
	require.Equal(t, exitOK, repave(t, "reset", "parts").code)

	require.Contains(t, repave(t, "status", "lines", "orders").stdout, "public.orders, public.lines (job 1)")
	got = repave(t, "swap", "lines")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stderr, "job 1 is on public.orders, public.lines: swap acts on all of them")
	got = repave(t, "verify", "orders", "lines")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.NotContains(t, got.stderr, "acts on all")
	require.Contains(t, got.stdout, "equal: 200 rows")
	pgtest.Exec(t, conn, `INSERT INTO orders VALUES (101, 1, 1)`)
	require.Equal(t, exitOK, repave(t, "revert-swap", "lines").code)
	require.Equal(t, exitOK, repave(t, "run", "lines", "orders", "--cleanup").code)
	require.Equal(t, "no jobs\n", repave(t, "status").stdout)
}

// TestWithReferencing takes along what refers to the key, its own column too,
// down the chain of keys and no further; the same command goes on.
func TestWithReferencing(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	conn := pgtest.Connect(t, dsn, shopSQL...)
	before := pgtest.CatalogSnapshot(t, conn)
	got := repave(t, "run", "orders", "--with-referencing")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, "--with-referencing needs --pk-bigint")

	got = repave(t, "plan", "orders", "--pk-bigint")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, `foreign key "lines_order_id_fkey": lines.order_id is integer, orders.id is bigint`)
	require.Contains(t, got.stdout, "--with-referencing takes")
	args := []string{"orders", "--pk-bigint", "--with-referencing"}
	got = repave(t, append([]string{"plan"}, args...)...)
	require.Equal(t, exitOK, got.code, got.stderr)
	require.NotContains(t, got.stdout, " is integer, ")
	require.Contains(t, got.stdout, "one job: public.orders, public.lines, public.parts are swapped in one transaction")
	require.Contains(t, got.stdout, "run it with: repave run public.orders --pk-bigint --with-referencing\n")
	var plans []stages.PlanReport
	require.NoError(t, json.Unmarshal([]byte(repave(t, append([]string{"plan", "--json"}, args...)...).stdout), &plans))
	require.Len(t, plans, 3)

	got = repave(t, append([]string{"run", "--until", "verify"}, args...)...)
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, repave(t, "status", "parts").stdout, "repave swap public.orders\n")
	require.Contains(t, repave(t, "run", "orders", "--pk-bigint").stderr, "--with-referencing: the job has true, now asked for false")
	require.Contains(t, repave(t, "run", "lines").stderr, "tables can't join or leave a job")
	got = repave(t, append([]string{"run"}, args...)...)
	require.Equal(t, exitOK, got.code, got.stderr)
	pgtest.Exec(t, conn, `INSERT INTO orders VALUES (3000000000, 3000000000)`)
	pgtest.Exec(t, conn, `INSERT INTO lines VALUES (3000000000, 1)`)
	pgtest.Exec(t, conn, `INSERT INTO parts VALUES (200, 3000000000, 1)`)
	got = repave(t, append([]string{"run", "--json"}, args...)...)
	require.Equal(t, exitOK, got.code, got.stderr)
	got = repave(t, "revert-swap", "parts")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "key 3000000000:")
	pgtest.Exec(t, conn, `DELETE FROM parts WHERE id = 200`)
	pgtest.Exec(t, conn, `DELETE FROM lines WHERE order_id = 3000000000`)
	pgtest.Exec(t, conn, `DELETE FROM orders WHERE id = 3000000000`)
	got = repave(t, "revert-swap", "parts")
	require.Equal(t, exitOK, got.code, got.stderr)
	got = repave(t, append([]string{"run", "--cleanup"}, args...)...)
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, []string{
		"~ column public.lines.order_id: type: integer -> bigint", "~ column public.orders.id: type: integer -> bigint",
		"~ column public.orders.up: type: integer -> bigint", "~ column public.parts.order_id: type: integer -> bigint",
	}, pgtest.CatalogDiff(before, pgtest.CatalogSnapshot(t, conn)))
}

// TestFindingsOfSeveralTablesAreAllNamed, each with its table.
func TestFindingsOfSeveralTablesAreAllNamed(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	pgtest.Connect(t, dsn, `CREATE TABLE good (id int PRIMARY KEY)`, `CREATE TABLE keyless (n int)`,
		`CREATE TABLE seen (id int PRIMARY KEY)`, `CREATE TABLE seen_by (s seen)`)
	got := repave(t, "run", "good", "keyless", "seen")
	require.Equal(t, exitRefused, got.code)
	require.Contains(t, got.stderr, "preflight refuses public.keyless, public.seen:")
	require.Contains(t, got.stderr, "  - public.keyless: there is no primary key")
	require.Contains(t, got.stderr, "  - public.seen: ")
	require.Equal(t, "no jobs\n", repave(t, "status").stdout)
	var plans []stages.PlanReport
	got = repave(t, "plan", "good", "keyless", "--json")
	require.Equal(t, exitRefused, got.code)
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &plans))
	require.Empty(t, plans[0].Findings)
	require.NotEmpty(t, plans[0].DDL)
	require.NotEmpty(t, plans[1].Findings)
}
