package laws_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// eventsTable has about everything that a partitioned table can have.
const eventsTable = `
CREATE SCHEMA "S x";
CREATE TABLE "S x".ref (id int PRIMARY KEY, name text UNIQUE);
INSERT INTO "S x".ref SELECT g, 'r' || g FROM generate_series(1, 50) g;
CREATE TABLE "S x"."Ev ents" (
	gone int, id bigint GENERATED ALWAYS AS IDENTITY (START 5 INCREMENT 2), s serial, "At" timestamptz NOT NULL DEFAULT now(),
	ref_id int CONSTRAINT "re f" REFERENCES "S x".ref ON DELETE CASCADE, name text REFERENCES "S x".ref (name) ON UPDATE CASCADE DEFERRABLE,
	total numeric(8,2) DEFAULT 1.5 CONSTRAINT positive CHECK (total > 0), twice numeric GENERATED ALWAYS AS (total * 2) STORED,
	tags text[], note text COLLATE "C",
	CONSTRAINT "Ev pk" PRIMARY KEY (id, "At") WITH (fillfactor = 80)) WITH (fillfactor = 75, autovacuum_enabled = false);
ALTER TABLE "S x"."Ev ents" ADD CONSTRAINT later CHECK (length(note) < 100) NOT VALID;
ALTER TABLE "S x"."Ev ents" ADD CONSTRAINT "uni q" UNIQUE ("At", s) INCLUDE (note) DEFERRABLE;
CREATE INDEX "Ev ents_at_idx" ON "S x"."Ev ents" ("At" DESC) WITH (fillfactor = 60);
CREATE INDEX "part" ON "S x"."Ev ents" (ref_id) INCLUDE (total) WHERE total > 3;
CREATE INDEX exp ON "S x"."Ev ents" (lower(note), "At");
ALTER INDEX "S x".exp ALTER COLUMN 1 SET STATISTICS 321;
CREATE INDEX tag ON "S x"."Ev ents" USING gin (tags);
CREATE INDEX br ON "S x"."Ev ents" USING brin ("At");
ALTER TABLE "S x"."Ev ents" CLUSTER ON "Ev ents_at_idx";
ALTER TABLE "S x"."Ev ents" ALTER note SET STATISTICS 222, ALTER note SET (n_distinct = -0.5), ALTER tags SET STORAGE EXTERNAL;
COMMENT ON TABLE "S x"."Ev ents" IS 'the table'; COMMENT ON COLUMN "S x"."Ev ents".note IS 'the note';
COMMENT ON CONSTRAINT "Ev pk" ON "S x"."Ev ents" IS 'the key'; COMMENT ON CONSTRAINT "re f" ON "S x"."Ev ents" IS 'the reference';
COMMENT ON CONSTRAINT positive ON "S x"."Ev ents" IS 'the check'; COMMENT ON CONSTRAINT later ON "S x"."Ev ents" IS 'the late check';
COMMENT ON INDEX "S x".exp IS 'the index';
GRANT SELECT, INSERT ON "S x"."Ev ents" TO PUBLIC; GRANT UPDATE (note) ON "S x"."Ev ents" TO PUBLIC;
GRANT USAGE ON SEQUENCE "S x"."Ev ents_id_seq" TO PUBLIC; COMMENT ON SEQUENCE "S x"."Ev ents_id_seq" IS 'the sequence';
CREATE TABLE "S x".child (e bigint, at timestamptz, CONSTRAINT "to ev" FOREIGN KEY (e, at) REFERENCES "S x"."Ev ents" ON DELETE CASCADE);
INSERT INTO "S x"."Ev ents" (gone, "At", ref_id, name, total, tags, note)
	SELECT g, '2026-01-15'::timestamptz + g * interval '1 day', 1 + g % 50, 'r' || (1 + g % 50), g, ARRAY['t' || g], 'n' || g FROM generate_series(1, 200) g;
INSERT INTO "S x".child SELECT id, "At" FROM "S x"."Ev ents" WHERE id % 3 = 0;
ALTER TABLE "S x"."Ev ents" DROP gone;
`

