package laws_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw6AcrossDeferrableAndExclusionConstraints: values that a deferrable constraint lets two rows exchange, and ranges that move between rows,
// come back, also those written under session_replication_role = replica; and a trigger on the source does not act on them once more.
func TestLaw6AcrossDeferrableAndExclusionConstraints(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	const acts = `CREATE FUNCTION acts() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.acts := NEW.acts + 1; RETURN NEW; END'`
	source := pgtest.Connect(t, c.from, acts,
		`CREATE TABLE t (id int PRIMARY KEY, u int CONSTRAINT u UNIQUE DEFERRABLE INITIALLY DEFERRED, r int4range, acts int NOT NULL DEFAULT 0,
			CONSTRAINT x EXCLUDE USING gist (r WITH &&), CONSTRAINT xd EXCLUDE USING btree (u WITH =) DEFERRABLE)`,
		`CREATE TRIGGER acts BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION acts()`,
		`INSERT INTO t SELECT g, g, int4range(g * 10, g * 10 + 9) FROM generate_series(1, 20) g`)
	target := pgtest.Connect(t, c.to, acts)
	const rows = `SELECT * FROM t ORDER BY id`
	change := []string{
		`BEGIN`, `SET CONSTRAINTS ALL DEFERRED`, `UPDATE t SET u = 21 - u`, `COMMIT`,
		`BEGIN`, `DELETE FROM t WHERE id IN (1, 2)`, `INSERT INTO t VALUES (1, 19, '[20,29)'), (2, 20, '[10,19)')`, `COMMIT`,
		`SET session_replication_role = replica`, `UPDATE t SET r = '[500,501)' WHERE id = 3`, `UPDATE t SET r = '[30,39)' WHERE id = 4`,
		`INSERT INTO t VALUES (40, 40, '[40,49)', 7)`, `RESET session_replication_role`,
	}
	c.must("run", "--strategy=logical", "t", "--until", "replay")
	for _, sql := range change {
		pgtest.Exec(t, source, sql)
	}
	c.must("swap", "t")
	require.Equal(t, pgtest.Rows(t, source, rows), pgtest.Rows(t, target, rows))
	pgtest.Exec(t, target, `DELETE FROM t WHERE id = 40`)
	pgtest.Exec(t, target, `UPDATE t SET r = '[40,49)' WHERE id = 4`)
	pgtest.Exec(t, target, `UPDATE t SET r = '[30,39)' WHERE id = 3`)
	for _, sql := range append(change[:4:4], change[8:]...) {
		pgtest.Exec(t, target, sql)
	}
	c.must("revert-swap", "--yes", "t")
	require.Equal(t, pgtest.Rows(t, target, rows), pgtest.Rows(t, source, rows))
	c.must("reset", "--yes", "t")
	c.requireNoTraces()
}

// TestLaw6AcrossWhatOnlyTheSourceForbids: rows that break a constraint which the job gave up never come to stand on the source
// as if it held: the way back is refused, and opens once they are corrected.
func TestLaw6AcrossWhatOnlyTheSourceForbids(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE TABLE p (id int PRIMARY KEY)`, `INSERT INTO p VALUES (1), (2)`,
		`CREATE TABLE t (id int PRIMARY KEY, u int CONSTRAINT u UNIQUE DEFERRABLE INITIALLY DEFERRED, p int CONSTRAINT fk REFERENCES p, c int CONSTRAINT c CHECK (c > 0))`,
		`INSERT INTO t VALUES (1, 1, 1, 1), (2, 2, 2, 2)`, `CREATE TABLE stays (t int REFERENCES t)`, `INSERT INTO stays VALUES (1)`)
	target := pgtest.Connect(t, c.to)
	c.must("run", "--strategy=logical", "--alter", "DROP CONSTRAINT u, DROP CONSTRAINT fk, DROP CONSTRAINT c", "t")
	back := func(want string) {
		t.Helper()
		stderr, code := c.run("revert-swap", "--yes", "t")
		require.Equal(t, 1, code, stderr)
		require.Contains(t, stderr, want)
	}
	back("constraint u of public.t is not on the target, and deferrable")
	pgtest.Exec(t, target, `ALTER TABLE t ADD CONSTRAINT u UNIQUE (u) DEFERRABLE INITIALLY DEFERRED`)
	pgtest.Exec(t, target, `UPDATE t SET p = 9 WHERE id = 2`)
	back("rows of public.t would break foreign key fk")
	pgtest.Exec(t, target, `UPDATE t SET p = 2 WHERE id = 2`)
	pgtest.Exec(t, target, `DELETE FROM t WHERE id = 1`)
	back("rows of public.stays would break foreign key stays_t_fkey")
	pgtest.Exec(t, target, `INSERT INTO t VALUES (1, 1, 1, 1)`)
	pgtest.Exec(t, target, `UPDATE t SET c = -1 WHERE id = 2`)
	back("c") // a check is looked at all the same
	pgtest.Exec(t, target, `UPDATE t SET c = 2 WHERE id = 2`)
	c.must("revert-swap", "--yes", "t")
	require.Equal(t, []string{"1|1|1|1", "2|2|2|2"}, pgtest.Rows(t, source, `SELECT * FROM t ORDER BY id`))
	c.must("reset", "--yes", "t")
	c.requireNoTraces()
}
