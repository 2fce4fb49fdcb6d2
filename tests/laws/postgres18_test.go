package laws_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// rich18 has what PostgreSQL 18 brought. A virtual column may well fail when it is read: "per nr" does, for one row.
const rich18 = `
CREATE SCHEMA hotel;
CREATE TABLE hotel.room (nr int4range, during daterange, CONSTRAINT "room key" PRIMARY KEY (nr, during WITHOUT OVERLAPS));
INSERT INTO hotel.room SELECT int4range(g, g, '[]'), '[2026-01-01,2027-01-01)' FROM generate_series(1, 20) g;
CREATE TABLE hotel.guest (id int PRIMARY KEY);
INSERT INTO hotel.guest SELECT generate_series(1, 20);
CREATE TABLE hotel."Rich 18" (
	gone int, id int NOT NULL CONSTRAINT "Rich key" UNIQUE, room int4range, during daterange,
	nr int CONSTRAINT "nr there" NOT NULL, v int GENERATED ALWAYS AS (nr * 2) VIRTUAL,
	label text CONSTRAINT "label local" NOT NULL NO INHERIT, loud text COLLATE "C" GENERATED ALWAYS AS (upper(label)) VIRTUAL CONSTRAINT "loud there" NOT NULL,
	"per nr" int GENERATED ALWAYS AS (100 / nr) VIRTUAL, thrice int GENERATED ALWAYS AS (nr * 3) STORED,
	late int, "late local" int, guest int CONSTRAINT "not kept" REFERENCES hotel.guest NOT ENFORCED,
	up int CONSTRAINT "up not kept" REFERENCES hotel."Rich 18" (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED NOT ENFORCED,
	CONSTRAINT "Rich time" PRIMARY KEY (room, during WITHOUT OVERLAPS),
	CONSTRAINT "in a room" FOREIGN KEY (room, PERIOD during) REFERENCES hotel.room (nr, PERIOD during),
	CONSTRAINT "no sense" CHECK (nr < 0) NOT ENFORCED, CONSTRAINT "virtual sense" CHECK (v >= 0),
	CONSTRAINT "local" CHECK (id > 0) NO INHERIT, CONSTRAINT "no local" CHECK (id < 0) NO INHERIT NOT ENFORCED
);
ALTER TABLE hotel."Rich 18" DROP gone;
INSERT INTO hotel."Rich 18" (id, room, during, nr, label, guest, up)
	SELECT g, int4range(1 + g % 20, 1 + g % 20, '[]'), daterange('2026-01-01'::date + g, '2026-01-02'::date + g), g - 1, 'l' || g, 100 + g, 1000 + g
	FROM generate_series(1, 300) g;
ALTER TABLE hotel."Rich 18" ADD CONSTRAINT "late not null" NOT NULL late NOT VALID, ADD CONSTRAINT "late local not null" NOT NULL "late local" NO INHERIT NOT VALID;
CREATE TABLE hotel.stay (id int PRIMARY KEY, room int4range, during daterange, rich int CONSTRAINT "from not kept" REFERENCES hotel."Rich 18" (id) NOT ENFORCED,
	CONSTRAINT "in time" FOREIGN KEY (room, PERIOD during) REFERENCES hotel."Rich 18" (room, PERIOD during));
INSERT INTO hotel.stay SELECT id, room, during, -id FROM hotel."Rich 18" WHERE id <= 50;
COMMENT ON COLUMN hotel."Rich 18".v IS 'twice'; COMMENT ON CONSTRAINT "nr there" ON hotel."Rich 18" IS 'named';
COMMENT ON CONSTRAINT "late local not null" ON hotel."Rich 18" IS 'late'; COMMENT ON CONSTRAINT "Rich time" ON hotel."Rich 18" IS 'temporal';
COMMENT ON CONSTRAINT "no sense" ON hotel."Rich 18" IS 'not enforced'; COMMENT ON CONSTRAINT "in a room" ON hotel."Rich 18" IS 'period';
COMMENT ON CONSTRAINT "not kept" ON hotel."Rich 18" IS 'not enforced';
GRANT SELECT (v) ON hotel."Rich 18" TO pg_monitor;
CREATE VIEW hotel.seen AS SELECT id, v, loud FROM hotel."Rich 18";
`

var rich18Name = sqltmpl.Table{Schema: "hotel", Name: "Rich 18"}

const rich18Rows = `SELECT id, room, during, nr, label, thrice, v, loud, guest, up, late FROM hotel."Rich 18" ORDER BY id`

// database18 is a database with rich18.
func database18(t *testing.T) (string, *pgx.Conn) {
	t.Helper()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	if pgtest.ServerVersion(t, conn) < 18 {
		t.Skip("the server does not know what this is about")
	}
	_, err := conn.Exec(t.Context(), rich18)
	require.NoError(t, err)
	return dsn, conn
}

