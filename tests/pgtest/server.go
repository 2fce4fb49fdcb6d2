package pgtest

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/pgserver"
)

// sharedBuffers is enough for tests; several servers run at a time.
const sharedBuffers = "128MB"

// shared is the server of this test binary.
var shared sharedServer

// A sharedServer is started by the first test that needs it.
type sharedServer struct {
	once sync.Once
	dsn  string
	err  error
	down func(context.Context) error // nil: there is nothing to stop
}

// start returns the DSN of the server's maintenance database.
func (s *sharedServer) start(tb testing.TB) string {
	tb.Helper()

	s.once.Do(func() {
		// The server outlives the test that happens to start it.
		s.dsn, s.down, s.err = startAny(context.WithoutCancel(tb.Context()))
	})
	require.NoError(tb, s.err, hint(s.err))
	return s.dsn
}

func (s *sharedServer) stop(ctx context.Context) error {
	if s.down == nil {
		return nil
	}
	return s.down(ctx)
}

// startAny starts a server in the first way that works.
func startAny(ctx context.Context) (dsn string, down func(context.Context) error, err error) {
	if dsn := os.Getenv("REPAVE_TEST_DSN"); dsn != "" {
		return dsn, nil, nil
	}
	var dockerErr error
	if os.Getenv(pgserver.EnvBin) == "" {
		dsn, down, err := startDocker(ctx)
		if err == nil {
			return dsn, down, nil
		}
		dockerErr = err
	}
	server, err := startLocal(ctx, pgserver.Options{})
	if err != nil {
		return "", nil, errors.Join(err, dockerErr)
	}
	return server.DSN("postgres"), server.Stop, nil
}

func startLocal(ctx context.Context, opts pgserver.Options) (*pgserver.Server, error) {
	install, err := pgserver.Find(ctx, pgserver.FindOptions{})
	if err != nil {
		return nil, err
	}
	if opts.SharedBuffers == "" {
		opts.SharedBuffers = sharedBuffers
	}
	return pgserver.Start(ctx, install, opts)
}

// Server returns a server of the test's own, from local binaries, to be killed
// or halted at will. It is stopped when the test ends.
func Server(tb testing.TB) *pgserver.Server {
	tb.Helper()

	return ServerWith(tb, pgserver.Options{})
}

// ServerWith is Server with settings.
func ServerWith(tb testing.TB, opts pgserver.Options) *pgserver.Server {
	tb.Helper()

	server, err := startLocal(tb.Context(), opts)
	require.NoError(tb, err, hint(err))
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		require.NoError(tb, server.Stop(ctx))
	})
	return server
}

// hint returns the remedy that err knows of.
func hint(err error) string {
	var hinter interface{ Hint() string }
	if errors.As(err, &hinter) {
		return hinter.Hint()
	}
	return ""
}
