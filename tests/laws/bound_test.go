package laws_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// boundObjects ties to richTable all that binds to a table by its number, under
// names that need quoting.
const boundObjects = `
SET search_path = "Odd schema", public;
CREATE TABLE other.audit (id bigserial PRIMARY KEY, what text, nr int);
CREATE FUNCTION other."a trigger"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS
	$$BEGIN INSERT INTO other.audit (what, nr) VALUES (TG_OP || ' ' || TG_NAME, coalesce(NEW.nr, OLD.nr)); RETURN NULL; END$$;
CREATE FUNCTION other."a $$ statement"() RETURNS trigger LANGUAGE plpgsql AS
	$f$BEGIN INSERT INTO other.audit (what, nr) SELECT 'new $$', count(*) FROM fresh; RETURN NULL; END$f$;
CREATE FUNCTION other.before() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.amount := coalesce(NEW.amount, 1); RETURN NEW; END';
CREATE TRIGGER "T of ON ""name" AFTER UPDATE OF name, "by hand" ON "Rich ""table" FOR EACH ROW
	WHEN (OLD.name IS DISTINCT FROM NEW.name AND NEW.name <> ' ON "Odd schema"') EXECUTE FUNCTION other."a trigger"('USING', 'it''s');
CREATE TRIGGER off AFTER INSERT ON "Rich ""table" FOR EACH ROW EXECUTE FUNCTION other."a trigger"();
CREATE TRIGGER "always" BEFORE INSERT OR UPDATE ON "Rich ""table" FOR EACH ROW EXECUTE FUNCTION other.before();
CREATE TRIGGER replica AFTER DELETE ON "Rich ""table" FOR EACH ROW EXECUTE FUNCTION other."a trigger"();
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON "Rich ""table" FROM other.parent DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (NEW.nr > 0) EXECUTE FUNCTION other."a trigger"();
CREATE TRIGGER "transition" AFTER INSERT ON "Rich ""table" REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION other."a $$ statement"();
ALTER TABLE "Rich ""table" DISABLE TRIGGER off, ENABLE ALWAYS TRIGGER "always", ENABLE REPLICA TRIGGER replica;
COMMENT ON TRIGGER off ON "Rich ""table" IS 'it is \ off';
CREATE CONSTRAINT TRIGGER "from" AFTER INSERT ON other.audit FROM "Rich ""table" FOR EACH ROW EXECUTE FUNCTION other."a trigger"();
ALTER TABLE other.audit DISABLE TRIGGER "from";

CREATE POLICY "see ON it" ON "Rich ""table" FOR SELECT TO pg_monitor, pg_read_all_stats USING (nr > 0 AND parent_id IN (SELECT id FROM other.parent));
CREATE POLICY "change" ON "Rich ""table" AS RESTRICTIVE USING (true) WITH CHECK ("Rich ""table".name <> 'USING');
COMMENT ON POLICY "change" ON "Rich ""table" IS 'a policy';
ALTER TABLE "Rich ""table" ENABLE ROW LEVEL SECURITY;
CREATE POLICY elsewhere ON other.parent USING (EXISTS (SELECT FROM "Rich ""table" r WHERE r.parent_id = parent.id)) WITH CHECK (true);

CREATE RULE "also ON" AS ON UPDATE TO "Rich ""table" WHERE OLD.nr = -1 DO ALSO INSERT INTO other.audit (what, nr) VALUES ('rule', NEW.nr);
CREATE RULE quiet AS ON DELETE TO "Rich ""table" WHERE OLD.nr = -1 DO INSTEAD NOTHING;
ALTER TABLE "Rich ""table" DISABLE RULE quiet; COMMENT ON RULE quiet ON "Rich ""table" IS 'rule';
CREATE RULE elsewhere AS ON DELETE TO other.audit WHERE OLD.nr = -1 DO ALSO UPDATE "Rich ""table" SET name = 'gone' WHERE nr = -1;

CREATE STATISTICS "stats of it" (ndistinct, mcv) ON nr, place FROM "Rich ""table"; ALTER STATISTICS "stats of it" SET STATISTICS 33;
CREATE STATISTICS other.expr ON (lower(name)), nr FROM "Rich ""table"; COMMENT ON STATISTICS other.expr IS 'of an expression';
CREATE PUBLICATION "a pub" FOR TABLE "Rich ""table", other.parent WITH (publish = 'insert, update');
ALTER TABLE "Rich ""table" REPLICA IDENTITY FULL;

CREATE VIEW "a view" WITH (security_barrier) AS SELECT "Id", name AS n, total, parent_id, nr FROM "Rich ""table" WHERE nr > 0 WITH LOCAL CHECK OPTION;
CREATE VIEW other."view of view" AS SELECT v."Id", p.k FROM "a view" v JOIN other.parent p ON p.id = v.parent_id;
CREATE VIEW grouped AS SELECT "Id", name, count(*) FROM "Rich ""table" GROUP BY "Id";
CREATE VIEW whole AS SELECT r FROM "Rich ""table" r;
CREATE RECURSIVE VIEW chain (i, u) AS SELECT "Id", up FROM "Rich ""table" WHERE up IS NULL UNION ALL SELECT r."Id", r.up FROM "Rich ""table" r JOIN chain ON r.up = chain.i;
ALTER VIEW "a view" ALTER n SET DEFAULT 'view''s'; COMMENT ON VIEW "a view" IS 'a view'; COMMENT ON COLUMN "a view".n IS 'n';
GRANT SELECT ON "a view" TO pg_monitor; GRANT SELECT (name) ON grouped TO PUBLIC; GRANT SELECT ON whole TO pg_monitor WITH GRANT OPTION;
CREATE FUNCTION other.instead() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER instead INSTEAD OF UPDATE ON "a view" FOR EACH ROW EXECUTE FUNCTION other.instead();
CREATE RULE on_view AS ON DELETE TO grouped DO INSTEAD NOTHING;

CREATE FUNCTION other.bound(i int) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT name FROM "Rich ""table" WHERE "Id" = i; END;
CREATE FUNCTION other.of_row(r "Rich ""table") RETURNS text LANGUAGE sql AS 'SELECT r.name';
CREATE FUNCTION other.rows() RETURNS SETOF "Rich ""table" LANGUAGE sql STABLE AS 'SELECT * FROM "Odd schema"."Rich ""table"';
CREATE VIEW other.computed AS SELECT other.of_row(r) AS x, r."Id" FROM "Rich ""table" r;
CREATE VIEW other."on top" AS SELECT x FROM other.computed WHERE x <> '';
COMMENT ON FUNCTION other.of_row IS 'of a row'; GRANT EXECUTE ON FUNCTION other.of_row TO pg_monitor; REVOKE EXECUTE ON FUNCTION other.rows FROM PUBLIC;

CREATE MATERIALIZED VIEW "m view" WITH (fillfactor = 80) AS SELECT nr, name, count(*) AS c FROM "Rich ""table" GROUP BY nr, name;
CREATE UNIQUE INDEX "m ON idx" ON "m view" (nr) INCLUDE (c); CREATE INDEX m2 ON "m view" (lower(name)) WHERE c > 0;
ALTER MATERIALIZED VIEW "m view" CLUSTER ON "m ON idx"; ALTER MATERIALIZED VIEW "m view" ALTER name SET STATISTICS 12; ALTER MATERIALIZED VIEW "m view" ALTER name SET STORAGE MAIN;
COMMENT ON MATERIALIZED VIEW "m view" IS 'm'; COMMENT ON INDEX "m ON idx" IS 'i'; COMMENT ON COLUMN "m view".c IS 'c'; GRANT SELECT ON "m view" TO pg_monitor;
CREATE MATERIALIZED VIEW other.mm AS SELECT sum(c) AS s FROM "m view" JOIN other.parent ON true;
CREATE VIEW other.onmm AS SELECT s FROM other.mm;
CREATE MATERIALIZED VIEW other.empty AS SELECT name FROM "Rich ""table" WITH NO DATA;
CREATE MATERIALIZED VIEW other.of_view AS SELECT n FROM "a view";
COMMENT ON TYPE "Rich ""table" IS 'row'; GRANT USAGE ON TYPE "Rich ""table" TO pg_monitor;
ALTER INDEX many DEPENDS ON EXTENSION plpgsql; ALTER TRIGGER off ON "Rich ""table" DEPENDS ON EXTENSION plpgsql;
RESET search_path;
`

