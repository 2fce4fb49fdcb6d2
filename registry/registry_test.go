package registry_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/tests/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var orders = sqltmpl.Table{Schema: "public", Name: "orders"}

func spec() registry.Spec {
	return registry.Spec{Strategy: "changelog", Tables: registry.TablesOf(shadow.Change{}, orders)}
}

// newRegistry makes a registry under a name that needs quotes.
func newRegistry(t *testing.T) (*registry.Registry, *pgx.Conn, string) {
	t.Helper()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	reg := registry.New(`My "registry"`)
	require.NoError(t, reg.Migrate(t.Context(), conn))
	return reg, conn, dsn
}

func create(t *testing.T, reg *registry.Registry, conn *pgx.Conn) (int64, error) {
	t.Helper()
	var id int64
	err := pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
		var err error
		id, err = reg.Create(t.Context(), tx, spec(), []uint32{42}, " --pk-bigint", registry.Settings{"TimeZone": "UTC"}, "test")
		return err
	})
	return id, err
}

func TestMigrateMayRunTwiceAndIsClosedToPublic(t *testing.T) {
	t.Parallel()
	reg, conn, _ := newRegistry(t)
	require.NoError(t, reg.Migrate(t.Context(), conn))
	require.Equal(t, 0, pgtest.Count(t, conn, `
		SELECT count(*) FROM pg_namespace n, aclexplode(n.nspacl) a
		WHERE n.nspname = 'My "registry"' AND a.grantee = 0`))
}

func TestMigrateRefusesANewerRegistry(t *testing.T) {
	t.Parallel()
	reg, conn, _ := newRegistry(t)
	pgtest.Exec(t, conn, `UPDATE "My ""registry""".schema_version SET version = 99`)
	var newer *registry.NewerError
	require.ErrorAs(t, reg.Migrate(t.Context(), conn), &newer)
	require.NotEmpty(t, newer.Hint())
}

func TestATableHasOneJob(t *testing.T) {
	t.Parallel()
	reg, conn, _ := newRegistry(t)
	_, err := reg.Find(t.Context(), conn, orders)
	require.ErrorIs(t, err, registry.ErrNotFound)
	id, err := create(t, reg, conn)
	require.NoError(t, err)
	_, err = create(t, reg, conn)
	require.Error(t, err)
	job, err := reg.Find(t.Context(), conn, orders)
	require.NoError(t, err)
	require.Equal(t, id, job.ID)
	require.Equal(t, spec(), job.Spec)
	require.Equal(t, " --pk-bigint", job.Flags)
	require.Equal(t, "public.orders", job.Args())
	require.Equal(t, []string{"public.orders|repave run public.orders --pk-bigint"},
		pgtest.Rows(t, conn, `SELECT "table", next_command FROM "My ""registry""".jobs`))
	require.NoError(t, reg.Delete(t.Context(), conn, id))
	_, err = reg.Get(t.Context(), conn, id)
	require.ErrorIs(t, err, registry.ErrNotFound)
}

// TestNoRegistryMeansNoJobs lets read-only commands run before any job.
func TestNoRegistryMeansNoJobs(t *testing.T) {
	t.Parallel()
	conn := pgtest.Connect(t, pgtest.Database(t))
	reg := registry.New("nowhere")
	jobs, err := reg.List(t.Context(), conn)
	require.NoError(t, err)
	require.Empty(t, jobs)
	_, err = reg.Find(t.Context(), conn, orders)
	require.ErrorIs(t, err, registry.ErrNotFound)
}

func TestSpecDifferencesNameTheFlag(t *testing.T) {
	t.Parallel()
	require.Empty(t, spec().Differences(spec()))
	other := spec()
	other.Tables[0].Change = shadow.Change{Alter: []string{"DROP COLUMN x"}, Using: map[string]string{"a": "1"}, PKBigint: true}
	differences := spec().Differences(other)
	require.Len(t, differences, 3)
	require.Contains(t, differences[0], "--alter")
	require.Contains(t, differences[1], "--using")
	require.Contains(t, differences[2], "--pk-bigint")
	mine, err := spec().Hash()
	require.NoError(t, err)
	theirs, err := other.Hash()
	require.NoError(t, err)
	require.NotEqual(t, mine, theirs)
}

