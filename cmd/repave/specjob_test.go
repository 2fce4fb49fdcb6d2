package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

const mixedSpec = `tables:
  orders:
    pk_bigint: true
    alter: ALTER n SET DEFAULT 7
  public.lines:
    alter: >-
      ALTER order_id TYPE bigint, ADD "it's" text DEFAULT 'a: "b"'
pace: {workers: 1, batch_time: 50ms}
`

// inShell runs a command that a hint printed, through sh.
func inShell(t *testing.T, command string, more ...string) result {
	t.Helper()
	program, arguments, _ := strings.Cut(command, " ")
	require.Equal(t, "repave", program)
	out, err := exec.CommandContext(t.Context(), "sh", "-c", `show() { for w in "$@"; do printf '%s\0' "$w"; done; }; show `+arguments).Output()
	require.NoError(t, err)
	words := strings.Split(string(out), "\x00")
	return repave(t, append(words[:len(words)-1], more...)...)
}

// between is the part of a text between two others.
func between(t *testing.T, text, before, after string) string {
	t.Helper()
	_, text, found := strings.Cut(text, before)
	require.True(t, found, text)
	text, _, _ = strings.Cut(text, after)
	return text
}

// TestAJobOfASpecFile takes two tables with different changes through a job. Every
// command that is printed on the way goes on, without the file too.
func TestAJobOfASpecFile(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	conn := pgtest.Connect(t, dsn, shopSQL...)
	before := pgtest.CatalogSnapshot(t, conn)
	dir := filepath.Join(t.TempDir(), `it's "$odd"`)
	require.NoError(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "rewrite.yaml")
	write := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	write(mixedSpec)

	got := repave(t, "plan", "-f", path)
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "one job: public.orders, public.lines are swapped in one transaction")
	begin := between(t, got.stdout, "run it with: ", "\n")
	require.Equal(t, exitOK, inShell(t, begin, "--until", "preflight").code)
	got = repave(t, "run", "-f", path, "--until", "preflight", "--json")
	var out report
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &out))
	require.Equal(t, begin, out.Next[0].Command)
	require.Equal(t, "no jobs\n", repave(t, "status").stdout)

	got = inShell(t, begin, "--until", "setup", "--json")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &out))
	goOn := "repave run public.orders public.lines --as-begun"
	require.Equal(t, goOn, out.Next[0].Command)
	require.Contains(t, repave(t, "status").stdout, goOn+"\n")
	require.Equal(t, goOn, pgtest.Value[string](t, conn, `SELECT next_command FROM repave.jobs`))
	got = repave(t, "run", "-f", path, "--until", "backfill")
	require.Equal(t, exitOK, got.code, got.stderr)

	// Another pace, comments and order of the keys are no change; anything else is.
	write("# the same\n" + strings.Replace(mixedSpec, "workers: 1", "workers: 2", 1))
	require.Equal(t, exitOK, repave(t, "run", "-f", path, "--until", "backfill").code)
	orders, lines, _ := strings.Cut(strings.TrimPrefix(mixedSpec, "tables:\n"), "  public.lines:")
	lines, pace, _ := strings.Cut(lines, "pace:")
	write("pace:" + pace + "tables:\n  public.lines:" + lines + orders)
	got = repave(t, "run", "-f", path, "--until", "backfill")
	require.Equal(t, exitOK, got.code, got.stderr)
	write(strings.Replace(mixedSpec, "DEFAULT 7", "DEFAULT 8", 1))
	got = repave(t, "run", "-f", path)
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "was begun with other options:\n  public.orders --alter: the job has [ALTER n SET DEFAULT 7], now asked for [ALTER n SET DEFAULT 8]\n")
	require.NotContains(t, got.stderr, "public.lines --alter")
	require.Contains(t, got.stderr, "hint: go on with: "+goOn+"; or start over after: repave reset public.orders public.lines\n")
	write(mixedSpec + "with_referencing: true\n")
	require.Contains(t, repave(t, "run", "-f", path).stderr, "--with-referencing: the job has false, now asked for true")
	write("tables: {orders: {pk_bigint: true}}\n")
	got = repave(t, "run", "-f", path)
	require.Contains(t, got.stderr, "there is a job on public.orders, public.lines, and this names public.orders")
	require.Contains(t, got.stderr, "go on with: "+goOn)
	write("tables: {orders: , lines: }\n")
	require.Contains(t, repave(t, "run", "-f", path).stderr, "public.lines --alter: the job has")

	require.NoError(t, os.Remove(path))
	got = inShell(t, between(t, repave(t, "cleanup", "lines", "--yes").stderr, "go on with: ", ";"), "--until", "verify")
	require.Equal(t, exitOK, got.code, got.stderr)
	got = inShell(t, goOn)
	require.Equal(t, exitOK, got.code, got.stderr)
	diff := strings.Join(pgtest.CatalogDiff(before, pgtest.CatalogSnapshot(t, conn)), "\n")
	require.Contains(t, diff, "~ column public.orders.id: type: integer -> bigint")
	require.Contains(t, diff, `+ column public.lines."it's"`)
	require.NotContains(t, diff, "public.lines.line:")
	// What has been swapped can't be said anew.
	write(strings.Replace(mixedSpec, "DEFAULT 7", "DEFAULT 8", 1))
	require.Contains(t, repave(t, "run", "-f", path).stderr, "begun with other options")
	write("tables: {orders: , lines: }\n")
	require.Contains(t, repave(t, "run", "-f", path).stderr, "begun with other options")
	write(mixedSpec)
	got = repave(t, "run", "-f", path)
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stderr, "swapped already")
	require.Equal(t, exitOK, repave(t, "revert-swap", "lines").code)
	require.Equal(t, exitOK, repave(t, "run", "-f", path, "--cleanup").code)
	require.Equal(t, "no jobs\n", repave(t, "status").stdout)
	got = inShell(t, goOn)
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "there is no job for public.orders, public.lines to go on with")
}

