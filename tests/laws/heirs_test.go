package laws_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// bequest is a table with a parent, and with children of all kinds: one that has all from it, one that has all of its
// own, one of three parents with the table in the middle, and children of theirs. Keys occur in several of them.
const bequest = `
CREATE TABLE "Grand" (id int NOT NULL, n int DEFAULT 0);
CREATE TABLE "The parent" (id int CONSTRAINT "id there" NOT NULL, n int DEFAULT 0, note text COLLATE "C", twice int GENERATED ALWAYS AS (n * 2) STORED, t text,
	CONSTRAINT "parent key" PRIMARY KEY (id), CONSTRAINT "n is" CHECK (n >= 0), CONSTRAINT alone CHECK (id < 1000000) NO INHERIT);
ALTER TABLE "The parent" INHERIT "Grand";
CREATE TABLE "first" (extra int, CONSTRAINT "extra is" CHECK (extra > -10));
CREATE TABLE "last" (id int, extra int, CONSTRAINT "extra is" CHECK (extra > -10));
CREATE TABLE "all from it" () INHERITS ("The parent");
CREATE TABLE "child's" (own text, CONSTRAINT mine CHECK (own <> ''), PRIMARY KEY (id)) INHERITS ("first", "The parent", "last");
CREATE TABLE own (t text, id int NOT NULL, n int, note text COLLATE "C", twice int GENERATED ALWAYS AS (n * 2) STORED, CONSTRAINT "n is" CHECK (n >= 0));
ALTER TABLE own INHERIT "The parent";
ALTER TABLE own ADD CONSTRAINT late CHECK (id < 1000000) NOT VALID;
CREATE TABLE grandchild () INHERITS ("child's", own);
INSERT INTO "The parent" (id, n, note) SELECT g, g, repeat('x', 100) FROM generate_series(1, 3000) g;
INSERT INTO "all from it" (id, n) SELECT g, g FROM generate_series(1, 500) g;
INSERT INTO "child's" (id, n, own) SELECT g, g, 'own' FROM generate_series(1, 300) g;
INSERT INTO own (id, n) SELECT g, g FROM generate_series(1, 200) g;
INSERT INTO grandchild (id, n) SELECT g, g FROM generate_series(1, 100) g;
CREATE VIEW of_parent AS SELECT tableoid::regclass AS of, id, n FROM "The parent";
CREATE INDEX ON "The parent" (note);
CREATE TABLE referring (id int REFERENCES "The parent"); INSERT INTO referring VALUES (17);
CREATE PUBLICATION announced FOR TABLE ONLY "The parent", "all from it";
ANALYZE;
`

// TestLaw5ChildrenStayAsTheyWere: a table with children is rewritten alone, and its children go on to be its
// children: in the same order among their parents, with what they have of their own and what from their parents alone.
func TestLaw5ChildrenStayAsTheyWere(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), bequest)
	require.NoError(t, err)
	before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	const rows = `SELECT tableoid::regclass::text AS of, id, n FROM "Grand" ORDER BY 1, 2`
	had := pgtest.Rows(t, conn, rows)
	env := newEnv(t, dsn)
	req := request(t, conn, "The parent", nil)
	same := func(what string) {
		t.Helper()
		require.Equal(t, had, pgtest.Rows(t, conn, rows), what)
		require.Equal(t, 4100, pgtest.Count(t, conn, `SELECT count(*) FROM of_parent`), what)
		pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
		require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"), what)
		requireNoTraces(t, conn)
	}
	job := runTo(t, env, req, stages.Swap)
	require.Equal(t, 4100, pgtest.Count(t, conn, `SELECT count(*) FROM of_parent`))
	job, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	same("revert-swap and reset")
	runTo(t, env, request(t, conn, "The parent", func(s *registry.Spec) { s.Tables[0].Change.OrderBy = []string{"id"} }), stages.Cleanup)
	same("cleanup of a job with an order")
	require.NotZero(t, pgtest.Count(t, conn, `SELECT count(*) FROM pg_stats WHERE tablename = 'The parent' AND inherited`), "field.md row 16")
}

