package laws_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// wholeSQL makes the writers' table a partition, with brothers and a default partition.
const wholeSQL = pgtest.WritersTable + `
CREATE TABLE whole (id int PRIMARY KEY, tag text NOT NULL, owner int NOT NULL, n int NOT NULL DEFAULT 0, pad text) PARTITION BY RANGE (id);
ALTER TABLE whole ATTACH PARTITION parent FOR VALUES FROM (-100000) TO (10000000);
CREATE TABLE high PARTITION OF whole FOR VALUES FROM (10000000) TO (20000000);
CREATE TABLE rest PARTITION OF whole DEFAULT;
CREATE INDEX ON whole (owner, n);
CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER seen BEFORE UPDATE ON whole FOR EACH ROW EXECUTE FUNCTION seen();
INSERT INTO whole SELECT -g, 'base-' || g, 0, g FROM generate_series(1, 3000) g;
INSERT INTO whole SELECT 30000000 + g, 'rest-' || g, 0, g FROM generate_series(1, 3000) g;
`

// far is how far it is from a partition to the next.
const far = 10_000_000

// A mover writes through the partitioned table rows of its own, and moves them from partition to partition and back.
type mover struct {
	owner int
	rows  map[int]int // id modulo far, and what n is
	where map[int]int // how many times far that is beyond
	done  atomic.Int64
}

// run writes until ctx ends. Whatever fails, but for a conflict above READ COMMITTED, is an error.
func (m *mover) run(ctx context.Context, conn *pgx.Conn, r *rand.Rand, level pgx.TxIsoLevel) error {
	for ctx.Err() == nil {
		id := m.owner*1000 + r.IntN(200)
		n, there := m.rows[id]
		away, act := m.where[id], r.IntN(4)
		err := pgx.BeginTxFunc(context.WithoutCancel(ctx), conn, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
			exec := func(sql string, args ...any) error {
				tag, err := tx.Exec(context.WithoutCancel(ctx), sql, args...)
				if err == nil && tag.RowsAffected() != 1 {
					return fmt.Errorf("%s %v: %d rows", sql, args, tag.RowsAffected())
				}
				return err
			}
			switch {
			case !there:
				there, away, n = true, 0, 1
				return exec(`INSERT INTO whole (id, tag, owner, n) VALUES ($1, $2, $3, 1)`, id, fmt.Sprintf("moving-%d", id), m.owner)
			case act == 0:
				there = false
				return exec(`DELETE FROM whole WHERE id = $1`, id+away*far)
			case act == 1:
				n++
				return exec(`UPDATE whole SET n = n + 1 WHERE id = $1 AND n = $2`, id+away*far, n-1)
			default:
				from := away
				for _, to := range []int{r.IntN(4), r.IntN(4)} { // 0 is our partition, 1 its brother, the others the default
					if err := exec(`UPDATE whole SET id = $2 WHERE id = $1`, id+from*far, id+to*far); err != nil {
						return err
					}
					from = to
				}
				away = from
				return nil
			}
		})
		if state := sqlState(err); level != pgx.ReadCommitted && (state == "40001" || state == "40P01") {
			continue
		}
		if err != nil {
			return err
		}
		if !there {
			delete(m.rows, id)
		} else {
			m.rows[id], m.where[id] = n, away
		}
		m.done.Add(1)
	}
	return nil
}

// wants lists what the partitioned table has of a mover.
func (m *mover) wants() []string {
	out := []string{}
	for id, n := range m.rows {
		out = append(out, fmt.Sprintf("%d|%d", id+m.where[id]*far, n))
	}
	slices.Sort(out)
	return out
}

// A crowd of movers and of writers to the partition itself.
type memberTraffic struct {
	writers *pgtest.Writers
	movers  []*mover
	group   *errgroup.Group
	ctx     context.Context
	stop    func()
}

func startMemberTraffic(t *testing.T, dsn string) *memberTraffic {
	t.Helper()
	r, seed := newRand(t)
	ctx, stop := context.WithCancel(t.Context())
	group, ctx := errgroup.WithContext(ctx)
	out := &memberTraffic{writers: pgtest.StartWriters(t, dsn, seed, 2, pgtest.Levels[:2]), group: group, ctx: ctx, stop: stop}
	for i, plan := range []string{"custom", "generic", "generic"} {
		m := &mover{owner: 100 + i, rows: map[int]int{}, where: map[int]int{}}
		out.movers = append(out.movers, m)
		conn := pgtest.Connect(t, dsn, `SET plan_cache_mode = force_`+plan+`_plan`)
		random := rand.New(rand.NewPCG(r.Uint64(), uint64(i)))
		group.Go(func() error { return m.run(ctx, conn, random, pgtest.Levels[i]) })
	}
	out.await(t)
	return out
}

