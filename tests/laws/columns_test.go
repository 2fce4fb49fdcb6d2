package laws_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw5MovedColumnsAreAllThatChanges moves the columns of a table that has
// everything: after cleanup the catalog differs in their positions alone, after
// revert-swap and reset in nothing.
func TestLaw5MovedColumnsAreAllThatChanges(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), richSQL(t, conn, ""))
	require.NoError(t, err)
	pgtest.Exec(t, conn, `ALTER TABLE `+richName.String()+` ADD f boolean NOT NULL DEFAULT true, ADD at timestamptz NOT NULL DEFAULT now(),
		ADD "g f" boolean NOT NULL DEFAULT false, ADD wide bigint NOT NULL DEFAULT 7, ADD h "char" NOT NULL DEFAULT 'h'`)
	before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	text := `SELECT "Id", nr, name, code, total, twice, up, parent_k, tags, doc, wide, "g f" FROM ` + richName.String() + ` ORDER BY 1`
	rows := pgtest.Rows(t, conn, text)
	env := newEnv(t, dsn)
	req := requestOf(t, conn, richName, func(s *registry.Spec) { s.Tables[0].Change.OptimizeColumns = true })

	job := runTo(t, env, req, stages.Swap)
	require.True(t, job.Tables[0].Blueprint.Layout.Changed)
	job, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"), "the old order is back")
	requireNoTraces(t, conn)

	runTo(t, env, req, stages.Cleanup)
	diff := pgtest.CatalogDiff(before, pgtest.CatalogSnapshot(t, conn))
	require.NotEmpty(t, diff)
	for _, line := range diff {
		require.Contains(t, line, ": position: ")
	}
	require.Equal(t, rows, pgtest.Rows(t, conn, text))
	requireNoTraces(t, conn)
	pgtest.Exec(t, conn, `INSERT INTO `+richName.String()+` (name) VALUES (DEFAULT)`)
}

// TestLaw6MovedColumnsUnderWriters changes everything at once, there and back
// and there again, while writers at all isolation levels go on.
func TestLaw6MovedColumnsUnderWriters(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), pgtest.WritersTable)
	require.NoError(t, err)
	pgtest.Exec(t, conn, `ALTER TABLE parent ADD f boolean NOT NULL DEFAULT true, ADD at timestamptz NOT NULL DEFAULT '2024-01-01 00:00+00',
		ADD g boolean NOT NULL DEFAULT false, ADD b bigint, ADD gone int DEFAULT 5,
		ADD twice bigint GENERATED ALWAYS AS (n * 2) STORED, ADD CONSTRAINT sane CHECK (f OR n >= 0)`)
	pgtest.Exec(t, conn, `INSERT INTO parent (id, tag, owner, n, pad, b) SELECT -g, 'base-' || g, 0, g, repeat('x', 100), g FROM generate_series(1, 2000) g`)
	pgtest.Exec(t, conn, `CREATE INDEX computed ON parent ((b + 1), f) WHERE g`)
	env := newEnv(t, dsn)
	env.Options.BatchTime = 20 * time.Millisecond
	_, seed := newRand(t)
	writers := pgtest.StartWriters(t, dsn, seed, 2, pgtest.Levels)
	writers.Await(t, 20)
	req := request(t, conn, "parent", func(s *registry.Spec) {
		s.Tables[0].Change.PKBigint, s.Tables[0].Change.OptimizeColumns = true, true
		s.Tables[0].Change.Set, s.Tables[0].Change.OrderBy = []string{"fillfactor=85"}, []string{"tag"}
		s.Tables[0].Change.Alter = []string{
			"ALTER n TYPE bigint", "DROP gone", "RENAME pad TO padding", "ADD since timestamptz NOT NULL DEFAULT now()",
			"ADD small smallint, ADD CONSTRAINT later CHECK (since > '2020-01-01')",
		}
	})
	job := runTo(t, env, req, stages.Swap)
	require.True(t, job.Tables[0].Blueprint.Layout.Changed)
	// What is fixed and never null stands first, by alignment, and what varies last.
	require.Equal(t, []string{"f", "g"}, pgtest.Rows(t, conn, `SELECT attname FROM pg_attribute
		WHERE attrelid = 'parent'::regclass AND attlen = 1 AND attnum > 0 ORDER BY attnum`))
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(DISTINCT attlen > 0) FROM pg_attribute
		WHERE attrelid = 'parent'::regclass AND attnum BETWEEN 1 AND 10`))
	writers.Await(t, 30)
	job, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	writers.Await(t, 30)
	job = runTo(t, env, req, stages.Swap)
	writers.Await(t, 20)
	require.NoError(t, stages.Erase(t.Context(), env, job))
	writers.Await(t, 10)
	writers.Stop(t, conn)
	require.Equal(t, 2000, pgtest.Count(t, conn, `SELECT count(*) FROM parent
		WHERE owner = 0 AND n = -id AND b = n AND twice = 2 * n AND padding = repeat('x', 100) AND f AND NOT g`))
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM pg_class WHERE oid = 'parent'::regclass AND reloptions = '{fillfactor=85}'`))
	requireNoTraces(t, conn)
}

