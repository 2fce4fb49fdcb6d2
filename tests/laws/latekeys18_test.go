package laws_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// late18 is a partitioned table with foreign keys that are not valid, to another table and to itself, which some
// partitions have valid all the same, and with one that is not enforced.
const late18 = `
CREATE TABLE accounts (id int PRIMARY KEY, code int UNIQUE);
INSERT INTO accounts SELECT g, g FROM generate_series(1, 100) g;
CREATE TABLE late (id int, at int, account int, code int, up int, up_at int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE late_a PARTITION OF late FOR VALUES FROM (MINVALUE) TO (100);
CREATE TABLE late_m PARTITION OF late FOR VALUES FROM (100) TO (300) PARTITION BY HASH (id);
CREATE TABLE late_m0 PARTITION OF late_m FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE late_m1 PARTITION OF late_m FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE late_b PARTITION OF late DEFAULT;
INSERT INTO late SELECT g, g, g, -g, g + 1, g + 1 FROM generate_series(0, 400) g;
ALTER TABLE late ADD CONSTRAINT "of accounts" FOREIGN KEY (account) REFERENCES accounts NOT VALID;
ALTER TABLE late ADD CONSTRAINT "never kept" FOREIGN KEY (code) REFERENCES accounts (code) NOT ENFORCED;
ALTER TABLE late ADD CONSTRAINT "to itself" FOREIGN KEY (up, up_at) REFERENCES late NOT VALID;
UPDATE late_a SET account = 1; ALTER TABLE late_a VALIDATE CONSTRAINT "of accounts"; ALTER TABLE late_m0 VALIDATE CONSTRAINT "to itself";
COMMENT ON CONSTRAINT "of accounts" ON late IS 'late';
`

// TestLaw5LateKeysOfPartitionedTables18: they are as they were, on all partitions, whether the whole table is rewritten or one
// partition, there and back.
func TestLaw5LateKeysOfPartitionedTables18(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"late", "late_a", "late_m0"} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn)
			if pgtest.ServerVersion(t, conn) < 18 {
				t.Skip("the server does not know what this is about")
			}
			_, err := conn.Exec(t.Context(), late18, pgx.QueryExecModeSimpleProtocol)
			require.NoError(t, err)
			before, dump := treeCatalog(t, conn), pgtest.DumpSchema(t, dsn, "repave")
			env := newEnv(t, dsn)
			job := runTo(t, env, request(t, conn, table, nil), stages.Swap)
			pgtest.RequireSameCatalog(t, before, treeCatalog(t, conn))
			for _, sql := range []string{
				`INSERT INTO late (id, at, account) VALUES (1, 500, 500)`, `INSERT INTO late_a (id, at, account) VALUES (1, 2, 500)`,
				`INSERT INTO late_m0 (id, at, up, up_at) SELECT id, at + 1, -1, -1 FROM late_m0 LIMIT 1`,
			} {
				_, err = conn.Exec(t.Context(), sql)
				require.Equal(t, "23503", sqlState(err), sql)
			}
			job = revert(t, env, job)
			pgtest.RequireSameCatalog(t, before, treeCatalog(t, conn))
			require.NoError(t, stages.Reset(t.Context(), env, job))
			require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
			runTo(t, env, request(t, conn, table, nil), stages.Cleanup)
			pgtest.RequireSameCatalog(t, before, treeCatalog(t, conn))
			requireNoTraces(t, conn)
		})
	}
}

// TestLaw5PartitioningATableWithLateKeys18: the partitioned table's foreign keys are not valid, as the plain one's were not.
func TestLaw5PartitioningATableWithLateKeys18(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	if pgtest.ServerVersion(t, conn) < 18 {
		t.Skip("the server does not know what this is about")
	}
	_, err := conn.Exec(t.Context(), `CREATE TABLE plain (id int PRIMARY KEY, up int); INSERT INTO plain SELECT g, -g FROM generate_series(1, 300) g;
		ALTER TABLE plain ADD CONSTRAINT late FOREIGN KEY (up) REFERENCES plain NOT VALID; COMMENT ON CONSTRAINT late ON plain IS 'late'`, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	before, dump := treeCatalog(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	env := newEnv(t, dsn)
	job := runTo(t, env, request(t, conn, "plain", func(s *registry.Spec) { s.Tables[0].Change.PartitionBy = "RANGE (id) WIDTH 100" }), stages.Swap)
	require.Equal(t, []string{"f|late"}, pgtest.Rows(t, conn, `SELECT convalidated, obj_description(oid) FROM pg_constraint WHERE conrelid = 'plain'::regclass AND conname = 'late'`))
	_, err = conn.Exec(t.Context(), `INSERT INTO plain VALUES (1000, 1001)`)
	require.Equal(t, "23503", sqlState(err))
	job = revert(t, env, job)
	pgtest.RequireSameCatalog(t, before, treeCatalog(t, conn))
	require.NoError(t, stages.Reset(t.Context(), env, job))
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
}
