package laws_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// brothers is a partitioned table whose partitions come and go.
const brothers = `
CREATE TABLE p (id int PRIMARY KEY, n int) PARTITION BY RANGE (id);
CREATE TABLE one PARTITION OF p FOR VALUES FROM (0) TO (1000);
CREATE TABLE two PARTITION OF p FOR VALUES FROM (1000) TO (2000);
CREATE TABLE rest PARTITION OF p DEFAULT;
INSERT INTO p SELECT g FROM generate_series(0, 4999) g WHERE g NOT BETWEEN 2000 AND 2999;
`

// TestLaw9PartitionsComeAndGo: what others do to the partitions beside ours, at any time, is taken into account, and
// what they do to ours is noticed. No write fails because of a job.
func TestLaw9PartitionsComeAndGo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ leaf, ddl, undo string }{
		"a new one":                    {"one", `CREATE TABLE three PARTITION OF p FOR VALUES FROM (2000) TO (3000)`, `DROP TABLE three`},
		"a new one beside the default": {"rest", `CREATE TABLE three PARTITION OF p FOR VALUES FROM (2000) TO (3000)`, `DROP TABLE three`},
		"one less":                     {"one", `ALTER TABLE p DETACH PARTITION two`, `ALTER TABLE p ATTACH PARTITION two FOR VALUES FROM (1000) TO (2000)`},
		"one less beside the default":  {"rest", `ALTER TABLE p DETACH PARTITION two`, `ALTER TABLE p ATTACH PARTITION two FOR VALUES FROM (1000) TO (2000)`},
		"no default":                   {"one", `ALTER TABLE p DETACH PARTITION rest`, `ALTER TABLE p ATTACH PARTITION rest DEFAULT`},
		"another default":              {"one", `ALTER TABLE p DETACH PARTITION rest; CREATE TABLE others PARTITION OF p DEFAULT`, `DROP TABLE others; ALTER TABLE p ATTACH PARTITION rest DEFAULT`},
		"other bounds":                 {"two", `ALTER TABLE p DETACH PARTITION two; ALTER TABLE p ATTACH PARTITION two FOR VALUES FROM (1000) TO (3000)`, `ALTER TABLE p DETACH PARTITION two; ALTER TABLE p ATTACH PARTITION two FOR VALUES FROM (1000) TO (2000)`},
		"a trigger of the whole":       {"one", `CREATE TRIGGER t BEFORE UPDATE ON p FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`, `DROP TRIGGER t ON p`},
		"the whole has another name":   {"one", `ALTER TABLE p RENAME TO q`, `ALTER TABLE q RENAME TO p`},
		"the default has another name": {"one", `ALTER TABLE rest RENAME TO "the rest"`, `ALTER TABLE "the rest" RENAME TO rest`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn)
			exec := func(sql string) {
				t.Helper()
				_, err := conn.Exec(t.Context(), sql)
				require.NoError(t, err)
			}
			exec(brothers)
			before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
			rows := fmt.Sprintf(`SELECT count(*), sum(id) FROM %s`, c.leaf)
			held := pgtest.Rows(t, conn, rows)
			env := newEnv(t, dsn)
			req := request(t, conn, c.leaf, nil)
			runTo(t, env, req, stages.Backfill)
			exec(c.ddl)
			exec(c.undo)
			runTo(t, env, req, stages.Verify)
			exec(c.ddl)
			job := runTo(t, env, req, stages.Swap)
			exec(c.undo)
			job, err := stages.RevertSwap(t.Context(), env, job)
			require.NoError(t, err)
			exec(c.ddl)
			runTo(t, env, req, stages.Cleanup)
			exec(c.undo)
			requireNoTraces(t, conn)
			pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
			require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
			require.Equal(t, held, pgtest.Rows(t, conn, rows))
			require.NotZero(t, job.ID)
		})
	}
}

// TestLaw9OurPartitionGoes: a partition that is detached or dropped, also with the checks in place that spare the swap its
// scans; the job says so, and reset leaves nothing behind.
func TestLaw9OurPartitionGoes(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), brothers)
	require.NoError(t, err)
	env := newEnv(t, dsn)
	runTo(t, env, request(t, conn, "one", nil), stages.Verify)
	pgtest.Exec(t, conn, `ALTER TABLE p DETACH PARTITION one`)
	_, stderr, code := repave(t, dsn, "run", "one")
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, "public.one was changed since the job began")
	mustRepave(t, dsn, "reset", "one", "--yes")
	requireNoTraces(t, conn)
	pgtest.Exec(t, conn, `ALTER TABLE p ATTACH PARTITION one FOR VALUES FROM (0) TO (1000)`)

	runTo(t, env, request(t, conn, "one", nil), stages.Verify)
	reader := pgtest.Connect(t, dsn, `BEGIN`, `LOCK TABLE ONLY p IN ACCESS SHARE MODE`)
	cmd := command(t.Context(), t, dsn, "run", "one")
	require.NoError(t, cmd.Start())
	awaitTrue(t, conn, "checks are there", `SELECT count(*) = 2 AND bool_and(convalidated) FROM pg_constraint WHERE conname ~ '^repave_\d+_1_(member|others)$'`)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	pgtest.Exec(t, reader, `ROLLBACK`)
	// While nobody drops them, one is in the way of rows that were the partition's.
	pgtest.Exec(t, conn, `DROP TABLE one`)
	_, err = conn.Exec(t.Context(), `INSERT INTO p VALUES (5)`)
	require.Equal(t, "23514", sqlState(err))
	require.Eventually(t, func() bool {
		_, stderr, code = repave(t, dsn, "reset", "one", "--yes")
		return !strings.Contains(stderr, "another repave works")
	}, commandTimeout, 50*time.Millisecond)
	require.Zero(t, code, stderr)
	requireNoTraces(t, conn)
	pgtest.Exec(t, conn, `INSERT INTO p VALUES (5)`)
}

