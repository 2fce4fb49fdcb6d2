package laws_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// peak runs the program and returns the largest resident set it had, in bytes.
func peak(t *testing.T, dsn string, args ...string) int64 {
	t.Helper()
	return peakOf(t, func(ctx context.Context) *exec.Cmd { return command(ctx, t, dsn, args...) })
}

func peakOf(t *testing.T, prepare func(context.Context) *exec.Cmd) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*commandTimeout)
	defer cancel()
	cmd := prepare(ctx)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	var most int64
	for {
		// Not what the kernel says at the end: that counts what the forking process had.
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		for line := range strings.Lines(string(status)) {
			if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
				require.NoError(t, err)
				most = max(most, kb<<10)
			}
		}
		select {
		case err := <-ended:
			require.NoError(t, err, stderr.String())
			require.Positive(t, most)
			return most
		case <-ticker.C:
		}
	}
}

// TestLaw8MemoryIsFlat: neither a table nor a transaction, nor a log that long,
// is ever held in memory; nor does going back need more.
func TestLaw8MemoryIsFlat(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	const small, large = 2_000, 120_000
	steps := []string{"backfill", "replay", "revert-swap"}
	measure := func(rows int) map[string]int64 {
		dsn := pgtest.Database(t)
		conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id text PRIMARY KEY, n int, v text)`,
			fmt.Sprintf(`INSERT INTO t SELECT 'a rather long key, number ' || g, g, repeat('v', 100) FROM generate_series(1, %d) g`, rows))
		job := []string{"run", "t", "--alter", "ALTER n TYPE bigint", "--max-active", "0"}
		out := map[string]int64{}
		out["backfill"] = peak(t, dsn, append(job, "--until", "sync_schema")...)
		// One transaction changes every row, in log mode; then again after the swap.
		pgtest.Exec(t, conn, `UPDATE t SET v = upper(v)`)
		out["replay"] = peak(t, dsn, job...)
		pgtest.Exec(t, conn, `UPDATE t SET v = lower(v)`)
		out["revert-swap"] = peak(t, dsn, "revert-swap", "t", "--yes", "--max-active", "0")
		require.Equal(t, rows, pgtest.Count(t, conn, `SELECT count(*) FROM t WHERE v = repeat('v', 100)`))
		return out
	}
	few, many := measure(small), measure(large)
	// A copy of each key alone would be more than this; collecting garbage is never quite even.
	const slack = 3 << 20
	for _, step := range steps {
		t.Logf("%-12s %5.1f MB with %d rows, %5.1f MB with %d", step, float64(few[step])/(1<<20), small, float64(many[step])/(1<<20), large)
	}
	for _, step := range steps {
		require.Less(t, many[step], few[step]+slack, step)
		require.Less(t, many[step], int64(150<<20), step)
	}
}

// TestLaw8AcrossMemoryIsBounded: a transaction that changes every row is applied, there and on the way back, without being held
// in memory: it would be far more than this.
func TestLaw8AcrossMemoryIsBounded(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	const rows, most = 200_000, 150 << 20
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id text PRIMARY KEY, n int, v text)`,
		fmt.Sprintf(`INSERT INTO t SELECT 'a rather long key, number ' || g, g, repeat('v', 100) FROM generate_series(1, %d) g`, rows))
	measure := func(args ...string) {
		got := peakOf(t, func(ctx context.Context) *exec.Cmd { return c.command(ctx, args...) })
		t.Logf("%5.1f MB: repave %s", float64(got)/(1<<20), strings.Join(args, " "))
		require.Less(t, got, int64(most))
	}
	job := []string{"run", "t", "--strategy=logical", "--alter", "ALTER n TYPE bigint"}
	measure(append(job, "--until", "sync_schema")...)
	pgtest.Exec(t, source, `UPDATE t SET v = upper(v)`)
	measure(job...)
	pgtest.Exec(t, pgtest.Connect(t, c.to), `UPDATE t SET v = lower(v)`)
	measure("revert-swap", "t", "--yes")
	require.Equal(t, rows, pgtest.Count(t, source, `SELECT count(*) FROM t WHERE v = repeat('v', 100)`))
}
