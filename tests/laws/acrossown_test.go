package laws_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// cured takes from metered what is refused of partitions that move, and a trigger that would act on what comes back, too.
const cured = `ALTER TABLE metered_2b SET LOGGED; ALTER SEQUENCE counting OWNED BY NONE; DROP TABLE on_one; DROP VIEW ones; DROP MATERIALIZED VIEW twos_seen;
	DROP PUBLICATION pub_of_one; DROP TABLE on_both, on_two; ALTER TABLE metered_2a ENABLE TRIGGER own_marks, REPLICA IDENTITY DEFAULT`

// meteredLater are partitions with things of their own that come during a move, on two levels.
var meteredLater = []string{
	`CREATE TABLE "Old Years".later (note text DEFAULT 'later', kind text NOT NULL, x int, v numeric, id bigint NOT NULL, twice numeric GENERATED ALWAYS AS (v * 2) STORED, at int NOT NULL, place_id int,
		CONSTRAINT positive CHECK (v > 0), CONSTRAINT "own check" CHECK (at < 12345)) PARTITION BY LIST (kind)`,
	`ALTER TABLE "Old Years".later DROP x`, `CREATE TABLE later_a PARTITION OF "Old Years".later FOR VALUES IN ('a')`,
	`ALTER TABLE "Old Years".later ADD CONSTRAINT "late of all" CHECK (id > -1000) NOT VALID`, `COMMENT ON CONSTRAINT "late of all" ON later_a IS 'for later'`,
	`CREATE INDEX "own of later" ON later_a (at, note)`, `CREATE TRIGGER own BEFORE UPDATE ON later_a FOR EACH ROW WHEN (NEW.v = 7) EXECUTE FUNCTION mark()`,
	`COMMENT ON TABLE later_a IS 'came later'`, `GRANT SELECT ON later_a TO PUBLIC`, `ALTER TABLE later_a ALTER v SET DEFAULT 77`,
	`CREATE POLICY own ON later_a USING (v > 1)`, `CREATE STATISTICS own_st ON at, v FROM later_a`,
	`INSERT INTO "Old Years".later (kind, v, id, at) SELECT 'a', g, 100000 + g, 10000 + g FROM generate_series(1, 50) g`,
	`ALTER TABLE metered ATTACH PARTITION "Old Years".later FOR VALUES FROM (10000) TO (20000)`,
	`ALTER TABLE later_a ALTER id SET DEFAULT -7`, `UPDATE metered SET v = 7 WHERE at BETWEEN 10001 AND 10005`, `DELETE FROM later_a WHERE at = 10050`,
}

// TestLaw5And13And15AcrossPartitionsOfTheirOwn: each partition, on every level, is on the target what it is on the source, with
// what it has of its own, also if it came during the move; what can't be carried is named (field.md 13, 14 and 15).
func TestLaw5And13And15AcrossPartitionsOfTheirOwn(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source, target := pgtest.Connect(t, c.from), pgtest.Connect(t, c.to)
	_, err := source.Exec(t.Context(), metered, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	execAll(t, target, []string{
		`CREATE SCHEMA "Old Years"; GRANT ALL ON SCHEMA public, "Old Years" TO pg_monitor; CREATE TABLE place (id int PRIMARY KEY, name text);
			INSERT INTO place SELECT g, 'p' || g FROM generate_series(0, 200) g`,
		`CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := coalesce(NEW.note, '') || '!'; RETURN NEW; END $$`,
	})
	stderr, code := c.run("run", "--strategy=logical", "metered")
	require.Equal(t, 3, code, stderr)
	for _, says := range []string{
		"metered_2b is UNLOGGED", "metered_2a is FULL, with generated column", `"m 1" is what foreign key "to one"`, "public.ones is bound to one", "public.twos_seen is bound to one",
	} {
		require.Contains(t, stderr, says)
	}
	_, err = source.Exec(t.Context(), cured, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	same := func() {
		t.Helper()
		const rows = `SELECT tableoid::regclass, id, at, kind, place_id, v, twice, note FROM metered ORDER BY id, at, kind`
		require.Equal(t, pgtest.Rows(t, source, rows), pgtest.Rows(t, target, rows))
	}
	c.must("run", "--strategy=logical", "metered", "--until", "verify")
	require.Zero(t, pgtest.Count(t, target, `SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgfoid = 'mark'::regproc`))
	execAll(t, source, []string{
		`UPDATE metered SET note = 'touched', v = 9 WHERE at BETWEEN 95 AND 260`, `UPDATE metered SET at = at + 100, kind = 'b' WHERE at BETWEEN 20 AND 30`,
		`INSERT INTO "Old Years"."m 1" (at, kind, v) VALUES (1, 'a', 5)`, `TRUNCATE metered_rest_1a`, `DELETE FROM metered_2 WHERE at = 150`,
	})
	execAll(t, source, meteredLater)
	c.must("swap", "metered")
	same()
	for sql, state := range map[string]string{
		`INSERT INTO metered (at, kind, place_id) VALUES (1, 'a', 999)`:            "23503",
		`INSERT INTO metered_2a (id, at, kind, v) VALUES (1, 150, 'a', NULL)`:      "23502",
		`INSERT INTO metered_2a (at, kind) VALUES (150, 'a')`:                      "23502",
		`INSERT INTO "Old Years"."m 1" (at, kind, v) VALUES (1, 'a', 2000000)`:     "23514",
		`INSERT INTO metered (at, kind) VALUES (15000, 'a')`:                       "23514",
		`INSERT INTO later_a (id, at, kind, place_id) VALUES (1, 11000, 'a', 999)`: "23503",
	} {
		_, err := target.Exec(t.Context(), sql)
		require.Equal(t, state, sqlState(err), sql)
	}
	execAll(t, target, []string{
		`INSERT INTO metered (at, kind) VALUES (5000, 'z'), (150, 'q'), (7, 'a'), (11000, 'a')`, `UPDATE metered_2a SET note = 'marked', v = 8 WHERE at < 190`,
		`UPDATE later_a SET v = 7 WHERE at = 10020`, `INSERT INTO later_a (at, kind) VALUES (11001, 'a')`, `TRUNCATE metered_2rest`,
	})
	require.Equal(t, []string{"!|1", "later!|77"}, pgtest.Rows(t, target, `SELECT note, v FROM metered WHERE at IN (11000, 11001) ORDER BY at`))
	c.must("revert-swap", "--yes", "metered")
	same()
	pgtest.Exec(t, source, `INSERT INTO metered (at, kind) VALUES (8, 'a'), (11002, 'a')`)
	c.must("swap", "metered")
	same()
	c.must("cleanup", "--yes", "metered")
	c.requireNoTraces()
	if pgtest.ServerVersion(t, source) == pgtest.ServerVersion(t, target) {
		pgtest.Exec(t, target, `DROP SCHEMA repave CASCADE`)
		pgtest.RequireSameCatalog(t, withoutSequences(treeCatalog(t, source)), withoutSequences(treeCatalog(t, target)))
	}
}
