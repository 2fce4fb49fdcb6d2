package laws_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// output runs the program to its end and returns what it printed to stdout.
func (c *clusters) output(code int, args ...string) string {
	c.t.Helper()
	cmd := c.command(c.t.Context(), args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run()
	require.Equal(c.t, code, cmd.ProcessState.ExitCode(), "%s\n%s", &out, &errs)
	return out.String()
}

// viewed are two tables with all kinds of views over them, some of which can't go along.
const viewed = `
CREATE TABLE t (id int PRIMARY KEY, a int, b text, gone int); CREATE TABLE u (id int PRIMARY KEY, t_id int REFERENCES t); CREATE INDEX by_a ON t (a);
INSERT INTO t SELECT g, g % 3, 'b' || g, g FROM generate_series(1, 30) g; INSERT INTO u SELECT g, g FROM generate_series(1, 10) g;
CREATE ROLE only_here; CREATE TABLE stays (id int PRIMARY KEY); GRANT SELECT ON t TO app, only_here;
CREATE VIEW v WITH (security_barrier) AS SELECT id, a, b FROM t WHERE a > 0 WITH CASCADED CHECK OPTION;
ALTER VIEW v ALTER b SET DEFAULT 'from v'; COMMENT ON VIEW v IS 'v''s'; COMMENT ON COLUMN v.a IS 'a''s'; ALTER VIEW v OWNER TO app;
GRANT SELECT ON v TO only_here, reader; GRANT UPDATE (b) ON v TO reader; GRANT SELECT, INSERT, UPDATE, DELETE ON t TO app;
CREATE VIEW "V v" AS SELECT v.id, u.id AS u FROM v JOIN u ON u.t_id = v.id;
CREATE TRIGGER tr INSTEAD OF INSERT ON "V v" FOR EACH ROW EXECUTE FUNCTION done(); CREATE RULE r AS ON DELETE TO "V v" DO INSTEAD DELETE FROM u WHERE id = OLD.u;
CREATE MATERIALIZED VIEW m WITH (fillfactor = 77) AS SELECT a, count(*) AS n FROM t GROUP BY a; CREATE UNIQUE INDEX m_a ON m (a); COMMENT ON MATERIALIZED VIEW m IS 'm';
CREATE MATERIALIZED VIEW mm AS SELECT sum(n) AS n FROM m; CREATE MATERIALIZED VIEW bare AS SELECT id FROM t WITH NO DATA;
CREATE MATERIALIZED VIEW seen AS SELECT id FROM t; ALTER MATERIALIZED VIEW seen OWNER TO app; ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (id < 1000);
CREATE FUNCTION f(int) RETURNS bigint STABLE LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t WHERE a = $1; END; REVOKE ALL ON FUNCTION f FROM PUBLIC;
CREATE FUNCTION of_row(t) RETURNS int LANGUAGE sql AS 'SELECT $1.id + 1'; CREATE VIEW with_f AS SELECT f(1) AS f, of_row(t) AS r FROM t;
CREATE VIEW w AS SELECT t.id FROM t JOIN stays USING (id); CREATE VIEW ww AS SELECT id FROM w; CREATE TRIGGER tr INSTEAD OF INSERT ON w FOR EACH ROW EXECUTE FUNCTION done();
CREATE VIEW of_gone AS SELECT gone FROM t; CREATE VIEW of_lost AS SELECT id FROM t; ALTER VIEW of_lost OWNER TO only_here;`

// viewedSpec asks for other names and types of columns, and for one less.
const viewedSpec = `tables:
  t: {alter: ["ALTER id TYPE bigint", "RENAME a TO b2", "RENAME b TO a", "DROP gone", "ADD gone text"]}
  u: {alter: ["ALTER t_id TYPE bigint"]}
`

// viewedClusters makes them on the source, and on the target what they need besides.
func viewedClusters(t *testing.T) (c *clusters, source, target *pgx.Conn, spec string) {
	t.Helper()
	c = twoClusters(t)
	source, target = pgtest.Connect(t, c.from), pgtest.Connect(t, c.to)
	const both = `CREATE ROLE app; CREATE ROLE reader; CREATE ROLE maker; CREATE FUNCTION done() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`
	for conn, sql := range map[*pgx.Conn]string{
		source: both + ";" + viewed, target: both + `; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO maker; GRANT CREATE ON SCHEMA public TO app`,
	} {
		_, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err)
	}
	spec = filepath.Join(t.TempDir(), "spec.yaml")
	require.NoError(t, os.WriteFile(spec, []byte(viewedSpec), 0o600))
	return c, source, target, spec
}

