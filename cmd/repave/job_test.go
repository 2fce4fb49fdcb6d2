package main

import (
	"encoding/json"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/tests/pgtest"
)

const ordersSQL = `CREATE TABLE orders (id int PRIMARY KEY, note text DEFAULT 'it''s')`

// TestAJobFromBeginToEnd goes through every command on one table.
func TestAJobFromBeginToEnd(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	conn := pgtest.Connect(t, dsn, ordersSQL, "INSERT INTO orders SELECT n, 'n' FROM generate_series(1, 1000) n", "ANALYZE orders")

	got := repave(t, "plan", "orders", "--pk-bigint")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "run it with: repave run public.orders --pk-bigint")
	got = repave(t, "status")
	require.Equal(t, result{exitOK, "no jobs\n", ""}, got)
	require.Equal(t, "[]\n", repave(t, "status", "--json").stdout)
	require.Zero(t, pgtest.Count(t, conn, "SELECT count(*) FROM pg_namespace WHERE nspname = 'repave'"), "plan and status write nothing")

	got = repave(t, "status", "orders")
	require.Equal(t, result{exitFailed, "", "error: no job for public.orders\nhint: start one with: repave run public.orders\n"}, got)
	for _, command := range []string{"swap", "verify", "revert-swap", "cleanup", "reset"} {
		require.Contains(t, repave(t, command, "orders").stderr, "error: no job for public.orders", command)
	}

	got = repave(t, "run", "orders", "--alter", "ALTER note SET DEFAULT 'a, b'", "--until", "verify", "--json", "--pk-bigint")
	require.Equal(t, exitOK, got.code, got.stderr)
	var out report
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &out))
	require.Equal(t, verdict{verdictEqual, 1000, 0}, out.Verify)
	require.Equal(t, []string{"public.orders"}, out.Tables)
	require.Equal(t, "repave swap public.orders", out.Next[0].Command)
	require.False(t, out.Swapped)

	var status jobStatus
	got = repave(t, "status", "public.orders", "--json")
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &status))
	require.Equal(t, "swap", status.Stage)
	require.InDelta(t, 100, status.CopiedPercent, 0.01)
	require.Nil(t, status.Worker)
	require.Equal(t, "repave swap public.orders", status.Next)

	got = repave(t, "run", "orders")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "other options")
	require.Contains(t, got.stderr, `repave run public.orders --pk-bigint --alter 'ALTER note SET DEFAULT '\''a, b'\'''`)

	require.Equal(t, exitOK, repave(t, "verify", "orders").code)
	got = repave(t, "swap", "ORDERS")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stderr, "public.orders: swapped")
	require.Contains(t, got.stderr, "repave revert-swap public.orders")
	pgtest.Exec(t, conn, "INSERT INTO orders VALUES (5000000, 'new')")

	got = repave(t, "run", "orders", "--json")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &out))
	require.True(t, out.AlreadySwapped)

	got = repave(t, "reset", "orders")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "hint: go back with: repave revert-swap public.orders")

	got = repave(t, "revert-swap", "orders")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, 1001, pgtest.Count(t, conn, "SELECT count(*) FROM orders"))
	got = repave(t, "swap", "orders")
	require.Equal(t, exitOK, got.code, got.stderr)
	got = repave(t, "run", "orders", "--cleanup")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stderr, "nothing is left of the job")
	require.Equal(t, "no jobs\n", repave(t, "status").stdout)
}