// await waits until everybody has written some more.
func (m *memberTraffic) await(t *testing.T) {
	t.Helper()
	m.writers.Await(t, 10)
	for _, one := range m.movers {
		want := one.done.Load() + 20
		require.Eventually(t, func() bool { return one.done.Load() >= want || m.ctx.Err() != nil }, commandTimeout, time.Millisecond)
	}
	if m.ctx.Err() != nil {
		require.NoError(t, m.group.Wait())
	}
}

// end stops everybody and compares what they committed with what is there.
func (m *memberTraffic) end(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	m.stop()
	require.NoError(t, m.group.Wait())
	m.writers.Stop(t, conn)
	for _, one := range m.movers {
		got := pgtest.Rows(t, conn, `SELECT id, n FROM whole WHERE owner = $1`, one.owner)
		slices.Sort(got)
		require.Equal(t, one.wants(), append([]string{}, got...))
	}
	require.Equal(t, 6000, pgtest.Count(t, conn, `SELECT count(*) FROM whole WHERE owner = 0`))
}

// TestLaw1And2APartitionUnderTraffic: applications write through the whole table and to the partition, rows move in and
// out of it, while it is swapped, reverted and swapped again.
//
// A query on the whole table locks that, then the partitions it needs, by their bounds; so does the swap, the default
// partition before ours. Where a query stands when the swap comes: before its first lock: it waits, and finds the new
// partition. Behind: the swap can't have that lock, and gives way. A query on the partition alone, in a transaction
// that goes on to the whole table, has the locks in the other order: the swap waits for a few milliseconds and gives way.
// A row that moves is deleted here and inserted there: one of the two is logged, or written to both tables.
func TestLaw1And2APartitionUnderTraffic(t *testing.T) {
	t.Parallel()
	for _, leaf := range []string{"parent", "rest"} {
		t.Run(leaf, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn)
			_, err := conn.Exec(t.Context(), wholeSQL)
			require.NoError(t, err)
			before := pgtest.CatalogSnapshot(t, conn)
			traffic := startMemberTraffic(t, dsn)
			env := newEnv(t, dsn)
			env.Options.BatchTime = 20 * time.Millisecond
			req := request(t, conn, leaf, nil)
			job := runTo(t, env, req, stages.Swap)
			traffic.await(t)
			_, err = stages.RevertSwap(t.Context(), env, job)
			require.NoError(t, err)
			traffic.await(t)
			runTo(t, env, req, stages.Swap)
			traffic.await(t)
			_, err = stages.VerifyNow(t.Context(), env, runTo(t, env, req, stages.Swap))
			require.NoError(t, err)
			runTo(t, env, req, stages.Cleanup)
			traffic.await(t)
			traffic.end(t, conn)
			requireSameButSequences(t, before, pgtest.CatalogSnapshot(t, conn))
			requireNoTraces(t, conn)
		})
	}
}

// TestLaw4KilledWithGuards: kill -9 when the checks that spare the swap its scans are there, on the way there and back:
// every command that comes after drops them, or goes on with them.
func TestLaw4KilledWithGuards(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), wholeSQL)
	require.NoError(t, err)
	before := pgtest.CatalogSnapshot(t, conn)
	traffic := startMemberTraffic(t, dsn)
	again := func(args ...string) {
		t.Helper()
		require.Eventually(t, func() bool {
			_, stderr, code := repave(t, dsn, append(args, "--max-active", "0")...)
			if code != 0 {
				require.Contains(t, stderr, "another repave works")
			}
			return code == 0
		}, commandTimeout, 100*time.Millisecond)
		traffic.await(t)
	}
	// Somebody who reads keeps the swap from its locks once the checks are there.
	kill := func(args ...string) {
		t.Helper()
		reader := pgtest.Connect(t, dsn, `BEGIN`)
		pgtest.Exec(t, reader, `LOCK TABLE ONLY whole IN ACCESS SHARE MODE`)
		cmd := command(t.Context(), t, dsn, append(args, "--max-active", "0")...)
		require.NoError(t, cmd.Start())
		awaitTrue(t, conn, "checks are there", `SELECT count(*) = 2 AND bool_and(convalidated) FROM pg_constraint
			WHERE conname ~ '^repave_\d+_1_(member|others)$'`)
		traffic.await(t)
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
		pgtest.Exec(t, reader, `ROLLBACK`)
	}
	again("run", "parent", "--until", "verify")
	kill("run", "parent")
	mustRepave(t, dsn, "reset", "parent", "--yes")
	requireNoTraces(t, conn)
	requireSameButSequences(t, before, pgtest.CatalogSnapshot(t, conn))
	again("run", "parent", "--until", "verify")
	kill("run", "parent")
	again("run", "parent")
	kill("revert-swap", "parent", "--yes")
	mustRepave(t, dsn, "cleanup", "parent", "--yes")
	traffic.end(t, conn)
	requireNoTraces(t, conn)
	requireSameButSequences(t, before, pgtest.CatalogSnapshot(t, conn))
}
