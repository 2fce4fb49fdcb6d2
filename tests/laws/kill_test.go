package laws_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

const baseRows = 4000

// A victim is a job under traffic that is struck again and again.
type victim struct {
	t       *testing.T
	dsn     string
	random  *rand.Rand
	connect func() *pgx.Conn
	// strike hits the running program, or what it works with; it returns once
	// the program may be run again.
	strike func(cmd *exec.Cmd)
	struck map[string]int // by stage
	shape  string         // makes something else of the tables, if not ""
}

// attempt runs the program; when it is in the stage it is struck, a random moment
// later. It reports whether it came to its end nevertheless.
func (v *victim) attempt(stage string, args ...string) (finished bool) {
	v.t.Helper()
	watch := v.connect()
	var last int
	// The registry is made by the first command.
	_ = watch.QueryRow(v.t.Context(), `SELECT max(run_id) FROM repave.stage_run`, pgx.QueryExecModeDescribeExec).Scan(&last)
	ctx, cancel := context.WithTimeout(v.t.Context(), commandTimeout)
	defer cancel()
	cmd := command(ctx, v.t, v.dsn, append(args, "--batch-time", "5ms", "--log-level", "warn")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	started := time.Now()
	require.NoError(v.t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	struck := false
	for !struck {
		select {
		case err := <-ended:
			require.NoError(v.t, ctx.Err(), "%v hangs", args)
			if err == nil {
				return true
			}
			// Somebody who was struck before may not have let go yet.
			require.Contains(v.t, stderr.String(), "another repave works", "%v", args)
			return false
		case <-time.After(time.Millisecond):
		}
		var there bool
		sql := `SELECT EXISTS (SELECT FROM repave.stage_run WHERE stage = $1 AND run_id > $2)`
		if stage == string(stages.Cleanup) {
			sql = `SELECT NOT EXISTS (SELECT FROM pg_trigger WHERE tgname ~ '^repave_') OR $1::text IS NULL OR $2::int8 IS NULL`
		}
		err := watch.QueryRow(ctx, sql, pgx.QueryExecModeDescribeExec, stage, last).Scan(&there)
		struck = err == nil && there
	}
	moment := time.NewTimer(time.Duration(v.random.IntN(40)) * time.Millisecond)
	select {
	case err := <-ended:
		moment.Stop()
		return err == nil
	case <-moment.C:
	}
	_ = watch.Close(ctx)
	began := time.Now()
	v.strike(cmd)
	v.struck[stage]++
	finished = <-ended == nil
	v.t.Logf("%v struck in %s after %s, ended %t after %s", args, stage, began.Sub(started), finished, time.Since(began))
	return finished
}

// again runs the program to its end, as soon as nobody is left of the last one.
func (v *victim) again(args ...string) {
	v.t.Helper()
	var stderr string
	began := time.Now()
	defer func() { v.t.Logf("%v to its end in %s\n%s", args, time.Since(began), stderr) }()
	require.Eventually(v.t, func() bool {
		var code int
		_, stderr, code = repave(v.t, v.dsn, args...)
		if code != 0 {
			require.Contains(v.t, stderr, "another repave works", "%v", args)
		}
		return code == 0
	}, commandTimeout, 100*time.Millisecond, "%v: %s", args, stderr)
}

// torment takes a job through all its stages, there and back and there again,
// and strikes in each of them.
func (v *victim) torment(start func(t *testing.T, dsn string, seed uint64, n int, levels []pgx.TxIsoLevel) *pgtest.Writers) {
	v.t.Helper()
	t := v.t
	var seed uint64
	v.random, seed = newRand(t)
	v.struck = map[string]int{}
	conn := pgtest.Connect(t, v.dsn)
	_, err := conn.Exec(t.Context(), pgtest.WritersTable+v.shape)
	require.NoError(t, err)
	pgtest.Exec(t, conn, `INSERT INTO parent SELECT -g, 'base-' || g, 0, g, repeat('x', 500) FROM generate_series(1, $1::int) g`, baseRows)
	// The key becomes wider and everything else stays.
	catalog := pgtest.CatalogSnapshot(t, conn)
	require.NoError(t, conn.Close(t.Context()))
	writers := start(t, v.dsn, seed, 2, pgtest.Levels[:2])
	writers.Await(t, 10)

	job := []string{"run", "parent", "--pk-bigint"}
	for _, stage := range []stages.Name{stages.Setup, stages.Backfill, stages.SyncSchema, stages.Replay, stages.Verify, stages.Swap} {
		v.attempt(string(stage), job...)
		writers.Await(t, 5)
	}
	v.again(job...)
	writers.Await(t, 10)
	for _, stage := range []stages.Name{stages.Replay, stages.Swap} {
		if v.attempt(string(stage), "revert-swap", "parent") {
			v.again(job...) // it came through; once more
		}
		writers.Await(t, 5)
	}
	if pgtest.Value[bool](t, v.connect(), `SELECT swapped FROM repave.job`) {
		v.again("revert-swap", "parent")
	}
	v.again(job...)
	writers.Await(t, 10)
	// A job that is done is on record until somebody has heard of it, as far as that could be noted.
	v.attempt(string(stages.Cleanup), "cleanup", "parent")
	if _, stderr, code := repave(t, v.dsn, "status", "parent"); code == 0 {
		v.again("cleanup", "parent")
	} else {
		require.Contains(t, stderr, "no job for")
	}
	writers.Await(t, 5)

	conn = v.connect()
	writers.Stop(t, conn)
	require.Equal(t, baseRows, pgtest.Count(t, conn, `SELECT count(*) FROM parent WHERE owner = 0 AND tag = 'base-' || -id AND n = -id`))
	require.Zero(t, pgtest.Count(t, conn, `SELECT count(*) FROM child_strict c LEFT JOIN parent p ON p.id = c.parent_id WHERE p.id IS NULL`))
	requireNoTraces(t, conn)
	diff := slices.DeleteFunc(pgtest.CatalogDiff(catalog, pgtest.CatalogSnapshot(t, conn)), func(line string) bool {
		return strings.Contains(line, "parent.id: type") || v.shape != "" && strings.Contains(line, ".id: type") || strings.Contains(line, ": last value:")
	})
	require.Empty(t, diff)
	t.Logf("struck: %v", v.struck)
	require.NotEmpty(t, v.struck)
}

func TestLaw4KilledProgram(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	v := &victim{t: t, dsn: pgtest.Database(t)}
	v.connect = func() *pgx.Conn { return pgtest.Connect(t, v.dsn) }
	v.strike = func(cmd *exec.Cmd) { _ = cmd.Process.Kill() } // it may have ended
	v.torment(pgtest.StartWriters)
}

func TestLaw4KilledBackends(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	v := &victim{t: t, dsn: pgtest.Database(t)}
	v.connect = func() *pgx.Conn { return pgtest.Connect(t, v.dsn) }
	v.strike = func(*exec.Cmd) {
		pgtest.Exec(t, v.connect(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE application_name LIKE 'repave %' AND datname = current_database()`)
	}
	v.torment(pgtest.StartWriters)
}

// TestLaw4KilledServer loses the whole server; the change log must be there
// again, with everything that was committed.
func TestLaw4KilledServer(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	server := pgtest.Server(t)
	v := &victim{t: t, dsn: pgtest.DatabaseOn(t, server.DSN("postgres"))}
	v.connect = func() *pgx.Conn { return pgtest.Connect(t, v.dsn) }
	v.strike = func(*exec.Cmd) {
		require.NoError(t, server.Kill())
		require.NoError(t, server.Restart(t.Context()))
	}
	v.torment(pgtest.StartStubbornWriters)
}

// TestLaw4LostCommitOfTheSwapIsLookedUp loses nothing but the answer to the
// swap's COMMIT: the swap has happened, and the command says so.
func TestLaw4LostCommitOfTheSwapIsLookedUp(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	template := pgtest.Database(t)
	conn := pgtest.Connect(t, template, faultShop...)
	rows := faultRows(t, conn)
	req := request(t, conn, "orders", nil)
	env := faultEnv(t, template)
	runTo(t, env, req, stages.Verify)
	env.Source.Close()
	require.NoError(t, conn.Close(t.Context()))

	// Right behind the COMMIT the swap reads the job anew, and its foreign keys, and says that it validates them.
	proxy := pgtest.NewProxy(t, pgtest.Clone(t, template))
	env = faultEnv(t, proxy.DSN)
	already, behind := proxy.RoundTrips(), 0
	env.Report = func(e stages.Event) {
		if strings.HasPrefix(e.Unit, "validating") && behind == 0 {
			behind = proxy.RoundTrips() - already
		}
	}
	runTo(t, env, req, stages.Swap)
	require.NotZero(t, behind)

	looked := 0
	// How many requests come before depends a little on time (somebody looks every 100 ms whether others wait for
	// us), so the COMMIT is looked for around where it was.
	for try := 0; try < 60 && looked == 0; try++ {
		trip := behind + 5 - try%30
		dsn := pgtest.Clone(t, template)
		proxy := pgtest.NewProxy(t, dsn)
		env := faultEnv(t, proxy.DSN)
		logs := &lines{}
		env.Logger = logs.logger()
		proxy.CutOneAfter(trip, true)
		_, err := stages.Run(t.Context(), env, req, stages.Swap)
		t.Logf("trip %d of %d: %v", trip, behind, err)
		require.NotErrorIs(t, err, stages.ErrOutcomeUnknown, "the server could be asked")
		observer := pgtest.Connect(t, dsn)
		swapped := pgtest.Value[bool](t, observer, `SELECT swapped FROM repave.job`)
		require.True(t, err != nil || swapped)
		if logs.contain("which had been committed") {
			looked++
			require.NoError(t, err)
			require.True(t, swapped)
		}
		again := faultEnv(t, dsn)
		runTo(t, again, req, stages.Cleanup)
		require.Equal(t, rows, faultRows(t, observer))
		requireNoTraces(t, observer)
	}
	require.Equal(t, 1, looked, "one of these requests was the COMMIT whose answer was lost")
}

// TestLaw4ASecondProcessIsRefused is field row 18: it does not wait, it says
// who has the lock.
func TestLaw4Field18ASecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY)`, `INSERT INTO t SELECT generate_series(1, 10)`)
	oid := pgtest.Value[uint32](t, conn, `SELECT 't'::regclass::oid`)
	holder := pgtest.Connect(t, dsn, `SET application_name = 'another repave'`)
	require.NoError(t, registry.TryLock(t.Context(), holder, sqltmpl.Table{Schema: "public", Name: "t"}, oid))
	_, stderr, code := repave(t, dsn, "run", "t")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "another repave works on public.t")
	require.Contains(t, stderr, "hint: ")
	// An error must not keep the lock either: the session goes with the process.
	require.NoError(t, holder.Close(t.Context()))
	awaitTrue(t, conn, "the lock is given back", `SELECT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`)
	_, _, code = repave(t, dsn, "run", "t", "--alter", "ADD CHECK (id > 5)")
	require.NotZero(t, code)
	awaitTrue(t, conn, "a failed run gives the lock back", `SELECT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`)
	mustRepave(t, dsn, "reset", "t")
	mustRepave(t, dsn, "run", "t", "--cleanup")
}
