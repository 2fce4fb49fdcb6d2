package laws_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw9AcrossWhatIsBoundToTheSourceHasChanged: a trigger, a policy or the like that somebody makes, alters or drops on the source after
// setup would not be on the target as it is there, row security least of all. The cutover refuses, before it keeps any writer
// waiting, until that is undone. What is the source's own does not matter.
func TestLaw9AcrossWhatIsBoundToTheSourceHasChanged(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	const function = `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'`
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY, n int)`, `INSERT INTO t SELECT g, g FROM generate_series(1, 9) g`, function,
		`CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()`, `CREATE POLICY p ON t USING (true)`)
	target := pgtest.Connect(t, c.to, function)
	c.must("run", "--strategy=logical", "t", "--until", "verify")
	for _, change := range []struct{ do, undo, said string }{
		{`ALTER TABLE t ENABLE ROW LEVEL SECURITY`, `ALTER TABLE t DISABLE ROW LEVEL SECURITY`, "row security of public.t was added"},
		{`ALTER POLICY p ON t USING (n > 5)`, `ALTER POLICY p ON t USING (true)`, "policy p on public.t was altered"},
		{`CREATE TRIGGER late AFTER DELETE ON t EXECUTE FUNCTION f()`, `DROP TRIGGER late ON t`, "trigger late on public.t was added"},
		{`CREATE INDEX late ON t (n)`, `DROP INDEX late`, "index late was added"},
	} {
		pgtest.Exec(t, source, change.do)
		stderr, code := c.run("swap", "t")
		require.Equal(t, 1, code, change.do)
		require.Contains(t, stderr, "public.t was changed since the job began: "+change.said+"\nhint: undo the change and run again")
		require.NotContains(t, stderr, "writes are allowed again", change.do)
		pgtest.Exec(t, source, change.undo)
	}
	pgtest.Exec(t, source, `CREATE PUBLICATION elsewhere FOR TABLE t`)
	pgtest.Exec(t, source, `CREATE VIEW late AS SELECT * FROM t`)
	c.must("swap", "t")
	pgtest.Exec(t, target, `INSERT INTO t VALUES (10, 10)`)
	// On the way back the source is as whoever changed it wants it.
	pgtest.Exec(t, source, `DROP POLICY p ON t`)
	pgtest.Exec(t, source, `DROP PUBLICATION elsewhere`)
	c.must("revert-swap", "--yes", "t")
	require.Equal(t, 10, pgtest.Count(t, source, `SELECT count(*) FROM t`))
	stderr, code := c.run("swap", "t")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "policy p on public.t was dropped")
	c.must("reset", "--yes", "t")
	c.requireNoTraces()
}
