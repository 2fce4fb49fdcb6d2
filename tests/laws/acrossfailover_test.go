package laws_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/pgserver"
	"github.com/repave-pg/repave/tests/pgtest"
)

// lose loses the primary for good; its standby takes over.
func (p *pair) lose() {
	p.t.Helper()
	require.NoError(p.t, p.primary.Kill())
	conn := pgtest.Connect(p.t, p.standby.DSN("postgres"))
	require.True(p.t, pgtest.Value[bool](p.t, conn, `SELECT pg_promote()`))
	require.NoError(p.t, conn.Close(p.t.Context()))
}

// TestLaw9AcrossTheTargetFailsOver: in the middle of replay the target is lost, and its synchronous standby takes over: the
// move goes on there, and nothing is missing.
func TestLaw9AcrossTheTargetFailsOver(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	p := &pair{t: t, primary: pgtest.TargetServerWith(t, pgserver.Options{})}
	p.follow(0)
	c := &clusters{t: t, source: pgtest.Server(t), target: p.primary, to: p.dsn()}
	c.from = c.source.DSN("postgres")
	load := c.shop(2000)
	random, _ := newRand(t)
	c.must(append([]string{"run", "--strategy=logical", "--until", "sync_schema"}, shopTables...)...)
	await(t, load, 100)
	run := append([]string{"run", "--strategy=logical", "--until", "verify"}, shopTables...)
	c.strike(random, "replay", func(*exec.Cmd) { p.lose() }, run...)
	await(t, load, 50)
	c.through(append([]string{"swap"}, shopTables...)...)
	await(t, load, 50)
	settleUp(t, load, c.to)
	c.must(append([]string{"cleanup", "--yes"}, shopTables...)...)
	c.requireNoTraces()
}

// TestLaw3AcrossAStandbyThatWasBehindIsRefused: the target's asynchronous standby, which takes over, has not got changes of which the slot
// was told that they are there. They can't be had again, so the move does not go on as if nothing were missing.
func TestLaw3AcrossAStandbyThatWasBehindIsRefused(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	p := &pair{t: t, primary: pgtest.TargetServerWith(t, pgserver.Options{})}
	p.follow(0)
	c := &clusters{t: t, source: pgtest.Server(t), target: p.primary, to: p.dsn()}
	c.from = c.source.DSN("postgres")
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY)`, `INSERT INTO t VALUES (1)`)
	c.must("run", "--strategy=logical", "--until", "replay", "t")
	primary, standby := pgtest.Connect(t, p.primary.DSN("postgres")), pgtest.Connect(t, p.standby.DSN("postgres"))
	awaitTrue(t, standby, "the standby to have it", `SELECT count(*) = 1 FROM t`)
	pgtest.Exec(t, primary, `ALTER SYSTEM RESET synchronous_standby_names`)
	pgtest.Exec(t, primary, `SELECT pg_reload_conf()`)
	pgtest.Exec(t, standby, `ALTER SYSTEM SET primary_conninfo = ''`)
	pgtest.Exec(t, standby, `SELECT pg_reload_conf()`)
	awaitTrue(t, primary, "the standby to be left behind", `SELECT NOT EXISTS (SELECT FROM pg_stat_replication)`)
	pgtest.Exec(t, source, `INSERT INTO t VALUES (2)`)
	c.must("run", "--strategy=logical", "--until", "replay", "t")
	require.Equal(t, 2, pgtest.Count(t, primary, `SELECT count(*) FROM t`))
	p.lose()
	for _, command := range []string{"swap", "verify"} {
		stderr, code := c.run(command, "t")
		require.Equal(t, 1, code, stderr)
		require.Contains(t, stderr, "which is all that was applied here: changes are missing, and can't be had again")
	}
	pgtest.Exec(t, source, `INSERT INTO t VALUES (3)`)
	c.must("reset", "--yes", "t")
	c.must("run", "--strategy=logical", "--cleanup", "t")
	require.Equal(t, 3, pgtest.Count(t, pgtest.Connect(t, c.to), `SELECT count(*) FROM t`))
	c.requireNoTraces()
}
