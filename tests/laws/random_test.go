package laws_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
	"github.com/repave-pg/repave/tests/random"
)

// randomCases is how many tables are made up, unless REPAVE_RANDOM says otherwise.
const randomCases = 4

// TestLaw1And2And5And6RandomTables makes up tables with all that may be bound to
// them, traffic and changes, and takes each there and back, in random order.
// REPAVE_SEED replays the case of one seed; REPAVE_RANDOM=n tries n of them,
// from REPAVE_RANDOM_FROM on.
func TestLaw1And2And5And6RandomTables(t *testing.T) {
	t.Parallel()
	number := func(name string, standard int) int {
		if text := os.Getenv(name); text != "" {
			n, err := strconv.Atoi(text)
			require.NoError(t, err)
			return n
		}
		return standard
	}
	from, n := number("REPAVE_RANDOM_FROM", 0), number("REPAVE_RANDOM", randomCases)
	if os.Getenv("REPAVE_SEED") != "" {
		from, n = number("REPAVE_SEED", 0), 1
	}
	for seed := from; seed < from+n; seed++ {
		t.Run(fmt.Sprintf("REPAVE_SEED=%d", seed), func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			newRandomJob(t, seed).walk()
		})
	}
}

// A randomJob is a made-up table on its way through a job.
type randomJob struct {
	t       *testing.T
	seed    int
	c       random.Case
	dsn     string
	conn    *pgx.Conn
	env     *stages.Env
	req     stages.Request
	job     registry.Job
	writers []*random.Writer
}

func newRandomJob(t *testing.T, seed int) *randomJob {
	t.Helper()
	j := &randomJob{t: t, seed: seed, dsn: pgtest.Database(t)}
	j.conn = pgtest.Connect(t, j.dsn)
	j.c = random.Make(seed, pgtest.ServerVersion(t, j.conn))
	if testing.Verbose() {
		t.Logf("%s;\n%s;\nchange: %+v\nwalk: %+v", strings.Join(j.c.Tables, ";\n"), strings.Join(j.c.Bound, ";\n"), j.c.Change, j.c.Walk)
	}
	build(t, j.conn, j.c.Tables, j.c.Bound)
	pgtest.Exec(t, j.conn, "ANALYZE")
	j.env = newEnv(t, j.dsn)
	j.env.Options.BatchTime = 10 * time.Millisecond
	j.req = requestOf(t, j.conn, j.c.Table, func(s *registry.Spec) { s.Tables[0].Change = j.c.Change })
	return j
}

// build runs statements.
func build(t *testing.T, conn *pgx.Conn, lists ...[]string) {
	t.Helper()
	for _, list := range lists {
		for _, sql := range list {
			_, err := conn.Exec(t.Context(), sql)
			require.NoError(t, err, sql)
		}
	}
}

// walk runs the job's commands while writers write, and compares what comes
// out with what it should be.
func (j *randomJob) walk() {
	before, dump := snapshotWithoutPositions(j.t, j.conn), pgtest.DumpSchema(j.t, j.dsn, "repave")
	stop := j.startWriters()
	for _, step := range j.c.Walk {
		j.take(step)
		j.await(4)
	}
	stop()
	j.requireLedger()
	requireNoTraces(j.t, j.conn)
	after := snapshotWithoutPositions(j.t, j.conn)
	last := j.c.Walk[len(j.c.Walk)-1].Command
	if last == "reset" || len(j.c.Change.Differences(shadow.Change{})) == 0 {
		pgtest.RequireSameCatalog(j.t, before, after)
		require.Equal(j.t, dump, pgtest.DumpSchema(j.t, j.dsn, "repave"))
		return
	}
	if j.c.Beyond {
		return
	}
	// What PostgreSQL's own means make of the same table.
	other := pgtest.Connect(j.t, pgtest.Database(j.t))
	build(j.t, other, j.c.Tables, j.c.Retype, j.c.Bound, j.c.Alter)
	want := snapshotWithoutPositions(j.t, other)
	if j.c.Change.OptimizeColumns {
		for _, snapshot := range []map[string]string{want, after} {
			maps.DeleteFunc(snapshot, func(key, _ string) bool {
				// The server lists the columns of statistics and publications by their positions.
				return strings.HasPrefix(key, "column ") && strings.HasSuffix(key, ": position") ||
					strings.HasPrefix(key, "publication ") && strings.HasSuffix(key, ": attnames") ||
					strings.HasPrefix(key, "statistics ") && strings.HasSuffix(key, ": definition")
			})
		}
	}
	pgtest.RequireSameCatalog(j.t, want, after)
}

