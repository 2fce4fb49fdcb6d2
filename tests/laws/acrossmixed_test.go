package laws_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw2Field24And28ChangesWhileRowsAreCopied: rows are deleted, deleted and inserted again, and updated without their large values,
// between the snapshot and the copy in it, which is finished or, after a crash, done again in another. No row
// returns and no value is lost. Tables that are not moved can be updated though they have no key.
func TestLaw2Field24And28ChangesWhileRowsAreCopied(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	c.networked()
	source := pgtest.Connect(t, c.from, `CREATE TABLE keyless (n int)`, `INSERT INTO keyless VALUES (1)`)
	target := pgtest.Connect(t, c.to)
	for _, crash := range []bool{false, true} {
		pgtest.Exec(t, source, `DROP TABLE IF EXISTS t`)
		pgtest.Exec(t, source, `CREATE TABLE t (id int PRIMARY KEY, n int, big text)`)
		pgtest.Exec(t, source, `ALTER TABLE t ALTER big SET STORAGE EXTERNAL`)
		pgtest.Exec(t, source, `INSERT INTO t SELECT g, 0, repeat(g::text, 9000) FROM generate_series(1, 6) g`)
		caught := c.toSource.Catch("across/copy_out.sql")
		ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
		cmd := c.command(ctx, "run", "--strategy=logical", "t", "--until", "verify")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		require.NoError(t, cmd.Start())
		<-caught.At
		for _, sql := range []string{
			`DELETE FROM t WHERE id = 1`, `UPDATE t SET n = 1 WHERE id = 2`, `DELETE FROM t WHERE id = 3`,
			`INSERT INTO t VALUES (3, 3, 'again')`, `UPDATE t SET id = 14, n = 4 WHERE id = 4`, `UPDATE keyless SET n = n + 1`, `DELETE FROM keyless WHERE false`,
		} {
			pgtest.Exec(t, source, sql)
		}
		if crash {
			require.NoError(t, cmd.Process.Kill())
			_ = cmd.Wait()
			caught.Drop()
			pgtest.Exec(t, source, `UPDATE t SET n = 5 WHERE id = 5`)
		} else {
			caught.Resume()
			require.NoError(t, cmd.Wait(), "%s", &stderr)
		}
		cancel()
		c.through("run", "--strategy=logical", "t", "--cleanup")
		const rows = `SELECT id, n, md5(big) FROM t ORDER BY id`
		require.Equal(t, pgtest.Rows(t, source, rows), pgtest.Rows(t, target, rows), "crash: %t", crash)
		require.Equal(t, 5, pgtest.Count(t, target, `SELECT count(*) FROM t`))
		pgtest.Exec(t, target, `DROP TABLE t`)
	}
	c.requireNoTraces()
}
