package laws_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/db"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// newEnvAcross is newEnv for a move, through the networks if there are any.
func (c *clusters) newEnvAcross() *stages.Env {
	c.t.Helper()
	from, to := c.from, c.to
	if c.toSource != nil {
		from, to = c.toSource.DSN, c.toTarget.DSN
	}
	env := newEnv(c.t, to)
	source, err := db.Config(from, "repave test")
	require.NoError(c.t, err)
	target, err := db.Config(to, "repave test")
	require.NoError(c.t, err)
	env.Source, err = db.Open(c.t.Context(), source, 8, env.Operator.Conversions)
	require.NoError(c.t, err)
	c.t.Cleanup(env.Source.Close)
	env.Ends = stages.Ends{
		Source: source.ConnConfig, Target: target.ConnConfig,
		SourceSettings: env.Operator.Conversions, TargetSettings: env.Operator.Conversions,
	}
	return env
}

// TestLaw4AcrossALapseIsNeverSealed: a cutover whose fence may have let somebody through does not open the target,
// however late it hears of that: because the session that kept the fence up has ended, or because another process
// took over, has opened the source and left all else as it was.
func TestLaw4AcrossALapseIsNeverSealed(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	direct := c.newEnvAcross()
	c.networked()
	source := pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY)`)
	target := pgtest.Connect(t, c.to)
	req := request(t, source, "t", func(s *registry.Spec) { s.Strategy = stages.Logical })
	job := runTo(t, direct, req, stages.Verify)
	d := c.diary()
	for _, lapse := range []struct {
		name, at string
		happens  func()
		says     string
	}{
		{"the session has ended", "cutover/create_position.sql", func() {
			require.Equal(t, 1, pgtest.Count(t, source, `SELECT count(pg_terminate_backend(pid)) FROM pg_locks
				WHERE locktype = 'advisory' AND objsubid = 1 AND granted`))
		}, "whose fence has opened by itself"},
		{"another process took over", "cutover/create_position.sql", func() {
			pgtest.Exec(t, source, `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active`) // it would wait for it
			runTo(t, direct, req, stages.Verify)
		}, "another process has moved the job on"},
	} {
		caught := c.toSource.Catch(lapse.at)
		first := c.newEnvAcross()
		ended := make(chan error, 1)
		go func() {
			_, err := stages.Run(context.WithoutCancel(t.Context()), first, req, stages.Swap)
			ended <- err
		}()
		select {
		case <-caught.At:
		case err := <-ended:
			t.Fatalf("%s: never got there: %v", lapse.name, err)
		}
		d.mu.Lock()
		last := d.last
		d.mu.Unlock()
		lapse.happens()
		d.await(t)
		caught.Resume()
		require.ErrorContains(t, <-ended, lapse.says, lapse.name)
		d.await(t)
		// Nothing that was written in the lapse is on the target alone, or can get there by anybody's hand.
		require.False(t, pgtest.Value[bool](t, target, `SELECT swapped FROM repave.job`), lapse.name)
		_, err := target.Exec(t.Context(), `INSERT INTO t VALUES (-1)`)
		require.ErrorContains(t, err, "is being filled by repave", lapse.name)
		require.Less(t, last, pgtest.Value[int](t, source, `SELECT max(id) FROM t`), lapse.name)
	}
	runTo(t, direct, req, stages.Swap)
	d.await(t)
	d.end()
	require.Equal(t, d.last, pgtest.Count(t, target, `SELECT count(*) FROM t WHERE id BETWEEN 1 AND $1`, d.last))
	job, err := direct.Registry.Get(t.Context(), direct.Target, job.ID)
	require.NoError(t, err)
	require.NoError(t, stages.Erase(t.Context(), direct, job))
	c.requireNoTraces()
}
