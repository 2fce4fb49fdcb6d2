package laws_test

import (
	"context"
	"crypto/rand"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/internal/pgserver"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/tests/pgtest"
	"github.com/repave-pg/repave/tests/samples"
)

// envTarget names the binaries of the other server; without it, it has the first one's.
const envTarget = "REPAVE_PG_BIN_TARGET"

// target is the server that tests move tables to, started by the first that does.
var target struct {
	once   sync.Once
	server *pgserver.Server
	err    error
}

// targetServer returns a database on the other server.
func targetServer(t *testing.T) string {
	t.Helper()
	target.once.Do(func() {
		ctx := context.WithoutCancel(t.Context())
		var install pgserver.Install
		if install, target.err = pgserver.Find(ctx, pgserver.FindOptions{BinDir: os.Getenv(envTarget)}); target.err == nil {
			target.server, target.err = pgserver.Start(ctx, install, pgserver.Options{SharedBuffers: "128MB"})
		}
	})
	require.NoError(t, target.err)
	return pgtest.DatabaseOn(t, target.server.DSN("postgres"))
}

// stopTarget stops the server if there is one.
func stopTarget() error {
	if target.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return target.server.Stop(ctx)
}

// A move makes the tables of one database in another, of another server.
type move struct {
	sourceDSN, targetDSN string
	source, target       *pgx.Conn
	tables               []define.Rehearsed
	notes                define.Notes
}

// newMove connects to both, with the sessions that repave has.
func newMove(t *testing.T) *move {
	t.Helper()
	m := &move{sourceDSN: pgtest.Database(t), targetDSN: targetServer(t)}
	m.source, m.target = pgtest.Connect(t, m.sourceDSN, `SET jit = off`), pgtest.Connect(t, m.targetDSN, `SET jit = off`)
	return m
}

func (m *move) both(t *testing.T, statements ...string) {
	t.Helper()
	for _, conn := range []*pgx.Conn{m.source, m.target} {
		for _, sql := range statements {
			_, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
			require.NoError(t, err)
		}
	}
}

// versions are those of source and target.
func (m *move) versions(t *testing.T) (source, target int) {
	t.Helper()
	return pgtest.ServerVersion(t, m.source), pgtest.ServerVersion(t, m.target)
}

// forget drops all tables of the target, and what their defaults read.
func (m *move) forget(t *testing.T) {
	t.Helper()
	pgtest.Exec(t, m.target, `DO $$ DECLARE r text; BEGIN
		LOOP
			SELECT oid::regclass::text INTO r FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) LIMIT 1;
			EXIT WHEN NOT FOUND; EXECUTE 'DROP TABLE ' || r || ' CASCADE';
		END LOOP;
		FOR r IN SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S' LOOP EXECUTE 'DROP SEQUENCE ' || r; END LOOP; END $$`)
}

// load reads all tables of the source, or those given with their changes.
func (m *move) load(t *testing.T, changes map[string]shadow.Change) []*shadow.Blueprint {
	t.Helper()
	for _, conn := range []*pgx.Conn{m.source, m.target} {
		pgtest.Exec(t, conn, `SET search_path = ''`)
	}
	var list []define.Table
	for _, text := range pgtest.Rows(t, m.source, `SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY c.oid`) {
		change, ok := changes[text]
		if changes != nil && !ok {
			continue
		}
		oid := pgtest.Value[uint32](t, m.source, `SELECT $1::text::regclass::oid`, text)
		list = append(list, define.Table{OID: oid, Change: change})
	}
	before := pgtest.CatalogSnapshot(t, m.source, "nothing is left out")
	blueprints, err := define.Final(t.Context(), m.source, "repave", list, `"$user", public`)
	require.NoError(t, err)
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, m.source, "nothing is left out"))
	m.tables = nil
	for _, b := range blueprints {
		err := pgx.BeginFunc(t.Context(), m.source, func(tx pgx.Tx) error {
			bound, err := define.LoadBound(t.Context(), tx, b.Source.OID, b.Columns, "repave")
			m.tables = append(m.tables, define.Rehearsed{Relation: b.Shadow, Bound: bound})
			return err
		})
		require.NoError(t, err)
	}
	return blueprints
}