func TestTheLockNamesItsHolder(t *testing.T) {
	t.Parallel()
	_, conn, dsn := newRegistry(t)
	pgtest.Exec(t, conn, `SET application_name = 'repave run'`)
	const oid = 4_000_000_000 // beyond int4
	require.NoError(t, registry.TryLock(t.Context(), conn, orders, oid))
	second := pgtest.Connect(t, dsn)
	err := registry.TryLock(t.Context(), second, orders, oid)
	var busy *registry.BusyError
	require.ErrorAs(t, err, &busy)
	require.Equal(t, "repave run", busy.Application)
	require.Equal(t, pgtest.Count(t, conn, `SELECT pg_backend_pid()`), int(busy.PID))
	require.NoError(t, registry.TryLock(t.Context(), second, orders, oid+1), "another table is free")
}

func TestBatchesAreClaimedOnceAtATime(t *testing.T) {
	t.Parallel()
	reg, conn, dsn := newRegistry(t)
	id, err := create(t, reg, conn)
	require.NoError(t, err)
	job, err := reg.Get(t.Context(), conn, id)
	require.NoError(t, err)
	table := job.Tables[0]
	require.NoError(t, pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
		return reg.PlanBatches(t.Context(), tx, table, 7, 1000, registry.Files{25}, 10)
	}))
	first, err := conn.Begin(t.Context())
	require.NoError(t, err)
	second, err := pgtest.Connect(t, dsn).Begin(t.Context())
	require.NoError(t, err)
	a, err := reg.ClaimBatch(t.Context(), first, table)
	require.NoError(t, err)
	b, err := reg.ClaimBatch(t.Context(), second, table)
	require.NoError(t, err)
	require.NotEqual(t, a.Number, b.Number)
	require.NoError(t, reg.AdvanceBatch(t.Context(), first, table, a.Number, a.Next+4, 100))
	require.NoError(t, first.Commit(t.Context()))
	require.NoError(t, second.Rollback(t.Context()))
	progress, err := reg.Progress(t.Context(), conn, id)
	require.NoError(t, err)
	require.Equal(t, registry.Progress{DonePages: 4, TotalPages: 25, Rows: 100}, progress)
	open, err := reg.OpenBatches(t.Context(), conn, table)
	require.NoError(t, err)
	require.Equal(t, int64(3), open)
}

// TestSpecOfSeveralTables: differences name the table, widened columns come
// before what was asked for, and tables that joined need not be named.
func TestSpecOfSeveralTables(t *testing.T) {
	t.Parallel()
	lines := sqltmpl.Table{Schema: "public", Name: "order lines"}
	two := registry.Spec{Strategy: "changelog", Tables: registry.TablesOf(shadow.Change{Alter: []string{"ADD x int"}}, orders, lines)}
	other := registry.Spec{Strategy: "changelog", Tables: registry.TablesOf(shadow.Change{Alter: []string{"ADD x int"}}, orders, lines)}
	other.Tables[1].Change = shadow.Change{PKBigint: true}
	require.Equal(t, []string{
		`public."order lines" --alter: the job has [ADD x int], now asked for []`,
		`public."order lines" --pk-bigint: the job has false, now asked for true`,
	}, two.Differences(other))
	require.Equal(t, []string{`tables: the job has public.orders, public."order lines", now asked for public.orders`}, two.Differences(
		registry.Spec{Strategy: "changelog", Tables: registry.TablesOf(shadow.Change{}, orders)}))
	two.Tables[1].Widen, two.Tables[1].Joined = sqltmpl.Columns{"id", `a "b"`}, true
	require.Equal(t, []string{`ALTER COLUMN "id" TYPE bigint, ALTER COLUMN "a ""b""" TYPE bigint`, "ADD x int"}, two.Tables[1].Effective().Alter)
	require.Equal(t, "public.orders", two.Args())
	require.Len(t, two.Names(), 2)
}

