package laws_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// reasons are what a job waited for, in the order in which it said so.
type reasons struct {
	mu   sync.Mutex
	said []string
}

func (r *reasons) event(e stages.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Waiting != "" {
		r.said = append(r.said, string(e.Stage)+": "+e.Waiting)
	}
}

func (r *reasons) mention(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Contains(strings.Join(r.said, "\n"), text)
}

// TestLaw1BusyServerIsLeftToApplications: while others are at work the job goes
// slowly and says why; it ends all the same.
func TestLaw1BusyServerIsLeftToApplications(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	server := pgtest.Server(t)
	dsn := server.DSN("postgres")
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY, v text)`, `CREATE INDEX ON t (v)`,
		`INSERT INTO t SELECT g, repeat('v', 200) || g FROM generate_series(1, 20000) g`)
	ctx, cancel := context.WithCancel(t.Context())
	application := pgtest.Connect(t, dsn)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_, _ = application.Exec(ctx, `DO 'BEGIN LOOP END LOOP; END'`)
	}()
	awaitTrue(t, conn, "at work", `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'DO %' AND state = 'active')`)

	env := newEnv(t, dsn)
	env.Options.MaxActive = 1
	env.Options.BatchTime = 10 * time.Millisecond
	var why reasons
	env.Report = why.event
	req := request(t, conn, "t", nil)
	runTo(t, env, req, stages.Verify)
	for _, stage := range []string{"backfill", "sync_schema", "verify"} {
		require.True(t, why.mention(stage+": 1 or more other sessions are at work"), stage)
	}
	cancel()
	<-stopped
	runTo(t, env, req, stages.Swap)
	require.Equal(t, 20000, pgtest.Count(t, conn, `SELECT count(*) FROM t`))

	// Nobody else at work, or nobody who matters.
	job, err := env.Registry.Find(t.Context(), env.Target, req.Spec.Tables[0].Name)
	require.NoError(t, err)
	require.NoError(t, stages.Erase(t.Context(), env, job))
	why.said = nil
	env.Options.MaxActive = 0
	runTo(t, env, request(t, conn, "t", nil), stages.Cleanup)
	require.False(t, why.mention("at work"))
}

// TestLaw9SessionsOutOfSightCount: a role that may not see what others do takes
// those in a transaction for at work, and those without one not.
func TestLaw9SessionsOutOfSightCount(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t)
	dsn := server.DSN("postgres")
	admin := pgtest.Connect(t, dsn, `CREATE ROLE plain LOGIN PASSWORD 'secret'`)
	mine := pgtest.Connect(t, pgtest.As(t, dsn, "plain", "secret"))
	active := func() int {
		n, err := sqltmpl.Scalar[int64](t.Context(), mine, sqltmpl.ActiveSessions{}.Statement())
		require.NoError(t, err)
		return int(n)
	}
	require.Zero(t, active())
	pgtest.Exec(t, admin, `BEGIN`)
	pgtest.Exec(t, admin, `SELECT 1`)
	require.Equal(t, 1, active())
	pgtest.Exec(t, admin, `COMMIT`)
	require.Zero(t, active())
	// Who may look sees that the session only waits for its client.
	pgtest.Exec(t, admin, `GRANT pg_read_all_stats TO plain`)
	pgtest.Exec(t, admin, `BEGIN`)
	pgtest.Exec(t, admin, `SELECT 1`)
	require.Zero(t, active())
}

// TestLaw9SlotsAreWaitedFor: a slot that keeps more WAL than allowed holds a job
// up until it is gone.
func TestLaw9SlotsAreWaitedFor(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	server := pgtest.Server(t)
	dsn := server.DSN("postgres")
	conn := pgtest.Connect(t, dsn, `SELECT pg_create_physical_replication_slot('forgotten', true)`,
		`CREATE TABLE t (id int PRIMARY KEY, v text)`,
		`INSERT INTO t SELECT g, repeat('v', 200) || g FROM generate_series(1, 20000) g`)
	env := newEnv(t, dsn)
	env.Options.MaxSlotWAL = 1 << 20
	var why reasons
	env.Report = why.event
	ended := make(chan error, 1)
	req := request(t, conn, "t", nil)
	go func() {
		_, err := stages.Run(context.WithoutCancel(t.Context()), env, req, stages.Swap)
		ended <- err
	}()
	awaitTrue(t, conn, "waiting", `SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('repave.job'))
		AND (SELECT string_agg(waiting, '') LIKE 'replication slot forgotten keeps % MB of WAL (--max-slot-wal 1 MB)' FROM repave.job)`)
	require.Zero(t, pgtest.Count(t, conn, `SELECT coalesce(sum(rows), 0) FROM repave.batch`))
	pgtest.Exec(t, conn, `SELECT pg_drop_replication_slot('forgotten')`)
	require.NoError(t, <-ended)
	require.True(t, why.mention("backfill: replication slot forgotten"))
	require.Equal(t, 20000, pgtest.Count(t, conn, `SELECT count(*) FROM t`))
}
