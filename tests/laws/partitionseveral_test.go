package laws_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw4And5Field20PartitionBetweenTablesOfAJob: foreign keys tie a table that becomes partitioned to others of its
// job, in both directions, and one of those changes types. Interrupted between the swap and the validation, when only its partitions
// have its foreign key, the job goes on, forth and back.
func TestLaw4And5Field20PartitionBetweenTablesOfAJob(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE p (id int PRIMARY KEY)`,
		`CREATE TABLE c (id int PRIMARY KEY, p_id int CONSTRAINT "to p" REFERENCES p ON DELETE CASCADE)`,
		`COMMENT ON CONSTRAINT "to p" ON c IS 'key'`,
		`CREATE TABLE g (id int PRIMARY KEY, c_id int CONSTRAINT "to c" REFERENCES c)`,
		`INSERT INTO p SELECT generate_series(1, 50)`, `INSERT INTO c SELECT i, i FROM generate_series(1, 50) i`, `INSERT INTO g SELECT i, i FROM generate_series(1, 20) i`)
	before := pgtest.CatalogSnapshot(t, conn)
	req := several(t, conn, []string{"p", "c", "g"}, shadow.Change{PKBigint: true},
		shadow.Change{PartitionBy: "HASH (id) 3", Alter: []string{"ALTER p_id TYPE bigint"}}, shadow.Change{})
	env := newEnv(t, dsn)
	interrupted := newEnv(t, dsn)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	interrupted.Report = func(e stages.Event) {
		if strings.HasPrefix(e.Unit, "validating foreign key") {
			cancel()
		}
	}
	_, err := stages.Run(ctx, interrupted, req, stages.Swap)
	require.Error(t, err)
	require.True(t, pgtest.Value[bool](t, conn, `SELECT swapped FROM repave.job`))
	const keys = `SELECT conname, conrelid::regclass, confrelid::regclass, convalidated, obj_description(oid, 'pg_constraint') FROM pg_constraint
		WHERE contype = 'f' AND conrelid IN ('c'::regclass, 'g'::regclass) AND conparentid = 0 ORDER BY conname`
	require.NotContains(t, strings.Join(pgtest.Rows(t, conn, keys), "\n"), `to p|c|p|`)

	job := runTo(t, env, req, stages.Swap)
	require.Equal(t, []string{`to c|g|c|t|NULL`, `to p|c|p|t|key`}, pgtest.Rows(t, conn, keys))
	pgtest.Exec(t, conn, `INSERT INTO p VALUES (51)`)
	pgtest.Exec(t, conn, `INSERT INTO c VALUES (51, 51)`)
	_, err = conn.Exec(t.Context(), `INSERT INTO c VALUES (52, 52)`)
	require.Equal(t, "23503", sqlState(err))
	_, err = conn.Exec(t.Context(), `DELETE FROM p WHERE id = 20`)
	require.Equal(t, "23503", sqlState(err), "g keeps it")
	pgtest.Exec(t, conn, `DELETE FROM p WHERE id = 40`)
	require.Equal(t, 50, pgtest.Count(t, conn, `SELECT count(*) FROM c`))

	job = revert(t, env, job)
	require.Equal(t, 50, pgtest.Count(t, conn, `SELECT count(*) FROM c JOIN p ON p.id = p_id`))
	require.NoError(t, stages.Reset(t.Context(), env, job))
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
	runTo(t, env, req, stages.Cleanup)
	requireNoTraces(t, conn)
	require.Equal(t, []string{`to c|g|c|t|NULL`, `to p|c|p|t|key`}, pgtest.Rows(t, conn, keys))
	require.Equal(t, 3, pgtest.Count(t, conn, `SELECT count(*) FROM pg_inherits WHERE inhparent = 'c'::regclass`))
}
