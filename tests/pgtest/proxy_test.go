package pgtest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

func TestProxyCountsRoundTrips(t *testing.T) {
	t.Parallel()

	proxy := pgtest.NewProxy(t, pgtest.Database(t))
	conn := pgtest.Connect(t, proxy.DSN)
	require.Equal(t, 1, proxy.RoundTrips(), "opening a session is one")
	for _, step := range []struct {
		name  string
		trips int
		run   func() error
	}{
		{"a simple query", 1, func() error {
			_, err := conn.Exec(t.Context(), "CREATE TABLE t (id int)")
			return err
		}},
		{"preparing and running a statement", 2, func() error {
			_, err := conn.Exec(t.Context(), "INSERT INTO t VALUES ($1)", 1)
			return err
		}},
		{"running it again", 1, func() error {
			_, err := conn.Exec(t.Context(), "INSERT INTO t VALUES ($1)", 2)
			return err
		}},
		{"a pipeline", 1, func() error {
			batch := &pgx.Batch{}
			batch.Queue("INSERT INTO t VALUES ($1)", 3)
			batch.Queue("INSERT INTO t VALUES ($1)", 4)
			return conn.SendBatch(t.Context(), batch).Close()
		}},
		{"an error", 1, func() error {
			_, err := conn.Exec(t.Context(), "INSERT INTO no_such_table VALUES (1)")
			if err == nil {
				return fmt.Errorf("there is such a table")
			}
			return nil
		}},
		{"a COPY out of 2 MB", 1, func() error {
			tag, err := conn.PgConn().CopyTo(t.Context(), discard{}, "COPY (SELECT repeat('x', 100) FROM generate_series(1, 20000)) TO STDOUT")
			if err == nil && tag.RowsAffected() != 20000 {
				return fmt.Errorf("got %s", tag)
			}
			return err
		}},
		{"a COPY in, with its look at the columns", 2, func() error {
			_, err := conn.CopyFrom(t.Context(), pgx.Identifier{"t"}, []string{"id"},
				pgx.CopyFromSlice(20000, func(i int) ([]any, error) { return []any{i}, nil }))
			return err
		}},
	} {
		before := proxy.RoundTrips()
		require.NoError(t, step.run(), step.name)
		require.Equal(t, step.trips, proxy.RoundTrips()-before, step.name)
	}
	require.Equal(t, 20004, pgtest.Count(t, conn, "SELECT count(*) FROM t"))
	require.False(t, proxy.Fired())
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// TestProxyFailsBeforeOrAfterTheServerActs cuts every request of each way to
// send one, and looks at what the server has done.
func TestProxyFailsBeforeOrAfterTheServerActs(t *testing.T) {
	t.Parallel()

	ways := map[string]func(ctx context.Context, conn *pgx.Conn) error{
		"simple query": func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "INSERT INTO t VALUES (1)")
			return err
		},
		"prepared statement": func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "INSERT INTO t VALUES ($1)", 1)
			return err
		},
		"pipeline": func(ctx context.Context, conn *pgx.Conn) error {
			batch := &pgx.Batch{}
			batch.Queue("INSERT INTO t VALUES ($1)", 1)
			batch.Queue("SELECT count(*) FROM t")
			return conn.SendBatch(ctx, batch).Close()
		},
		"copy": func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"id"}, pgx.CopyFromRows([][]any{{1}}))
			return err
		},
		"transaction": func(ctx context.Context, conn *pgx.Conn) error {
			return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, "INSERT INTO t VALUES (1)")
				return err
			})
		},
	}
	// attempt reports whether the work was done before the failure was due.
	attempt := func(t *testing.T, work func(context.Context, *pgx.Conn) error, n int, loseAck bool) (finished bool) {
		t.Helper()

		dsn := pgtest.Database(t)
		observer := pgtest.Connect(t, dsn, "CREATE TABLE t (id int)")
		proxy := pgtest.NewProxy(t, dsn)
		proxy.CutAfter(n, loseAck)
		conn, err := pgx.Connect(t.Context(), proxy.DSN)
		if err == nil {
			err = work(t.Context(), conn)
			defer conn.Close(t.Context())
		}
		if !proxy.Fired() {
			require.NoError(t, err)
			require.Equal(t, n, proxy.RoundTrips())
			require.Equal(t, 1, pgtest.Count(t, observer, "SELECT count(*) FROM t"))
			return true
		}
		require.Error(t, err)
		var pgErr *pgconn.PgError
		require.NotErrorAs(t, err, &pgErr)
		_, err = pgx.Connect(t.Context(), proxy.DSN)
		require.Error(t, err, "the network is down")

		proxy.Heal()
		require.Zero(t, pgtest.Count(t, observer, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`))
		healed := pgtest.Connect(t, proxy.DSN)
		done := pgtest.Count(t, healed, "SELECT count(*) FROM t")
		want := n
		if loseAck {
			want++
		}
		require.Equal(t, want, proxy.RoundTrips()-2-1, "two for the count, one for its session")
		if done == 1 {
			require.True(t, loseAck, "the server has done what it never saw")
		}
		t.Logf("request %d, answer lost: %t: server has %d rows", n, loseAck, done)
		return loseAck && done == 1
	}
	for name, work := range ways {
		for _, loseAck := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/loseAck=%t", name, loseAck), func(t *testing.T) {
				t.Parallel()

				const tooMany = 20
				n := 0
				for finished := false; !finished; n++ {
					require.Less(t, n, tooMany)
					t.Run(fmt.Sprint(n), func(t *testing.T) { finished = attempt(t, work, n, loseAck) })
					require.False(t, t.Failed())
				}
				require.Greater(t, n, 1)
			})
		}
	}
}

func TestProxyCutsAllConnectionsAtOnce(t *testing.T) {
	t.Parallel()

	dsn := pgtest.Database(t)
	observer := pgtest.Connect(t, dsn)
	proxy := pgtest.NewProxy(t, dsn)
	first, second := pgtest.Connect(t, proxy.DSN), pgtest.Connect(t, proxy.DSN)
	pgtest.Exec(t, first, "SELECT pg_advisory_lock(1)")

	proxy.CutAfter(1, false)
	pgtest.Exec(t, first, "SELECT 1")
	_, err := second.Exec(t.Context(), "SELECT 1")
	require.Error(t, err)
	_, err = first.Exec(t.Context(), "SELECT 1")
	require.Error(t, err)
	proxy.Heal()
	require.True(t, pgtest.Value[bool](t, observer, "SELECT pg_try_advisory_lock(1)"), "Heal waits for the server")
	pgtest.Connect(t, proxy.DSN, "SELECT 1")
}

// TestProxyLetsABlockedRequestFinish loses the answer to a request that waits
// for a lock: the server must have done the work before the network fails.
func TestProxyLetsABlockedRequestFinish(t *testing.T) {
	t.Parallel()

	dsn := pgtest.Database(t)
	holder := pgtest.Connect(t, dsn, "CREATE TABLE t (id int)", "BEGIN", "LOCK t")
	proxy := pgtest.NewProxy(t, dsn)
	conn := pgtest.Connect(t, proxy.DSN)
	proxy.CutAfter(0, true)
	failed := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), "INSERT INTO t VALUES (1)")
		failed <- err
	}()
	require.Eventually(t, func() bool {
		var waiting bool
		err := holder.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 't'::regclass)").Scan(&waiting)
		return err == nil && waiting
	}, 10*time.Second, 10*time.Millisecond)
	require.Empty(t, failed)
	pgtest.Exec(t, holder, "COMMIT")
	require.Error(t, <-failed)
	proxy.Heal()
	require.Equal(t, 1, pgtest.Count(t, holder, "SELECT count(*) FROM t"))
}

func TestProxyPassesCancelRequests(t *testing.T) {
	t.Parallel()

	proxy := pgtest.NewProxy(t, pgtest.Database(t))
	conn := pgtest.Connect(t, proxy.DSN)
	failed := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), "SELECT pg_sleep(60)")
		failed <- err
	}()
	var err error
	require.Eventually(t, func() bool {
		// Sent too early a request to cancel does nothing.
		require.NoError(t, conn.PgConn().CancelRequest(t.Context()))
		select {
		case err = <-failed:
			return true
		default:
			return false
		}
	}, 10*time.Second, 50*time.Millisecond)
	var pgErr *pgconn.PgError
	require.ErrorAs(t, err, &pgErr)
	require.Equal(t, "57014", pgErr.Code)
}

func TestProxyAnswersARequestForTLS(t *testing.T) {
	t.Parallel()

	proxy := pgtest.NewProxy(t, pgtest.Database(t))
	config, err := pgx.ParseConfig(proxy.DSN + "&sslmode=prefer")
	require.NoError(t, err)
	conn, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}