// TestLaw5WhatChildrenCantFollowIsRefused, before a row is copied: a job changes its tables as ALTER TABLE ONLY would.
func TestLaw5WhatChildrenCantFollowIsRefused(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), `
		CREATE TABLE p (id int PRIMARY KEY, n int DEFAULT 1, note text, gone text);
		CREATE TABLE c (id int PRIMARY KEY, n int, note text, gone text); ALTER TABLE c INHERIT p;
		CREATE TABLE d (id int PRIMARY KEY, n int, note text, gone text); ALTER TABLE d INHERIT c;
		INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 2); INSERT INTO d VALUES (1, 3);
		CREATE TABLE e () INHERITS (p)`)
	require.NoError(t, err)
	before := pgtest.CatalogSnapshot(t, conn)
	env := newEnv(t, dsn)
	for action, says := range map[string]string{
		"ALTER n TYPE bigint":      `child public.c can't inherit from the new table|by naming it beside its parent`,
		"ADD more int":             `child public.c can't inherit from the new table|give public.c what the new table has first`,
		"ALTER note SET NOT NULL":  `child public.c can't inherit from the new table|as ALTER TABLE ONLY would`,
		"DROP gone":                `child public.e has from its parents alone what the new table would give it no more, or anew: [column gone]|drop it by an ALTER TABLE`,
		"RENAME gone TO elsewhere": `can't get another name in the table alone|renames it in the children as well`,
	} {
		job, err := stages.Run(t.Context(), env, request(t, conn, "p", func(s *registry.Spec) { s.Tables[0].Change.Alter = []string{action} }), stages.Swap)
		problem, hint, _ := strings.Cut(says, "|")
		require.ErrorContains(t, err, problem, action)
		require.Equal(t, string(stages.Setup), job.Stage, action)
		var advice interface{ Hint() string }
		require.ErrorAs(t, err, &advice, action)
		require.Contains(t, advice.Hint(), "nothing was swapped; ", action)
		require.Contains(t, advice.Hint(), hint, action)
		require.NoError(t, stages.Reset(t.Context(), env, job))
	}
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
	// The cures: what children have of their own stays with them, what they have already they go on to have.
	pgtest.Exec(t, conn, `DROP TABLE e`)
	pgtest.Exec(t, conn, `ALTER TABLE d ADD more int DEFAULT 4`)
	pgtest.Exec(t, conn, `ALTER TABLE c ADD more int DEFAULT 4`)
	mustRepave(t, dsn, "run", "p", "--alter", "ADD more int DEFAULT 5, DROP gone, ALTER n SET DEFAULT 6", "--cleanup")
	require.Equal(t, []string{"(p,1,1,5)", "(c,1,2,4)", "(d,1,3,4)"}, pgtest.Rows(t, conn, `SELECT (tableoid::regclass, id, n, more)::text AS r FROM p ORDER BY n`))
	require.Equal(t, []string{"c t 0", "d t 1"}, pgtest.Rows(t, conn, `SELECT concat_ws(' ', attrelid::regclass, attislocal, attinhcount)
		FROM pg_attribute WHERE attrelid IN ('c'::regclass, 'd'::regclass) AND attname = 'gone' ORDER BY 1`))
	// A whole tree in one job, while others hold on to one of it.
	mustRepave(t, dsn, "run", "p", "--until", "verify")
	_, stderr, code := repave(t, dsn, "run", "c")
	require.Equal(t, 3, code, stderr)
	require.Contains(t, stderr, "parent public.p belongs to an unfinished job (public.p)")
	mustRepave(t, dsn, "reset", "p")
	// What would be filled before the swap would lack the children's rows, also where it reads a view that has to be made again.
	execAll(t, conn, []string{`CREATE VIEW seen AS SELECT id, n FROM p`, `CREATE MATERIALIZED VIEW sums AS SELECT sum(n) FROM seen`})
	_, stderr, code = repave(t, dsn, "run", "p", "c", "d", "--alter", "ALTER n TYPE bigint")
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, "sums can't be carried over to the new table: it would be filled before the swap")
	mustRepave(t, dsn, "reset", "p")
	execAll(t, conn, []string{`DROP MATERIALIZED VIEW sums`, `DROP VIEW seen`})
	mustRepave(t, dsn, "run", "d", "p", "c", "--alter", "ALTER n TYPE bigint", "--cleanup")
	require.Equal(t, []string{"(p,1,1,5)", "(c,1,2,4)", "(d,1,3,4)"}, pgtest.Rows(t, conn, `SELECT (tableoid::regclass, id, n, more)::text AS r FROM p ORDER BY n`))
	require.Equal(t, []string{"c bigint 1", "d bigint 1", "p bigint 0"}, pgtest.Rows(t, conn, `SELECT concat_ws(' ', attrelid::regclass, atttypid::regtype, attinhcount)
		FROM pg_attribute WHERE attrelid IN ('p'::regclass, 'c'::regclass, 'd'::regclass) AND attname = 'n' ORDER BY 1`))
	requireNoTraces(t, conn)
}

// TestLaw5TortureWithChildren is the tortured table with children: all that is bound to it, but materialized views.
func TestLaw5TortureWithChildren(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	c := tortureOf(t, conn, tortureNames[:2])
	build(t, conn, c.tables, c.bound)
	table := c.name().String()
	for _, sql := range []string{
		`DO $$DECLARE v regclass; BEGIN FOR v IN SELECT oid FROM pg_class WHERE relkind = 'm' LOOP
			IF EXISTS (SELECT FROM pg_class WHERE oid = v) THEN EXECUTE 'DROP MATERIALIZED VIEW ' || v || ' CASCADE'; END IF; END LOOP; END$$`,
		`DO $do$DECLARE k record; BEGIN FOR k IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype IN ('c', 'n') AND NOT convalidated
			AND coalesce((to_jsonb(pg_constraint) ->> 'conenforced')::bool, true) AND conrelid = '` + strings.ReplaceAll(table, "'", "''") + `'::regclass LOOP
			EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', k.t, k.conname); END LOOP; END$do$`,
		`CREATE TABLE other.beside ("Id" int)`,
		`CREATE TABLE "Child ON $1" (PRIMARY KEY ("Id")) INHERITS (` + table + `, other.beside)`,
		`CREATE TABLE other."USING" () INHERITS ("Child ON $1", ` + table + `)`,
		`CREATE VIEW other."of child" AS SELECT * FROM "Child ON $1"`,
		`ANALYZE`,
	} {
		pgtest.Exec(t, conn, sql)
	}
	before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	env := newEnv(t, dsn)
	req := requestOf(t, conn, c.name(), nil)
	require.NoError(t, stages.Reset(t.Context(), env, runTo(t, env, req, stages.Verify)))
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
	runTo(t, env, req, stages.Cleanup)
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
	requireNoTraces(t, conn)
}
