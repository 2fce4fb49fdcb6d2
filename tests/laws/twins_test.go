package laws_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw5ForeignKeysReferToThePrimaryKey: where another unique index has the
// same columns, foreign keys go on to refer to the primary key, so that the
// other index can be dropped as before.
func TestLaw5ForeignKeysReferToThePrimaryKey(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int NOT NULL, up int)`, `CREATE UNIQUE INDEX first ON t (id)`,
		`ALTER TABLE t ADD PRIMARY KEY (id), ADD FOREIGN KEY (up) REFERENCES t`, `CREATE UNIQUE INDEX later ON t (id) INCLUDE (up)`,
		`CREATE TABLE child (id int REFERENCES t)`, `INSERT INTO t SELECT g, 1 FROM generate_series(1, 100) g`)
	env := newEnv(t, dsn)
	req := request(t, conn, "t", bigint)
	before := pgtest.CatalogSnapshot(t, conn)
	same := func() {
		t.Helper()
		require.Equal(t, []string{"t_pkey", "t_pkey"}, pgtest.Rows(t, conn, `SELECT conindid::regclass FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace`))
	}
	job := runTo(t, env, req, stages.Swap)
	same()
	pgtest.Exec(t, conn, `BEGIN`)
	pgtest.Exec(t, conn, `DROP INDEX first, later`)
	pgtest.Exec(t, conn, `ROLLBACK`)
	job, err := stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	same()
	require.NoError(t, stages.Reset(t.Context(), env, job))
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
}
