package laws_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw6ExpressionsThatChange: a generated column that gets another expression, or none, is what verify expects in
// either direction, also where applications write into it after the swap.
func TestLaw6ExpressionsThatChange(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		since   int
		alter   string
		write   string
		swapped string // what row 1 then has
	}{
		"dropped": {alter: `ALTER g DROP EXPRESSION`, write: `UPDATE t SET g = 77 WHERE id = 1`, swapped: "2"},
		"another": {since: 17, alter: `ALTER g SET EXPRESSION AS (a * 5)`, write: `UPDATE t SET a = 1 WHERE id = 1`, swapped: "5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a * 2) STORED)`,
				`INSERT INTO t SELECT i, i FROM generate_series(1, 100) i`)
			if pgtest.ServerVersion(t, conn) < test.since {
				t.Skip("the server is too old")
			}
			before := pgtest.CatalogSnapshot(t, conn)
			value := func() string { return pgtest.Value[string](t, conn, `SELECT g::text FROM t WHERE id = 1`) }
			env := newEnv(t, dsn)
			req := request(t, conn, "t", func(s *registry.Spec) { s.Tables[0].Change.Alter = []string{test.alter} })
			job := runTo(t, env, req, stages.Swap)
			require.Equal(t, test.swapped, value())
			pgtest.Exec(t, conn, test.write)
			_, err := stages.RevertSwap(t.Context(), env, job)
			require.NoError(t, err)
			require.Equal(t, "2", value())
			job = runTo(t, env, req, stages.Swap)
			require.Equal(t, test.swapped, value())
			pgtest.Exec(t, conn, test.write)
			job, err = stages.RevertSwap(t.Context(), env, job)
			require.NoError(t, err)
			require.NoError(t, stages.Reset(t.Context(), env, job))
			pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
			require.Equal(t, "2", value())
		})
	}
}
