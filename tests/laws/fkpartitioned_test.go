package laws_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw5KeysToPartitionedTables: a foreign key to a partitioned table changes
// over like any other.
func TestLaw5KeysToPartitionedTables(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), `CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
		CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100); CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (1000);
		INSERT INTO p SELECT generate_series(1, 200);
		CREATE TABLE t (id int PRIMARY KEY, p_id int CONSTRAINT "to p" REFERENCES p ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE);
		INSERT INTO t SELECT g, g FROM generate_series(1, 200) g`)
	require.NoError(t, err)
	// Of the server's own entries, one for each partition, VALIDATE leaves some as they were (PostgreSQL 14 and 15);
	// they are no constraints that anybody could name.
	same := func(before map[string]string) {
		t.Helper()
		now := pgtest.CatalogSnapshot(t, conn)
		for key := range now {
			if strings.HasPrefix(key, "constraint t_p_id_fkey") {
				delete(before, key)
				delete(now, key)
			}
		}
		pgtest.RequireSameCatalog(t, before, now)
	}
	before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	env := newEnv(t, dsn)
	req := request(t, conn, "t", nil)
	job := runTo(t, env, req, stages.Swap)
	pgtest.Exec(t, conn, `DELETE FROM p WHERE id = 150`)
	pgtest.Exec(t, conn, `UPDATE p SET id = 300 WHERE id = 120`)
	require.Equal(t, []string{"199"}, pgtest.Rows(t, conn, `SELECT count(*) FROM t`))
	job, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.Equal(t, []string{"120|300"}, pgtest.Rows(t, conn, `SELECT id, p_id FROM t WHERE id = 120`))
	_, err = conn.Exec(t.Context(), `INSERT INTO t VALUES (999, 999)`)
	require.Equal(t, "23503", sqlState(err))
	require.NoError(t, stages.Reset(t.Context(), env, job))
	same(before)
	runTo(t, env, req, stages.Cleanup)
	same(before)
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
	requireNoTraces(t, conn)
}
