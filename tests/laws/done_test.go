package laws_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// once is a job that must not be done twice.
func once(s *registry.Spec) {
	s.Tables[0].Change.Using = map[string]string{"price": "price * 100"}
}

// TestLaw4LostConnectionInRunToTheEnd loses the connection at round trips of the
// end of a run with --cleanup. Whoever was told of a failure runs it again, and
// the change is made once.
func TestLaw4LostConnectionInRunToTheEnd(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	r, _ := newRand(t)
	template := pgtest.Database(t)
	conn := pgtest.Connect(t, template, `CREATE TABLE t (id int PRIMARY KEY, price numeric NOT NULL)`,
		`INSERT INTO t SELECT g, g FROM generate_series(1, 50) g`)
	req := request(t, conn, "t", once)
	env := faultEnv(t, template)
	runTo(t, env, req, stages.Swap)
	env.Source.Close()
	require.NoError(t, conn.Close(t.Context()))

	attempt := func(t *testing.T, trips int, loseAck bool) {
		t.Helper()
		dsn := pgtest.Clone(t, template)
		proxy := pgtest.NewProxy(t, dsn)
		faulty := faultEnv(t, proxy.DSN)
		proxy.CutAfter(trips, loseAck)
		_, err := stages.Run(t.Context(), faulty, req, stages.Cleanup)
		proxy.Heal()
		faulty.Source.Close()
		again := faultEnv(t, dsn)
		observer := pgtest.Connect(t, dsn)
		if err != nil {
			runTo(t, again, req, stages.Cleanup)
		} else if job, err := again.Registry.Find(t.Context(), again.Target, req.Spec.Tables[0].Name); err == nil {
			require.NoError(t, stages.Erase(t.Context(), again, job))
		}
		require.Equal(t, 50, pgtest.Count(t, observer, `SELECT count(*) FROM t WHERE price = id * 100`))
		requireNoTraces(t, observer)
	}
	proxy := pgtest.NewProxy(t, pgtest.Clone(t, template))
	env = faultEnv(t, proxy.DSN)
	already := proxy.RoundTrips()
	runTo(t, env, req, stages.Cleanup)
	total := proxy.RoundTrips() - already
	for _, loseAck := range []bool{false, true} {
		points := r.Perm(total)
		if os.Getenv("REPAVE_SWEEP") != "all" {
			points = append(points[:sweepPoints], total-3, total-2, total-1)
		}
		slices.Sort(points)
		for _, trips := range slices.Compact(points) {
			t.Run(fmt.Sprintf("trip=%d of %d,loseAck=%t", trips, total, loseAck), func(t *testing.T) {
				attempt(t, trips, loseAck)
			})
		}
	}
}

// TestLaw4RunOfAJobThatIsDone: a run whose last answer was lost, run again, is no
// new job; with other options, or for another table of the name, it is.
func TestLaw4RunOfAJobThatIsDone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before string // what somebody does meanwhile
		args   []string
		want   string // of the price, by id
		say    string
	}{
		"the same":            {args: []string{"run", "t", "--using", "price=price * 100", "--cleanup"}, want: "id * 100", say: "this was done already"},
		"the same, no end":    {args: []string{"run", "t", "--using", "price=price * 100"}, want: "id * 100", say: "this was done already"},
		"another change":      {args: []string{"run", "t", "--using", "price=price + 1", "--cleanup"}, want: "id * 100 + 1", say: "done, nothing is left"},
		"no change":           {args: []string{"run", "t", "--cleanup"}, want: "id * 100", say: "done, nothing is left"},
		"a new table":         {before: `ALTER TABLE t RENAME TO u; CREATE TABLE t (LIKE u INCLUDING ALL); INSERT INTO t SELECT id, id FROM u`, args: []string{"run", "t", "--using", "price=price * 100", "--cleanup"}, want: "id * 100", say: "done, nothing is left"},
		"cleanup":             {args: []string{"cleanup", "t", "--yes"}, want: "id * 100", say: "done, nothing is left"},
		"revert-swap refuses": {args: []string{"revert-swap", "t", "--yes"}, want: "id * 100", say: "the job on public.t is done"},
		"swap refuses":        {args: []string{"swap", "t", "--yes"}, want: "id * 100", say: "the job on public.t is done"},
		"reset refuses":       {args: []string{"reset", "t", "--yes"}, want: "id * 100", say: "the job on public.t is done"},
		"verify refuses":      {args: []string{"verify", "t"}, want: "id * 100", say: "the job on public.t is done"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY, price numeric NOT NULL)`,
				`INSERT INTO t SELECT g, g FROM generate_series(1, 50) g`)
			req := request(t, conn, "t", once)
			runTo(t, newEnv(t, dsn), req, stages.Swap)
			// The last request of a cleanup, which deletes the record, does not arrive.
			proxy := pgtest.NewProxy(t, dsn)
			env := faultEnv(t, proxy.DSN)
			env.Report = func(e stages.Event) {
				if e.Stage == stages.Cleanup && e.Phase == stages.Finished {
					proxy.CutAfter(0, false)
				}
			}
			runTo(t, env, req, stages.Cleanup)
			proxy.Heal()
			status, _, code := repave(t, dsn, "status", "t")
			require.Zero(t, code)
			require.Contains(t, status, "done")
			require.Contains(t, status, "repave cleanup public.t")
			if test.before != "" {
				_, err := conn.Exec(t.Context(), test.before)
				require.NoError(t, err)
			}
			_, stderr, code := repave(t, dsn, test.args...)
			require.Contains(t, stderr, test.say)
			if code != 0 {
				require.Contains(t, stderr, "hint: nothing is left to do")
				mustRepave(t, dsn, "cleanup", "t", "--yes")
			}
			require.Equal(t, 50, pgtest.Count(t, conn, `SELECT count(*) FROM t WHERE price = `+test.want))
			requireNoTraces(t, conn)
		})
	}
}
