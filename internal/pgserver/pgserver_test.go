package pgserver_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/pgserver"
)

// start runs a server for one test in a directory for temporary files of the
// test's own, which must be empty again at its end.
func start(t *testing.T, opts pgserver.Options) *pgserver.Server {
	t.Helper()

	install, err := pgserver.Find(t.Context(), pgserver.FindOptions{})
	require.NoError(t, err)
	opts.SharedBuffers = "16MB"
	server, err := pgserver.Start(t.Context(), install, opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, server.Stop(context.Background()))
		require.NoDirExists(t, server.Dir())
	})
	return server
}

func query(t *testing.T, server *pgserver.Server, sql string) string {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), server.DSN("postgres"))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	var value string
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&value))
	return value
}

func exec1(t *testing.T, server *pgserver.Server, sql string) {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), server.DSN("postgres"))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
}

func TestServerHasTheSettingsAskedFor(t *testing.T) {
	t.Parallel()

	server := start(t, pgserver.Options{Settings: map[string]string{"fsync": "on", "cluster_name": "it's"}})
	require.Equal(t, "on", query(t, server, "SHOW fsync"))
	require.Equal(t, "it's", query(t, server, "SHOW cluster_name"))
	require.Equal(t, "logical", query(t, server, "SHOW wal_level"))
	require.Equal(t, "on", query(t, server, "SHOW synchronous_commit"))
	require.Equal(t, "UTF8", query(t, server, "SHOW server_encoding"))
	require.Equal(t, "postgres", query(t, server, "SELECT current_user::text"))
	require.Equal(t, server.DataDir(), query(t, server, "SHOW data_directory"))
}

func TestServerAsksForAPasswordOverTCP(t *testing.T) {
	t.Parallel()

	server := start(t, pgserver.Options{})
	config, err := pgx.ParseConfig(server.DSN("postgres"))
	require.NoError(t, err)
	config.Password = "wrong"
	_, err = pgx.ConnectConfig(t.Context(), config)
	require.ErrorContains(t, err, "28P01")
}

func TestKilledServerKeepsItsData(t *testing.T) {
	t.Parallel()

	server := start(t, pgserver.Options{})
	exec1(t, server, "CREATE TABLE kept AS SELECT 'yes'::text AS answer")
	idle, err := pgx.Connect(t.Context(), server.DSN("postgres"))
	require.NoError(t, err)
	defer idle.Close(t.Context())
	port, pid := server.Port(), server.PID()

	require.NoError(t, server.Kill())
	require.Error(t, idle.Ping(t.Context()))
	require.FileExists(t, filepath.Join(server.DataDir(), "postmaster.pid"))

	require.NoError(t, server.Restart(t.Context()))
	require.Equal(t, "yes", query(t, server, "SELECT answer FROM kept"))
	require.Equal(t, port, server.Port())
	require.NotEqual(t, pid, server.PID())
}

func TestHaltedServerStartsAgain(t *testing.T) {
	t.Parallel()

	server := start(t, pgserver.Options{})
	exec1(t, server, "CREATE TABLE kept AS SELECT 'yes'::text AS answer")
	require.ErrorContains(t, server.Restart(t.Context()), "still running")
	require.NoError(t, server.Halt(t.Context()))
	require.NoFileExists(t, filepath.Join(server.DataDir(), "postmaster.pid"))
	require.NoError(t, server.Restart(t.Context()))
	require.Equal(t, "yes", query(t, server, "SELECT answer FROM kept"))
}

func TestStopMayRunTwiceAndAfterKill(t *testing.T) {
	t.Parallel()

	server := start(t, pgserver.Options{})
	require.NoError(t, server.Kill())
	require.NoError(t, server.Kill())
	require.NoError(t, server.Stop(t.Context()))
	require.NoDirExists(t, server.Dir())
	require.NoError(t, server.Stop(t.Context()))
}

func TestStopOnACancelledContextStopsAllTheSame(t *testing.T) {
	t.Parallel()

	server := start(t, pgserver.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, server.Stop(ctx))
	require.NoDirExists(t, server.Dir())
}

// Not parallel: it moves the directory for temporary files.
func TestFailedStartLeavesNothingBehind(t *testing.T) {
	base, err := os.MkdirTemp("", "repave-test-")
	require.NoError(t, err)
	defer func() { require.NoError(t, os.RemoveAll(base)) }()
	require.NoError(t, os.Chmod(base, 0o755))
	t.Setenv("TMPDIR", base)
	install, err := pgserver.Find(t.Context(), pgserver.FindOptions{})
	require.NoError(t, err)

	_, err = pgserver.Start(t.Context(), install, pgserver.Options{Settings: map[string]string{"no_such_setting": "1"}})
	var startErr *pgserver.StartError
	require.ErrorAs(t, err, &startErr)
	require.Contains(t, startErr.Log, "no_such_setting")
	require.ErrorContains(t, err, "no_such_setting")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = pgserver.Start(ctx, install, pgserver.Options{})
	require.ErrorIs(t, err, context.Canceled)

	left, err := os.ReadDir(base)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestFindSaysHowToGetAServer(t *testing.T) {
	t.Parallel()

	_, err := pgserver.Find(t.Context(), pgserver.FindOptions{BinDir: t.TempDir()})
	var notFound *pgserver.NotFoundError
	require.ErrorAs(t, err, &notFound)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Contains(t, notFound.Hint(), "apt-get install postgresql")
}

func TestFindRefusesAnOldServer(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		script := "#!/bin/sh\necho '" + name + " (PostgreSQL) 9.6.24'\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755))
	}
	_, err := pgserver.Find(t.Context(), pgserver.FindOptions{BinDir: dir})
	require.ErrorContains(t, err, "older than 14")
}