// TestAFileOfOneChangeEqualsFlags: with the same change of all tables either of
// both goes on with a job of the other.
func TestAFileOfOneChangeEqualsFlags(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	pgtest.Connect(t, dsn, shopSQL...)
	path := specFileOf(t, "tables:\n  lines: &all {alter: \"ADD x text DEFAULT 'it''s'\", set: {fillfactor: 90}}\n  orders: *all\n")
	require.Equal(t, exitOK, repave(t, "run", "-f", path, "--until", "setup").code)
	command := strings.TrimSpace(between(t, repave(t, "status").stdout, "next ", "\n"))
	require.Equal(t, `repave run public.lines public.orders --alter 'ADD x text DEFAULT '\''it'\'''\''s'\''' --set 'fillfactor=90'`, command)
	got := inShell(t, command, "--until", "backfill")
	require.Equal(t, exitOK, got.code, got.stderr)
	got = repave(t, "run", "-f", path)
	require.Equal(t, exitOK, got.code, got.stderr)

	// No flag can name this column: the hint doesn't try to.
	conn := pgtest.Connect(t, dsn, `CREATE TABLE odd (id int PRIMARY KEY, "a=b" int)`)
	path = specFileOf(t, "tables: {odd: {alter: 'ALTER \"a=b\" TYPE bigint', using: {\"a=b\": id * 2}}}\n")
	pgtest.Exec(t, conn, `INSERT INTO odd VALUES (7, 1)`)
	got = repave(t, "run", "-f", path, "--until", "verify")
	require.Equal(t, exitOK, got.code, got.stderr)
	got = repave(t, "run", "odd")
	require.Contains(t, got.stderr, "go on with: repave run public.odd --as-begun;")
	require.Equal(t, exitOK, repave(t, "run", "odd", "--as-begun", "--cleanup").code)
	require.Equal(t, 14, pgtest.Count(t, conn, `SELECT "a=b" FROM odd`))
}

// TestSpecTablesAreFoundWhereTheyStand: what the server says of a table comes
// with its place.
func TestSpecTablesAreFoundWhereTheyStand(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	conn := pgtest.Connect(t, dsn, shopSQL...)
	for text, want := range map[string]string{
		"tables:\n  orders: {}\n  ordrs: {}\n":         `:3:3: table "ordrs" not found`,
		"tables:\n  orders: {}\n  public.orders: {}\n": ":3:3: public.orders is named twice",
		"tables:\n  a.b.c: {}\n":                       ":2:3: table name \"a.b.c\":",
	} {
		path := specFileOf(t, text)
		for _, command := range []string{"plan", "run"} {
			got := repave(t, command, "-f", path)
			require.NotEqual(t, exitOK, got.code)
			require.Contains(t, got.stderr, "error: "+path+want)
			require.Contains(t, got.stderr, "\nhint: ")
		}
	}
	require.Zero(t, pgtest.Count(t, conn, "SELECT count(*) FROM pg_namespace WHERE nspname = 'repave'"))
}