// TestLaw5CatalogOf18IsAsItWas: virtual columns, constraints that are temporal, not enforced or not valid, and named
// not-null constraints come out of cleanup, reset and revert-swap as they were.
func TestLaw5CatalogOf18IsAsItWas(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn, conn := database18(t)
	before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	rows := pgtest.Rows(t, conn, rich18Rows)
	env := newEnv(t, dsn)
	req := requestOf(t, conn, rich18Name, nil)
	same := func(what string) {
		t.Helper()
		require.Equal(t, rows, pgtest.Rows(t, conn, rich18Rows), what)
		pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
		require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"), what)
		requireNoTraces(t, conn)
	}
	for _, until := range stages.Order()[1:6] {
		job := runTo(t, env, req, until)
		require.NoError(t, stages.Reset(t.Context(), env, job), until)
		same("reset after " + string(until))
	}
	job := runTo(t, env, req, stages.Swap)
	job, err := stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	same("revert-swap and reset")
	_, stderr, code := repave(t, dsn, "run", `hotel."Rich 18"`, "--cleanup")
	require.Zero(t, code, stderr)
	require.NotEqual(t, req.OIDs, requestOf(t, conn, rich18Name, nil).OIDs)
	same("cleanup")
	for sql, state := range map[string]string{
		`INSERT INTO hotel."Rich 18" (id, room, during, nr, label, late, "late local") VALUES (999, '[1,1]', '[2026-01-01,2028-01-01)', 1, 'x', 1, 1)`:           "23P01",
		`INSERT INTO hotel."Rich 18" (id, room, during, nr, label, late, "late local") VALUES (999, '[99,99]', '[2026-01-01,2026-01-02)', 1, 'x', 1, 1)`:         "23503",
		`INSERT INTO hotel."Rich 18" (id, room, during, nr, label, "late local") VALUES (999, '[1,1]', '[2026-01-01,2026-01-02)', 1, 'x', 1)`:                    "23502",
		`INSERT INTO hotel."Rich 18" (id, room, during, nr, label, late, "late local") VALUES (999, '[1,1]', '[2026-01-01,2026-01-02)', -1, 'x', 1, 1)`:          "23514",
		`UPDATE hotel."Rich 18" SET during = '[2026-12-01,2026-12-02)', late = 1, "late local" = 1 WHERE id = 1`:                                                 "23503",
		`INSERT INTO hotel."Rich 18" (id, room, during, nr, label, guest, late, "late local") VALUES (998, '[2,2]', '[2026-01-01,2026-01-02)', 1, 'x', 9, 1, 1)`: "",
	} {
		_, err := conn.Exec(t.Context(), sql)
		require.Equal(t, state, sqlState(err), sql)
	}
}

// TestLaw5ChangesOf18: what is asked of a table with columns and constraints of PostgreSQL 18 is done, there and back.
func TestLaw5ChangesOf18(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*registry.Spec){
		"layout": func(s *registry.Spec) { s.Tables[0].Change.OptimizeColumns = true },
		"rename": func(s *registry.Spec) { s.Tables[0].Change.Alter = []string{`RENAME v TO w`, `RENAME nr TO v`} },
		"drop": func(s *registry.Spec) {
			s.Tables[0].Change.Alter = []string{`DROP v CASCADE`, `DROP CONSTRAINT "no sense"`}
		},
		"retype": func(s *registry.Spec) {
			s.Tables[0].Change.Alter = []string{`ALTER v TYPE bigint`, `ALTER guest TYPE bigint`}
		},
		"expression": func(s *registry.Spec) {
			s.Tables[0].Change.Alter = []string{
				`DROP v, ADD v int GENERATED ALWAYS AS (nr * 5) VIRTUAL, ALTER thrice SET EXPRESSION AS (nr * 7)`,
				`ADD w text GENERATED ALWAYS AS (lower(label)) VIRTUAL`,
			}
		},
		"computed from one": func(s *registry.Spec) {
			s.Tables[0].Change.Alter = []string{`ADD copied int`}
			s.Tables[0].Change.Using = map[string]string{"copied": "v"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn, conn := database18(t)
			if name == "drop" || name == "retype" || name == "expression" {
				pgtest.Exec(t, conn, `DROP VIEW hotel.seen`)
			}
			before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
			rows := pgtest.Rows(t, conn, rich18Rows)
			env := newEnv(t, dsn)
			job := runTo(t, env, requestOf(t, conn, rich18Name, change), stages.Swap)
			require.NotEmpty(t, pgtest.CatalogDiff(before, pgtest.CatalogSnapshot(t, conn)))
			job, err := stages.RevertSwap(t.Context(), env, job)
			require.NoError(t, err)
			require.NoError(t, stages.Reset(t.Context(), env, job))
			pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
			require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
			require.Equal(t, rows, pgtest.Rows(t, conn, rich18Rows))
			runTo(t, env, requestOf(t, conn, rich18Name, change), stages.Cleanup)
			requireNoTraces(t, conn)
			require.Equal(t, 300, pgtest.Count(t, conn, `SELECT count(*) FROM hotel."Rich 18"`))
		})
	}
}

