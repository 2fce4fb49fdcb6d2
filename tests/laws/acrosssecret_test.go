package laws_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw7AcrossNoPasswordIsKept: with DSNs that are right, the passwords of the two clusters are in nothing that a move prints, at any
// level, keeps in the registry, makes on either side, or shows of its sessions; not even if a hook prints its environment.
func TestLaw7AcrossNoPasswordIsKept(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	const ofSource, ofTarget = "hun#ter:2@!x", "geh eim/%&?"
	c := twoClusters(t)
	pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY)`, `INSERT INTO t VALUES (1)`, `CREATE ROLE mover SUPERUSER LOGIN PASSWORD '`+ofSource+`'`)
	pgtest.Connect(t, c.to, `CREATE ROLE mover SUPERUSER LOGIN PASSWORD '`+ofTarget+`'`)
	c.from, c.to = pgtest.As(t, c.from, "mover", ofSource), pgtest.As(t, c.to, "mover", ofTarget)
	clean := func(text string) {
		t.Helper()
		requireSecret(t, ofSource, text)
		requireSecret(t, ofTarget, text)
	}
	for _, step := range []struct {
		code int
		args []string
	}{
		{0, []string{"plan", "t", "--strategy=logical", "--write-spec"}},
		{0, []string{"run", "t", "--strategy=logical", "--until", "verify", "--log-level", "debug", "--log-format", "json"}},
		{1, []string{"run", "t", "--strategy=logical", "--alter", "ADD x int"}},
		{0, []string{"status"}},
		{1, []string{"swap", "t", "--on-fence", "env; false", "--log-level", "debug"}},
		{0, []string{"status", "--json", "t"}},
		{0, []string{"swap", "t", "--json", "--log-level", "debug"}},
		{0, []string{"verify", "t", "--json"}},
		{0, []string{"revert-swap", "t", "--yes", "--on-open", "env; false", "--log-level", "debug"}},
		{0, []string{"status", "--json"}},
		{0, []string{"reset", "--yes", "t"}},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
		cmd := c.command(ctx, step.args...)
		var output bytes.Buffer
		cmd.Stdout, cmd.Stderr = &output, &output
		_ = cmd.Run()
		cancel()
		require.Equal(t, step.code, cmd.ProcessState.ExitCode(), "%v: %s", step.args, &output)
		clean(output.String())
		for _, conn := range []string{c.from, c.to} {
			conn := pgtest.Connect(t, conn)
			for _, table := range pgtest.Rows(t, conn, `SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND
				(relnamespace = to_regnamespace('repave') OR relname LIKE 'repave%')`) {
				clean(strings.Join(pgtest.Rows(t, conn, `SELECT x::text FROM `+table+` x`), "\n"))
			}
			clean(strings.Join(pgtest.Rows(t, conn, `SELECT prosrc FROM pg_proc WHERE proname LIKE 'repave%'
				UNION ALL SELECT application_name || query FROM pg_stat_activity WHERE usename = 'mover'`), "\n"))
		}
		if strings.Contains(strings.Join(step.args, " "), "env; false") {
			require.Contains(t, output.String(), "the command of --on")
			require.Contains(t, output.String(), "REPAVE_CLOSES=127.0.0.1:", "what else it has said is told")
			require.Contains(t, output.String(), "***")
		}
	}
	c.requireNoTraces()
}
