package laws_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw4AcrossBothSidesClosed: a program that is killed between the two COMMITs of a cutover, there or back, leaves both sides closed, and
// status says so, and what opens one. Whatever command comes next does, also one that is then refused.
func TestLaw4AcrossBothSidesClosed(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	c.networked()
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id serial PRIMARY KEY)`)
	c.must("run", "--strategy=logical", "t", "--until", "verify")
	target := pgtest.Connect(t, c.to)
	const insert = `INSERT INTO t DEFAULT VALUES`
	closed := func(says string) {
		t.Helper()
		refused(t, source, insert)
		_, err := target.Exec(t.Context(), insert)
		require.ErrorContains(t, err, says)
		require.Equal(t, "25006", sqlState(err))
		var stderr string
		require.Eventually(t, func() bool { // as soon as the server has heard that the program is no more
			stderr, _ = c.run("status")
			return strings.Contains(stderr, "_fence() on the source is left over from a cutover")
		}, commandTimeout, 50*time.Millisecond, &stderr)
		require.Contains(t, stderr, "--until replay")
	}
	there := []string{"registry/set_swapped.sql", "commit"}
	for _, next := range []struct {
		args []string
		code int
	}{
		{[]string{"revert-swap", "--yes", "t"}, 1}, {[]string{"cleanup", "--yes", "t"}, 1}, {[]string{"verify", "t"}, 0}, {[]string{"swap", "t"}, 0},
	} {
		c.killedAt(c.toTarget, there, "swap", "t")
		closed("is being filled")
		stderr, code := c.run(next.args...)
		require.Equal(t, next.code, code, "%v: %s", next.args, stderr)
		open := source
		if next.args[0] == "swap" {
			open = target
		}
		pgtest.Exec(t, open, insert)
	}
	for _, next := range []string{"revert-swap", "reset"} {
		c.killedAt(c.toSource, []string{"cutover/create_fence.sql"}, "revert-swap", "--yes", "t")
		closed("has moved to")
		stderr, _ := c.run(next, "--yes", "t")
		pgtest.Exec(t, source, insert)
		if next == "revert-swap" {
			require.Contains(t, stderr, "has not been swapped")
			c.must("swap", "t")
			pgtest.Exec(t, target, insert)
		}
	}
	require.Equal(t, 7, pgtest.Count(t, source, `SELECT count(*) FROM t`), "each that was let through")
	c.requireNoTraces()
}
