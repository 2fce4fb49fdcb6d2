package laws_test

import (
	"context"
	"encoding/json"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// A background is a run of the program that goes on beside the test.
type background struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr lines
	ended  chan struct{}
}

// start starts the program; it is killed when the test ends, if it still runs.
func (c *clusters) start(args ...string) *background {
	c.t.Helper()
	b := &background{t: c.t, ended: make(chan struct{})}
	b.cmd = c.command(context.WithoutCancel(c.t.Context()), args...)
	b.cmd.Stderr = &b.stderr
	require.NoError(c.t, b.cmd.Start())
	go func() {
		defer close(b.ended)
		_ = b.cmd.Wait()
	}()
	c.t.Cleanup(func() {
		_ = b.cmd.Process.Kill()
		<-b.ended
	})
	return b
}

// end waits until the program has ended and returns what it has said, and its exit code.
func (b *background) end() (stderr string, code int) {
	b.t.Helper()
	select {
	case <-b.ended:
	case <-time.After(commandTimeout):
		require.Fail(b.t, "the program does not end", b.said())
	}
	return b.said(), b.cmd.ProcessState.ExitCode()
}

func (b *background) said() string {
	b.stderr.mu.Lock()
	defer b.stderr.mu.Unlock()
	return b.stderr.text.String()
}

// awaitSaid waits until the program has said something.
func (b *background) awaitSaid(text string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool { return b.stderr.contain(text) }, 30*time.Second, 10*time.Millisecond, "%s: %s", text, &b.stderr.text)
}

// A streamStatus is what status --json says, as far as it matters here.
type streamStatus struct {
	PausedAt *time.Time `json:"paused_at"`
	Waiting  string
	Next     string `json:"next_command"`
	Stream   stages.StreamStatus
	Worker   *struct{ Follows bool }
}

// status asks for the job of a table.
func (c *clusters) status(table string) (out streamStatus) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), commandTimeout)
	defer cancel()
	text, err := c.command(ctx, "status", "--json", table).Output()
	require.NoError(c.t, err)
	require.NoError(c.t, json.Unmarshal(text, &out), string(text))
	return out
}

// TestLaw6AcrossFollowed: while nobody else works on the job somebody follows, in the direction of the day; commands take
// over at once, a pause holds, and servers may come and go. Nothing is lost there and back.
func TestLaw6AcrossFollowed(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	load := c.shop(2000)
	const table = "orders"
	stderr, code := c.run("follow", table)
	require.Equal(t, 1, code, stderr)
	c.must(append([]string{"run", "--strategy=logical", "--until", "verify", "--alter", "ALTER id TYPE bigint"}, shopTables...)...)
	follow := c.start("follow", table)
	target := pgtest.Connect(t, c.to)
	const applied = `SELECT applied FROM repave.pulse ORDER BY beat_at DESC NULLS LAST LIMIT 1`
	advance := func() { // of what has been applied, beyond what is written now
		t.Helper()
		live := c.from
		if pgtest.Value[bool](t, target, `SELECT swapped FROM repave.job`) {
			live = c.to
		}
		at := pgtest.Value[string](t, pgtest.Connect(t, live), `SELECT pg_current_wal_lsn()::text`)
		awaitTrue(t, target, "followed", `SELECT ($1::text::pg_lsn <= (`+applied+`))`, at)
	}
	await(t, load, 20)
	advance()
	status := c.status(table)
	require.True(t, status.Worker.Follows)
	require.True(t, status.Stream.Followed)
	require.NotEmpty(t, status.Stream.Received)
	require.NotEmpty(t, status.Stream.Confirmed)
	second := c.start("follow", table)
	second.awaitSaid("another repave works on public.customers: pid")
	c.must("verify", table)
	advance()
	// The second takes over; what the first was just about to commit is committed once, or not at all.
	require.NoError(t, follow.cmd.Process.Kill())
	follow = second
	await(t, load, 20)
	advance()
	c.must("pause", table)
	awaitTrue(t, target, "paused", `SELECT waiting LIKE 'paused since %; to go on: repave resume %' FROM repave.job`)
	before := pgtest.Value[string](t, target, `SELECT applied::text FROM repave.stream`)
	await(t, load, 50)
	require.Equal(t, before, pgtest.Value[string](t, target, `SELECT applied::text FROM repave.stream`))
	status = c.status(table)
	require.NotNil(t, status.PausedAt)
	require.Equal(t, "repave resume", status.Next[:len("repave resume")])
	swap := c.start(append([]string{"swap"}, shopTables...)...) // waits as well
	swap.awaitSaid("paused since")
	c.must("resume", table)
	stderr, code = swap.end()
	require.Zero(t, code, stderr)
	await(t, load, 100)
	advance()
	require.NoError(t, c.target.Kill())
	require.NoError(t, c.target.Restart(t.Context()))
	target = pgtest.Connect(t, c.to)
	await(t, load, 20)
	advance()
	c.must(append([]string{"revert-swap", "--yes"}, shopTables...)...)
	await(t, load, 50)
	advance()
	c.must(append([]string{"reset", "--yes"}, shopTables...)...)
	stderr, code = follow.end()
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "the job has ended")
	settleUp(t, load, c.from)
	c.requireNoTraces()
}