// TestLaw5PartitionsOf18: a table with virtual columns and constraints that are not enforced becomes a partitioned one.
func TestLaw5PartitionsOf18(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	if pgtest.ServerVersion(t, conn) < 18 {
		t.Skip("the server does not know what this is about")
	}
	pgtest.Exec(t, conn, `CREATE TABLE guest (id int PRIMARY KEY)`)
	pgtest.Exec(t, conn, `CREATE TABLE t (id int PRIMARY KEY, a int, v int GENERATED ALWAYS AS (100 / a) VIRTUAL, s int GENERATED ALWAYS AS (a * 2) STORED,
		guest int CONSTRAINT not_kept REFERENCES guest NOT ENFORCED, CONSTRAINT no_sense CHECK (a < 0) NOT ENFORCED)`)
	pgtest.Exec(t, conn, `INSERT INTO t (id, a, guest) SELECT g, g - 1, g FROM generate_series(1, 300) g`)
	before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	env := newEnv(t, dsn)
	req := request(t, conn, "t", func(s *registry.Spec) { s.Tables[0].Change.PartitionBy = "HASH (id) 3" })
	job := runTo(t, env, req, stages.Swap)
	job, err := stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
	runTo(t, env, req, stages.Cleanup)
	requireNoTraces(t, conn)
	require.Equal(t, 299, pgtest.Count(t, conn, `SELECT count(v) FROM t WHERE a > 0`))
	require.Equal(t, 2, pgtest.Count(t, conn, `SELECT count(*) FROM pg_constraint WHERE conrelid = 't'::regclass AND NOT conenforced`))
	require.Equal(t, 4, pgtest.Count(t, conn, `SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conname = 'not_kept'`))
}

// temporalParent ties what PostgreSQL 18 brought to the table of pgtest.Writers: tags are kept unique by a temporal
// constraint as well, which sees them change hands.
const temporalParent = `
ALTER TABLE parent ADD twice int GENERATED ALWAYS AS (n * 2) VIRTUAL, ADD inverse int GENERATED ALWAYS AS (100 / n) VIRTUAL,
	ADD tagged int8range GENERATED ALWAYS AS (int8range(hashtextextended(tag, 0) >> 2, hashtextextended(tag, 0) >> 2, '[]')) STORED,
	ADD always int4range GENERATED ALWAYS AS (int4range(0, 10)) STORED,
	ADD CONSTRAINT no_sense CHECK (n < 0) NOT ENFORCED;
ALTER TABLE parent ADD CONSTRAINT one_tag UNIQUE (tagged, always WITHOUT OVERLAPS);
ALTER TABLE child_null ADD nobody int CONSTRAINT not_kept REFERENCES parent NOT ENFORCED;
CREATE TABLE child_period (tagged int8range, always int4range, FOREIGN KEY (tagged, PERIOD always) REFERENCES parent (tagged, PERIOD always));
INSERT INTO parent SELECT -g, 'base-' || g, 0, g FROM generate_series(1, 2000) g;
INSERT INTO child_period SELECT tagged, always FROM parent;
INSERT INTO child_null (nobody) SELECT generate_series(1, 100);
`

// TestLaw1And2WithConstraintsOf18: writers that pass temporal keys on, there and back and there again.
func TestLaw1And2WithConstraintsOf18(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	if pgtest.ServerVersion(t, conn) < 18 {
		t.Skip("the server does not know what this is about")
	}
	for _, sql := range []string{pgtest.WritersTable, temporalParent} {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	before := pgtest.CatalogSnapshot(t, conn)
	env := newEnv(t, dsn)
	env.Options.BatchTime = 20 * time.Millisecond
	_, seed := newRand(t)
	writers := pgtest.StartWriters(t, dsn, seed, 3, pgtest.Levels)
	writers.Await(t, 20)
	req := request(t, conn, "parent", nil)
	job := runTo(t, env, req, stages.Swap)
	writers.Await(t, 30)
	job, err := stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	writers.Await(t, 30)
	runTo(t, env, req, stages.Cleanup)
	writers.Await(t, 10)
	writers.Stop(t, conn)
	require.Equal(t, 100, pgtest.Count(t, conn, `SELECT count(*) FROM child_null WHERE nobody IS NOT NULL`))
	after := pgtest.CatalogSnapshot(t, conn)
	for _, sequence := range []string{"child_cascade_id_seq", "child_null_id_seq", "child_strict_id_seq"} {
		delete(before, "sequence public."+sequence+": last value")
		delete(after, "sequence public."+sequence+": last value")
	}
	pgtest.RequireSameCatalog(t, before, after)
	requireNoTraces(t, conn)
	require.NotNil(t, job)
}
