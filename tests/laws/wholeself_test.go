package laws_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// threads is a partitioned table that refers to itself, with two keys of which one acts, on leaves at two depths, one of
// which has another name for its member, and another order of columns.
const threads = `
CREATE TABLE threads (gone int, id int NOT NULL, at int NOT NULL, parent int, parent_at int, root int, root_at int, note text,
	PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
ALTER TABLE threads DROP gone;
CREATE TABLE threads_a PARTITION OF threads FOR VALUES FROM (MINVALUE) TO (100);
CREATE TABLE threads_m PARTITION OF threads FOR VALUES FROM (100) TO (300) PARTITION BY HASH (id);
CREATE TABLE threads_m0 PARTITION OF threads_m FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE threads_m1 (root_at int, root int, note text, parent_at int, parent int, at int NOT NULL, id int NOT NULL);
ALTER TABLE threads_m ATTACH PARTITION threads_m1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE threads_rest PARTITION OF threads DEFAULT;
ALTER TABLE threads ADD CONSTRAINT "the parent" FOREIGN KEY (parent, parent_at) REFERENCES threads ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE threads ADD CONSTRAINT "the root" FOREIGN KEY (root_at, root) REFERENCES threads (at, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE threads_m1 RENAME CONSTRAINT "the parent" TO "a name of its own";
COMMENT ON CONSTRAINT "the parent" ON threads IS 'up'; COMMENT ON CONSTRAINT "a name of its own" ON threads_m1 IS 'own';
CREATE TABLE likes (id int, at int, CONSTRAINT "of a thread" FOREIGN KEY (id, at) REFERENCES threads ON UPDATE CASCADE ON DELETE CASCADE);
ALTER TABLE likes ADD CONSTRAINT "never checked" FOREIGN KEY (at, id) REFERENCES threads (at, id) NOT VALID;
INSERT INTO threads SELECT g, g, nullif(g / 2, 0), nullif(g / 2, 0), 1, 1, 'n' || g FROM generate_series(1, 500) g;
INSERT INTO threads VALUES (501, 501, NULL, NULL, 1, 1);
INSERT INTO likes SELECT g * 3, g * 3 FROM generate_series(1, 100) g;
ANALYZE;
`

// TestLaw5And6WholeTableThatRefersToItself: the foreign keys of a partitioned table to itself change over with it, on
// all of its partitions, and back.
func TestLaw5And6WholeTableThatRefersToItself(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), threads, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	rows := func() []string {
		return pgtest.Rows(t, conn, `SELECT tableoid::regclass, * FROM threads ORDER BY id, at`)
	}
	catalog := func() map[string]string { return treeCatalog(t, conn) }
	before, dump, all := catalog(), pgtest.DumpSchema(t, dsn, "repave"), rows()
	env := newEnv(t, dsn)
	req := request(t, conn, "threads", nil)
	job := runTo(t, env, req, stages.Swap)
	require.Equal(t, all, rows())
	pgtest.RequireSameCatalog(t, before, catalog())
	requireThreads(t, conn)
	all = rows()
	job = revert(t, env, job)
	require.Equal(t, all, rows())
	pgtest.RequireSameCatalog(t, before, catalog())
	requireThreads(t, conn)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
	requireNoTraces(t, conn)
	runTo(t, env, req, stages.Cleanup)
	pgtest.RequireSameCatalog(t, before, catalog())
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
	requireNoTraces(t, conn)

	req = request(t, conn, "threads", func(s *registry.Spec) {
		s.Tables[0].Change.Alter = []string{
			`ALTER id TYPE bigint, ALTER parent TYPE bigint, ALTER root TYPE bigint`,
			`RENAME parent TO up`, `RENAME note TO parent`, `RENAME CONSTRAINT "the root" TO "one root"`, `DROP CONSTRAINT "the parent"`,
			`ADD CONSTRAINT "the parent again" FOREIGN KEY (up, parent_at) REFERENCES threads ON UPDATE CASCADE ON DELETE CASCADE`,
		}
	})
	job = runTo(t, env, req, stages.Swap)
	requireThreads(t, conn)
	require.NotContains(t, pgtest.DumpSchema(t, dsn, "repave"), "CONSTRAINT \"the parent\"")
	revert(t, env, job)
	pgtest.RequireSameCatalog(t, before, catalog())
	requireThreads(t, conn)
	runTo(t, env, req, stages.Cleanup)
	requireThreads(t, conn)
	requireNoTraces(t, conn)
}

