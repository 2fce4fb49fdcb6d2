package logical

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw2Field25WhoeverTouchedAPublicationIsNoticed, even if it is as it was again; what does not matter is not.
func TestLaw2Field25WhoeverTouchedAPublicationIsNoticed(t *testing.T) {
	t.Parallel()
	conn := pgtest.Connect(t, pgtest.Database(t), `CREATE TABLE a (id int PRIMARY KEY)`, `CREATE TABLE b (id int PRIMARY KEY)`, `CREATE TABLE c (id int)`)
	oids := []uint32{pgtest.Value[uint32](t, conn, `SELECT 'a'::regclass::oid`), pgtest.Value[uint32](t, conn, `SELECT 'b'::regclass::oid`)}
	problem := func() string {
		t.Helper()
		said, err := PublicationProblem(t.Context(), conn, "p", oids)
		require.NoError(t, err)
		return said
	}
	publish := func() {
		t.Helper()
		require.NoError(t, Unpublish(t.Context(), conn, "p"))
		require.NoError(t, pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
			return Publish(context.WithoutCancel(t.Context()), tx, "p", []sqltmpl.Table{{Schema: "public", Name: "a"}, {Schema: "public", Name: "b"}})
		}))
		require.Empty(t, problem())
	}
	require.Equal(t, "publication p is gone", problem())
	for _, statements := range [][]string{
		{`ALTER PUBLICATION p SET (publish = insert)`, `ALTER PUBLICATION p SET (publish = 'insert, update, delete, truncate')`},
		{`ALTER PUBLICATION p DROP TABLE a`, `ALTER PUBLICATION p ADD TABLE ONLY a`},
		{`ALTER PUBLICATION p SET TABLE a`},
		{`DROP PUBLICATION p`, `CREATE PUBLICATION p FOR TABLE a, b`},
	} {
		publish()
		for _, statement := range statements {
			pgtest.Exec(t, conn, statement)
		}
		require.Equal(t, "somebody has altered publication p, or made it anew", problem(), statements)
	}
	publish()
	for _, statement := range []string{
		`ALTER PUBLICATION p ADD TABLE c`, `CREATE PUBLICATION q FOR TABLE a`, `DROP PUBLICATION q`, `VACUUM FREEZE pg_publication`, `VACUUM FULL pg_publication`,
		`VACUUM FREEZE pg_publication_rel`, `VACUUM FULL pg_publication_rel`, `ALTER TABLE a RENAME TO z`, `DROP TABLE b`,
	} {
		pgtest.Exec(t, conn, statement)
		require.Empty(t, problem(), statement)
	}
}
