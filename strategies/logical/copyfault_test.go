package logical_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/pgserver"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
	"github.com/repave-pg/repave/tests/pgtest"
)

// wide is more than fits into the buffers between the two servers.
const wide = `INSERT INTO public.t SELECT g, repeat(md5(g::text), 30) FROM generate_series(1, 20000) g`

var wideTable = []string{`CREATE TABLE public.t (id int PRIMARY KEY, s text)`}

// requireNoPipes fails if a goroutine of CopyRange is left. Those of pgconn may
// take a moment to end.
func requireNoPipes(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		stacks := make([]byte, 1<<20)
		return !strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "io.(*pipe)")
	}, 10*time.Second, 10*time.Millisecond)
}

// TestABadValueOnTheTargetEndsBoth leaves the source's transaction as it was.
func TestABadValueOnTheTargetEndsBoth(t *testing.T) {
	for _, binary := range []bool{true, false} {
		p := newPair(t, wideTable, []string{wide}, shadow.Change{}, `CREATE TABLE public.t (id int PRIMARY KEY CHECK (id <> 3), s text)`)
		for _, conn := range []*pgx.Conn{p.from, p.to} {
			pgtest.Exec(t, conn, "BEGIN ISOLATION LEVEL REPEATABLE READ")
		}
		_, err := logical.CopyRange(t.Context(), p.from, p.to, p.mapping, binary, 0, end)
		require.Equal(t, "23514", sqlState(err))
		require.ErrorContains(t, err, "COPY t, line 3")
		requireNoPipes(t)
		require.Equal(t, byte('T'), p.from.PgConn().TxStatus())
		require.Equal(t, 20000, pgtest.Count(t, p.from, "SELECT count(*) FROM public.t"))
		pgtest.Exec(t, p.to, "ROLLBACK")
		pgtest.Exec(t, p.to, "ALTER TABLE public.t DROP CONSTRAINT t_id_check")
		rows, err := logical.CopyRange(t.Context(), p.from, p.to, p.mapping, binary, 0, end)
		require.NoError(t, err)
		require.EqualValues(t, 20000, rows)
	}
}

func TestABadValueOnTheSourceEndsBoth(t *testing.T) {
	p := newPair(t, wideTable, []string{wide}, shadow.Change{})
	p.mapping.Values[0] = `s."id" + 0 / (s."id" - 20000)`
	_, err := p.copy(t.Context(), t, 0, end)
	require.Equal(t, "22012", sqlState(err))
	require.ErrorContains(t, err, "that has them")
	requireNoPipes(t)
	require.Zero(t, pgtest.Count(t, p.to, "SELECT count(*) FROM public.t"))
	require.False(t, p.from.IsClosed())
}

// TestLockTimeoutsEndBoth on whichever side the lock is.
func TestLockTimeoutsEndBoth(t *testing.T) {
	for _, source := range []bool{true, false} {
		p := newPair(t, wideTable, []string{wide}, shadow.Change{})
		conn := p.to
		if source {
			conn = p.from
		}
		holder := pgtest.Connect(t, conn.Config().ConnString())
		pgtest.Exec(t, holder, `BEGIN`)
		pgtest.Exec(t, holder, `LOCK TABLE public.t`)
		pgtest.Exec(t, conn, `SET lock_timeout = '50ms'`)
		_, err := p.copy(t.Context(), t, 0, end)
		require.True(t, sqltmpl.IsLockContention(err), "%v", err)
		requireNoPipes(t)
		pgtest.Exec(t, holder, `ROLLBACK`)
		rows, err := p.copy(t.Context(), t, 0, end)
		require.NoError(t, err)
		require.EqualValues(t, 20000, rows)
	}
}

// TestACopyThatWaitsForALockCanBeCancelled: the target is not asked before the
// source has begun, since its failure would have to wait for the source.
func TestACopyThatWaitsForALockCanBeCancelled(t *testing.T) {
	p := newPair(t, wideTable, []string{wide}, shadow.Change{})
	holder := pgtest.Connect(t, p.from.Config().ConnString())
	pgtest.Exec(t, holder, `BEGIN`)
	pgtest.Exec(t, holder, `LOCK TABLE public.t`)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := p.copy(ctx, t, 0, end)
		ended <- err
	}()
	awaitTrue(t, holder, `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'public.t'::regclass)`)
	require.Equal(t, 0, pgtest.Count(t, pgtest.Connect(t, p.to.Config().ConnString()), `SELECT count(*) FROM pg_locks WHERE relation = 'public.t'::regclass`))
	cancel()
	require.Error(t, <-ended)
	requireNoPipes(t)
	awaitTrue(t, holder, `SELECT NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'public.t'::regclass)`)
}

// TestACancelledCopyEndsBoth, with either side at work.
func TestACancelledCopyEndsBoth(t *testing.T) {
	for _, slow := range []string{"source", "target"} {
		p := newPair(t, wideTable, []string{wide}, shadow.Change{})
		sleeper := p.from
		if slow == "source" {
			p.mapping.Values[1] = `CASE WHEN s."id" = 10000 THEN pg_catalog.pg_sleep(600)::text ELSE s."s" END`
		} else {
			sleeper = p.to
			pgtest.Exec(t, p.to, `CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS
				'BEGIN IF NEW.id = 10000 THEN PERFORM pg_catalog.pg_sleep(600); END IF; RETURN NEW; END'`)
			pgtest.Exec(t, p.to, `CREATE TRIGGER f BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()`)
		}
		observer := pgtest.Connect(t, sleeper.Config().ConnString())
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := p.copy(ctx, t, 0, end)
			ended <- err
		}()
		const asleep = `EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database())`
		awaitTrue(t, observer, `SELECT `+asleep)
		cancel()
		require.Error(t, <-ended, slow)
		requireNoPipes(t)
		awaitTrue(t, observer, `SELECT NOT `+asleep)
	}
}

// TestAKilledServerEndsBoth: the other side's session can still be used.
func TestAKilledServerEndsBoth(t *testing.T) {
	for _, killed := range []string{"source", "target"} {
		source, target := pgtest.Server(t), pgtest.TargetServerWith(t, pgserver.Options{})
		pgtest.Connect(t, source.DSN("postgres"), wideTable[0], wide)
		pgtest.Connect(t, target.DSN("postgres"), wideTable...)
		p := pair{from: ours(t, source.DSN("postgres")), to: ours(t, target.DSN("postgres"))}
		b := blueprint(t, p.from, shadow.Change{})
		p.mapping = logical.Forward(&b, 1)
		p.mapping.Values[1] = `CASE WHEN s."id" = 10000 THEN pg_catalog.pg_sleep(0.5)::text ELSE s."s" END`
		observer := pgtest.Connect(t, source.DSN("postgres"))
		ended := make(chan error, 1)
		go func() {
			_, err := p.copy(t.Context(), t, 0, end)
			ended <- err
		}()
		awaitTrue(t, observer, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')`)
		dead, alive := source, p.to
		if killed == "target" {
			dead, alive = target, p.from
		}
		require.NoError(t, dead.Kill())
		require.Error(t, <-ended, killed)
		requireNoPipes(t)
		require.Equal(t, 1, pgtest.Count(t, alive, `SELECT 1`), killed)
	}
}

func awaitTrue(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	require.Eventually(t, func() bool { return pgtest.Value[bool](t, conn, sql) }, 20*time.Second, 5*time.Millisecond, sql)
}
