package laws_test

import (
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/pgserver"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw4AcrossServersGoDown: either server is killed and comes back in every stage before the cutover, while
// writers that connect again go on; nothing that they have committed is missing on the target.
func TestLaw4AcrossServersGoDown(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	random, seed := newRand(t)
	conn := pgtest.Connect(t, c.from)
	_, err := conn.Exec(t.Context(), pgtest.WritersTable)
	require.NoError(t, err)
	pgtest.Exec(t, conn, `INSERT INTO parent SELECT -g, 'base-' || g, 0, g, repeat('x', 500) FROM generate_series(1, $1::int) g`, baseRows)
	require.NoError(t, conn.Close(t.Context()))
	writers := pgtest.StartStubbornWriters(t, c.from, seed, 2, pgtest.Levels[:2])
	writers.Slow(5 * time.Millisecond) // or they'd write faster than one session can apply, on a busy machine
	writers.Await(t, 10)
	tables := []string{"parent", "child_cascade", "child_null", "child_strict"}
	run := append([]string{"run", "--strategy=logical", "--until", "verify"}, tables...)
	down := func(server *pgserver.Server) func(*exec.Cmd) {
		return func(*exec.Cmd) {
			require.NoError(t, server.Kill())
			require.NoError(t, server.Restart(t.Context()))
		}
	}
	for i, stage := range []string{"setup", "backfill", "backfill", "sync_schema", "replay", "replay", "verify", "verify"} {
		server := c.source
		if i%2 == 1 {
			server = c.target
		}
		c.strike(random, stage, down(server), run...)
		writers.Await(t, 5)
	}
	c.through(run...)
	writers.Await(t, 10)
	source := pgtest.Connect(t, c.from)
	writers.Stop(t, source)
	c.through(append([]string{"swap"}, tables...)...)
	target := pgtest.Connect(t, c.to)
	for _, table := range tables {
		sql := `SELECT * FROM ` + pgx.Identifier{table}.Sanitize() + ` ORDER BY id`
		require.Equal(t, pgtest.Rows(t, source, sql), pgtest.Rows(t, target, sql), table)
	}
	c.through(append([]string{"cleanup", "--yes"}, tables...)...)
	c.requireNoTraces()
}