// TestPlanAndReportSayWhatTheOrderSaves compares what was promised with the size of the new table.
func TestPlanAndReportSayWhatTheOrderSaves(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn,
		`CREATE TABLE wasteful (a boolean NOT NULL, id bigint PRIMARY KEY, b boolean NOT NULL, at timestamptz NOT NULL, c smallint NOT NULL, n bigint, note text)`,
		`INSERT INTO wasteful SELECT true, g, false, now(), 1, g, 'note ' || g FROM generate_series(1, 50000) g`,
		`VACUUM ANALYZE wasteful`)
	size := pgtest.Count(t, conn, `SELECT pg_relation_size('wasteful')::int`)

	stdout, stderr, code := repave(t, dsn, "plan", "wasteful", "--optimize-columns", "--set", "fillfactor=100")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "in the order id, at, n, c, a, b, note")
	require.Contains(t, stdout, "INSERT or COPY without a list of columns")
	require.Contains(t, stdout, "run it with: repave run public.wasteful --optimize-columns --set 'fillfactor=100'")

	stdout, stderr, code = repave(t, dsn, "run", "wasteful", "--optimize-columns", "--json", "--cleanup")
	require.Zero(t, code, stderr)
	var report struct {
		Layouts []struct {
			SavedPerRow float64 `json:"saved_bytes_per_row"`
			Saved       int     `json:"saved_bytes"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	require.InDelta(t, 24, report.Layouts[0].SavedPerRow, 1)
	saved := size - pgtest.Count(t, conn, `SELECT pg_relation_size('wasteful')::int`)
	require.InEpsilon(t, saved, report.Layouts[0].Saved, 0.05)

	_, stderr, code = repave(t, dsn, "plan", "wasteful", "--set", "fillfactor")
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "hint: for example: --set 'fillfactor=90'")
	stdout, _, code = repave(t, dsn, "plan", "wasteful", "--optimize-columns")
	require.Zero(t, code)
	require.Contains(t, stdout, "no other order of the columns saves anything")
	require.NotContains(t, stdout, "without a list of columns")
	require.Equal(t, 1, strings.Count(stdout, "CREATE TABLE"))
}

// TestOtherOptionsAreNamed resumes a job with others than it was begun with.
func TestOtherOptionsAreNamed(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY)`)
	mustRepave(t, dsn, "run", "t", "--optimize-columns", "--set", "fillfactor=90", "--until", "setup")
	_, stderr, code := repave(t, dsn, "run", "t", "--set", "fillfactor=80", "--tablespace", "fast")
	require.Equal(t, 1, code)
	for _, line := range []string{
		"--optimize-columns: the job has true, now asked for false", "--set: the job has [fillfactor=90], now asked for [fillfactor=80]",
		"--tablespace: the job has , now asked for fast",
		"go on with: repave run public.t --optimize-columns --set 'fillfactor=90'",
	} {
		require.Contains(t, stderr, line)
	}
	mustRepave(t, dsn, "run", "t", "--optimize-columns", "--set", "fillfactor=90", "--cleanup")
}