// TestLaw5Field20PartitionedTableIsFaithful: whatever the table had, the
// partitioned one has; names are the same, identity and sequences go on.
func TestLaw5Field20PartitionedTableIsFaithful(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), eventsTable, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	deleted := 1
	if pgtest.ServerVersion(t, conn) < 15 { // foreign keys that act are refused there
		deleted = 0
		pgtest.Exec(t, conn, `ALTER TABLE "S x".child DROP CONSTRAINT "to ev"`)
		pgtest.Exec(t, conn, `ALTER TABLE "S x".child ADD CONSTRAINT "to ev" FOREIGN KEY (e, at) REFERENCES "S x"."Ev ents" DEFERRABLE INITIALLY DEFERRED`)
	}
	before := pgtest.CatalogSnapshot(t, conn)
	rows := pgtest.Rows(t, conn, `SELECT * FROM "S x"."Ev ents" ORDER BY id`)
	env := newEnv(t, dsn)
	req := requestOf(t, conn, sqltmpl.Table{Schema: "S x", Name: "Ev ents"}, func(s *registry.Spec) {
		s.Tables[0].Change.PartitionBy, s.Tables[0].Change.PartitionsAhead = `RANGE ("At") INTERVAL 1 month`, 3
	})
	job := runTo(t, env, req, stages.Swap)
	revert(t, env, job)
	pgtest.RequireSameCatalog(t, before, withoutJob(pgtest.CatalogSnapshot(t, conn)))
	job = runTo(t, env, req, stages.Swap)
	require.NoError(t, stages.Erase(t.Context(), env, job))
	requireNoTraces(t, conn)
	require.Equal(t, rows, pgtest.Rows(t, conn, `SELECT * FROM "S x"."Ev ents" ORDER BY id`))
	requireOnlyPartitioned(t, pgtest.CatalogDiff(before, pgtest.CatalogSnapshot(t, conn)))

	// A partition that the server makes by itself has what ours have, and ours have the storage
	// parameters and statistics besides, which it does not pass on.
	pgtest.Exec(t, conn, `CREATE TABLE "S x".own PARTITION OF "S x"."Ev ents" FOR VALUES FROM ('2050-01-01') TO ('2050-02-01')`)
	require.Equal(t, partitionDefinition(t, conn, `"S x".own`), partitionDefinition(t, conn, `"S x"."Ev ents_p2026_03"`))
	require.Equal(t, []string{"Ev ents_p2026_03|{fillfactor=75,autovacuum_enabled=false}|222|{n_distinct=-0.5}|\"S x\".\"Ev ents_p2026_03_at_idx\"|t"},
		pgtest.Rows(t, conn, `SELECT c.relname, c.reloptions, a.attstattarget,
			(SELECT array_agg(o) FROM unnest(a.attoptions) o WHERE o !~ '^pg_attver'), i.indexrelid::regclass, c.reltuples > 0
			FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_index i ON i.indrelid = c.oid
			WHERE c.oid = '"S x"."Ev ents_p2026_03"'::regclass AND a.attname = 'note' AND i.indisclustered`))
	require.Empty(t, pgtest.Rows(t, conn, `SELECT i.indexrelid::regclass FROM pg_index i WHERE NOT i.indisvalid`))

	// Identity and sequences go on; foreign keys hold in both directions; no value is refused.
	pgtest.Exec(t, conn, `INSERT INTO "S x"."Ev ents" ("At", ref_id) VALUES ('1900-01-01', 7), ('2026-03-05', 7), ('infinity', 7)`)
	require.Equal(t, []string{
		"405|201|Ev ents_pdefault", "407|202|Ev ents_p2026_03", "409|203|Ev ents_pdefault",
	}, pgtest.Rows(t, conn, `SELECT id, s, (SELECT relname FROM pg_class c WHERE c.oid = e.tableoid) FROM "S x"."Ev ents" e WHERE s > 200 ORDER BY 1`))
	for sql, state := range map[string]string{
		`INSERT INTO "S x"."Ev ents" (ref_id) VALUES (99)`:                                                    "23503",
		`INSERT INTO "S x".child VALUES (1, now())`:                                                           "23503",
		`INSERT INTO "S x"."Ev ents" (total) VALUES (-1)`:                                                     "23514",
		`INSERT INTO "S x"."Ev ents" (note) VALUES (repeat('x', 100))`:                                        "23514",
		`INSERT INTO "S x"."Ev ents" (id, "At") OVERRIDING SYSTEM VALUE SELECT id, "At" FROM "S x"."Ev ents"`: "23505",
	} {
		_, err := conn.Exec(t.Context(), sql)
		require.Equal(t, state, sqlState(err), sql)
	}
	children := pgtest.Count(t, conn, `SELECT count(*) FROM "S x".child`)
	_, err = conn.Exec(t.Context(), `DELETE FROM "S x"."Ev ents" WHERE id = 9`)
	require.Equal(t, deleted == 1, err == nil)
	require.Equal(t, children-deleted, pgtest.Count(t, conn, `SELECT count(*) FROM "S x".child`))
}

