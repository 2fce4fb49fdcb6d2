package laws_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw6AcrossMisfitsAreNamedBefore: what was written on the target and is too large for the source
// is named before anything happens, and nothing is lost once it is corrected.
func TestLaw6AcrossMisfitsAreNamedBefore(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id serial PRIMARY KEY, name varchar(5) NOT NULL)`,
		`INSERT INTO t (name) VALUES ('one'), ('two')`)
	c.must("run", "--strategy=logical", "t", "--alter", "ALTER id TYPE bigint, ALTER name TYPE text, ALTER name DROP NOT NULL")
	target := pgtest.Connect(t, c.to, `INSERT INTO t VALUES (3000000000, 'large'), (4, 'too long'), (5, NULL)`)
	stderr, code := c.run("revert-swap", "--yes", "t")
	require.Equal(t, 1, code)
	for _, want := range []string{"key 3000000000: integer out of range", "key 4: value too long", "key 5: column name can't be null there"} {
		require.Contains(t, stderr, want)
	}
	_, err := source.Exec(t.Context(), `INSERT INTO t VALUES (9, 'nine')`)
	require.Equal(t, "25006", sqlState(err), "the source is still closed")
	pgtest.Exec(t, target, `DELETE FROM t WHERE id > 4`)
	pgtest.Exec(t, target, `UPDATE t SET name = 'short' WHERE id = 4`)
	pgtest.Exec(t, target, `SELECT setval('t_id_seq', 3000000000)`)
	stderr, code = c.run("revert-swap", "--yes", "t")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "beyond what it could hold")
	pgtest.Exec(t, target, `SELECT setval('t_id_seq', 4)`)
	c.must("revert-swap", "--yes", "t")
	require.Equal(t, []string{"1|one", "2|two", "4|short"}, pgtest.Rows(t, source, `SELECT * FROM t ORDER BY id`))
	pgtest.Exec(t, source, `INSERT INTO t (name) VALUES ('next')`)
	require.Equal(t, 5, pgtest.Count(t, source, `SELECT max(id) FROM t`))
	c.must("reset", "--yes", "t")
	c.requireNoTraces()
}
