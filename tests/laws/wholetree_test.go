package laws_test

import (
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// readings is a partitioned table with about everything that it can have, and
// partitions with what is carried of their own.
const readings = `
CREATE SCHEMA "S x";
CREATE TABLE ref (id int PRIMARY KEY, name text UNIQUE);
INSERT INTO ref SELECT g, 'r' || g FROM generate_series(1, 50) g;
CREATE TABLE readings (gone int, id int GENERATED ALWAYS AS IDENTITY (START 5 INCREMENT 2), s serial, at int NOT NULL,
	ref_id int CONSTRAINT "re f" REFERENCES ref ON DELETE CASCADE, v numeric DEFAULT 1.5 CONSTRAINT positive CHECK (v > 0),
	twice numeric GENERATED ALWAYS AS (v * 2) STORED, note text COLLATE "C", CONSTRAINT "re pk" PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
ALTER TABLE readings DROP gone;
CREATE TABLE readings_a PARTITION OF readings FOR VALUES FROM (MINVALUE) TO (100) WITH (fillfactor = 70);
CREATE TABLE "S x"."Rea ""dings" PARTITION OF readings FOR VALUES FROM (100) TO (200);
CREATE TABLE readings_c PARTITION OF readings FOR VALUES FROM (200) TO (300);
CREATE TABLE readings_rest PARTITION OF readings DEFAULT;
CREATE INDEX ON readings (lower(note), at) WHERE v > 0.5;
CREATE INDEX by_ref ON ONLY readings (ref_id) INCLUDE (v) WITH (fillfactor = 60);
CREATE INDEX "odd one" ON readings_a (ref_id) INCLUDE (v) WITH (fillfactor = 60);
ALTER INDEX by_ref ATTACH PARTITION "odd one";
CREATE INDEX by_ref_b ON "S x"."Rea ""dings" (ref_id) INCLUDE (v) WITH (fillfactor = 60);
ALTER INDEX by_ref ATTACH PARTITION "S x".by_ref_b;
CREATE INDEX by_ref_c ON readings_c (ref_id) INCLUDE (v) WITH (fillfactor = 60);
ALTER INDEX by_ref ATTACH PARTITION by_ref_c;
CREATE INDEX by_ref_d ON readings_rest (ref_id) INCLUDE (v) WITH (fillfactor = 60);
ALTER INDEX by_ref ATTACH PARTITION by_ref_d;
CREATE UNIQUE INDEX ON readings (at, s);
COMMENT ON TABLE readings IS 'the table'; COMMENT ON TABLE readings_c IS 'a partition'; COMMENT ON COLUMN readings_c.note IS 'its note';
COMMENT ON CONSTRAINT "re f" ON readings IS 'the reference'; COMMENT ON INDEX by_ref IS 'the index';
ALTER TABLE readings_c ALTER note SET STATISTICS 222, ALTER note SET (n_distinct = -0.5);
GRANT SELECT ON readings TO PUBLIC; GRANT INSERT ON readings_a TO PUBLIC; GRANT UPDATE (note) ON readings_c TO PUBLIC;
CREATE VIEW big AS SELECT id, at, v FROM readings WHERE v > 100;
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := upper(NEW.note); RETURN NEW; END $$;
CREATE TRIGGER shouts BEFORE INSERT ON readings FOR EACH ROW EXECUTE FUNCTION shout();
CREATE TABLE child (r int, at int, CONSTRAINT "to readings" FOREIGN KEY (r, at) REFERENCES readings);
CREATE TABLE parts (r int, at int, CONSTRAINT "from parts" FOREIGN KEY (r, at) REFERENCES readings) PARTITION BY HASH (r);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO readings (at, ref_id, v, note) SELECT g, 1 + g % 50, g + 1, 'n' || g FROM generate_series(0, 499) g;
INSERT INTO child SELECT id, at FROM readings WHERE id % 3 = 0;
INSERT INTO parts SELECT id, at FROM readings WHERE id % 5 = 0;
ANALYZE;
`

var (
	// PostgreSQL 18: a key that is added to a partition makes the NOT NULL of its columns the partition's own as well.
	notNullsOwn   = regexp.MustCompile(`^constraint .+_not_null"? on .*: local$`)
	sequenceState = regexp.MustCompile(`^sequence .*: last value$`)
)

// treeCatalog is the catalog without what the server makes for itself of foreign keys to partitioned tables, and without
// which NOT NULLs are partitions' own.
func treeCatalog(t *testing.T, conn *pgx.Conn) map[string]string {
	t.Helper()
	snapshot := withoutJob(withoutServersOwn(t, conn))
	for key := range snapshot {
		if notNullsOwn.MatchString(key) {
			delete(snapshot, key)
		}
	}
	return snapshot
}

// TestLaw5WholePartitionedTable: a partitioned table comes out with all of its
// partitions as it was.
func TestLaw5WholePartitionedTable(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), readings, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	rows := func() []string {
		return pgtest.Rows(t, conn, `SELECT tableoid::regclass, * FROM readings ORDER BY id`)
	}
	before, dump, all := treeCatalog(t, conn), pgtest.DumpSchema(t, dsn, "repave"), rows()
	files := pgtest.Rows(t, conn, `SELECT relid::regclass, pg_relation_filenode(relid) FROM pg_partition_tree('readings') WHERE isleaf`)
	env := newEnv(t, dsn)
	req := request(t, conn, "readings", nil)
	job := runTo(t, env, req, stages.Swap)
	require.Equal(t, all, rows())
	pgtest.RequireSameCatalog(t, before, treeCatalog(t, conn))
	for sql, state := range map[string]string{
		`INSERT INTO readings (at, ref_id) VALUES (1, 99)`:                                    "23503",
		`INSERT INTO readings_c (id, at, ref_id) OVERRIDING SYSTEM VALUE VALUES (1, 250, 99)`: "23503",
		`INSERT INTO child VALUES (1, 1)`:                                                     "23503",
		`INSERT INTO readings (at, v) VALUES (1, -1)`:                                         "23514",
		`DELETE FROM readings WHERE id = 15`:                                                  "23503",
	} {
		_, err := conn.Exec(t.Context(), sql)
		require.Equal(t, state, sqlState(err), sql)
	}
	pgtest.Exec(t, conn, `UPDATE readings SET at = at + 150 WHERE id = 7`)
	pgtest.Exec(t, conn, `INSERT INTO readings (at, note) VALUES (150, 'new')`)
	all = rows()
	job = revert(t, env, job)
	require.Equal(t, all, rows())
	pgtest.RequireSameCatalog(t, withoutSequences(before), withoutSequences(treeCatalog(t, conn)))
	require.NoError(t, stages.Reset(t.Context(), env, job))
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
	require.Equal(t, files, pgtest.Rows(t, conn, `SELECT relid::regclass, pg_relation_filenode(relid) FROM pg_partition_tree('readings') WHERE isleaf`))
	requireNoTraces(t, conn)
	runTo(t, env, req, stages.Cleanup)
	require.Equal(t, all, rows())
	pgtest.RequireSameCatalog(t, withoutSequences(before), withoutSequences(treeCatalog(t, conn)))
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
	require.NotEqual(t, files, pgtest.Rows(t, conn, `SELECT relid::regclass, pg_relation_filenode(relid) FROM pg_partition_tree('readings') WHERE isleaf`))
	requireNoTraces(t, conn)
}

func withoutSequences(snapshot map[string]string) map[string]string {
	for key := range snapshot {
		if sequenceState.MatchString(key) {
			delete(snapshot, key)
		}
	}
	return snapshot
}
