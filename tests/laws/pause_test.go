package laws_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw1PausedJobsHoldNothing: a job that is paused in its backfill, or while its swap waits for a snapshot, stops and has
// no lock, whatever it waits for comes true meanwhile; then it goes on.
func TestLaw1PausedJobsHoldNothing(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY, v text)`,
		`INSERT INTO t SELECT g, repeat('v', 200) FROM generate_series(1, 20000) g`)
	mustRepave(t, dsn, "run", "t", "--until", "setup")
	ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
	defer cancel()
	cmd := command(ctx, t, dsn, "run", "t", "--as-begun", "--max-rate", "8000", "--max-active", "0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	const copied = `SELECT coalesce(sum(rows), 0) FROM repave.batch`
	rest := func() { // until it has been seen to be paused, and then for more than a look at it
		t.Helper()
		mustRepave(t, dsn, "pause", "t")
		awaitTrue(t, conn, "paused", `SELECT waiting LIKE 'paused since %; to go on: repave resume public.t' FROM repave.job`)
		for range 2 {
			at := pgtest.Value[string](t, conn, `SELECT updated_at::text FROM repave.job`)
			awaitTrue(t, conn, "a look", `SELECT updated_at > $1::text::timestamptz FROM repave.job`, at)
		}
		_, err := conn.Exec(t.Context(), `DO 'BEGIN LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE NOWAIT; END'`)
		require.NoError(t, err)
	}
	awaitTrue(t, conn, "copying", `SELECT (`+copied+`) BETWEEN 1 AND 10000`)
	rest()
	rows := pgtest.Count(t, conn, copied)
	require.Less(t, rows, 20000)
	out, _, code := repave(t, dsn, "status", "t")
	require.Zero(t, code)
	require.Regexp(t, `(?m)^  paused    since \d{4}-`, out)
	require.Regexp(t, `(?m)^  next      repave resume public.t$`, out)
	require.Equal(t, rows, pgtest.Count(t, conn, copied))

	old := pgtest.Connect(t, dsn, `BEGIN ISOLATION LEVEL REPEATABLE READ`, `SELECT count(*) FROM pg_class`)
	pgtest.Exec(t, conn, `INSERT INTO t VALUES (0, 'while it is paused')`)
	mustRepave(t, dsn, "resume", "t")
	awaitTrue(t, conn, "the swap", `SELECT stage = 'swap' AND waiting LIKE 'snapshot of pid % to end' FROM repave.job`)
	rest()
	pgtest.Exec(t, old, `COMMIT`)
	at := pgtest.Value[string](t, conn, `SELECT updated_at::text FROM repave.job`)
	awaitTrue(t, conn, "a look", `SELECT updated_at > $1::text::timestamptz FROM repave.job`, at)
	require.False(t, pgtest.Value[bool](t, conn, `SELECT swapped FROM repave.job`))
	mustRepave(t, dsn, "resume", "t")
	require.NoError(t, cmd.Wait(), "%s", &stderr)
	require.True(t, pgtest.Value[bool](t, conn, `SELECT swapped FROM repave.job`))
	require.Equal(t, 20001, pgtest.Count(t, conn, `SELECT count(*) FROM t`))
	mustRepave(t, dsn, "resume", "t") // is no error
	mustRepave(t, dsn, "cleanup", "--yes", "t")
	requireNoTraces(t, conn)
}

// TestLaw4AnOlderRegistryIsUpgraded: what only reads says how, and goes on after that.
func TestLaw4AnOlderRegistryIsUpgraded(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY)`)
	mustRepave(t, dsn, "run", "t", "--until", "setup")
	const version = 2 // whose tables status can't read any more
	steps, err := filepath.Glob("../../registry/migrations/*.sql")
	require.NoError(t, err)
	for _, step := range slices.Backward(steps[version:]) {
		text, err := os.ReadFile(step)
		require.NoError(t, err)
		_, down, _ := strings.Cut(string(text), "---- create above / drop below ----")
		pgtest.Exec(t, conn, strings.ReplaceAll(down, "{{.schema}}", "repave"))
	}
	pgtest.Exec(t, conn, fmt.Sprintf("UPDATE repave.schema_version SET version = %d", version))
	_, stderr, code := repave(t, dsn, "status")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "hint: upgrade it: repave init")
	mustRepave(t, dsn, "init")
	mustRepave(t, dsn, "status")
	mustRepave(t, dsn, "reset", "--yes", "t")
	requireNoTraces(t, conn)
}
