package laws_test

import (
	"fmt"
	"os/exec"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// onFence is an --on-fence command that runs statements, each by itself, just before the fence.
func onFence(t *testing.T, dsn string, statements ...string) string {
	t.Helper()
	psql, err := exec.LookPath("psql")
	require.NoError(t, err)
	command := fmt.Sprintf("%s -X -v ON_ERROR_STOP=1 '%s'", psql, dsn)
	for _, s := range statements {
		command += fmt.Sprintf(" -c %q", s)
	}
	return command
}

// TestLaw2Field25APublicationThatWasAltered keeps changes from the stream, and nothing of the server's tells: PostgreSQL 18 streams without
// one at all. It may be as it was again when the cutover comes. So it is looked at whether anybody has touched it: by a cutover behind
// its fence, by all commands before they begin, by whoever applies the stream meanwhile, and by status.
func TestLaw2Field25APublicationThatWasAltered(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY, n int)`, `CREATE TABLE u (id int PRIMARY KEY)`,
		`INSERT INTO t SELECT g, 0 FROM generate_series(1, 9) g`)
	target := pgtest.Connect(t, c.to)
	const change = `UPDATE t SET n = n + 1`
	named := func(conn *pgx.Conn) string {
		return pgtest.Value[string](t, conn, `SELECT pubname FROM pg_publication`)
	}
	for _, by := range [][]string{
		{`ALTER PUBLICATION %[1]s DROP TABLE t`, change, `ALTER PUBLICATION %[1]s ADD TABLE ONLY t`},
		{`DROP PUBLICATION %[1]s`},
	} {
		c.must("run", "--strategy=logical", "t", "u", "--until", "verify")
		name := named(source)
		var statements []string
		for _, s := range by {
			if s != change {
				s = fmt.Sprintf(s, name)
			}
			statements = append(statements, s)
		}
		stderr, code := c.run("swap", "t", "--on-fence", onFence(t, c.from, statements...))
		require.Equal(t, 1, code, stderr)
		require.Contains(t, stderr, "publication "+name)
		require.Contains(t, stderr, "changes are missing, and can't be had again\nhint: start over with: repave reset public.t")
		pgtest.Exec(t, source, change) // it is the live one
		status := c.status("t")
		require.Contains(t, status.Stream.Problem, "publication "+name)
		require.Equal(t, "repave reset public.t public.u", status.Next)
		stderr, code = c.run("verify", "t")
		require.Equal(t, 1, code)
		require.Contains(t, stderr, "publication "+name)
		c.must("reset", "--yes", "t")
		c.requireNoTraces()
	}
	// On the way back, while the stream is followed. Other tables are not its concern, nor are other publications.
	c.must("run", "--strategy=logical", "t", "u")
	follow := c.start("follow", "t")
	pgtest.Exec(t, target, `CREATE TABLE others (id int PRIMARY KEY)`)
	pgtest.Exec(t, target, `CREATE PUBLICATION another FOR TABLE others, t`)
	pgtest.Exec(t, target, `INSERT INTO t VALUES (100, 0)`)
	awaitTrue(t, source, "the change", `SELECT EXISTS (SELECT FROM t WHERE id = 100)`)
	pgtest.Exec(t, target, `DROP PUBLICATION another`)
	name := named(target)
	pgtest.Exec(t, target, `ALTER PUBLICATION `+name+` DROP TABLE ONLY t`)
	stderr, code := follow.end()
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "publication "+name)
	require.Contains(t, stderr, "hint: there is no way back any more; keep the target's tables with: repave cleanup public.t public.u")
	require.Contains(t, c.status("t").Stream.Warnings[0], "follow has ended: ")
	c.must("cleanup", "--yes", "t")
	c.requireNoTraces()
}
