package laws_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
	"github.com/repave-pg/repave/tests/samples"
)

// TestLaw1And5And6Samples takes the tables at the center of three applications
// through jobs while the applications go on: plain repacks, bigint keys there
// and back, several tables at once. No statement fails, what the application
// keeps count of adds up, the catalog is as it was or differs by the bigint keys.
func TestLaw1And5And6Samples(t *testing.T) {
	t.Parallel()
	for _, sample := range samples.All() {
		t.Run(sample.Name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn)
			_, err := conn.Exec(t.Context(), sample.SQL)
			require.NoError(t, err)
			pgtest.Exec(t, conn, "ANALYZE")
			requireRules(t, conn, sample)
			before, dump := snapshotWithoutPositions(t, conn), pgtest.DumpSchema(t, dsn, "repave")
			env := newEnv(t, dsn)
			env.Options.BatchTime = 20 * time.Millisecond
			app := startApplication(t, dsn, sample)
			same := func(what string) {
				t.Helper()
				app.await()
				pgtest.RequireSameCatalog(t, before, snapshotWithoutPositions(t, conn))
				require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"), what)
				requireNoTraces(t, conn)
				requireRules(t, conn, sample)
			}
			for _, table := range sample.Tables {
				runTo(t, env, sampleRequest(t, conn, sample, nil, table), stages.Cleanup)
				same("plain repack of " + table)
				wide := sampleRequest(t, conn, sample, bigint, table)
				job := runTo(t, env, wide, stages.Swap)
				app.await()
				requireRules(t, conn, sample)
				job, err = stages.RevertSwap(t.Context(), env, job)
				require.NoError(t, err)
				require.NoError(t, stages.Reset(t.Context(), env, job))
				same("bigint " + table + " and back")
			}
			wide := sampleRequest(t, conn, sample, bigint, sample.Together...)
			job := runTo(t, env, wide, stages.Swap)
			app.await()
			_, err = stages.RevertSwap(t.Context(), env, job)
			require.NoError(t, err)
			app.await()
			runTo(t, env, wide, stages.Cleanup)
			app.await()
			app.stop()
			requireRules(t, conn, sample)
			requireNoTraces(t, conn)
			widened := regexp.MustCompile(sample.Widened)
			differences := pgtest.CatalogDiff(before, snapshotWithoutPositions(t, conn))
			require.NotEmpty(t, differences)
			for _, line := range differences {
				require.Regexp(t, widened, line)
			}
		})
	}
}

// sampleRequest asks for a job on tables of a sample.
func sampleRequest(t *testing.T, conn *pgx.Conn, sample samples.Sample, change func(*registry.Spec), tables ...string) stages.Request {
	t.Helper()
	var req stages.Request
	for _, table := range tables {
		one := requestOf(t, conn, sqltmpl.Table{Schema: sqltmpl.Ident(sample.Schema), Name: sqltmpl.Ident(table)}, change)
		req.Spec.Strategy = one.Spec.Strategy
		req.Spec.Tables = append(req.Spec.Tables, one.Spec.Tables...)
		req.OIDs = append(req.OIDs, one.OIDs...)
	}
	return req
}

// requireRules requires that what the application counts on holds.
func requireRules(t *testing.T, conn *pgx.Conn, sample samples.Sample) {
	t.Helper()
	for _, rule := range sample.Rules {
		require.Empty(t, pgtest.Rows(t, conn, rule), rule)
	}
}

// An application does what a sample's does, in several sessions.
type application struct {
	t      *testing.T
	cancel context.CancelFunc
	group  sync.WaitGroup
	done   []atomic.Int64
	mu     sync.Mutex
	errs   []string
}

func startApplication(t *testing.T, dsn string, sample samples.Sample) *application {
	t.Helper()
	_, seed := newRand(t)
	ctx, cancel := context.WithCancel(t.Context())
	levels := pgtest.Levels
	a := &application{t: t, cancel: cancel, done: make([]atomic.Int64, len(levels))}
	for i, level := range levels {
		conn := pgtest.Connect(t, dsn, "SET application_name = 'application'")
		r := rand.New(rand.NewPCG(seed, uint64(i))) //nolint:gosec // not for secrets
		a.group.Go(func() { a.run(ctx, conn, i, level, sample.Actions, r) })
	}
	t.Cleanup(func() { cancel(); a.group.Wait() })
	return a
}

// run does one thing after another, each in a transaction, with a pause between them.
func (a *application) run(ctx context.Context, conn *pgx.Conn, i int, level pgx.TxIsoLevel, actions []samples.Action, r *rand.Rand) {
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	work := context.WithoutCancel(ctx)
	for ctx.Err() == nil {
		<-pace.C
		action := actions[r.IntN(len(actions))]
		err := pgx.BeginTxFunc(work, conn, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error { return action(work, tx, r) })
		switch {
		case err == nil:
			a.done[i].Add(1)
		case level != pgx.ReadCommitted && sqlState(err) == "40001":
		default:
			a.mu.Lock()
			a.errs = append(a.errs, fmt.Sprintf("session %d at %s: %v", i, level, err))
			a.mu.Unlock()
			return
		}
	}
}

// await waits until each session has committed some more transactions.
func (a *application) await() {
	a.t.Helper()
	for i := range a.done {
		want := a.done[i].Load() + 6
		require.Eventually(a.t, func() bool { return a.done[i].Load() >= want || a.failed() != "" }, time.Minute, 5*time.Millisecond, "a session stands still")
	}
	require.Empty(a.t, a.failed())
}

func (a *application) failed() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.errs, "\n")
}

func (a *application) stop() {
	a.t.Helper()
	a.cancel()
	a.group.Wait()
	require.Empty(a.t, a.failed())
}