// TestTheNextCommandIsExact pastes it into a shell.
func TestTheNextCommandIsExact(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	pgtest.Connect(t, dsn, `CREATE TABLE "My $Table" (id int PRIMARY KEY, note text)`)
	got := repave(t, "run", `"My $Table"`, "--until", "setup", "--using", "note=note || '''$HOME'", "--alter", `ADD "x y" int`)
	require.Equal(t, exitOK, got.code, got.stderr)
	var status jobStatus
	require.NoError(t, json.Unmarshal([]byte(repave(t, "status", `"My $Table"`, "--json").stdout), &status))
	words, err := exec.CommandContext(t.Context(), "sh", "-c",
		`repave() { printf '%s\0' "$@"; }; `+status.Next).Output()
	require.NoError(t, err)
	args := strings.Split(strings.TrimSuffix(string(words), "\x00"), "\x00")
	got = repave(t, append(args, "--cleanup")...)
	require.Equal(t, exitOK, got.code, got.stderr)
}

func TestATableThatIsGoneCanBeReset(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	conn := pgtest.Connect(t, dsn, ordersSQL)
	require.Equal(t, exitOK, repave(t, "run", "orders", "--until", "backfill").code)
	pgtest.Exec(t, conn, "DROP TABLE orders")
	got := repave(t, "status", "orders")
	require.Equal(t, exitOK, got.code, got.stderr)
	got = repave(t, "reset", "Orders", "--yes")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, "no jobs\n", repave(t, "status").stdout)
}

func TestASecondProcessIsRefused(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	conn := pgtest.Connect(t, dsn, ordersSQL)
	oid := pgtest.Count(t, conn, "SELECT 'orders'::regclass::oid::int8")
	require.NoError(t, registry.TryLock(t.Context(), conn, sqltmpl.Table{Schema: "public", Name: "orders"}, uint32(oid)))
	got := repave(t, "run", "orders")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "error: another repave works on public.orders: pid")
	require.Contains(t, got.stderr, "hint: wait for it")
}

func TestRefusals(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	pgtest.Connect(t, dsn, "CREATE TABLE keyless (a int)")
	got := repave(t, "run", "keyless", "--json")
	require.Equal(t, exitRefused, got.code)
	var out report
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &out))
	require.Equal(t, exitRefused, out.ExitCode)
	require.NotEmpty(t, out.Error)
	got = repave(t, "plan", "keyless")
	require.Equal(t, exitRefused, got.code)
	require.Contains(t, got.stdout, "cure:")
	got = repave(t, "run", "nosuch")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, `error: table "nosuch" not found`)
	require.Contains(t, repave(t, "run", "keyless", "keyless").stderr, "named twice")
}

func TestMissingRightsAreNamed(t *testing.T) {
	dsn := pgtest.Database(t)
	role := "r_" + dsn[strings.LastIndex(dsn, "_")+1:][:8]
	conn := pgtest.Connect(t, dsn, "CREATE ROLE "+role+" LOGIN PASSWORD 'pw'")
	defer pgtest.Exec(t, conn, "DROP ROLE "+role)
	defer pgtest.Exec(t, conn, "DROP OWNED BY "+role)
	cfg := conn.Config()
	t.Setenv("PGPASSWORD", "pw")
	t.Setenv("PGHOST", cfg.Host)
	t.Setenv("REPAVE_DSN", "user="+role+" dbname="+cfg.Database)
	t.Setenv("PGPORT", strconv.Itoa(int(cfg.Port)))

	got := repave(t, "init")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, `GRANT CREATE ON DATABASE "`+cfg.Database+`" TO "`+role+`"`)

	t.Setenv("REPAVE_DSN", dsn)
	got = repave(t, "init")
	require.Equal(t, exitOK, got.code, got.stderr)
	t.Setenv("REPAVE_DSN", "user="+role+" dbname="+cfg.Database)
	got = repave(t, "status")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, `GRANT USAGE, CREATE ON SCHEMA "repave" TO "`+role+`"`)
	_, hint, _ := strings.Cut(got.stderr, "superuser: ")
	for _, grant := range strings.Split(strings.TrimSpace(hint), "; ") {
		pgtest.Exec(t, conn, grant)
	}
	require.Equal(t, "no jobs\n", repave(t, "status").stdout)
	got = repave(t, "init")
	require.Equal(t, exitOK, got.code, got.stderr)
}
