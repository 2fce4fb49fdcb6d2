package laws_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/pgserver"
	"github.com/repave-pg/repave/tests/pgtest"
)

// A pair is a server and its synchronous standby.
type pair struct {
	t                *testing.T
	primary, standby *pgserver.Server
}

// dsn names both, and wants whichever is not a standby.
func (p *pair) dsn() string {
	one := p.primary.DSN("postgres")
	both := fmt.Sprintf("127.0.0.1:%d,127.0.0.1:%d", p.primary.Port(), p.standby.Port())
	return strings.Replace(one, fmt.Sprintf("127.0.0.1:%d", p.primary.Port()), both, 1) + "&target_session_attrs=read-write"
}

// follow gives the primary a standby, and makes every commit wait for it.
func (p *pair) follow(port int) {
	p.t.Helper()
	var err error
	p.standby, err = p.primary.Standby(p.t.Context(), port)
	require.NoError(p.t, err)
	p.t.Cleanup(func() { require.NoError(p.t, p.standby.Stop(context.Background())) })
	conn := pgtest.Connect(p.t, p.primary.DSN("postgres"))
	awaitTrue(p.t, conn, "streaming", `SELECT EXISTS (SELECT FROM pg_stat_replication WHERE state = 'streaming')`)
	pgtest.Exec(p.t, conn, `ALTER SYSTEM SET synchronous_standby_names = '*'`)
	pgtest.Exec(p.t, conn, `SELECT pg_reload_conf()`)
	awaitTrue(p.t, conn, "synchronous", `SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')`)
	require.NoError(p.t, conn.Close(p.t.Context()))
}

// failOver loses the primary for good. Its standby takes over, and gets one of
// its own in the place of what was lost.
func (p *pair) failOver() {
	p.t.Helper()
	require.NoError(p.t, p.primary.Kill())
	conn := pgtest.Connect(p.t, p.standby.DSN("postgres"))
	require.True(p.t, pgtest.Value[bool](p.t, conn, `SELECT pg_promote()`))
	require.NoError(p.t, conn.Close(p.t.Context()))
	lost := p.primary
	require.NoError(p.t, lost.Stop(p.t.Context()))
	p.primary = p.standby
	p.follow(lost.Port())
}

// TestLaw9FailoverToAStandby: in every stage the server is lost and its standby
// takes over; with a DSN that names both the job goes on there, and writers lose
// nothing that they have committed.
func TestLaw9FailoverToAStandby(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	p := &pair{t: t, primary: pgtest.Server(t)}
	p.follow(0)
	v := &victim{t: t, dsn: p.dsn()}
	v.connect = func() *pgx.Conn {
		var conn *pgx.Conn
		require.Eventually(t, func() bool {
			var err error
			conn, err = pgx.Connect(t.Context(), v.dsn)
			return err == nil
		}, 20*time.Second, 20*time.Millisecond)
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		return conn
	}
	v.strike = func(*exec.Cmd) { p.failOver() }
	v.torment(pgtest.StartStubbornWriters)
}

// TestLaw9AStandbyIsPassedOver: of several servers the one that can be written
// to is worked on, also if the DSN does not say so; a standby alone is refused.
func TestLaw9AStandbyIsPassedOver(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	p := &pair{t: t, primary: pgtest.Server(t)}
	p.follow(0)
	conn := pgtest.Connect(t, p.dsn(), `CREATE TABLE t (id int PRIMARY KEY)`, `INSERT INTO t VALUES (1)`)
	standby := p.standby.DSN("postgres")
	awaitTrue(t, pgtest.Connect(t, standby), "replayed", `SELECT to_regclass('t') IS NOT NULL`)
	_, stderr, code := repave(t, standby, "run", "t")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "read-only")
	port := fmt.Sprintf("127.0.0.1:%d", p.standby.Port())
	both := strings.Replace(standby, port, fmt.Sprintf("%s,127.0.0.1:%d", port, p.primary.Port()), 1)
	mustRepave(t, both, "run", "t", "--cleanup")
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM t`))
}
