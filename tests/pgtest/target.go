package pgtest

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/pgserver"
)

// envTarget is the environment variable that names the directory of the server
// binaries of the other cluster, where there are two. Without it they have the
// same version.
const envTarget = "REPAVE_PG_BIN_TARGET"

// target is the second server of this test binary, for tests with two clusters.
var target sharedServer

// TargetDatabase creates an empty database for this test on a cluster that is
// not Database's. When the test ends it is dropped.
func TargetDatabase(tb testing.TB) string {
	tb.Helper()

	target.once.Do(func() {
		server, err := startTarget(context.WithoutCancel(tb.Context()), pgserver.Options{})
		if target.err = err; err == nil {
			target.dsn, target.down = server.DSN("postgres"), server.Stop
		}
	})
	require.NoError(tb, target.err, hint(target.err))
	return DatabaseOn(tb, target.dsn)
}

// TargetServerWith is ServerWith for the other cluster.
func TargetServerWith(tb testing.TB, opts pgserver.Options) *pgserver.Server {
	tb.Helper()

	server, err := startTarget(tb.Context(), opts)
	require.NoError(tb, err, hint(err))
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		require.NoError(tb, server.Stop(ctx))
	})
	return server
}

func startTarget(ctx context.Context, opts pgserver.Options) (*pgserver.Server, error) {
	install, err := pgserver.Find(ctx, pgserver.FindOptions{BinDir: os.Getenv(envTarget)})
	if err != nil {
		return nil, err
	}
	if opts.SharedBuffers == "" {
		opts.SharedBuffers = sharedBuffers
	}
	return pgserver.Start(ctx, install, opts)
}
