package laws_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// metered is a partitioned table of three levels, whose partitions have about
// everything of their own that one can have.
const metered = `
CREATE SCHEMA "Old Years";
GRANT ALL ON SCHEMA public, "Old Years" TO pg_monitor;
CREATE TABLE place (id int PRIMARY KEY, name text);
INSERT INTO place SELECT g, 'p' || g FROM generate_series(0, 200) g;
CREATE TABLE metered (gone int, id bigserial, at int NOT NULL, kind text NOT NULL, place_id int CONSTRAINT "of place" REFERENCES place,
	v numeric DEFAULT 1 CONSTRAINT positive CHECK (v > 0), twice numeric GENERATED ALWAYS AS (v * 2) STORED, note text,
	CONSTRAINT metered_pk PRIMARY KEY (id, at, kind)) PARTITION BY RANGE (at);
ALTER TABLE metered DROP gone;
CREATE INDEX by_place ON metered (place_id);
CREATE INDEX ON metered (lower(note));

-- Another order of columns, with gaps, another owner, defaults, indexes and checks of its own.
CREATE TABLE "Old Years"."m 1" (note text, x int, v numeric, twice numeric GENERATED ALWAYS AS (v * 2) STORED, y text, kind text NOT NULL, at int NOT NULL, id bigint NOT NULL,
	place_id int, CONSTRAINT positive CHECK (v > 0), CONSTRAINT "only old" CHECK (at < 100)) WITH (fillfactor = 55, autovacuum_enabled = off);
ALTER TABLE "Old Years"."m 1" DROP x, DROP y, ALTER note SET DEFAULT 'old', ALTER id SET DEFAULT -1, ALTER note SET STATISTICS 77, ALTER note SET STORAGE EXTERNAL;
CREATE INDEX "by place of 1" ON "Old Years"."m 1" (place_id) WITH (fillfactor = 44);
CREATE INDEX twin ON "Old Years"."m 1" (place_id) WITH (fillfactor = 44);
ALTER TABLE metered ATTACH PARTITION "Old Years"."m 1" FOR VALUES FROM (MINVALUE) TO (100);
CREATE UNIQUE INDEX by_place ON "Old Years"."m 1" (id DESC) INCLUDE (note) WHERE v > 0.1;
ALTER TABLE "Old Years"."m 1" ADD CONSTRAINT "one key" UNIQUE (id), CLUSTER ON "one key", OWNER TO pg_monitor;
COMMENT ON INDEX "Old Years".twin IS 'a twin'; COMMENT ON CONSTRAINT "only old" ON "Old Years"."m 1" IS 'old'; COMMENT ON COLUMN "Old Years"."m 1".note IS 'n';
ALTER TABLE "Old Years"."m 1" ADD CONSTRAINT late CHECK (v < 1000000) NOT VALID;
ALTER TABLE "Old Years"."m 1" ADD CONSTRAINT "own reference" FOREIGN KEY (at) REFERENCES place (id) NOT VALID;
GRANT SELECT ON "Old Years"."m 1" TO PUBLIC;
CREATE TABLE on_one (id bigint CONSTRAINT "to one" REFERENCES "Old Years"."m 1" (id));

-- Partitions of partitions, by another key, with default ones on both levels.
CREATE TABLE metered_2 PARTITION OF metered FOR VALUES FROM (100) TO (200) PARTITION BY LIST (kind);
CREATE TABLE metered_2a PARTITION OF metered_2 FOR VALUES IN ('a') WITH (fillfactor = 60);
CREATE UNLOGGED TABLE metered_2b PARTITION OF metered_2 FOR VALUES IN ('b', 'c');
CREATE TABLE metered_2rest PARTITION OF metered_2 DEFAULT;
CREATE TABLE metered_rest PARTITION OF metered DEFAULT PARTITION BY HASH (id);
CREATE TABLE metered_rest_0 PARTITION OF metered_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE metered_rest_1 PARTITION OF metered_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1) PARTITION BY RANGE (at);
CREATE TABLE metered_rest_1a PARTITION OF metered_rest_1 FOR VALUES FROM (0) TO (300);
CREATE TABLE metered_rest_1b PARTITION OF metered_rest_1 DEFAULT;
CREATE INDEX of_two ON metered_2 (kind, at);
ALTER TABLE metered_2 ADD CONSTRAINT "of two" FOREIGN KEY (at) REFERENCES place ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE metered_2b RENAME CONSTRAINT "of two" TO "2b of two"; COMMENT ON CONSTRAINT "of two" ON metered_2 IS 'two alone';
ALTER TABLE metered_2 RENAME CONSTRAINT "of place" TO "2 place"; COMMENT ON CONSTRAINT "2 place" ON metered_2 IS 'the place of two';
CREATE TABLE on_two (id bigint, at int, kind text, CONSTRAINT "to two" FOREIGN KEY (id, at, kind) REFERENCES metered_2 ON DELETE CASCADE);
CREATE TABLE on_both (id bigint, at int, kind text, one bigint) PARTITION BY HASH (id);
CREATE TABLE on_both_0 PARTITION OF on_both FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE on_both_1 PARTITION OF on_both FOR VALUES WITH (MODULUS 2, REMAINDER 1);
ALTER TABLE on_both ADD CONSTRAINT "both to two" FOREIGN KEY (id, at, kind) REFERENCES metered_2, ADD CONSTRAINT "both to one" FOREIGN KEY (one) REFERENCES "Old Years"."m 1" (id);
COMMENT ON CONSTRAINT "both to one" ON on_both IS 'b';
ALTER TABLE metered_2 ALTER note SET DEFAULT 'two';
ALTER TABLE metered_2a ADD CHECK (kind = 'a'), ALTER v SET NOT NULL, REPLICA IDENTITY FULL, ALTER id DROP DEFAULT;
ALTER TABLE metered ADD CONSTRAINT "late of all" CHECK (id > -1000) NOT VALID;
COMMENT ON CONSTRAINT "late of all" ON metered_2a IS 'late'; COMMENT ON CONSTRAINT "late of all" ON metered IS 'late';
ALTER TABLE metered_2a RENAME CONSTRAINT "of place" TO "2a place"; COMMENT ON CONSTRAINT "2a place" ON metered_2a IS 'its place';
CREATE INDEX twos ON metered_2a USING hash (note);
CREATE SEQUENCE counting; ALTER TABLE metered_2b ALTER place_id SET DEFAULT nextval('counting');
ALTER SEQUENCE counting OWNED BY metered_2b.place_id;

-- What is bound to one.
CREATE VIEW ones AS SELECT id, note FROM "Old Years"."m 1" WHERE v > 10;
CREATE MATERIALIZED VIEW twos_seen AS SELECT kind, count(*) FROM metered_2a GROUP BY kind;
CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := coalesce(NEW.note, '') || '!'; RETURN NEW; END $$;
CREATE TRIGGER marks BEFORE INSERT ON metered FOR EACH ROW EXECUTE FUNCTION mark();
CREATE TRIGGER own_marks BEFORE UPDATE OF note ON metered_2a FOR EACH ROW WHEN (NEW.v > 5) EXECUTE FUNCTION mark();
ALTER TABLE metered_2a ENABLE ALWAYS TRIGGER own_marks;
CREATE POLICY "see a" ON metered_2a USING (kind = 'a'); ALTER TABLE metered_2a ENABLE ROW LEVEL SECURITY;
CREATE STATISTICS st (ndistinct) ON at, kind FROM metered_2a; ALTER STATISTICS st SET STATISTICS 55;
CREATE STATISTICS st_two ON at, kind FROM metered_2;
CREATE PUBLICATION pub_of_one FOR TABLE "Old Years"."m 1", metered_rest_1b;
ALTER TABLE metered_rest_0 REPLICA IDENTITY USING INDEX metered_rest_0_pkey;
CREATE RULE no_del AS ON DELETE TO metered_rest_0 WHERE OLD.at > 5000 DO INSTEAD NOTHING;
COMMENT ON TABLE metered_2 IS 'two'; COMMENT ON TRIGGER own_marks ON metered_2a IS 'marks';
INSERT INTO metered (at, kind, place_id, v, note) SELECT g, chr(97 + g % 4), 1 + g % 20, 1 + g, 'n' || g FROM generate_series(0, 599) g;
INSERT INTO on_one SELECT id FROM "Old Years"."m 1" WHERE id % 7 = 0;
INSERT INTO on_two SELECT id, at, kind FROM metered_2 WHERE id % 7 = 1; INSERT INTO on_both SELECT id, at, kind, (at - 90) % 50 + 1 FROM metered_2a;
REFRESH MATERIALIZED VIEW twos_seen; ANALYZE;
`