// snapshotWithoutPositions is the catalog without where sequences stand.
func snapshotWithoutPositions(t *testing.T, conn *pgx.Conn) map[string]string {
	t.Helper()
	snapshot := pgtest.CatalogSnapshot(t, conn)
	maps.DeleteFunc(snapshot, func(key, _ string) bool {
		return strings.HasPrefix(key, "sequence ") && strings.HasSuffix(key, ": last value")
	})
	return snapshot
}

// take runs one command.
func (j *randomJob) take(step random.Step) {
	j.t.Helper()
	var err error
	switch step.Command {
	case "run":
		j.job, err = stages.Run(j.t.Context(), j.env, j.req, stages.Order()[step.Until])
	case "reset":
		err = stages.Reset(j.t.Context(), j.env, j.job)
	case "revert-swap":
		j.job, err = stages.RevertSwap(j.t.Context(), j.env, j.job)
	case "verify":
		j.job, err = stages.VerifyNow(j.t.Context(), j.env, j.job)
	case "sql":
		pgtest.Exec(j.t, j.conn, step.SQL)
	}
	require.NoError(j.t, err, "%+v", step)
	for _, w := range j.writers {
		require.Empty(j.t, w.Problems(), "%+v", step)
	}
}

// startWriters starts one writer at each isolation level.
func (j *randomJob) startWriters() (stop func()) {
	ctx, cancel := context.WithCancel(j.t.Context())
	var group sync.WaitGroup
	for i, level := range pgtest.Levels {
		w := random.NewWriter(j.c, i+1, level, uint64(j.seed)) //nolint:gosec // not negative
		j.writers = append(j.writers, w)
		conn := pgtest.Connect(j.t, j.dsn, "SET application_name = 'writer'")
		group.Go(func() { w.Run(ctx, conn) })
	}
	stop = func() {
		cancel()
		group.Wait()
		for _, w := range j.writers {
			require.Empty(j.t, w.Problems())
		}
	}
	j.t.Cleanup(func() { cancel(); group.Wait() })
	return stop
}

// await waits until every writer has committed n more transactions.
func (j *randomJob) await(n int) {
	j.t.Helper()
	for _, w := range j.writers {
		want := w.Done() + n
		require.Eventually(j.t, func() bool { return w.Done() >= want || len(w.Problems()) > 0 }, 20*time.Second, 2*time.Millisecond, "a writer stands still")
		require.Empty(j.t, w.Problems())
	}
}

// requireLedger requires that the table holds what the application's own
// trigger has written down, and that nothing else was touched.
func (j *randomJob) requireLedger() {
	j.t.Helper()
	table := j.c.Table.String()
	pgtest.Exec(j.t, j.conn, `SET extra_float_digits = 1`)
	differ := `SELECT coalesce(a.k, b.k), a.r, b.r FROM (SELECT k, others.only(r, $1) AS r FROM others.ledger) a
		FULL JOIN (SELECT others.key_of(to_jsonb(q), $2) AS k, others.only(to_jsonb(q), $1) AS r FROM ` + table + ` q) b USING (k)
		WHERE a.r IS DISTINCT FROM b.r`
	pgtest.Exec(j.t, j.conn, `CREATE FUNCTION others.only(r jsonb, columns text[]) RETURNS text LANGUAGE sql AS
		$f$SELECT string_agg(c || ': ' || (r ->> c), ', ' ORDER BY c) FROM unnest(columns) c$f$`)
	require.Empty(j.t, pgtest.Rows(j.t, j.conn, differ, j.c.Untouched, j.c.Key))
	pgtest.Exec(j.t, j.conn, `DROP FUNCTION others.only`)
	require.NotZero(j.t, pgtest.Count(j.t, j.conn, `SELECT count(*) FROM `+table))
}
