package laws_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/pgserver"
	"github.com/repave-pg/repave/internal/traffic"
	"github.com/repave-pg/repave/tests/pgtest"
)

// Two clusters and the traffic on the tables that move between them.
type clusters struct {
	t              *testing.T
	source, target *pgserver.Server
	from, to       string // DSNs
	// Networks between the program and the clusters; nil: it is there itself.
	toSource, toTarget *pgtest.Proxy
}

// twoClusters starts two servers: of one version, or the target of that in REPAVE_PG_BIN_TARGET.
func twoClusters(t *testing.T) *clusters {
	t.Helper()
	c := &clusters{t: t, source: pgtest.Server(t), target: pgtest.TargetServerWith(t, pgserver.Options{})}
	c.from, c.to = c.source.DSN("postgres"), c.target.DSN("postgres")
	return c
}

// command prepares a run of the program on both.
func (c *clusters) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := command(ctx, c.t, "", args...)
	from, to := c.from, c.to
	if c.toSource != nil {
		from, to = c.toSource.DSN, c.toTarget.DSN
	}
	cmd.Env = append(cmd.Env, "REPAVE_SOURCE="+from, "REPAVE_TARGET="+to)
	// One that hangs says where.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// run runs the program to its end.
func (c *clusters) run(args ...string) (stderr string, code int) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), commandTimeout)
	defer cancel()
	cmd := c.command(ctx, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	err := cmd.Run()
	require.NoError(c.t, ctx.Err(), "repave %s hangs:\n%s", strings.Join(args, " "), &errs)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = nil
		code = cmp.Or(exit.ExitCode(), 1)
	}
	require.NoError(c.t, err)
	return errs.String(), code
}

// must runs the program and requires that it succeeds.
func (c *clusters) must(args ...string) {
	c.t.Helper()
	stderr, code := c.run(args...)
	require.Zero(c.t, code, "repave %s:\n%s", strings.Join(args, " "), stderr)
	c.t.Logf("repave %s\n%s", strings.Join(args, " "), stderr)
}

// shop fills the shop's tables on the source and starts traffic on them.
func (c *clusters) shop(rows int64) *traffic.Load {
	c.t.Helper()
	return c.shopOf(rows, func(*pgx.Conn) {})
}

// partitionedShop is shop with partitioned tables.
func (c *clusters) partitionedShop(rows int64) *traffic.Load {
	c.t.Helper()
	return c.shopOf(rows, c.partitionShop)
}

func (c *clusters) shopOf(rows int64, change func(*pgx.Conn)) *traffic.Load {
	c.t.Helper()
	conn := pgtest.Connect(c.t, c.from)
	require.NoError(c.t, traffic.Fill(c.t.Context(), conn, traffic.Tables{}, rows))
	change(conn)
	_, seed := newRand(c.t)
	load, err := traffic.Start(c.t.Context(), traffic.Config{
		DSN: c.from, Moves: c.to, Rows: rows, Writers: 4, Readers: 1, Seed: seed, Pause: 4 * time.Millisecond,
		Application: "writer",
	})
	require.NoError(c.t, err)
	return load
}

// await waits until so many more transactions were committed.
func await(t *testing.T, load *traffic.Load, n int64) (numbers traffic.Numbers) {
	t.Helper()
	require.Eventually(t, func() bool {
		got := load.Take()
		numbers.Add(got)
		return numbers.Transactions >= n
	}, 30*time.Second, 10*time.Millisecond)
	return numbers
}

// settleUp stops traffic and compares the tables of a cluster with the ledger.
func settleUp(t *testing.T, load *traffic.Load, dsn string) {
	t.Helper()
	load.Stop(t.Context())
	numbers := load.Take()
	require.Empty(t, numbers.Failures)
	verdict, err := load.Check(t.Context(), pgtest.Connect(t, dsn))
	require.NoError(t, err)
	require.Empty(t, verdict.Differences)
	t.Logf("%d rows compared, %d touched", verdict.Rows, verdict.Touched)
}

// requireNoTracesAnywhere requires that nothing is left of any job on either side.
func (c *clusters) requireNoTraces() {
	c.t.Helper()
	for _, dsn := range []string{c.from, c.to} {
		conn := pgtest.Connect(c.t, dsn)
		require.Empty(c.t, pgtest.Rows(c.t, conn, `SELECT 'relation ' || relname FROM pg_class WHERE relname ~ '^repave_[0-9]' AND relpersistence <> 't'
			UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE proname ~ '^repave_[0-9]'
			UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE tgname ~ '^repave_[0-9]'
			UNION ALL SELECT 'slot ' || slot_name FROM pg_replication_slots
			UNION ALL SELECT 'publication ' || pubname FROM pg_publication`))
	}
	conn := pgtest.Connect(c.t, c.to)
	require.Equal(c.t, 0, pgtest.Count(c.t, conn, `SELECT count(*) FROM repave.job`))
	require.Equal(c.t, 0, pgtest.Count(c.t, conn, `SELECT count(*) FROM repave.stream`))
	require.False(c.t, pgtest.Value[bool](c.t, pgtest.Connect(c.t, c.from), `SELECT to_regnamespace('repave') IS NOT NULL`))
}

var shopTables = []string{"customers", "orders", "order_lines"}

// TestLaw6AcrossThereAndBackAndThere moves three tables with a bigint conversion under
// traffic, back with every write made since, and there again.
func TestLaw6AcrossThereAndBackAndThere(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	load := c.shop(5000)
	await(t, load, 100)
	run := append([]string{"run", "--strategy=logical", "--alter", "ALTER id TYPE bigint"}, shopTables...)
	c.must(run...)
	numbers := await(t, load, 300)
	t.Logf("%d transactions moved, refused for at most %s", numbers.Moves, numbers.Refused)
	require.Equal(t, "bigint", pgtest.Value[string](t, pgtest.Connect(t, c.to),
		`SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'id'`))
	c.must(append([]string{"revert-swap", "--yes"}, shopTables...)...)
	await(t, load, 300)
	c.must(append([]string{"swap"}, shopTables...)...)
	await(t, load, 300)
	c.must(append([]string{"cleanup", "--yes"}, shopTables...)...)
	await(t, load, 50)
	settleUp(t, load, c.to)
	c.requireNoTraces()
}

// TestLaw5AcrossResetLeavesNothing: the source is as it was, the target empty.
func TestLaw5AcrossResetLeavesNothing(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	load := c.shop(2000)
	before := pgtest.CatalogSnapshot(t, pgtest.Connect(t, c.from))
	for _, stage := range []string{"setup", "backfill", "sync_schema", "replay", "verify"} {
		c.must(append([]string{"run", "--strategy=logical", "--until", stage}, shopTables...)...)
		await(t, load, 20)
		c.must(append([]string{"reset", "--yes"}, shopTables...)...)
		c.requireNoTraces()
		require.Empty(t, pgtest.Rows(t, pgtest.Connect(t, c.to), `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`))
	}
	settleUp(t, load, c.from)
	after := pgtest.CatalogSnapshot(t, pgtest.Connect(t, c.from))
	for key, value := range before {
		if !strings.HasSuffix(key, ": last value") { // traffic has gone on
			require.Equal(t, value, after[key], key)
		}
	}
	require.Len(t, after, len(before))
}
