package pgtest

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// Clone returns the DSN of a copy of a database that nobody is connected to. It
// is dropped when the test ends. Object numbers and files are the same in both,
// so a job that is under way in one can be gone on with in the other.
func Clone(tb testing.TB, dsn string) string {
	tb.Helper()

	config, err := pgx.ParseConfig(dsn)
	require.NoError(tb, err)
	server, err := withDatabase(dsn, "postgres")
	require.NoError(tb, err)
	name := "clone_" + strings.ToLower(rand.Text()[:16])
	sql := "CREATE DATABASE " + pgx.Identifier{name}.Sanitize() + " TEMPLATE " + pgx.Identifier{config.Database}.Sanitize()
	require.NoError(tb, once(tb.Context(), server, sql))
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		require.NoError(tb, dropDatabase(ctx, server, name))
	})
	own, err := withDatabase(dsn, name)
	require.NoError(tb, err)
	return own
}