// TestLaw5AcrossViewsGoAlong: views, with all they have, read on the target as they did, through renamed and retyped
// columns; what can't go along is named by plan and by the report.
func TestLaw5AcrossViewsGoAlong(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c, source, target, spec := viewedClusters(t)
	pgtest.Exec(t, target, `CREATE TABLE "V v" (id int)`)
	run := []string{"--strategy=logical", "--with-views", "-f", spec}
	require.Contains(t, c.output(3, append([]string{"plan"}, run...)...), `the target has public."V v" already`)
	pgtest.Exec(t, target, `DROP TABLE "V v"`)
	empty := pgtest.CatalogSnapshot(t, target)
	plan := c.output(0, append([]string{"plan"}, run...)...)
	pgtest.RequireSameCatalog(t, empty, pgtest.CatalogSnapshot(t, target))
	left := []string{
		`view public.w stays on the source: on the target, relation "public.stays" does not exist`, `view public.ww stays on the source: it uses view public.w`,
		`view public.of_gone stays on the source: on the target, column `, `view public.of_lost stays on the source: on the target, role "only_here" does not exist`,
	}
	for _, want := range append(left,
		`view public.v: made on the target in sync_schema`, `materialized view public.m: made on the target in sync_schema, filled just before the cutover`,
		`function public.f(integer): made on the target`, `view public.v lacks something: role "only_here" does not exist`,
		`privilege SELECT for role only_here is missing`,
	) {
		require.Contains(t, plan, want)
	}
	require.NotContains(t, plan, "trigger tr on public.w stays", "it belongs to its view")
	require.Contains(t, c.output(0, "plan", "--strategy=logical", "-f", spec), "view public.v stays on the source: it was not asked for")
	stderr, code := c.run("plan", "--with-views", "t")
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "hint: leave it out: in place, views always follow their tables")
	c.must(append([]string{"run", "--until", "verify"}, run...)...)
	require.Equal(t, []string{"bare|f", "m|f", "mm|f", "seen|f"}, pgtest.Rows(t, target, `SELECT relname, relispopulated FROM pg_class WHERE relkind = 'm' ORDER BY 1`))
	stderr, code = c.run("swap", "t")
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "stays    view public.ww, on the source: it uses view public.w\n")
	for query, want := range map[string][]string{
		`SELECT a, n FROM m ORDER BY 1`: {"0|10", "1|10", "2|10"}, `SELECT n FROM mm`: {"30"}, `SELECT count(*) FROM seen`: {"30"}, `SELECT relispopulated FROM pg_class WHERE relname = 'bare'`: {"f"},
		`SELECT id, a, b FROM v ORDER BY 1 LIMIT 2`: {"1|1|b1", "2|2|b2"}, `SELECT pg_typeof(id), pg_typeof(a), pg_typeof(b) FROM v LIMIT 1`: {"bigint|integer|text"},
		`SELECT f, r FROM with_f ORDER BY r LIMIT 1`: {"10|2"}, `SELECT count(*) FROM "V v"`: {"7"},
		`SELECT reloptions::text FROM pg_class WHERE oid IN ('v'::regclass, 'm'::regclass) ORDER BY 1`:                                                                                                                    {"{fillfactor=77}", "{security_barrier=true,check_option=cascaded}"},
		`SELECT obj_description('v'::regclass), col_description('v'::regclass, 2), obj_description('m'::regclass)`:                                                                                                        {"v's|a's|m"},
		`SELECT relowner::regrole, has_table_privilege('reader', oid, 'SELECT'), has_column_privilege('reader', oid, 'b', 'UPDATE'), has_table_privilege('maker', oid, 'SELECT') FROM pg_class WHERE oid = 'v'::regclass`: {"app|t|t|f"},
		`SELECT has_table_privilege('maker', 'm', 'SELECT'), has_function_privilege('reader', 'f(int)', 'EXECUTE')`:                                                                                                       {"f|f"},
		`SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = '"V v"'::regclass`:                                                                                                                                      {"tr|O"},
		`SELECT indexrelid::regclass || ' ' || indisunique FROM pg_index WHERE indrelid = 'm'::regclass`:                                                                                                                  {"m_a true"},
		`SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace ORDER BY 1`:                                                                                                   {"V v", "bare", "m", "mm", "seen", "v", "with_f"},
	} {
		require.Equal(t, want, pgtest.Rows(t, target, query), query)
	}
	pgtest.Exec(t, target, `INSERT INTO v (id, a) VALUES (100, 7)`)
	require.Equal(t, []string{"7|from v"}, pgtest.Rows(t, target, `SELECT b2, a FROM t WHERE id = 100`))
	_, err := target.Exec(t.Context(), `INSERT INTO v (id, a) VALUES (101, 0)`)
	require.Equal(t, "44000", sqlState(err), "the check option holds")
	pgtest.Exec(t, target, `DELETE FROM "V v" WHERE u = 1`)
	// There and back they stay, and are filled anew.
	c.must("revert-swap", "--yes", "t")
	require.Equal(t, []string{"7|from v"}, pgtest.Rows(t, source, `SELECT a, b FROM v WHERE id = 100`))
	pgtest.Exec(t, source, `INSERT INTO t VALUES (200, 8)`)
	// What changes on the source is noticed.
	pgtest.Exec(t, source, `CREATE VIEW late AS SELECT id FROM t`)
	stderr, code = c.run("swap", "t")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "views were changed since the job began: view public.late is new")
	pgtest.Exec(t, source, `DROP VIEW late`)
	c.must("swap", "t")
	require.Equal(t, []string{"0|10", "1|10", "2|10", "7|1", "8|1"}, pgtest.Rows(t, target, `SELECT a, n FROM m ORDER BY 1`))
	c.must("cleanup", "--yes", "t")
	require.Equal(t, []string{"32"}, pgtest.Rows(t, target, `SELECT n FROM mm`))
	c.requireNoTraces()
}