// TestFlagsWinOverTheFileOfPace: a worker more or less is no other job.
func TestFlagsWinOverTheFileOfPace(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	pgtest.Connect(t, dsn, shopSQL...)
	path := specFileOf(t, "tables: {orders: }\npace: {workers: 3, max_slot_wal: 20GB, lock_attempts: 5}\n")
	got := repave(t, "plan", "-f", path, "--write-spec", "--workers", "7", "--max-lag", "0")
	require.Equal(t, exitOK, got.code, got.stderr)
	for _, want := range []string{"  workers: 7\n", "  max_slot_wal: 20GB\n", "  lock_attempts: 5\n", "  max_lag: 0s\n"} {
		require.Contains(t, got.stdout, want)
	}
	wrong := specFileOf(t, "tables: {orders: }\npace: {workers: 0}\n")
	require.Equal(t, exitUsage, repave(t, "plan", "-f", wrong, "--workers", "7").code, "what is wrong is wrong")
}

// TestOnlyKeysThatAreWidenedTakeOthersAlong: of several tables one key becomes
// bigint; what refers to the other stays as it is.
func TestOnlyKeysThatAreWidenedTakeOthersAlong(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	conn := pgtest.Connect(t, dsn, shopSQL...)
	pgtest.Exec(t, conn, `CREATE TABLE users (id int PRIMARY KEY, last int REFERENCES orders)`)
	pgtest.Exec(t, conn, `CREATE TABLE visits (id int PRIMARY KEY, users_id int REFERENCES users)`)
	before := pgtest.CatalogSnapshot(t, conn)
	path := specFileOf(t, "with_referencing: true\ntables:\n  users: {set: {fillfactor: 80}}\n  orders: {pk_bigint: true}\n")
	var plans []stages.PlanReport
	require.NoError(t, json.Unmarshal([]byte(repave(t, "plan", "--json", "-f", path).stdout), &plans))
	require.Len(t, plans, 4)
	got := repave(t, "run", "-f", path, "--until", "verify")
	require.Equal(t, exitOK, got.code, got.stderr)
	got = repave(t, "run", "-f", path)
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, exitOK, repave(t, "run", "users", "orders", "--as-begun").code)
	require.Equal(t, exitOK, repave(t, "cleanup", "lines", "--yes").code)
	require.Equal(t, []string{
		"~ column public.lines.order_id: type: integer -> bigint", "~ column public.orders.id: type: integer -> bigint",
		"~ column public.orders.up: type: integer -> bigint", "~ column public.parts.order_id: type: integer -> bigint",
		"~ column public.users.last: type: integer -> bigint",
	}, columnsOf(pgtest.CatalogDiff(before, pgtest.CatalogSnapshot(t, conn))))
}

// TestAJobThatIsDoneIsNoModel: its answer was lost, and the next command is about
// one of its tables only, or begins as it was begun.
func TestAJobThatIsDoneIsNoModel(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	conn := pgtest.Connect(t, dsn, shopSQL...)
	require.Equal(t, exitOK, repave(t, "run", "orders", "lines", "--cleanup").code)
	require.Equal(t, exitOK, repave(t, "run", "orders", "lines", "--until", "setup").code)
	pgtest.Exec(t, conn, `UPDATE repave.job SET stage = 'done'`)
	got := repave(t, "run", "orders", "lines", "--as-begun")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "the job on public.orders, public.lines is done")
	got = repave(t, "run", "orders", "--until", "preflight")
	require.NotContains(t, got.stderr, "lines")
	require.Contains(t, []int{exitOK, exitRefused}, got.code, got.stderr)
}

// columnsOf are the lines about columns.
func columnsOf(lines []string) []string {
	var out []string
	for _, line := range lines {
		if strings.Contains(line, " column ") {
			out = append(out, line)
		}
	}
	return out
}