// TestAStreamsPositionOnlyGoesForward keeps a process that lost its lock, and
// does not know yet, from undoing what another has recorded.
func TestAStreamsPositionOnlyGoesForward(t *testing.T) {
	t.Parallel()
	reg, conn, _ := newRegistry(t)
	id, err := create(t, reg, conn)
	require.NoError(t, err)
	ctx := t.Context()
	_, err = reg.Stream(ctx, conn, id, registry.Forward)
	require.ErrorIs(t, err, registry.ErrNotFound)
	begun := registry.Stream{Direction: registry.Forward, Slot: "s", Publication: "p", SystemID: "1", Database: "d"}
	require.NoError(t, reg.BeginStream(ctx, conn, id, begun))
	require.NoError(t, reg.BeginStream(ctx, conn, id, begun))
	in := func(fn func(tx pgx.Tx) error) error { return pgx.BeginFunc(ctx, conn, fn) }
	require.Error(t, in(func(tx pgx.Tx) error { return reg.AdvanceStream(ctx, tx, id, registry.Forward, 5) }), "no slot yet")
	made := registry.Copy{Name: "one", Version: "v", Snapshot: "s"}
	require.NoError(t, in(func(tx pgx.Tx) error { return reg.StartStream(ctx, tx, id, registry.Forward, 7, made) }))
	require.NoError(t, in(func(tx pgx.Tx) error { return reg.AdvanceStream(ctx, tx, id, registry.Forward, 9) }))
	require.Error(t, in(func(tx pgx.Tx) error { return reg.AdvanceStream(ctx, tx, id, registry.Forward, 8) }))
	shared := func(name string) (is bool) {
		require.NoError(t, in(func(tx pgx.Tx) (err error) {
			is, err = reg.ShareCopy(ctx, tx, id, registry.Copy{Name: name})
			return err
		}))
		return is
	}
	require.True(t, shared("one"))
	mixed := registry.Copy{Name: "two", Version: "v"}
	require.NoError(t, in(func(tx pgx.Tx) error {
		is, err := reg.LockCopy(ctx, tx, id, made)
		require.True(t, is)
		return errors.Join(err, reg.MixStream(ctx, tx, id, registry.Forward, mixed))
	}))
	require.False(t, shared("one"))
	require.True(t, shared("two"))
	require.NoError(t, reg.EndCopy(ctx, conn, id, registry.Forward, 11))
	got, err := reg.Stream(ctx, conn, id, registry.Forward)
	require.NoError(t, err)
	require.NotNil(t, got.AppliedAt)
	got.AppliedAt = nil
	begun.Began, begun.Applied, begun.Copied, begun.Mixed, begun.Copy = 7, 9, 11, true, mixed
	require.Equal(t, begun, got)
	require.NoError(t, reg.EndStream(ctx, conn, id, registry.Forward))
	require.NoError(t, reg.Delete(ctx, conn, id))
}

// TestAFollowerLetsGoOfTheLock: it shares the lock until somebody waits for it, keeps a second follower away, and is ended
// if it does not let go.
func TestAFollowerLetsGoOfTheLock(t *testing.T) {
	t.Parallel()
	reg, conn, dsn := newRegistry(t)
	id, err := create(t, reg, conn)
	require.NoError(t, err)
	job, err := reg.Get(t.Context(), conn, id)
	require.NoError(t, err)
	follower := pgtest.Connect(t, dsn, `SET application_name = 'repave follow'`)
	require.NoError(t, registry.Share(t.Context(), follower, job))
	wanted := func() bool {
		wanted, err := registry.Wanted(t.Context(), follower, job)
		require.NoError(t, err)
		return wanted
	}
	require.False(t, wanted())
	var busy *registry.BusyError
	require.ErrorAs(t, registry.Share(t.Context(), pgtest.Connect(t, dsn), job), &busy)
	require.Equal(t, "repave follow", busy.Application)
	holder, err := registry.HolderOf(t.Context(), conn, 42)
	require.NoError(t, err)
	require.True(t, holder.Shared)

	worker, got := pgtest.Connect(t, dsn), make(chan error, 1)
	go func() { got <- registry.TryLock(context.WithoutCancel(t.Context()), worker, orders, 42) }()
	require.Eventually(t, wanted, 10*time.Second, 10*time.Millisecond)
	require.ErrorAs(t, registry.Share(t.Context(), pgtest.Connect(t, dsn), job), &busy, "who waits comes first")
	require.NoError(t, follower.Close(t.Context()))
	require.NoError(t, <-got)
	require.ErrorAs(t, registry.Share(t.Context(), pgtest.Connect(t, dsn), job), &busy)
	require.ErrorAs(t, registry.TryLock(t.Context(), pgtest.Connect(t, dsn), orders, 42), &busy, "it waits for no other worker")
	holder, err = registry.HolderOf(t.Context(), conn, 42)
	require.NoError(t, err)
	require.False(t, holder.Shared)
}