// TestLaw3AcrossOnlyToATargetThatIsReady: what the target lacks is shown while it does, and a cutover to one that lacks
// what it had is refused. A role that is missing was told of.
func TestLaw3AcrossOnlyToATargetThatIsReady(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c, source, target, spec := viewedClusters(t)
	pgtest.Exec(t, target, `ALTER DATABASE postgres SET default_text_search_config = 'pg_catalog.german'`)
	pgtest.Exec(t, source, `CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION done()`)
	run := []string{"run", "--strategy=logical", "--with-views", "-f", spec, "--until"}
	empty := pgtest.CatalogSnapshot(t, target)
	c.must(append(run, "backfill")...)
	status := c.output(0, "status", "t")
	require.Contains(t, status, "  lacks     until sync_schema: ")
	require.Contains(t, status, "  lacks     until the cutover: public.u: foreign key")
	require.Contains(t, status, "  lacks     for good, as plan says: public.t: privilege SELECT for role only_here is missing\n")
	c.must(append(run, "verify")...)
	var job struct {
		Lacks []struct {
			Object, Problem, Until string
			Told                   bool
		}
		LeftBehind []struct{ Name, Reason string } `json:"left_behind"`
		Differs    []string
	}
	require.NoError(t, json.Unmarshal([]byte(c.output(0, "status", "--json", "t")), &job))
	for _, lack := range job.Lacks {
		require.True(t, lack.Told || lack.Until == "swap", lack)
	}
	require.Len(t, job.LeftBehind, 4)
	require.Contains(t, job.Differs, "default_text_search_config is pg_catalog.german on the target, pg_catalog.english on the source")
	for _, change := range []struct{ lose, lacks, restore string }{
		{`DROP INDEX by_a`, "public.t: index by_a is missing", `CREATE INDEX by_a ON t (b2)`},
		{`ALTER TABLE t ADD extra int`, "public.t: column extra is not on the source", `ALTER TABLE t DROP extra`}, // the stream of the way back would end
		{`DROP VIEW "V v"`, `view public."V v" is missing`, ``},
	} {
		pgtest.Exec(t, target, change.lose)
		require.Contains(t, c.output(0, "status", "t"), "  lacks     and should not: "+change.lacks)
		stderr, code := c.run("swap", "t")
		require.Equal(t, 1, code)
		require.Contains(t, stderr, "the target is not as it was made:\n  "+change.lacks)
		require.Contains(t, stderr, "hint: the source is in use; make these on the target")
		pgtest.Exec(t, source, `INSERT INTO u SELECT max(id) + 1 FROM u`)
		if change.restore != "" {
			pgtest.Exec(t, target, change.restore)
			c.must(append(run, "verify")...)
		}
	}
	c.must("reset", "--yes", "t")
	c.requireNoTraces()
	pgtest.RequireSameCatalog(t, empty, pgtest.CatalogSnapshot(t, target))
}

// TestLaw5AcrossEverythingGoesAlong: a database whose tables are moved with views is the source's to the last detail,
// there and back and there again; nothing of it counts as missing.
func TestLaw5AcrossEverythingGoesAlong(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	m := &move{sourceDSN: c.from, targetDSN: c.to, source: pgtest.Connect(t, c.from), target: pgtest.Connect(t, c.to)}
	m.both(t, richOn(t, m, ""), boundObjects, `DROP PUBLICATION "a pub"`)
	m.forget(t)
	c.must("run", "--strategy=logical", "--with-views", "--all-tables", "--until", "verify")
	require.NotContains(t, c.output(0, "status"), "should not")
	c.must("swap", "other.parent")
	c.must("revert-swap", "--yes", "other.parent")
	c.must("swap", "other.parent")
	require.NotContains(t, c.output(0, "status"), "  lacks ")
	c.must("cleanup", "--yes", "other.parent")
	pgtest.Exec(t, m.target, `DROP SCHEMA repave CASCADE`)
	m.requireSameDump(t)
}