// TestLaw1ChecksGoWhenTheSwapGivesUp: they are not left on the default partition.
func TestLaw1ChecksGoWhenTheSwapGivesUp(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), brothers)
	require.NoError(t, err)
	mustRepave(t, dsn, "run", "one", "--until", "verify")
	reader := pgtest.Connect(t, dsn, `BEGIN`, `LOCK TABLE ONLY p IN ACCESS SHARE MODE`)
	_, stderr, code := repave(t, dsn, "run", "one", "--lock-attempts", "2", "--lock-timeout", "20ms")
	require.Equal(t, 5, code, stderr)
	require.Empty(t, pgtest.Rows(t, conn, `SELECT conname FROM pg_constraint WHERE conname ~ '^repave_\d+_1_(member|others)$'`))
	pgtest.Exec(t, reader, `ROLLBACK`)
	mustRepave(t, dsn, "run", "one", "--cleanup")
	requireNoTraces(t, conn)
}

// TestLaw9DetachedHalfWay: DETACH CONCURRENTLY that was interrupted is refused for our partition, and in nobody's way for another one.
func TestLaw9DetachedHalfWay(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), brothers+`; ALTER TABLE p DETACH PARTITION rest`)
	require.NoError(t, err)
	reader := pgtest.Connect(t, dsn, `BEGIN`, `LOCK TABLE ONLY p IN ACCESS SHARE MODE`)
	detacher := pgtest.Connect(t, dsn, `SET lock_timeout = '100ms'`)
	_, err = detacher.Exec(t.Context(), `ALTER TABLE p DETACH PARTITION two CONCURRENTLY`)
	require.Equal(t, "55P03", sqlState(err))
	pgtest.Exec(t, reader, `ROLLBACK`)
	mustRepave(t, dsn, "run", "one", "--cleanup")
	_, stderr, code := repave(t, dsn, "run", "two")
	require.Equal(t, 3, code, stderr)
	require.Contains(t, stderr, "the detaching of public.two from public.p was left half-way")
	const cure = `ALTER TABLE public.p DETACH PARTITION public.two FINALIZE`
	require.Contains(t, stderr, "cure: "+cure)
	pgtest.Exec(t, conn, cure)
	mustRepave(t, dsn, "run", "two", "--cleanup")
	requireNoTraces(t, conn)
	require.Equal(t, 1000, pgtest.Count(t, conn, `SELECT count(*) FROM p`))
}

// TestLaw5IdentityOfThePartitioned: since PostgreSQL 17 partitions share the identity of the whole table; before it, they may have one of their own.
func TestLaw5IdentityOfThePartitioned(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	exec := func(sql string) {
		t.Helper()
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	exec(`CREATE TABLE p (id bigint GENERATED ALWAYS AS IDENTITY, k int NOT NULL, g int GENERATED ALWAYS AS (k * 2) STORED, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
		CREATE TABLE leaf PARTITION OF p FOR VALUES IN (1, 2); INSERT INTO p (k) SELECT 1 + g % 2 FROM generate_series(1, 500) g;
		CREATE TABLE own (id bigint GENERATED BY DEFAULT AS IDENTITY (START 7000), k int NOT NULL, g int GENERATED ALWAYS AS (k * 2) STORED, PRIMARY KEY (id, k))`)
	if pgtest.ServerVersion(t, conn) >= 17 {
		exec(`ALTER TABLE own ALTER id DROP IDENTITY`)
	}
	exec(`ALTER TABLE p ATTACH PARTITION own FOR VALUES IN (3)`)
	env := newEnv(t, dsn)
	for _, leaf := range []string{"leaf", "own"} {
		before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
		req := request(t, conn, leaf, nil)
		job := runTo(t, env, req, stages.Swap)
		_, err := stages.RevertSwap(t.Context(), env, job)
		require.NoError(t, err)
		runTo(t, env, req, stages.Cleanup)
		requireNoTraces(t, conn)
		pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
		require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
	}
	exec(`INSERT INTO p (k) VALUES (2)`)
	require.Equal(t, []string{"501|2|4"}, pgtest.Rows(t, conn, `SELECT * FROM p WHERE id > 500`))
}
