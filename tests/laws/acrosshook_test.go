package laws_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw1Field26ACutoverThatIsCalledOff: what can't be applied in time opens the source again, and the operator's commands
// are run for what has happened.
func TestLaw1Field26ACutoverThatIsCalledOff(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY)`, `INSERT INTO t VALUES (1)`)
	stderr, code := c.run("swap", "t") // the source has it, but it is no job's
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "error: no job for public.t\nhint: start one with: repave run public.t --strategy=logical")
	c.must("analyze", "t") // which is the source's
	c.must("run", "--strategy=logical", "t", "--until", "verify")
	c.must("analyze", "t")
	// The table is locked, and a change made, once the stream has caught up for the last time.
	diary := filepath.Join(t.TempDir(), "diary")
	blocker := pgtest.Connect(t, c.to)
	gate := `psql -X '` + c.to + `' -c 'SELECT pg_advisory_lock(1)' && echo fence >> ` + diary
	hooks := []string{"--on-open", "echo open >> " + diary, "--on-cancel", "echo cancel >> " + diary}
	pgtest.Exec(t, blocker, `SELECT pg_advisory_lock(1)`)
	type end struct {
		stderr string
		code   int
	}
	ended := make(chan end, 1)
	go func() {
		stderr, code := c.run(append([]string{"swap", "t", "--cutover-timeout", "2s", "--on-fence", gate}, hooks...)...)
		ended <- end{stderr, code}
	}()
	awaitTrue(t, pgtest.Connect(t, c.to), "the hook", `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 1 AND classid = 0)`)
	pgtest.Exec(t, blocker, `BEGIN`)
	pgtest.Exec(t, blocker, `LOCK TABLE t IN ACCESS EXCLUSIVE MODE`)
	pgtest.Exec(t, source, `INSERT INTO t VALUES (2)`)
	pgtest.Exec(t, blocker, `SELECT pg_advisory_unlock(1)`)
	got := <-ended
	require.Equal(t, 5, got.code, got.stderr)
	require.Equal(t, 1, strings.Count(got.stderr, "gave up waiting for the cutover"), got.stderr)
	pgtest.Exec(t, source, `INSERT INTO t VALUES (3)`)
	require.Equal(t, "fence\ncancel\n", read(t, diary))
	require.Empty(t, pgtest.Rows(t, pgtest.Connect(t, c.to), `SELECT slot_name FROM pg_replication_slots`), "the slot of the way back would keep WAL")
	pgtest.Exec(t, blocker, `ROLLBACK`)
	c.through(append([]string{"swap", "t", "--on-fence", "echo fence >> " + diary}, hooks...)...)
	require.Equal(t, "fence\ncancel\nfence\nopen\n", read(t, diary))
	refused(t, source, `INSERT INTO t VALUES (4)`)
	require.Equal(t, 3, pgtest.Count(t, pgtest.Connect(t, c.to), `SELECT count(*) FROM t`))
	// A command that fails keeps the cutover from beginning.
	stderr, code = c.run("revert-swap", "--yes", "t", "--on-fence", "sleep 60", "--cutover-timeout", "100ms")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "the command of --on-fence failed: it took longer than --cutover-timeout (100ms)")
	stderr, code = c.run("revert-swap", "--yes", "t", "--on-fence", "echo no; false")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "the command of --on-fence failed: exit status 1: no")
	refused(t, source, `INSERT INTO t VALUES (4)`)
	c.must("cleanup", "--yes", "t")
	c.requireNoTraces()
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}