// TestLaw5And13And15PartitionsOfTheirOwn: each partition of a partitioned table,
// on every level, keeps what it has of its own (field.md 13, 14 and 15).
func TestLaw5And13And15PartitionsOfTheirOwn(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), metered, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	rows := func() []string {
		return pgtest.Rows(t, conn, `SELECT tableoid::regclass, * FROM metered ORDER BY id, at`)
	}
	before, dump, all := treeCatalog(t, conn), pgtest.DumpSchema(t, dsn, "repave"), rows()
	env := newEnv(t, dsn)
	req := request(t, conn, "metered", nil)
	job := runTo(t, env, req, stages.Swap)
	require.Equal(t, all, rows())
	pgtest.RequireSameCatalog(t, before, treeCatalog(t, conn))
	for sql, state := range map[string]string{
		`INSERT INTO metered (at, kind, place_id) VALUES (1, 'a', 999)`:        "23503",
		`INSERT INTO metered_2a (id, at, kind, v) VALUES (1, 150, 'a', NULL)`:  "23502",
		`INSERT INTO metered_2a (at, kind) VALUES (150, 'a')`:                  "23502",
		`INSERT INTO "Old Years"."m 1" (at, kind, v) VALUES (1, 'a', 2000000)`: "23514",
		`INSERT INTO on_one VALUES (-5)`:                                       "23503",
		`INSERT INTO on_two VALUES (-5, 150, 'a')`:                             "23503",
		`INSERT INTO on_both VALUES (-5, 150, 'a')`:                            "23503",
		`INSERT INTO on_both (one) VALUES (-5)`:                                "23503",
		`DELETE FROM metered WHERE at = 10`:                                    "23503",
	} {
		_, err := conn.Exec(t.Context(), sql)
		require.Equal(t, state, sqlState(err), sql)
	}
	pgtest.Exec(t, conn, `INSERT INTO metered (at, kind) VALUES (5000, 'z'), (150, 'q'), (7, 'a')`)
	pgtest.Exec(t, conn, `UPDATE metered SET kind = 'b', at = at + 100 WHERE id = 20`)
	pgtest.Exec(t, conn, `TRUNCATE metered_rest_0`)
	all = rows()
	job = revert(t, env, job)
	require.Equal(t, all, rows())
	pgtest.RequireSameCatalog(t, withoutSequences(before), withoutSequences(treeCatalog(t, conn)))
	require.NoError(t, stages.Reset(t.Context(), env, job))
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
	requireNoTraces(t, conn)
	runTo(t, env, req, stages.Cleanup)
	require.Equal(t, all, rows())
	pgtest.RequireSameCatalog(t, withoutSequences(before), withoutSequences(treeCatalog(t, conn)))
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
	requireNoTraces(t, conn)
}

