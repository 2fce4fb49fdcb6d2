package pgtest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestCatch: a request that is caught has not reached the server, and one whose answer is has been done.
func TestCatch(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	direct := pgtest.Connect(t, dsn, `CREATE TABLE t (id int)`)
	proxy := pgtest.NewProxy(t, dsn)
	for _, tc := range []struct {
		name                    string
		catch                   func(texts ...string) *pgtest.Catch
		before, dropped, resume int
	}{
		{"request", proxy.Catch, 0, 0, 1},
		{"answer", proxy.CatchAnswer, 1, 1, 1},
	} {
		for _, drop := range []bool{false, true} {
			pgtest.Exec(t, direct, `TRUNCATE t`)
			conn := pgtest.Connect(t, proxy.DSN)
			caught := tc.catch("INSERT", "COMMIT")
			pgtest.Exec(t, conn, `BEGIN`)
			pgtest.Exec(t, conn, `INSERT INTO t VALUES (1)`)
			ended := make(chan error, 1)
			go func() {
				_, err := conn.Exec(context.WithoutCancel(t.Context()), `COMMIT`)
				ended <- err
			}()
			<-caught.At
			require.Equal(t, tc.before, pgtest.Count(t, direct, `SELECT count(*) FROM t`), tc.name)
			if drop {
				caught.Drop()
				require.Error(t, <-ended)
				require.Equal(t, tc.dropped, pgtest.Count(t, direct, `SELECT count(*) FROM t`), tc.name)
			} else {
				caught.Resume()
				require.NoError(t, <-ended)
				require.Equal(t, tc.resume, pgtest.Count(t, direct, `SELECT count(*) FROM t`), tc.name)
			}
		}
	}
}

// TestFreeze: nothing comes through, and nobody is told.
func TestFreeze(t *testing.T) {
	t.Parallel()
	proxy := pgtest.NewProxy(t, pgtest.Database(t))
	conn := pgtest.Connect(t, proxy.DSN)
	proxy.Freeze()
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.WithoutCancel(t.Context()), `SELECT 1`)
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Fatalf("it came through: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	proxy.Thaw()
	require.NoError(t, <-ended)
}
