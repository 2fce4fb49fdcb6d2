package laws_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw9AcrossWhoHoldsUpASlotIsNamed: transactions that were running when a slot is made have to end first, those too that were prepared
// and forgotten. Whoever waits says which it is, and how to end it.
func TestLaw9AcrossWhoHoldsUpASlotIsNamed(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY)`, `CREATE TABLE u (id int)`)
	c.must("run", "--strategy=logical", "t", "--until", "replay")
	pgtest.Exec(t, source, `BEGIN`)
	pgtest.Exec(t, source, `INSERT INTO u VALUES (1)`)
	pgtest.Exec(t, source, `PREPARE TRANSACTION 'it''s forgotten'`)
	waiting := c.start("verify", "t")
	waiting.awaitSaid(`held up by prepared transaction 'it''s forgotten' (database postgres)`)
	pgtest.Exec(t, source, `ROLLBACK PREPARED 'it''s forgotten'`)
	stderr, code := waiting.end()
	require.Zero(t, code, stderr)
	pgtest.Exec(t, source, `BEGIN`)
	pgtest.Exec(t, source, `INSERT INTO u VALUES (1)`)
	stderr, code = c.run("swap", "t", "--snapshot-wait", "2s")
	require.Equal(t, 5, code, stderr)
	require.Contains(t, stderr, "gave up waiting for a snapshot of the live side after 2")
	require.Contains(t, stderr, "idle in transaction, database postgres), whose transaction is")
	require.Contains(t, stderr, "or: SELECT pg_terminate_backend(")
	pgtest.Exec(t, source, `COMMIT`)
	c.must("swap", "t")
}