// TestLaw5ChangesToPartitionsOfTheirOwn: changes are made on every level, and to
// what partitions have of their own.
func TestLaw5ChangesToPartitionsOfTheirOwn(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), metered, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	pgtest.Exec(t, conn, `DROP MATERIALIZED VIEW twos_seen`)
	env := newEnv(t, dsn)
	req := request(t, conn, "metered", func(s *registry.Spec) {
		s.Tables[0].Change.PKBigint, s.Tables[0].Change.OptimizeColumns = true, true
		s.Tables[0].Change.Alter = []string{
			"RENAME twice TO doubled", "DROP place_id", "DROP CONSTRAINT positive, ALTER kind TYPE varchar(20), ADD n serial",
			"ADD CONSTRAINT key_of_all UNIQUE (at, id, kind)", "ADD tag text DEFAULT 't' NOT NULL, ALTER v SET DEFAULT 7", "ALTER v TYPE numeric(20, 3)", "RENAME CONSTRAINT metered_pk TO renamed_pk",
		}
	})
	runTo(t, env, req, stages.Verify)
	pgtest.Exec(t, conn, `CREATE VIEW late AS SELECT id, kind FROM metered_2b`) // comes to be carried, too
	before := treeCatalog(t, conn)
	job := runTo(t, env, req, stages.Swap)
	require.Equal(t, []string{"bigint|20"}, pgtest.Rows(t, conn, `SELECT DISTINCT a.atttypid::regtype, k.atttypmod - 4 FROM pg_partition_tree('metered') p
		JOIN pg_attribute a ON a.attrelid = p.relid AND a.attname = 'at' JOIN pg_attribute k ON k.attrelid = p.relid AND k.attname = 'kind'`))
	require.Equal(t, []string{"11|11|11"}, pgtest.Rows(t, conn, `SELECT count(*), count(d.adbin) FILTER (WHERE pg_get_expr(d.adbin, d.adrelid) = 'nextval(''metered_n_seq''::regclass)'),
		count(*) FILTER (WHERE pg_get_expr(e.adbin, e.adrelid) = '7') FROM pg_partition_tree('metered') p
		JOIN pg_attribute a ON a.attrelid = p.relid AND a.attname = 'n' LEFT JOIN pg_attrdef d ON d.adrelid = p.relid AND d.adnum = a.attnum
		JOIN pg_attribute b ON b.attrelid = p.relid AND b.attname = 'v' LEFT JOIN pg_attrdef e ON e.adrelid = p.relid AND e.adnum = b.attnum`))
	require.Equal(t, []string{"11|11"}, pgtest.Rows(t, conn, `SELECT count(*) FILTER (WHERE indexdef LIKE 'CREATE UNIQUE INDEX % (at, id, kind)'),
		count(DISTINCT (schemaname, tablename)) FROM pg_indexes WHERE tablename ~ '^(metered|m 1)' AND schemaname <> 'repave'`))
	pgtest.Exec(t, conn, `INSERT INTO metered (at, kind, v) VALUES (5000, 'z', -1)`)
	require.Equal(t, []string{"t"}, pgtest.Rows(t, conn, `SELECT note = '!' AND doubled = -2 AND n > 0 AND tag = 't' FROM metered WHERE at = 5000`))
	pgtest.Exec(t, conn, `DELETE FROM metered WHERE at = 5000`)
	job = revert(t, env, job)
	pgtest.RequireSameCatalog(t, withoutSequences(before), withoutSequences(treeCatalog(t, conn)))
	require.NoError(t, stages.Reset(t.Context(), env, job))
	pgtest.RequireSameCatalog(t, withoutSequences(before), withoutSequences(treeCatalog(t, conn)))
	requireNoTraces(t, conn)
	runTo(t, env, req, stages.Cleanup)
	requireNoTraces(t, conn)
}