// missing is what define.Missing says of all tables.
func (m *move) missing(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, table := range m.tables {
		lines, err := define.Missing(t.Context(), m.source, m.target, table.Relation, "repave")
		require.NoError(t, err)
		for _, line := range lines {
			if !slices.Contains(out, line) {
				out = append(out, line)
			}
		}
	}
	return out
}

// in runs fn in a transaction of the target's.
func (m *move) in(t *testing.T, fn func(tx pgx.Tx) (define.Notes, error)) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), m.target, func(tx pgx.Tx) error {
		notes, err := fn(tx)
		m.notes = append(m.notes, notes...)
		return err
	})
	require.NoError(t, err)
}

// make makes the tables, every step that may run twice twice.
func (m *move) make(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	var moved []sqltmpl.Table
	m.in(t, func(tx pgx.Tx) (notes define.Notes, err error) {
		for _, table := range m.tables {
			moved = append(moved, table.Relation.Table)
			made, err := define.Create(ctx, tx, table.Relation)
			if err != nil {
				return nil, err
			}
			notes = append(notes, made...)
		}
		return notes, nil
	})
	for round := range 2 {
		for _, table := range m.tables {
			for _, index := range define.Indexes(table.Relation) {
				m.in(t, func(tx pgx.Tx) (define.Notes, error) { return index.Build(ctx, tx) })
			}
			for _, index := range define.Indexes(table.Relation) {
				m.in(t, func(tx pgx.Tx) (define.Notes, error) { return index.Attach(ctx, tx) })
			}
		}
		for _, table := range m.tables {
			m.in(t, func(tx pgx.Tx) (define.Notes, error) { return define.Finish(ctx, tx, table.Relation, table.Bound) })
			for _, key := range define.ForeignKeys(table.Relation, moved) {
				m.in(t, func(tx pgx.Tx) (define.Notes, error) { return key.Add(ctx, tx) })
				m.in(t, func(tx pgx.Tx) (define.Notes, error) { return nil, key.Validate(ctx, tx) })
			}
			if round == 0 {
				require.Zero(t, pgtest.Count(t, m.target, `SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgrelid = $1::text::regclass`, table.Relation.Table.String()))
				require.Zero(t, pgtest.Count(t, m.target, `SELECT count(*) FROM pg_rewrite WHERE ev_enabled <> 'D' AND ev_class = $1::text::regclass`, table.Relation.Table.String()))
			}
			m.in(t, func(tx pgx.Tx) (define.Notes, error) { return nil, define.Open(ctx, tx, table.Relation, table.Bound) })
		}
	}
}