// TestAJobIsPausedSinceTheFirstTime, and its stream's pulse is kept for others to see.
func TestAJobIsPausedSinceTheFirstTime(t *testing.T) {
	t.Parallel()
	reg, conn, _ := newRegistry(t)
	id, err := create(t, reg, conn)
	require.NoError(t, err)
	at, err := reg.PausedAt(t.Context(), conn, id)
	require.NoError(t, err)
	require.Nil(t, at)
	first, err := reg.Pause(t.Context(), conn, id)
	require.NoError(t, err)
	second, err := reg.Pause(t.Context(), conn, id)
	require.NoError(t, err)
	require.Equal(t, first, second)
	job, err := reg.Get(t.Context(), conn, id)
	require.NoError(t, err)
	require.Equal(t, first, *job.PausedAt)
	require.NoError(t, reg.Unpause(t.Context(), conn, id))
	require.NoError(t, reg.Unpause(t.Context(), conn, id))
	at, err = reg.PausedAt(t.Context(), conn, id)
	require.NoError(t, err)
	require.Nil(t, at)
	_, err = reg.Pause(t.Context(), conn, id+1)
	require.ErrorIs(t, err, registry.ErrNotFound)

	require.NoError(t, reg.Beat(t.Context(), conn, id, registry.Forward, registry.Pulse{LagBytes: 1}), "there is no stream yet")
	_, err = reg.Pulse(t.Context(), conn, id, registry.Forward)
	require.ErrorIs(t, err, registry.ErrNotFound)
	require.NoError(t, reg.BeginStream(t.Context(), conn, id, registry.Stream{Direction: registry.Forward}))
	require.NoError(t, reg.WarnSlot(t.Context(), conn, id, registry.Forward, "slot"))
	pulse, err := reg.Pulse(t.Context(), conn, id, registry.Forward)
	require.NoError(t, err)
	require.Equal(t, registry.Pulse{Age: -1, Slot: "slot"}, pulse)
	lag := 1500 * time.Millisecond
	want := registry.Pulse{
		Received: 7, Applied: 5, LagBytes: 2, Lag: &lag, BytesIn: 1.5, BytesOut: 2.5, ChangesOut: 3.5, Idle: time.Minute, Warning: "w", Slot: "slot",
	}
	require.NoError(t, reg.Beat(t.Context(), conn, id, registry.Forward, want))
	pulse, err = reg.Pulse(t.Context(), conn, id, registry.Forward)
	require.NoError(t, err)
	require.GreaterOrEqual(t, pulse.Age, time.Duration(0))
	pulse.Age = 0
	require.Equal(t, want, pulse)
}

// begin begins a transaction in a session of its own.
func begin(t *testing.T, dsn string) pgx.Tx {
	t.Helper()
	tx, err := pgtest.Connect(t, dsn).Begin(t.Context())
	require.NoError(t, err)
	return tx
}

// TestWhoReplacesACopyHasItsTurn: however many others share it and however they overlap, none comes after one who waits to replace it.
func TestWhoReplacesACopyHasItsTurn(t *testing.T) {
	t.Parallel()
	reg, conn, dsn := newRegistry(t)
	id, err := create(t, reg, conn)
	require.NoError(t, err)
	ctx := t.Context()
	made := registry.Copy{Name: "one"}
	require.NoError(t, reg.BeginStream(ctx, conn, id, registry.Stream{Direction: registry.Forward}))
	require.NoError(t, pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return reg.StartStream(ctx, tx, id, registry.Forward, 7, made) }))
	sharer, replacer, late := begin(t, dsn), begin(t, dsn), begin(t, dsn)
	shared, err := reg.ShareCopy(ctx, sharer, id, made)
	require.NoError(t, err)
	require.True(t, shared)
	replaced := make(chan error, 1)
	go func() {
		is, err := reg.LockCopy(ctx, replacer, id, made)
		if err == nil && !is {
			err = errors.New("it is another one")
		}
		replaced <- errors.Join(err, reg.MixStream(ctx, replacer, id, registry.Forward, registry.Copy{Name: "two"}), replacer.Commit(ctx))
	}()
	waiting := func(n int) {
		require.Eventually(t, func() bool {
			return pgtest.Count(t, conn, `SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND database =
				(SELECT oid FROM pg_database WHERE datname = current_database())`) == n
		}, 20*time.Second, 2*time.Millisecond)
	}
	waiting(1)
	lateShared := make(chan bool, 1)
	go func() {
		is, err := reg.ShareCopy(ctx, late, id, made)
		lateShared <- is || err != nil
	}()
	waiting(2)
	require.NoError(t, sharer.Commit(ctx))
	require.NoError(t, <-replaced)
	require.False(t, <-lateShared)
}
