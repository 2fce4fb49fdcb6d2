package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// startSlow begins a job that takes a while, and returns once it copies. cancel
// is the signal, wait returns how it ended.
func startSlow(t *testing.T) (conn *pgx.Conn, cancel func(), wait func() result) {
	t.Helper()

	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	conn = pgtest.Connect(t, dsn, ordersSQL,
		"INSERT INTO orders SELECT n, repeat('n', 500) FROM generate_series(1, 20000) n")
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	var stdout, stderr bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		args := []string{"repave", "run", "orders", "--max-rate", "3000", "--json"}
		ended <- run(ctx, args, strings.NewReader(""), &stdout, &stderr)
	}()
	require.Eventually(t, func() bool {
		var copying bool
		err := conn.QueryRow(t.Context(), `SELECT to_regclass('repave.batch') IS NOT NULL`).Scan(&copying)
		return err == nil && copying && pgtest.Count(t, conn, "SELECT count(*) FROM repave.batch WHERE rows > 0") > 0
	}, 20*time.Second, 10*time.Millisecond)
	return conn, cancel, func() result {
		code := <-ended
		return result{code, stdout.String(), stderr.String()}
	}
}

func requireFinishes(t *testing.T) {
	t.Helper()

	got := repave(t, "run", "orders", "--cleanup")
	require.Equal(t, exitOK, got.code, got.stderr)
}

func TestInterruptedJobsGoOn(t *testing.T) {
	_, cancel, wait := startSlow(t)
	cancel()
	got := wait()
	require.Equal(t, exitInterrupted, got.code)
	require.Contains(t, got.stderr, "error: interrupted\nhint: run the same command again")
	var out report
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &out))
	require.Equal(t, exitInterrupted, out.ExitCode)
	require.Equal(t, "interrupted", out.Error)
	require.Contains(t, repave(t, "status").stdout, "interrupted")
	requireFinishes(t)
}

func TestLostConnectionsSayHowToGoOn(t *testing.T) {
	conn, _, wait := startSlow(t)
	require.Contains(t, repave(t, "status").stdout, "worker    pid")
	// All at once, or the pool just opens another.
	pgtest.Exec(t, conn, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'repave run'`)
	got := wait()
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "was lost")
	require.Contains(t, got.stderr, "hint: run the same command again: it goes on where it stopped, nothing is lost")
	requireFinishes(t)
}

// TestWithoutItsLockAJobStops ends the session that holds the advisory lock,
// and that one alone.
func TestWithoutItsLockAJobStops(t *testing.T) {
	conn, _, wait := startSlow(t)
	pgtest.Exec(t, conn, `SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
		WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND a.datname = current_database()`)
	got := wait()
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "error: the session that holds the advisory lock was lost")
	requireFinishes(t)
}
