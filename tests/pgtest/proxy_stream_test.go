package pgtest_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// stream opens a replication connection through the proxy, with a slot that ends
// with it, and returns the command that starts streaming.
func stream(t *testing.T, proxy *pgtest.Proxy) (conn *pgconn.PgConn, start string) {
	t.Helper()

	conn, err := pgconn.Connect(t.Context(), proxy.DSN+"&replication=database")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	slot := "s_" + strings.ToLower(rand.Text())
	_, err = conn.Exec(t.Context(), "CREATE_REPLICATION_SLOT "+slot+" TEMPORARY LOGICAL pgoutput").ReadAll()
	require.NoError(t, err)
	return conn, "START_REPLICATION SLOT " + slot + " LOGICAL 0/0 (proto_version '1', publication_names 'p')"
}

func TestProxyCarriesAReplicationStreamUntilItIsCut(t *testing.T) {
	t.Parallel()

	dsn := pgtest.Database(t)
	writer := pgtest.Connect(t, dsn, "CREATE TABLE t (id int)", "CREATE PUBLICATION p FOR TABLE t")
	name := pgtest.Value[string](t, writer, "SELECT current_database()::text")
	proxy := pgtest.NewProxy(t, dsn)
	conn, start := stream(t, proxy)

	conn.Frontend().SendQuery(&pgproto3.Query{String: start})
	require.NoError(t, conn.Frontend().Flush())
	message, err := conn.ReceiveMessage(t.Context())
	require.NoError(t, err)
	require.IsType(t, &pgproto3.CopyBothResponse{}, message)
	pgtest.Exec(t, writer, "INSERT INTO t VALUES (1)")
	message, err = conn.ReceiveMessage(t.Context())
	require.NoError(t, err)
	require.IsType(t, &pgproto3.CopyData{}, message)

	proxy.Cut()
	require.True(t, proxy.Fired())
	for err == nil {
		_, err = conn.ReceiveMessage(t.Context())
	}
	proxy.Heal()
	require.Zero(t, pgtest.Count(t, writer, "SELECT count(*) FROM pg_replication_slots WHERE database = $1", name))
}

func TestProxyCanLoseTheStartOfAReplicationStream(t *testing.T) {
	t.Parallel()

	dsn := pgtest.Database(t)
	pgtest.Connect(t, dsn, "CREATE PUBLICATION p")
	proxy := pgtest.NewProxy(t, dsn)
	conn, start := stream(t, proxy)
	proxy.CutAfter(0, true)
	_, err := conn.Exec(t.Context(), start).ReadAll()
	require.Error(t, err)
	var pgErr *pgconn.PgError
	require.NotErrorAs(t, err, &pgErr)
	require.True(t, proxy.Fired())
}