// differences are what catalog.Diff and carry.Diff say of the tables on both sides.
func (m *move) differences(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, table := range m.tables {
		oid := pgtest.Value[uint32](t, m.target, `SELECT $1::text::regclass::oid`, table.Relation.Table.String())
		made, err := define.Load(t.Context(), m.target, oid, "repave")
		require.NoError(t, err)
		want := table.Relation
		// Attribute numbers have no gaps there.
		renumber(&want)
		lines := catalog.Diff(want, made)
		want.Sequences, made.Sequences = want.Uses, made.Uses
		want.Table, made.Table = sqltmpl.Table{}, sqltmpl.Table{}
		for _, line := range catalog.Diff(want, made) {
			if !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
		err = pgx.BeginFunc(t.Context(), m.target, func(tx pgx.Tx) error {
			bound, err := define.LoadBound(t.Context(), tx, oid, nil, "repave")
			lines = append(lines, carry.Diff(table.Bound.Dependents, bound.Dependents)...)
			return err
		})
		require.NoError(t, err)
		for _, line := range lines {
			out = append(out, table.Relation.Table.Plain()+": "+line)
		}
	}
	return out
}

// renumber counts columns without gaps.
func renumber(r *catalog.Relation) {
	now := map[int16]int16{}
	r.Columns = slices.Clone(r.Columns)
	for i := range r.Columns {
		now[r.Columns[i].Num] = int16(i + 1)
		r.Columns[i].Num = int16(i + 1)
	}
	nums := func(list []int16) []int16 {
		out := make([]int16, len(list))
		for i, n := range list {
			out[i] = now[n]
		}
		return out
	}
	r.Indexes = slices.Clone(r.Indexes)
	for i := range r.Indexes {
		r.Indexes[i].Columns = nums(r.Indexes[i].Columns)
	}
	r.Checks = slices.Clone(r.Checks)
	for i := range r.Checks {
		r.Checks[i].Columns = nums(r.Checks[i].Columns)
	}
	r.NotNulls = slices.Clone(r.NotNulls)
	for i := range r.NotNulls {
		r.NotNulls[i].Column = now[r.NotNulls[i].Column]
	}
}

// requireSameDump requires that both databases come out equal: of all that the catalogs say and, where the versions are
// the same, of pg_dump.
func (m *move) requireSameDump(t *testing.T) {
	t.Helper()
	if source, target := m.versions(t); source != target {
		return
	}
	require.Equal(t, strings.Split(pgtest.DumpSchema(t, m.sourceDSN, "repave"), "\n"), strings.Split(pgtest.DumpSchema(t, m.targetDSN, "repave"), "\n"))
	positionless := func(snapshot map[string]string) map[string]string {
		for key := range snapshot {
			if strings.HasSuffix(key, ": last value") {
				delete(snapshot, key)
			}
		}
		return snapshot
	}
	pgtest.RequireSameCatalog(t, positionless(pgtest.CatalogSnapshot(t, m.source)), positionless(pgtest.CatalogSnapshot(t, m.target)))
}

// odd is what richTable has no place for: a table with gaps between its columns, types that a target must have, nulls that
// are alike, sequences that serve two tables, and columns that are replicated by.
const odd = `
CREATE SCHEMA "SELECT";
CREATE TYPE "SELECT".pair AS (a int, "B b" text COLLATE "C");
CREATE DOMAIN "SELECT".code AS varchar(7) COLLATE "POSIX" NOT NULL DEFAULT 'x' CONSTRAINT "no $$" CHECK (VALUE <> '$$');
CREATE DOMAIN "SELECT".codes AS "SELECT".code[];
CREATE TYPE "SELECT"."Mood's" AS ENUM ('so la la', 'it''s', '日本');
CREATE TYPE "SELECT".span AS RANGE (SUBTYPE = float8);
CREATE COLLATION "SELECT"."like C" FROM "C";
CREATE SEQUENCE "SELECT"."both 日本" CYCLE MAXVALUE 77; COMMENT ON SEQUENCE "SELECT"."both 日本" IS 'both''s'; GRANT USAGE ON SEQUENCE "SELECT"."both 日本" TO PUBLIC;
CREATE FUNCTION "SELECT".twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE TABLE "SELECT"."table" (
	gone int, "user" serial, nr int DEFAULT nextval('"SELECT"."both 日本"'), "$1 %I {{.}}" "SELECT".pair, "a""b''c" "SELECT".code, list "SELECT".codes,
	mood "SELECT"."Mood's" DEFAULT 'it''s', moods "SELECT"."Mood's"[] DEFAULT '{so la la}', span "SELECT".span, label text COLLATE "SELECT"."like C",
	` + `"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" int NOT NULL, also int DEFAULT nextval('"SELECT"."both 日本"'),
	"Größe" int GENERATED ALWAYS AS ("SELECT".twice(nr)) STORED, back int DEFAULT nextval('"SELECT"."both 日本"') * 2 + 1,
	CONSTRAINT "order" PRIMARY KEY ("user", nr), CONSTRAINT "日本" CHECK ("SELECT".twice(nr) > 0) NO INHERIT, CONSTRAINT "a "" check" CHECK (label <> ' ON '' x'));
ALTER TABLE "SELECT"."table" DROP gone, ALTER "user" SET NOT NULL;
CREATE UNIQUE INDEX "identity of it" ON "SELECT"."table" ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") INCLUDE (label);
ALTER TABLE "SELECT"."table" REPLICA IDENTITY USING INDEX "identity of it", ALTER nr SET STATISTICS 0;
CREATE INDEX ON "SELECT"."table" ("SELECT".twice(nr), label COLLATE "SELECT"."like C" DESC) WHERE mood <> 'so la la';
CREATE TABLE "SELECT".second (id bigint GENERATED BY DEFAULT AS IDENTITY (START -7 INCREMENT -3 MINVALUE -1000000 MAXVALUE 5 CACHE 9 CYCLE), a int, b int,
	n int DEFAULT nextval('"SELECT"."table_user_seq"'), up bigint, PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED, UNIQUE (a, b) INCLUDE (n) WITH (fillfactor = 44));
ALTER TABLE "SELECT".second ADD FOREIGN KEY (a, b) REFERENCES "SELECT"."table" MATCH FULL ON UPDATE CASCADE, REPLICA IDENTITY FULL;
ALTER TABLE "SELECT".second ADD EXCLUDE USING btree (n WITH =) WITH (fillfactor = 55) WHERE (n > 1) DEFERRABLE;
CREATE TABLE "SELECT".parent (a int, b int, n int); CREATE TABLE "SELECT".heir (a int NOT NULL, b int, n int, own int PRIMARY KEY); ALTER TABLE "SELECT".heir INHERIT "SELECT".parent;
ALTER TABLE "SELECT".parent ADD PRIMARY KEY (a); COMMENT ON TYPE "SELECT".heir IS 'an heir''s'; GRANT USAGE ON TYPE "SELECT".heir TO pg_monitor;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC; ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO pg_monitor;
`

// odd15 is what PostgreSQL 15 brought.
const odd15 = `CREATE TABLE since15 (id int PRIMARY KEY, a int, b int, c int, UNIQUE NULLS NOT DISTINCT (a, b), FOREIGN KEY (a, b) REFERENCES "SELECT"."table" ON DELETE SET NULL (b));
CREATE UNIQUE INDEX alike ON since15 (c) NULLS NOT DISTINCT WHERE b > 0; CREATE UNLOGGED TABLE fleeting (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY);
ALTER SEQUENCE fleeting_n_seq SET LOGGED;`

// TestLaw5TablesAreMadeAnewElsewhere: tables that are made on another server from the source's catalogs are the source's
// to the last detail.
func TestLaw5TablesAreMadeAnewElsewhere(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]func(t *testing.T, m *move) []string{
		"rich":     func(t *testing.T, m *move) []string { t.Helper(); return []string{richOn(t, m, ""), keyless} },
		"unlogged": func(t *testing.T, m *move) []string { t.Helper(); return []string{richOn(t, m, "UNLOGGED")} },
		"bound": func(t *testing.T, m *move) []string {
			t.Helper()
			return []string{richOn(t, m, ""), boundObjects, boundElsewhere}
		},
		"odd": func(t *testing.T, m *move) []string {
			if source, target := m.versions(t); source < 15 || target < 15 {
				return []string{odd}
			}
			return []string{odd, odd15}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			m := newMove(t)
			m.both(t, sql(t, m)...)
			m.forget(t)
			source, target := m.versions(t)
			m.load(t, nil)
			require.Empty(t, m.missing(t))
			empty := pgtest.CatalogSnapshot(t, m.target)
			if source > target && name != "odd" { // names of not-null constraints are lost
				for i := range m.tables {
					m.tables[i].Relation.NotNulls = nil
				}
			}
			m.in(t, func(tx pgx.Tx) (define.Notes, error) { return define.Rehearse(t.Context(), tx, m.tables) })
			pgtest.RequireSameCatalog(t, empty, pgtest.CatalogSnapshot(t, m.target))
			m.make(t)
			require.Empty(t, m.asVersionsDiffer(t, m.differences(t)))
			require.Empty(t, m.asVersionsDiffer(t, m.notes))
			m.requireSameDump(t)
		})
	}
}

