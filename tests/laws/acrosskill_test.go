package laws_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/traffic"
	"github.com/repave-pg/repave/tests/pgtest"
)

// strike runs the program and, a random moment after it has come into a stage,
// does something bad. It returns whether the program came to its end all the same.
func (c *clusters) strike(random *rand.Rand, stage string, hit func(cmd *exec.Cmd), args ...string) (finished bool) {
	c.t.Helper()
	watch, err := pgx.Connect(c.t.Context(), c.to)
	require.NoError(c.t, err)
	defer watch.Close(context.WithoutCancel(c.t.Context()))
	var last int
	// The registry is made by the first command.
	_ = watch.QueryRow(c.t.Context(), `SELECT max(run_id) FROM repave.stage_run`, pgx.QueryExecModeDescribeExec).Scan(&last)
	ctx, cancel := context.WithTimeout(c.t.Context(), commandTimeout)
	defer cancel()
	cmd := c.command(ctx, append(args, "--batch-time", "5ms", "--log-level", "warn")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(c.t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for there := false; !there; {
		select {
		case err := <-ended:
			require.NoError(c.t, ctx.Err(), "%v hangs", args)
			if err != nil {
				require.Contains(c.t, stderr.String(), "another repave works", "%v", args)
			}
			return err == nil
		case <-time.After(time.Millisecond):
		}
		err := watch.QueryRow(ctx, `SELECT EXISTS (SELECT FROM repave.stage_run WHERE stage = $1 AND run_id > $2)`,
			pgx.QueryExecModeDescribeExec, stage, last).Scan(&there)
		there = err == nil && there
	}
	moment := time.NewTimer(time.Duration(random.IntN(300)) * time.Millisecond)
	select {
	case err := <-ended:
		moment.Stop()
		return err == nil
	case <-moment.C:
	}
	hit(cmd)
	err = <-ended
	require.NoError(c.t, ctx.Err(), "%v hangs: %s", args, &stderr)
	c.t.Logf("%v struck in %s: %v %s", args, stage, err, &stderr)
	return err == nil
}

// through runs the program to its end, as soon as nobody is left of the last one.
func (c *clusters) through(args ...string) {
	c.t.Helper()
	var stderr string
	require.Eventually(c.t, func() bool {
		var code int
		stderr, code = c.run(args...)
		if code != 0 {
			require.Contains(c.t, stderr, "another repave works", "%v", args)
		}
		return code == 0
	}, commandTimeout, 100*time.Millisecond, "%v: %s", args, &stderr)
	c.t.Logf("%v\n%s", args, stderr)
}

// torment takes a move through all its stages, there, back and there again, and strikes in each.
func (c *clusters) torment(load *traffic.Load, hit func(cmd *exec.Cmd)) {
	c.t.Helper()
	t := c.t
	random, _ := newRand(t)
	run := append([]string{"run", "--strategy=logical", "--alter", "ALTER id TYPE bigint"}, shopTables...)
	back := append([]string{"revert-swap", "--yes"}, shopTables...)
	c.tormentIn(load, random, hit, run, back, []string{"setup", "backfill", "backfill", "sync_schema", "replay", "verify", "swap", "swap"})
}

func (c *clusters) tormentIn(load *traffic.Load, random *rand.Rand, hit func(cmd *exec.Cmd), run, back, stages []string) {
	c.t.Helper()
	t := c.t
	for _, stage := range stages {
		c.strike(random, stage, hit, run...)
		await(t, load, 10)
	}
	c.through(run...)
	await(t, load, 50)
	for _, stage := range []string{"replay", "verify", "swap", "swap"} {
		if c.strike(random, stage, hit, back...) {
			c.through(run...) // it came through; once more
		}
		await(t, load, 10)
	}
	if pgtest.Value[bool](t, pgtest.Connect(t, c.to), `SELECT swapped FROM repave.job`) {
		c.through(back...)
	}
	await(t, load, 50)
	c.through(run...)
	await(t, load, 50)
	c.through(append([]string{"cleanup", "--yes"}, shopTables...)...)
	await(t, load, 10)
}

// TestLaw4AcrossKilledInEveryStage: kill -9 of the program at random moments of each stage; the same
// command, run again, goes on, and nothing is lost on the way there, back and there.
func TestLaw4AcrossKilledInEveryStage(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	load := c.shop(20_000)
	c.torment(load, func(cmd *exec.Cmd) { require.NoError(t, cmd.Process.Kill()) })
	settleUp(t, load, c.to)
	c.requireNoTraces()
}