// TestLaw5Field14And15WhatIsBoundFollows: everything bound to the table follows
// its name to the new one, there and back, and reads as it was.
func TestLaw5Field14And15WhatIsBoundFollows(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	for _, sql := range []string{richSQL(t, conn, ""), boundObjects} {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	pgtest.Exec(t, conn, "ANALYZE")
	before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	env := newEnv(t, dsn)
	req := requestOf(t, conn, richName, nil)
	same := func(what string) {
		t.Helper()
		pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
		require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"), what)
	}
	job := runTo(t, env, req, stages.Swap)
	// Nobody reads the old table any more.
	pgtest.Exec(t, conn, `INSERT INTO "Odd schema"."Rich ""table" (name, nr) VALUES ('fresh', 4711)`)
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM "Odd schema"."a view" WHERE n = 'fresh'`))
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM other."on top" WHERE x = 'fresh'`))
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM other.rows() WHERE name = 'fresh'`))
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM other.audit WHERE what = 'INSERT late' AND nr = 4711`))
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM other.audit WHERE what = 'new $$'`))
	// Materialized views hold what they held, and read the new table when refreshed.
	require.Equal(t, 300, pgtest.Count(t, conn, `SELECT count(*) FROM "Odd schema"."m view"`))
	require.Equal(t, []string{"3000"}, pgtest.Rows(t, conn, `SELECT s FROM other.onmm`))
	pgtest.Exec(t, conn, `REFRESH MATERIALIZED VIEW CONCURRENTLY "Odd schema"."m view"`)
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM "Odd schema"."m view" WHERE name = 'fresh'`))
	pgtest.Exec(t, conn, `REFRESH MATERIALIZED VIEW other.mm`)
	require.Equal(t, []string{"3010"}, pgtest.Rows(t, conn, `SELECT s FROM other.onmm`))
	require.Equal(t, 2, pgtest.Count(t, conn, `SELECT count(*) FROM pg_statistic_ext_data JOIN pg_statistic_ext ON oid = stxoid
		WHERE stxrelid = '"Odd schema"."Rich ""table"'::regclass`), "statistics objects have data")
	job, err := stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM "Odd schema"."a view" WHERE n = 'fresh'`))
	pgtest.Exec(t, conn, `DELETE FROM "Odd schema"."Rich ""table" WHERE nr = 4711`)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	before = pgtest.CatalogSnapshot(t, conn) // sequences have moved on
	same("revert-swap and reset")
	runTo(t, env, req, stages.Cleanup)
	same("cleanup")
	requireNoTraces(t, conn)
}

// TestLaw5WhatIsBoundFollowsChanges: columns that are renamed, dropped, added or
// get another type take with them what is bound to them.
func TestLaw5WhatIsBoundFollowsChanges(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), `
		CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int, gone int);
		INSERT INTO t SELECT g, g, 'b' || g, g, g FROM generate_series(1, 100) g;
		CREATE VIEW v AS SELECT id, a, b FROM t WHERE a > 0; GRANT SELECT ON v TO pg_monitor; COMMENT ON VIEW v IS 'v';
		CREATE VIEW on_v AS SELECT id + 1 AS next, b FROM v;
		CREATE VIEW apart AS SELECT b, c FROM t;
		CREATE MATERIALIZED VIEW m AS SELECT id, a AS was_a FROM t; CREATE INDEX mi ON m (was_a); CREATE VIEW on_m AS SELECT id FROM m;
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
		CREATE TRIGGER tr BEFORE UPDATE OF a, b ON t FOR EACH ROW WHEN (NEW.a > OLD.c) EXECUTE FUNCTION f();
		CREATE POLICY p ON t USING (a > 0); CREATE STATISTICS s ON a, c FROM t; CREATE STATISTICS s_gone ON a, gone FROM t;`)
	require.NoError(t, err)
	env := newEnv(t, dsn)
	req := request(t, conn, "t", func(s *registry.Spec) {
		s.Tables[0].Change.PKBigint = true
		s.Tables[0].Change.Alter = []string{"RENAME COLUMN a TO c2", "RENAME COLUMN c TO a", "DROP COLUMN gone", "ALTER COLUMN b TYPE varchar(50)", "ADD COLUMN gone text"}
	})
	job, err := stages.Run(t.Context(), env, req, stages.Swap)
	require.NoError(t, err)
	require.Equal(t, []string{"2|b1"}, pgtest.Rows(t, conn, `SELECT * FROM on_v WHERE next = 2`))
	require.Equal(t, []string{"bigint"}, pgtest.Rows(t, conn, `SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'on_v'::regclass AND attname = 'next'`))
	require.Equal(t, []string{"1|1"}, pgtest.Rows(t, conn, `SELECT * FROM m WHERE was_a = 1`))
	const statistics = `SELECT stxname FROM pg_statistic_ext WHERE stxrelid = 't'::regclass ORDER BY 1`
	require.Equal(t, []string{"s"}, pgtest.Rows(t, conn, statistics), "as DROP COLUMN does")
	require.Equal(t, []string{"bigint"}, pgtest.Rows(t, conn, `SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'on_m'::regclass`))
	def := pgtest.Rows(t, conn, `SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'tr'`)
	require.Equal(t, []string{"CREATE TRIGGER tr BEFORE UPDATE OF c2, b ON public.t FOR EACH ROW WHEN ((new.c2 > old.a)) EXECUTE FUNCTION f()"}, def)
	job, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	require.Equal(t, []string{"s", "s_gone"}, pgtest.Rows(t, conn, statistics))
	require.Equal(t, []string{"integer"}, pgtest.Rows(t, conn, `SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'on_v'::regclass AND attname = 'next'`))
}

// TestLaw5WhatIsBoundByAPlainRole: a role that owns nothing but is a member of
// the owners, and may create in the schemas, carries all of it; row security
// hides nothing from it.
func TestLaw5WhatIsBoundByAPlainRole(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	role := "bound_" + strings.ToLower(rand.Text())
	_, err := conn.Exec(t.Context(), strings.ReplaceAll(`CREATE ROLE $r_owner; CREATE ROLE $r_app; CREATE ROLE $r LOGIN PASSWORD 'x'; GRANT $r_owner TO $r;
		GRANT CREATE, USAGE ON SCHEMA public TO $r_owner, $r; GRANT USAGE ON SCHEMA public TO $r_app;
		SET ROLE $r_owner;
		CREATE TABLE t (id serial PRIMARY KEY, owner text, b text); INSERT INTO t (owner, b) SELECT CASE g % 2 WHEN 0 THEN 'even' ELSE 'odd' END, g FROM generate_series(1, 100) g;
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.b := upper(NEW.b); RETURN NEW; END';
		CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
		CREATE POLICY p ON t TO $r_app USING (owner = 'even') WITH CHECK (owner = 'even'); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
		CREATE VIEW v AS SELECT owner, count(*) FROM t GROUP BY owner; CREATE MATERIALIZED VIEW m AS SELECT id FROM t; CREATE INDEX ON m (id);
		CREATE STATISTICS s ON owner, b FROM t; CREATE FUNCTION whole(t) RETURNS text LANGUAGE sql AS 'SELECT $1.b';
		GRANT SELECT, INSERT, UPDATE ON t TO $r_app; GRANT USAGE ON SEQUENCE t_id_seq TO $r_app; GRANT SELECT ON v, m TO $r_app; RESET ROLE`, "$r", role))
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := conn.Exec(context.WithoutCancel(t.Context()), strings.ReplaceAll(`DROP OWNED BY $r, $r_owner, $r_app CASCADE; DROP ROLE $r, $r_owner, $r_app`, "$r", role))
		require.NoError(t, err)
	})
	_, err = conn.Exec(t.Context(), `GRANT CREATE, TEMPORARY ON DATABASE `+pgx.Identifier{conn.Config().Database}.Sanitize()+` TO `+role)
	require.NoError(t, err)
	before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	plain := pgtest.As(t, dsn, role, "x")
	app := pgtest.Connect(t, dsn, `SET ROLE `+role+`_app`)
	see := func() {
		t.Helper()
		require.Equal(t, 50, pgtest.Count(t, app, `SELECT count(*) FROM t WHERE id <= 100`))
		pgtest.Exec(t, app, `UPDATE t SET b = b || '!' WHERE id BETWEEN 1 AND 10`)
		_, err := app.Exec(t.Context(), `INSERT INTO t (owner, b) VALUES ('odd', 'x')`)
		require.ErrorContains(t, err, "row-level security")
	}
	see()
	mustRepave(t, plain, "run", "t", "--until", "replay")
	see()
	mustRepave(t, plain, "run", "t")
	see()
	mustRepave(t, plain, "revert-swap", "t", "--yes")
	see()
	mustRepave(t, plain, "run", "t", "--cleanup", "--yes")
	see()
	require.Equal(t, 5, pgtest.Count(t, conn, `SELECT count(*) FROM t WHERE b LIKE '%!!!!!'`))
	after := pgtest.CatalogSnapshot(t, conn)
	delete(before, "sequence public.t_id_seq: last value")
	delete(after, "sequence public.t_id_seq: last value")
	pgtest.RequireSameCatalog(t, before, after)
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
}

// TestLaw1RowTypesOfSessions: functions that a session has compiled with the
// table's row type go on working in it, after the swap and after the cleanup.
func TestLaw1RowTypesOfSessions(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 10) g;
		CREATE FUNCTION one(i int) RETURNS text LANGUAGE plpgsql AS $$DECLARE r t%ROWTYPE; x t.v%TYPE; BEGIN SELECT * INTO r FROM t WHERE id = i; x := r.v; RETURN x; END$$;
		CREATE FUNCTION put(i int) RETURNS void LANGUAGE plpgsql AS $$DECLARE r t; BEGIN r.id := i; r.v := 'put'; INSERT INTO t SELECT r.*; END$$;
		CREATE FUNCTION all_of() RETURNS SETOF t LANGUAGE plpgsql AS $$BEGIN RETURN QUERY SELECT * FROM t ORDER BY id; END$$`)
	require.NoError(t, err)
	calls := func() {
		t.Helper()
		pgtest.Exec(t, conn, `DELETE FROM t WHERE id = 11`)
		pgtest.Exec(t, conn, `SELECT put(11)`)
		require.Equal(t, []string{"v3"}, pgtest.Rows(t, conn, `SELECT one(3)`))
		require.Equal(t, []string{"put"}, pgtest.Rows(t, conn, `SELECT one(11)`))
		require.Len(t, pgtest.Rows(t, conn, `SELECT v FROM all_of()`), 11)
	}
	calls()
	mustRepave(t, dsn, "run", "t")
	calls()
	mustRepave(t, dsn, "cleanup", "t", "--yes")
	calls()
}