// asVersionsDiffer leaves out the differences that the servers' versions explain.
func (m *move) asVersionsDiffer(t *testing.T, lines []string) []string {
	t.Helper()
	source, target := m.versions(t)
	return slices.DeleteFunc(lines, func(line string) bool {
		return strings.Contains(line, ": not-null constraint ") && (source < 18) != (target < 18) ||
			strings.Contains(strings.ToUpper(line), "PRIVILEGE MAINTAIN ") && source >= 17 && target < 17
	})
}

// boundElsewhere drops what is bound to tables but not on them, which is not made elsewhere.
const boundElsewhere = `
DROP VIEW "Odd schema"."a view", "Odd schema".grouped, "Odd schema".whole, "Odd schema".chain CASCADE;
DROP MATERIALIZED VIEW "Odd schema"."m view", other.empty CASCADE;
DROP FUNCTION other.bound, other.of_row, other.rows CASCADE;
DROP PUBLICATION "a pub";
`

// richOn is richSQL for servers that may both lack contrib modules.
func richOn(t *testing.T, m *move, unlogged string) string {
	t.Helper()
	if !available(t, m.target, "btree_gist") {
		return richSQL(t, m.target, unlogged)
	}
	return richSQL(t, m.source, unlogged)
}

// TestLaw5WhatVersionsBrought: what a table of PostgreSQL 18 has is made on another 18, and refused by name where the target is older.
func TestLaw5WhatVersionsBrought(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	m := newMove(t)
	source, target := m.versions(t)
	if source < 18 {
		t.Skip("the source does not know what this is about")
	}
	_, err := m.source.Exec(t.Context(), rich18+`DROP VIEW hotel.seen`, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	m.load(t, map[string]shadow.Change{"hotel.guest": {}, `hotel."Rich 18"`: {}, "hotel.stay": {}})
	require.Equal(t, []string{`schema "hotel" is missing: CREATE SCHEMA "hotel"`}, m.missing(t))
	pgtest.Exec(t, m.target, `CREATE SCHEMA hotel`)
	if target < 18 {
		at := slices.IndexFunc(m.tables, func(r define.Rehearsed) bool { return r.Relation.Table == rich18Name })
		lacking := strings.Join(define.Unsupported(m.tables[at].Relation, target), "\n")
		for _, what := range []string{
			`virtual generated column "v"`, "which is NO INHERIT", "which is NOT VALID", `name "loud there"`, `check "no sense", which is NOT ENFORCED`,
			`"Rich time" WITHOUT OVERLAPS`, `foreign key "in a room" with PERIOD`, `foreign key "not kept", which is NOT ENFORCED`,
		} {
			require.Contains(t, lacking, what)
		}
		require.NotContains(t, lacking, `name "Rich 18_id_not_null"`)
		return
	}
	// It has no key but a temporal one, and stays where it is.
	pgtest.Exec(t, m.target, `CREATE TABLE hotel.room (nr int4range, during daterange, CONSTRAINT "room key" PRIMARY KEY (nr, during WITHOUT OVERLAPS))`)
	m.make(t)
	require.Empty(t, m.differences(t))
	require.Empty(t, m.notes)
	m.requireSameDump(t)
}

// TestLaw5TablesAreMadeAsChanged: with --alter the names that definitions use are the new ones, whatever they were before.
func TestLaw5TablesAreMadeAsChanged(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	m := newMove(t)
	m.both(t, `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`)
	_, err := m.source.Exec(t.Context(), `
		CREATE TABLE p (id serial PRIMARY KEY, up int REFERENCES p);
		CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int, gone int, p int REFERENCES p ON DELETE CASCADE, CHECK (a < c));
		CREATE INDEX i ON t (a) WHERE c > 0; ALTER TABLE t ADD CONSTRAINT late CHECK (c <> 7) NOT VALID;
		CREATE TRIGGER tr BEFORE UPDATE OF a, b ON t FOR EACH ROW WHEN (NEW.a > OLD.c) EXECUTE FUNCTION f();
		CREATE POLICY pol ON t USING (a > 0) WITH CHECK (c > 0); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
		CREATE STATISTICS s ON a, c FROM t; CREATE STATISTICS s_gone ON a, gone FROM t;
		CREATE RULE r AS ON INSERT TO t WHERE NEW.a = -1 AND NEW.c = 2 DO INSTEAD NOTHING;
		GRANT UPDATE (a) ON t TO PUBLIC; COMMENT ON COLUMN t.c IS 'was c';
		INSERT INTO p SELECT generate_series(1, 10);`, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	m.load(t, map[string]shadow.Change{
		"public.p": {PKBigint: true},
		"public.t": {Alter: []string{
			"RENAME COLUMN a TO c2", "RENAME COLUMN c TO a", "DROP COLUMN gone", "ALTER COLUMN b TYPE varchar(50)",
			"ADD COLUMN gone text DEFAULT 'x'", "ALTER COLUMN p TYPE bigint", "ADD CONSTRAINT more UNIQUE (a, b)",
		}},
	})
	require.Empty(t, m.missing(t))
	m.make(t)
	require.Contains(t, m.notes, `statistics object public.s_gone is left out: column "gone" does not exist`)
	for query, want := range map[string]string{
		`SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'public.t'::regclass AND attnum > 0`: `id integer, c2 integer, b character varying(50), a integer, p bigint, gone text`,
		`SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'tr'`:                                                                                                  `CREATE TRIGGER tr BEFORE UPDATE OF c2, b ON public.t FOR EACH ROW WHEN ((new.c2 > old.a)) EXECUTE FUNCTION public.f()`,
		`SELECT pg_get_expr(polqual, polrelid) || pg_get_expr(polwithcheck, polrelid) FROM pg_policy`:                                                                        `(c2 > 0)(a > 0)`,
		`SELECT pg_get_indexdef('public.i'::regclass)`:                                                                                                                       `CREATE INDEX i ON public.t USING btree (c2) WHERE (a > 0)`,
		`SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext`:                                                                                                          `CREATE STATISTICS public.s ON c2, a FROM public.t`,
		`SELECT string_agg(pg_get_constraintdef(oid), '; ' ORDER BY conname) FROM pg_constraint WHERE conrelid = 'public.t'::regclass AND contype IN ('c', 'f')`:             `CHECK ((a <> 7)) NOT VALID; CHECK ((c2 < a)); FOREIGN KEY (p) REFERENCES public.p(id) ON DELETE CASCADE`,
		`SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'public.t'::regclass`:                                                                       `t`,
		`SELECT string_agg(attname, ',') FROM pg_attribute WHERE attrelid = 'public.t'::regclass AND attacl IS NOT NULL`:                                                     `c2`,
		`SELECT format_type(seqtypid, NULL) || seqmax FROM pg_sequence`:                                                                                                      `bigint9223372036854775807`,
		`SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'public.p'::regclass AND attname = 'id'`:                                                      `bigint`,
	} {
		got := pgtest.Rows(t, m.target, query)
		require.Len(t, got, 1)
		require.Equal(t, want, got[0], query)
	}
	pgtest.Exec(t, m.target, `INSERT INTO public.p (id) VALUES (5000000000)`)
}

// TestLaw5PartitionedTablesAreMade: a table that is to be partitioned is made so, keys, foreign keys and settings of its
// partitions included.
func TestLaw5PartitionedTablesAreMade(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	m := newMove(t)
	pgtest.Exec(t, m.target, `CREATE SCHEMA "S x"`)
	pgtest.Exec(t, m.target, `CREATE TABLE "S x".ref (id int PRIMARY KEY, name text UNIQUE)`)
	_, err := m.source.Exec(t.Context(), eventsTable, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	if source, _ := m.versions(t); source < 15 { // foreign keys that act are refused there
		pgtest.Exec(t, m.source, `DROP TABLE "S x".child`)
	}
	m.load(t, map[string]shadow.Change{
		`"S x"."Ev ents"`: {PartitionBy: `RANGE ("At") INTERVAL 1 month`, PartitionsAhead: 1},
	})
	require.Empty(t, m.missing(t))
	m.make(t)
	require.Empty(t, m.notes)
	events := m.tables[0].Relation
	require.Greater(t, len(events.Partitions), 3)
	oid := pgtest.Value[uint32](t, m.target, `SELECT $1::text::regclass::oid`, events.Table.String())
	made, err := define.Load(t.Context(), m.target, oid, "repave")
	require.NoError(t, err)
	renumber(&events)
	events.ReferencedBy = nil // it stays behind
	require.Empty(t, m.asVersionsDiffer(t, catalog.Diff(events, made)))
	require.Equal(t, events.Partitions[0].Options, made.Partitions[0].Options)
	require.Equal(t, []string{"fillfactor=75", "autovacuum_enabled=false"}, made.Partitions[0].Options)
	require.Empty(t, pgtest.Rows(t, m.target, `SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid`))
	require.Empty(t, pgtest.Rows(t, m.target, `SELECT conname FROM pg_constraint WHERE NOT convalidated AND conname <> 'later'`))
	if source, _ := m.versions(t); source >= 15 {
		left := define.LeftBehind(m.tables[0].Relation, []sqltmpl.Table{events.Table})
		require.Equal(t, []string{`foreign key "to ev" of "S x".child, which is not moved, refers to "S x"."Ev ents"`}, left)
	}
	pgtest.Exec(t, m.target, `INSERT INTO "S x".ref VALUES (7, 'r')`)
	pgtest.Exec(t, m.target, `INSERT INTO "S x"."Ev ents" ("At", ref_id) VALUES ('1900-01-01', 7), ('2026-03-05', 7)`)
}

// TestLaw5WhatTheTargetLacksIsNamed: before anything is made for types, functions, schemas, and the tables in the way; in
// notes for roles, tablespaces and the like; nobody gains a right.
func TestLaw5WhatTheTargetLacksIsNamed(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	m := newMove(t)
	role := "lacking_" + strings.ToLower(rand.Text())
	_, err := m.source.Exec(t.Context(), odd+strings.ReplaceAll(`
		CREATE ROLE $r; CREATE ROLE $r_app; CREATE TABLE owned (id serial PRIMARY KEY, a int, b text); REVOKE ALL ON owned FROM PUBLIC; ALTER TABLE owned OWNER TO $r;
		CREATE FUNCTION "SELECT".f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
		CREATE TRIGGER tr BEFORE UPDATE ON owned FOR EACH ROW EXECUTE FUNCTION "SELECT".f();
		CREATE POLICY only_r ON owned TO $r USING (true); CREATE POLICY with_r ON owned AS RESTRICTIVE TO pg_monitor, $r USING (a > 0);
		ALTER TABLE owned ENABLE ROW LEVEL SECURITY; GRANT SELECT, UPDATE ON owned TO $r, pg_monitor; GRANT INSERT (a) ON owned TO $r_app; GRANT USAGE ON SEQUENCE owned_id_seq TO $r`,
		"$r", role), pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := m.source.Exec(context.WithoutCancel(t.Context()), strings.ReplaceAll(`DROP OWNED BY $r, $r_app CASCADE; DROP ROLE $r, $r_app`, "$r", role))
		require.NoError(t, err)
	})
	pgtest.Exec(t, m.target, `ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC`)
	m.load(t, nil)
	for _, change := range []struct{ missing, cure string }{
		{`schema "SELECT" is missing: CREATE SCHEMA "SELECT"`, `CREATE SCHEMA "SELECT"`},
		{`enum "SELECT"."Mood's" is missing: CREATE TYPE "SELECT"."Mood's" AS ENUM ('so la la', 'it''s', '日本')`, `CREATE TYPE "SELECT"."Mood's" AS ENUM ('so la la', '日本', 'it''s')`},
		{
			`enum "SELECT"."Mood's" is different on the target: ENUM ('so la la', '日本', 'it''s'), not ENUM ('so la la', 'it''s', '日本')`,
			`DROP TYPE "SELECT"."Mood's"; CREATE TYPE "SELECT"."Mood's" AS ENUM ('so la la', 'it''s', '日本')`,
		},
		{`composite type "SELECT".pair is missing: CREATE TYPE "SELECT".pair AS (a integer, "B b" text COLLATE pg_catalog."C")`, `CREATE TYPE "SELECT".pair AS (a integer, "B b" text COLLATE pg_catalog."C")`},
		{
			`domain "SELECT".code is missing: CREATE DOMAIN "SELECT".code AS character varying(7) COLLATE pg_catalog."POSIX" DEFAULT 'x'::character varying NOT NULL CONSTRAINT "no $$" CHECK (((VALUE)::text <> '$$'::text))`,
			`CREATE DOMAIN "SELECT".code AS character varying(7) COLLATE pg_catalog."POSIX" DEFAULT 'x'::character varying NOT NULL CONSTRAINT "no $$" CHECK (((VALUE)::text <> '$$'::text))`,
		},
		{`domain "SELECT".codes is missing: CREATE DOMAIN "SELECT".codes AS "SELECT".code[]`, `CREATE DOMAIN "SELECT".codes AS "SELECT".code[]`},
		{
			`range type "SELECT".span is missing: CREATE TYPE "SELECT".span AS RANGE (SUBTYPE = double precision, SUBTYPE_OPCLASS = pg_catalog.float8_ops)`,
			`CREATE TYPE "SELECT".span AS RANGE (SUBTYPE = double precision, SUBTYPE_OPCLASS = pg_catalog.float8_ops)`,
		},
		{`collation "SELECT"."like C" (libc) is missing`, `CREATE COLLATION "SELECT"."like C" FROM "C"`},
		{`function "SELECT".twice(integer) is missing`, `CREATE FUNCTION "SELECT".twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2'`},
		{`function "SELECT".f() is missing`, `CREATE FUNCTION "SELECT".f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`},
	} {
		require.Contains(t, m.missing(t), change.missing)
		_, err := m.target.Exec(t.Context(), change.cure, pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err)
	}
	require.Empty(t, m.missing(t))
	owned := slices.IndexFunc(m.tables, func(r define.Rehearsed) bool { return r.Relation.Table.Name == "owned" })
	m.tables[owned].Relation.Tablespace = "no such space"
	m.make(t)
	for _, want := range []string{
		"table public.owned is in the default tablespace: there is no \"no such space\"", `policy "only_r" of public.owned is left out`,
		`policy "with_r" of public.owned is without role "` + role, `table public.owned belongs to who made it: the target lacks role "` + role,
		`privilege INSERT on public.owned: the target lacks role "` + role,
	} {
		require.True(t, slices.ContainsFunc(m.notes, func(n string) bool { return strings.Contains(n, want) }), "%s\n%s", want, strings.Join(m.notes, "\n"))
	}
	require.Empty(t, pgtest.Rows(t, m.target, `SELECT x FROM pg_class, aclexplode(relacl) x WHERE oid = 'public.owned'::regclass AND x.grantee = 0`), "nobody gains a right")
	require.Equal(t, []string{"with_r"}, pgtest.Rows(t, m.target, `SELECT polname FROM pg_policy`))
	taken, err := define.Taken(t.Context(), m.target, m.tables[owned].Relation)
	require.NoError(t, err)
	require.Equal(t, []string{"public.owned", "public.owned_id_seq", "public.owned_pkey"}, taken)
}

// TestLaw5SamplesAreMadeAnew makes the tables of the sample databases elsewhere.
func TestLaw5SamplesAreMadeAnew(t *testing.T) {
	t.Parallel()
	for _, sample := range samples.All() {
		t.Run(sample.Name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			m := newMove(t)
			m.both(t, sample.SQL, unbound)
			m.forget(t)
			m.load(t, nil)
			require.Empty(t, m.missing(t))
			m.make(t)
			require.Empty(t, m.asVersionsDiffer(t, m.differences(t)))
			m.requireSameDump(t)
		})
	}
}

// unbound drops views and functions that need them or the tables, which are not made elsewhere, and publications.
const unbound = `DO $$ DECLARE r text; BEGIN
	FOR r IN SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
		LOOP IF to_regclass(r) IS NOT NULL THEN EXECUTE CASE (SELECT relkind FROM pg_class WHERE oid = r::regclass) WHEN 'v' THEN 'DROP VIEW ' ELSE 'DROP MATERIALIZED VIEW ' END || r || ' CASCADE'; END IF; END LOOP;
	FOR r IN SELECT DISTINCT p.oid::regprocedure::text FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
		JOIN pg_class c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid OR d.refclassid = 'pg_type'::regclass AND c.reltype = d.refobjid WHERE c.relkind IN ('r', 'p') AND c.oid > 16384
		LOOP EXECUTE 'DROP ROUTINE ' || r || ' CASCADE'; END LOOP;
	FOR r IN SELECT pubname FROM pg_publication LOOP EXECUTE format('DROP PUBLICATION %I', r); END LOOP; END $$`
