package laws_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw5MovedColumnsInLists: statistics objects and publications list columns
// by their place in the table, which --optimize-columns changes.
func TestLaw5MovedColumnsInLists(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (a bool, b text, id bigint PRIMARY KEY, c smallint, "D" bigint)`,
		`INSERT INTO t SELECT true, 'b', g, g, g FROM generate_series(1, 100) g`,
		`CREATE STATISTICS s1 ON a, b, id FROM t`, `CREATE STATISTICS s2 (ndistinct, mcv) ON a, "D", (c + 1), lower(b) FROM t`,
		`CREATE STATISTICS s3 ON (c * 2) FROM t`, `ALTER STATISTICS s2 SET STATISTICS 20`)
	if pgtest.ServerVersion(t, conn) >= 15 {
		pgtest.Exec(t, conn, `CREATE PUBLICATION p FOR TABLE t (a, id, "D")`)
	}
	definitions := `SELECT stxname, stxkind, (SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute WHERE attrelid = stxrelid AND attnum = ANY (stxkeys)),
		pg_get_statisticsobjdef_expressions(oid), stxstattarget FROM pg_statistic_ext WHERE stxnamespace = 'public'::regnamespace ORDER BY 1`
	want := pgtest.Rows(t, conn, definitions)
	before := pgtest.CatalogSnapshot(t, conn)
	env := newEnv(t, dsn)
	req := request(t, conn, "t", func(s *registry.Spec) { s.Tables[0].Change.OptimizeColumns = true })
	job := runTo(t, env, req, stages.Swap)
	require.Equal(t, want, pgtest.Rows(t, conn, definitions))
	job, err := stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
}