// TestLaw5And6PartitioningATableThatRefersToItself: the same of a table that becomes partitioned, and plain again.
func TestLaw5And6PartitioningATableThatRefersToItself(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), plainThreads, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	catalog := func() map[string]string { return treeCatalog(t, conn) }
	before, dump := catalog(), pgtest.DumpSchema(t, dsn, "repave")
	keys := `SELECT conname, conrelid::regclass, confrelid::regclass, pg_get_constraintdef(oid), obj_description(oid) FROM pg_constraint
		WHERE contype = 'f' AND conparentid = 0 AND connamespace = 'public'::regnamespace ORDER BY oid`
	were := pgtest.Rows(t, conn, keys)
	env := newEnv(t, dsn)
	req := request(t, conn, "threads", func(s *registry.Spec) { s.Tables[0].Change.PartitionBy = "RANGE (at) WIDTH 100" })
	if pgtest.ServerVersion(t, conn) < 15 { // keys that act are refused there
		_, err := stages.Run(t.Context(), env, req, stages.Swap)
		require.ErrorContains(t, err, `foreign key "the parent" of public.threads acts on UPDATE or DELETE`)
		pgtest.Exec(t, conn, `ALTER TABLE threads DROP CONSTRAINT "the parent", ADD CONSTRAINT "the parent" FOREIGN KEY (parent, parent_at) REFERENCES threads`)
		pgtest.Exec(t, conn, `ALTER TABLE likes DROP CONSTRAINT "of a thread", ADD CONSTRAINT "of a thread" FOREIGN KEY (id, at) REFERENCES threads`)
		before, dump, were = catalog(), pgtest.DumpSchema(t, dsn, "repave"), pgtest.Rows(t, conn, keys)
	}
	job := runTo(t, env, req, stages.Swap)
	require.ElementsMatch(t, were, pgtest.Rows(t, conn, keys))
	require.Zero(t, pgtest.Count(t, conn, `SELECT count(*) FROM pg_constraint c LEFT JOIN pg_constraint p ON p.oid = c.conparentid
		WHERE c.contype = 'f' AND NOT c.convalidated AND c.conname <> 'never checked' AND p.conrelid IS DISTINCT FROM c.conrelid`))
	if pgtest.ServerVersion(t, conn) >= 15 {
		requireThreads(t, conn)
	}
	job = revert(t, env, job)
	pgtest.RequireSameCatalog(t, before, catalog())
	require.NoError(t, stages.Reset(t.Context(), env, job))
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
	requireNoTraces(t, conn)
}

// plainThreads are as threads, on one table.
const plainThreads = `
CREATE TABLE threads (gone int, id int NOT NULL, at int NOT NULL, parent int, parent_at int, root int, root_at int, note text, PRIMARY KEY (id, at));
ALTER TABLE threads DROP gone;
ALTER TABLE threads ADD CONSTRAINT "the parent" FOREIGN KEY (parent, parent_at) REFERENCES threads ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE threads ADD CONSTRAINT "the root" FOREIGN KEY (root_at, root) REFERENCES threads (at, id) DEFERRABLE INITIALLY DEFERRED;
COMMENT ON CONSTRAINT "the parent" ON threads IS 'up';
CREATE TABLE likes (id int, at int, CONSTRAINT "of a thread" FOREIGN KEY (id, at) REFERENCES threads ON UPDATE CASCADE ON DELETE CASCADE);
ALTER TABLE likes ADD CONSTRAINT "never checked" FOREIGN KEY (at, id) REFERENCES threads (at, id) NOT VALID;
INSERT INTO threads SELECT g, g, nullif(g / 2, 0), nullif(g / 2, 0), 1, 1, 'n' || g FROM generate_series(1, 500) g;
INSERT INTO threads VALUES (501, 501, NULL, NULL, 1, 1);
INSERT INTO likes SELECT g * 3, g * 3 FROM generate_series(1, 100) g;
ANALYZE;
`

// requireThreads writes what the keys refuse and what they act upon, and leaves no row that they would not have.
func requireThreads(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	up := pgtest.Value[string](t, conn, `SELECT attname FROM pg_attribute WHERE attrelid = 'threads'::regclass AND attname IN ('up', 'parent') AND atttypid <> 'text'::regtype`)
	for sql, state := range map[string]string{
		`INSERT INTO threads (id, at, ` + up + `, parent_at) VALUES (900, 900, 901, 901)`: "23503",
		`INSERT INTO threads (id, at, root, root_at) VALUES (900, 900, 901, 901)`:         "23503",
		`INSERT INTO likes VALUES (3, 4)`:                                                 "23503",
		`DELETE FROM threads WHERE id = 1`:                                                "23503", // the root of one that stays
	} {
		_, err := conn.Exec(t.Context(), sql)
		require.Equal(t, state, sqlState(err), sql)
	}
	leaf := pgtest.Value[string](t, conn, `SELECT tableoid::regclass::text FROM threads WHERE id = 101`)
	_, err := conn.Exec(t.Context(), `INSERT INTO `+leaf+` (id, at, `+up+`, parent_at) VALUES (101, 103, -1, 1)`)
	require.Equal(t, "23503", sqlState(err), leaf)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `INSERT INTO threads (id, at, root, root_at) SELECT g, g, 1000 + (g + 1) % 200, 1000 + (g + 1) % 200 FROM generate_series(1000, 1199) g`)
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `INSERT INTO threads (id, at, `+up+`, parent_at) SELECT 2000 + g, g, 1000 + g, 1000 + g FROM generate_series(0, 199) g`)
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context()))
	pgtest.Exec(t, conn, `UPDATE threads SET id = id + 5000 WHERE id BETWEEN 1000 AND 1099 AND root IS NULL`)
	require.Equal(t, 200, pgtest.Count(t, conn, `SELECT count(*) FROM threads WHERE id >= 2000`))
	_, err = conn.Exec(t.Context(), `DELETE FROM threads WHERE id BETWEEN 1000 AND 1199`)
	require.NoError(t, err)
	require.Zero(t, pgtest.Count(t, conn, `SELECT count(*) FROM threads WHERE id >= 1000`))
	require.Equal(t, []string{"501|100"}, pgtest.Rows(t, conn, `SELECT (SELECT count(*) FROM threads), (SELECT count(*) FROM likes)`))
}
