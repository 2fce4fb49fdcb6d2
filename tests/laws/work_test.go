package laws_test

import (
	"bytes"
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw4HelpersComeAndGo: extra workers help with the backfill under traffic; one is killed in a batch, the process that runs the job is
// killed as well, and the same command goes on, with the helper that is left.
func TestLaw4HelpersComeAndGo(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	_, seed := newRand(t)
	conn := pgtest.Connect(t, dsn, pgtest.WritersTable)
	const rows = 20_000
	pgtest.Exec(t, conn, `INSERT INTO parent SELECT -g, 'base-' || g, 0, g, repeat('x', 200) FROM generate_series(1, $1::int) g`, rows)
	writers := pgtest.StartWriters(t, dsn, seed, 2, pgtest.Levels[:2])
	writers.Slow(5 * time.Millisecond)
	mustRepave(t, dsn, "run", "parent", "--pk-bigint", "--until", "setup")
	_, stderr, code := repave(t, dsn, "work", "child_null")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "no job for public.child_null")
	start := func(args ...string) (*exec.Cmd, *bytes.Buffer) {
		ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
		t.Cleanup(cancel)
		cmd := command(ctx, t, dsn, append(args, "--batch-time", "5ms", "--max-active", "0")...)
		said := &bytes.Buffer{}
		cmd.Stderr = said
		require.NoError(t, cmd.Start())
		return cmd, said
	}
	copying := func(who, than string) {
		t.Helper()
		awaitTrue(t, conn, who, `SELECT EXISTS (SELECT FROM repave.stage_run WHERE stage = 'backfill' AND began_at > $2::text::timestamptz)
			AND EXISTS (SELECT FROM pg_stat_activity WHERE application_name = $1 AND backend_start > $2::text::timestamptz
				AND (lower(query) = 'commit' OR query ~ '^-- (backfill/|registry/(claim|advance)_batch)'))`, who, than)
	}
	const slow = "500" // rows a second, at which it would take the process that runs the job too long
	run, _ := start("run", "parent", "--as-begun", "--workers", "1", "--max-rate", slow)
	killed, _ := start("work", "parent", "--max-rate", slow)
	copying("repave work", "-infinity")
	require.NoError(t, killed.Process.Kill())
	_ = killed.Wait()
	helper, said := start("work", "parent", "--workers", "1", "--max-rate", "4000")
	copying("repave run", "-infinity")
	require.NoError(t, run.Process.Kill())
	_ = run.Wait()
	awaitTrue(t, conn, "the helper stops", `SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'repave %' AND state <> 'idle')`)
	require.Positive(t, pgtest.Count(t, conn, `SELECT count(*) FROM repave.batch WHERE next_page < end_page`))
	again := pgtest.Value[string](t, conn, `SELECT now()::text`)
	run, stdout := start("run", "parent", "--as-begun", "--workers", "1", "--max-rate", slow)
	copying("repave run", again)
	require.NoError(t, helper.Wait(), said)
	require.Regexp(t, `the backfill is over, [\d,]{5,} rows of it were copied here`, said.String())
	require.NoError(t, run.Wait(), stdout)
	writers.Stop(t, conn)
	_, stderr, code = repave(t, dsn, "work", "parent")
	require.Zero(t, code, "there is nothing left to help with: %s", stderr)
	mustRepave(t, dsn, "cleanup", "--yes", "parent")
	requireNoTraces(t, conn)
}
