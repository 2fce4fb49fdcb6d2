package laws_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// networked puts networks between the program and both clusters.
func (c *clusters) networked() {
	c.t.Helper()
	c.toSource, c.toTarget = pgtest.NewProxy(c.t, c.from), pgtest.NewProxy(c.t, c.to)
}

// TestLaw9AcrossTheNetworkIsCut: the network to either side fails at a random moment of each stage, and comes back; the
// same command, run again if it has ended, goes on, and nothing is lost.
func TestLaw9AcrossTheNetworkIsCut(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	c.networked()
	load := c.shop(5000)
	random, _ := newRand(t)
	run := append([]string{"run", "--strategy=logical", "--until", "verify"}, shopTables...)
	networks := []*pgtest.Proxy{c.toSource, c.toTarget}
	for i, stage := range []string{"setup", "backfill", "backfill", "sync_schema", "replay", "replay", "verify", "verify"} {
		c.strike(random, stage, func(*exec.Cmd) {
			networks[i%2].Cut()
			networks[i%2].Heal()
		}, run...)
		await(t, load, 5)
	}
	c.through(append([]string{"swap"}, shopTables...)...)
	await(t, load, 20)
	settleUp(t, load, c.to)
	c.must(append([]string{"cleanup", "--yes"}, shopTables...)...)
	c.requireNoTraces()
}

// killedAt kills the program just before something that it sends over a network: the last of these.
func (c *clusters) killedAt(network *pgtest.Proxy, texts []string, args ...string) {
	c.t.Helper()
	caught := network.Catch(texts...)
	process := c.start(args...)
	select {
	case <-caught.At:
	case <-process.ended:
		require.Fail(c.t, "it never got there", process.said())
	}
	require.NoError(c.t, process.cmd.Process.Kill())
	process.end()
	caught.Drop()
}

// A point of a cutover: what repave sends to one side there, one after the other; at the last of it it is struck.
type point struct {
	name     string
	onTarget bool
	answered bool // it is done, and nobody hears of it
	texts    []string
}

// points are those of the cutover to the target, or of the one back; as many, and alike in what is left behind.
func points(back bool) []point {
	out := []point{
		{"before the fence", back, false, []string{"cutover/clock.sql"}},
		{"at the fence's commit", back, true, []string{"logical/emit_barrier.sql", "commit"}},
		{"between fence and seal", !back, false, []string{"cutover/wal_position.sql"}},
	}
	if back { // where the seal comes with the record, and then the opening
		return append(out,
			point{"before the record's commit", true, false, []string{"cutover/is_held.sql", "commit"}},
			point{"between record and opening", false, false, []string{"cutover/create_fence.sql"}},
			point{"at the record's commit", true, true, []string{"registry/set_swapped.sql", "commit"}},
		)
	}
	return append(out,
		point{"at the seal's commit", false, true, []string{"cutover/is_held.sql", "commit"}},
		point{"between seal and opening", true, false, []string{"registry/set_swapped.sql", "commit"}},
		point{"at the opening's commit", true, true, []string{"registry/set_swapped.sql", "commit"}},
	)
}

// unsealed are the first of them, at which the fence is up for as long as the program lives, or not yet.
const unsealed = 3

// A diary writes one number after the other into t, on either side, whichever is open.
type diary struct {
	mu      sync.Mutex
	last    int
	since   time.Time     // when the last was committed
	longest time.Duration // for which none was
	stop    context.CancelFunc
	ended   sync.WaitGroup
}

func (c *clusters) diary() *diary {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(c.t.Context()))
	d := &diary{stop: cancel, since: time.Now()}
	source, target := pgtest.Connect(c.t, c.from), pgtest.Connect(c.t, c.to)
	d.ended.Go(func() {
		pace := time.NewTicker(2 * time.Millisecond)
		defer pace.Stop()
		for n := 1; ctx.Err() == nil; <-pace.C {
			sql := fmt.Sprintf(`INSERT INTO t VALUES (%d)`, n)
			_, err := source.Exec(context.WithoutCancel(ctx), sql)
			if err != nil {
				_, err = target.Exec(context.WithoutCancel(ctx), sql)
			}
			if err == nil {
				d.mu.Lock()
				d.longest, d.since, d.last = max(d.longest, time.Since(d.since)), time.Now(), n
				d.mu.Unlock()
				n++
			}
		}
	})
	c.t.Cleanup(d.end)
	return d
}

func (d *diary) end() {
	d.stop()
	d.ended.Wait()
}

// renewed forgets the longest pause, and returns it; one that has not ended counts.
func (d *diary) renewed() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	longest := max(d.longest, time.Since(d.since))
	d.longest, d.since = 0, time.Now()
	return longest
}

