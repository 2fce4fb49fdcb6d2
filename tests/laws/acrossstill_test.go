package laws_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw6AcrossTriggersThatActAlwaysActOnce: what ENABLE ALWAYS and ENABLE REPLICA triggers and rules of the source do, of partitions and of their
// tables, those of the target have done; going back they don't do it again. They are as they were before the source is opened,
// and after cleanup (law 5): also if somebody switches them on meanwhile, or repave is killed just then (law 4).
func TestLaw6AcrossTriggersThatActAlwaysActOnce(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	c.networked()
	functions := []string{
		`CREATE TABLE log (id serial PRIMARY KEY, what text)`,
		`CREATE FUNCTION acts() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.acts := NEW.acts + 1; RETURN NEW; END'`,
		`CREATE FUNCTION logs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.log (what) VALUES (TG_NAME || NEW.id); RETURN NULL; END'`,
	}
	source := pgtest.Connect(t, c.from, append(functions,
		`CREATE TABLE t (id int PRIMARY KEY, acts int NOT NULL DEFAULT 0) PARTITION BY RANGE (id)`,
		`CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100)`, `CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (100) TO (200)`,
		`CREATE TABLE u (id int PRIMARY KEY)`, `INSERT INTO t VALUES (1), (101)`,
		`CREATE TRIGGER acts BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION acts()`, `ALTER TABLE t ENABLE ALWAYS TRIGGER acts`,
		`CREATE TRIGGER logs AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION logs()`, `ALTER TABLE t ENABLE REPLICA TRIGGER logs`,
		`CREATE TRIGGER own AFTER INSERT OR UPDATE ON t1 FOR EACH ROW EXECUTE FUNCTION logs()`, `ALTER TABLE t1 ENABLE ALWAYS TRIGGER own`,
		`CREATE RULE rules AS ON INSERT TO u DO ALSO INSERT INTO log (what) VALUES ('rule')`, `ALTER TABLE u ENABLE ALWAYS RULE rules`,
	)...)
	target := pgtest.Connect(t, c.to, functions[1:]...)
	before := pgtest.CatalogSnapshot(t, source)
	asBefore := func() {
		t.Helper()
		after := pgtest.CatalogSnapshot(t, source)
		for key, value := range before {
			if !strings.HasSuffix(key, ": last value") {
				require.Equal(t, value, after[key], key)
			}
		}
		require.Len(t, after, len(before))
	}
	same := func() {
		t.Helper()
		for _, rows := range []string{`SELECT * FROM t ORDER BY id`, `SELECT * FROM u ORDER BY id`, `SELECT * FROM log ORDER BY id`} {
			require.Equal(t, pgtest.Rows(t, target, rows), pgtest.Rows(t, source, rows))
		}
	}
	changes := func(n int) {
		t.Helper()
		execAll(t, target, []string{
			fmt.Sprintf(`INSERT INTO t VALUES (%d), (%d); INSERT INTO u VALUES (%[1]d)`, n, 100+n), `UPDATE t SET id = id WHERE id % 100 = 1`,
			fmt.Sprintf(`SET session_replication_role = replica; INSERT INTO t VALUES (%d), (%d); INSERT INTO u VALUES (%[1]d); RESET session_replication_role`, n+1, 101+n),
		})
	}
	const states = `SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE tgfoid IN ('acts'::regproc, 'logs'::regproc) ORDER BY 1, 2`
	tables := []string{"t", "u", "log"}
	run := append([]string{"run", "--strategy=logical"}, tables...)
	back := append([]string{"revert-swap", "--yes"}, tables...)
	c.must(run...)
	changes(10)
	c.must(back...)
	same()
	require.Equal(t, []string{"t|acts|A", "t|logs|R", "t1|acts|A", "t1|logs|R", "t1|own|A", "t2|acts|A", "t2|logs|R"}, pgtest.Rows(t, source, states))
	pgtest.Exec(t, source, `INSERT INTO t VALUES (50)`)
	require.Equal(t, 1, pgtest.Count(t, source, `SELECT acts FROM t WHERE id = 50`))

	// Somebody switches one on while changes come back, and one in between.
	c.must(append([]string{"swap"}, tables...)...)
	changes(20)
	pgtest.Exec(t, source, `ALTER TABLE t1 ENABLE ALWAYS TRIGGER own`)
	stirs := fmt.Sprintf(`psql -Xq '%s' -c 'ALTER TABLE t ENABLE ALWAYS TRIGGER acts'; psql -Xq '%s' -c 'UPDATE t SET id = id'`, c.from, c.to)
	stderr, code := c.run(append(back, "--on-fence", stirs)...)
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, "trigger acts of public.t: somebody has switched it on")
	refused(t, source, `INSERT INTO t VALUES (60)`)
	changes(30)
	pgtest.Exec(t, source, `ALTER TABLE t1 ENABLE TRIGGER own`) // it can't act on what comes back, and is left to him
	// Killed when the target is closed for good, and the source not open yet.
	c.killedAt(c.toSource, []string{"cutover/create_fence.sql"}, back...)
	require.False(t, pgtest.Value[bool](t, target, `SELECT swapped FROM repave.job`))
	c.through(append(run, "--until", "verify")...)
	same()
	require.Empty(t, pgtest.Rows(t, source, `SELECT FROM pg_class WHERE relname ~ '_stilled$'`))
	require.Equal(t, []string{"t|acts|A", "t|logs|R", "t1|acts|A", "t1|logs|R", "t1|own|O", "t2|acts|A", "t2|logs|R"}, pgtest.Rows(t, source, states))
	pgtest.Exec(t, source, `ALTER TABLE t1 ENABLE ALWAYS TRIGGER own`)

	// What is still switched off when the job ends is switched on with it.
	c.must(append([]string{"swap"}, tables...)...)
	stderr, code = c.run(append(back, "--on-fence", "exit 1")...)
	require.Equal(t, 1, code, stderr)
	require.Equal(t, 7, pgtest.Count(t, source, `SELECT count(*) FROM pg_trigger WHERE tgenabled = 'D'`))
	c.must(append([]string{"cleanup", "--yes"}, tables...)...)
	asBefore()
	c.requireNoTraces()
}