// requireOnlyPartitioned requires that tables changed only by what partitions
// bring with them.
func requireOnlyPartitioned(t *testing.T, diff []string) {
	t.Helper()
	var other []string
	for _, line := range diff {
		ours := strings.HasPrefix(line, "+ ") && regexp.MustCompile(`Ev ents_p(default|20\d\d_\d\d)`).MatchString(line)
		// The server's own of every foreign key to a partition; called "to ev_1" since PostgreSQL 18.
		action := strings.HasPrefix(line, `+ constraint child_e_at_fkey`) || strings.HasPrefix(line, `+ constraint "to ev_`)
		only := strings.HasPrefix(line, "~ index ") && strings.Contains(line, ": definition: ") &&
			strings.Contains(line, " ON ONLY ")
		triggers := strings.Contains(line, ": triggers: ") // PostgreSQL 14 has those of foreign keys on partitions only
		if !ours && !action && !only && !triggers {
			other = append(other, line)
		}
	}
	require.Equal(t, []string{
		`~ index "S x"."Ev ents_at_idx": clustered: true -> false`,
		`- relation "S x"."Ev ents": access method: heap`,
		`~ relation "S x"."Ev ents": kind: r -> p`,
		`- relation "S x"."Ev ents": options: autovacuum_enabled=false, fillfactor=75`,
		`+ relation "S x"."Ev ents": partition key: RANGE ("At")`,
	}, other)
}

// partitionDefinition is all that a partition should have in common with others.
func partitionDefinition(t *testing.T, conn *pgx.Conn, name string) []string {
	t.Helper()
	return pgtest.Rows(t, conn, `
		SELECT jsonb_build_array('column', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage,
			a.attcompression, a.attgenerated, a.attidentity, a.attislocal, a.attinhcount, a.attcollation, pg_get_expr(d.adbin, d.adrelid))
		FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE a.attrelid = $1::text::regclass AND a.attnum > 0
		UNION ALL SELECT jsonb_build_array('index', split_part(pg_get_indexdef(i.indexrelid), ' USING ', 2), i.indisunique, i.indisprimary,
			(SELECT h.inhparent::regclass FROM pg_inherits h WHERE h.inhrelid = i.indexrelid))
		FROM pg_index i WHERE i.indrelid = $1::text::regclass
		UNION ALL SELECT jsonb_build_array('constraint', CASE WHEN k.contype IN ('c', 'f') THEN k.conname END, 
			replace(pg_get_constraintdef(k.oid), ' NOT VALID', ''), -- an empty partition has it valid
			k.convalidated OR k.contype = 'c', k.contype, k.conislocal, k.coninhcount, obj_description(k.oid, 'pg_constraint'))
		FROM pg_constraint k WHERE k.conrelid = $1::text::regclass AND k.contype <> 'n'
		UNION ALL SELECT jsonb_build_array('trigger', count(*)) FROM pg_trigger WHERE tgrelid = $1::text::regclass
		UNION ALL SELECT jsonb_build_array('table', relowner, relacl::text, relispartition, relpersistence, relkind, relrowsecurity)
		FROM pg_class WHERE oid = $1::text::regclass
		ORDER BY 1`, name)
}

// withoutJob leaves out the triggers that a job has on a table.
func withoutJob(snapshot map[string]string) map[string]string {
	for key := range snapshot {
		if strings.Contains(key, "repave_") {
			delete(snapshot, key)
		}
	}
	return snapshot
}