// await waits until something more was committed.
func (d *diary) await(t *testing.T) {
	t.Helper()
	d.mu.Lock()
	last := d.last
	d.mu.Unlock()
	require.Eventually(t, func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.last > last
	}, 20*time.Second, 2*time.Millisecond)
}

// The ways to strike.
const (
	byKill   = "the program is killed"
	byCut    = "the network is cut, and comes back"
	byFreeze = "the network swallows everything for a while, longer than a cutover may take"
	byStop   = "the program is stopped for as long, and goes on"
)

// strikeAt brings a cutover to a point, strikes there, and then lets the same command finish.
func (c *clusters) strikeAt(d *diary, back bool, n int, how string) {
	t := c.t
	t.Helper()
	p := points(back)[n]
	timeout := 3 * time.Second
	if how == byKill {
		timeout = commandTimeout // it is not what opens the fence
	}
	args := []string{"run", "--strategy=logical", "t"}
	if back {
		args = []string{"revert-swap", "--yes", "t"}
	}
	args = append(args, "--cutover-timeout", timeout.String(), "--log-level", "info")
	network := c.toSource
	if p.onTarget {
		network = c.toTarget
	}
	catch := network.Catch
	if p.answered {
		catch = network.CatchAnswer
	}
	caught := catch(p.texts...)
	ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
	defer cancel()
	cmd := c.command(ctx, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-caught.At:
	case err := <-ended:
		t.Fatalf("%s: never got there: %v %s", p.name, err, &stderr)
	}
	d.renewed()
	switch how {
	case byKill:
		require.NoError(t, cmd.Process.Kill())
		t.Log(<-ended)
		caught.Drop()
		if n < unsealed {
			d.await(t) // nobody had to come
		}
	case byStop:
		require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))
		if n < unsealed {
			d.await(t)
		} else {
			pause := time.NewTimer(timeout + time.Second)
			<-pause.C
		}
		caught.Resume()
		require.NoError(t, cmd.Process.Signal(syscall.SIGCONT))
		t.Log(<-ended)
	case byCut:
		network.Cut()
		caught.Drop()
		network.Heal()
		t.Log(<-ended)
	case byFreeze:
		network.Freeze()
		pause := time.NewTimer(timeout + time.Second)
		<-pause.C
		network.Heal()
		caught.Drop()
		t.Log(<-ended)
	}
	require.NoError(t, ctx.Err(), "%s, %s hangs: %s", p.name, how, &stderr)
	t.Logf("%s (back: %t), %s: %s", p.name, back, how, &stderr)
	target := pgtest.Connect(t, c.to)
	swapped := func() bool { return pgtest.Value[bool](t, target, `SELECT swapped FROM repave.job`) }
	if swapped() != back && how != byKill { // it was done
		d.await(t)
	}
	if back && !swapped() {
		c.through("run", "--strategy=logical", "t", "--until", "verify")
	} else {
		c.through(args...)
	}
	d.await(t)
	t.Logf("%s (back: %t), %s: nobody could write for %s", p.name, back, how, d.renewed())
	require.Equal(t, !back, swapped())
}

// TestLaw4AcrossStruckInTheCutover: whatever happens at whichever point of a cutover, there or back, the same command finishes
// it, and no number that was committed is missing. Unless the program is dead after the seal, writers can write again without it being run again,
// within --cutover-timeout if the network is none the worse by then; at once if it is dead before. With REPAVE_EVERY set all points are struck in all ways, else some.
func TestLaw4AcrossStruckInTheCutover(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	c.networked()
	pgtest.Connect(t, c.from, `CREATE TABLE t (id int PRIMARY KEY)`)
	d := c.diary()
	c.must("run", "--strategy=logical", "t", "--until", "verify")
	some := map[string][]int{byKill: {2, 4}, byCut: {5}, byFreeze: {4}, byStop: {2}}
	for _, how := range []string{byKill, byCut, byFreeze, byStop} {
		for n := range points(false) {
			for _, back := range []bool{false, true} {
				if os.Getenv("REPAVE_EVERY") != "" || slices.Contains(some[how], n) {
					c.strikeAt(d, back, n, how)
				}
			}
		}
	}
	c.through("run", "--strategy=logical", "t")
	d.await(t)
	d.end()
	require.Equal(t, d.last, pgtest.Count(t, pgtest.Connect(t, c.to), `SELECT count(*) FROM t WHERE id BETWEEN 1 AND $1`, d.last))
	c.must("cleanup", "--yes", "t")
	c.requireNoTraces()
}