// TestLaw5PartitionsOfSomebody: by a role that is no superuser, which must be
// able to act for the owner of each partition.
func TestLaw5PartitionsOfSomebody(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	role, own := plainRole(t, dsn, conn, `
		CREATE TABLE z (id int PRIMARY KEY, v text) PARTITION BY RANGE (id); CREATE TABLE z1 PARTITION OF z FOR VALUES FROM (0) TO (10);
		CREATE TABLE z2 PARTITION OF z DEFAULT PARTITION BY HASH (id); CREATE TABLE z2a PARTITION OF z2 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
		ALTER TABLE z OWNER TO $r_owner; ALTER TABLE z1 OWNER TO $r_owner; ALTER TABLE z2 OWNER TO $r_owner; ALTER TABLE z2a OWNER TO $r_b;
		CREATE INDEX ON z2a (v); INSERT INTO z SELECT g, 'v' FROM generate_series(1, 100) g`, "b")
	_, stderr, code := repave(t, own, "run", "z")
	require.Equal(t, 3, code, stderr)
	require.Contains(t, stderr, "partition public.z2a: missing: membership in "+role+"_b")
	pgtest.Exec(t, conn, strings.ReplaceAll(`GRANT $r_b TO $r`, "$r", role))
	before := treeCatalog(t, conn)
	mustRepave(t, own, "run", "z", "--cleanup")
	require.Equal(t, 100, pgtest.Count(t, conn, `SELECT count(*) FROM z`))
	pgtest.RequireSameCatalog(t, before, treeCatalog(t, conn))
	requireNoTraces(t, conn)
}
