package laws_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// faultShop is a small table with all that the swap has to move.
var faultShop = []string{
	`CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL)`,
	`CREATE TABLE orders (id serial PRIMARY KEY, customer_id int NOT NULL REFERENCES customers ON DELETE CASCADE,
		code text NOT NULL UNIQUE, total numeric(12,2) NOT NULL DEFAULT 0 CHECK (total >= 0), parent int REFERENCES orders)`,
	`CREATE INDEX orders_total ON orders (total) WHERE total > 1`,
	`CREATE TABLE order_lines (order_id int NOT NULL REFERENCES orders ON DELETE CASCADE, line int, PRIMARY KEY (order_id, line))`,
	`COMMENT ON COLUMN orders.code IS 'what it''s called'`,
	`INSERT INTO customers SELECT g, 'c' || g FROM generate_series(1, 10) g`,
	`INSERT INTO orders (customer_id, code, total, parent) SELECT 1 + g % 10, 'code-' || g, g, nullif(g / 2, 0) FROM generate_series(1, 300) g`,
	`INSERT INTO order_lines SELECT g, 1 FROM generate_series(1, 300) g`,
	`ANALYZE`,
}

// heirsShop is that table with children, which have rows with the same keys.
var heirsShop = append(slices.Clone(faultShop[:len(faultShop)-1]), // ANALYZE comes last
	`CREATE TABLE archived (at date) INHERITS (orders)`, `CREATE TABLE long_ago () INHERITS (archived)`,
	`INSERT INTO archived (id, customer_id, code) SELECT g, 1, 'archived' FROM generate_series(1, 50) g`, `ANALYZE`)

// A faultCase is a command that is made to lose its connection at every round
// trip: what brings a job before it, the command itself, and what must hold
// after it was run again.
type faultCase struct {
	before func(t *testing.T, env *stages.Env, req stages.Request)
	// do runs the command as a new process would: it knows nothing but the tables.
	do func(ctx context.Context, env *stages.Env, req stages.Request) error
	// done reports what the command must have come to.
	done func(t *testing.T, job registry.Job)
	gone bool     // the command ends the job
	shop []string // faultShop, if nil
	// change is what the job changes; nothing, if nil.
	change func(*registry.Spec)
}

// until brings a job to the end of a stage.
func until(name stages.Name) func(*testing.T, *stages.Env, stages.Request) {
	return func(t *testing.T, env *stages.Env, req stages.Request) {
		t.Helper()
		runTo(t, env, req, name)
	}
}

func run(name stages.Name) func(context.Context, *stages.Env, stages.Request) error {
	return func(ctx context.Context, env *stages.Env, req stages.Request) error {
		_, err := stages.Run(ctx, env, req, name)
		return err
	}
}

// found is a command on a job that is there.
func found(do func(context.Context, *stages.Env, registry.Job) error) func(context.Context, *stages.Env, stages.Request) error {
	return func(ctx context.Context, env *stages.Env, req stages.Request) error {
		job, err := env.Registry.Find(ctx, env.Target, req.Spec.Tables[0].Name)
		if err != nil {
			return err
		}
		return do(ctx, env, job)
	}
}

func TestLaw4LostConnectionInSetup(t *testing.T) {
	sweep(t, faultCase{do: run(stages.Setup)})
}

func TestLaw4LostConnectionInBackfill(t *testing.T) {
	sweep(t, faultCase{before: until(stages.Setup), do: run(stages.Backfill)})
}

func TestLaw4LostConnectionInSyncSchema(t *testing.T) {
	sweep(t, faultCase{before: until(stages.Backfill), do: run(stages.SyncSchema)})
}

func TestLaw4LostConnectionInReplay(t *testing.T) {
	sweep(t, faultCase{before: until(stages.SyncSchema), do: run(stages.Replay)})
}

func TestLaw4LostConnectionInVerify(t *testing.T) {
	sweep(t, faultCase{before: until(stages.Replay), do: run(stages.Verify)})
}

func TestLaw4LostConnectionInSwap(t *testing.T) {
	sweep(t, faultCase{
		shop: heirsShop, before: until(stages.Verify), do: run(stages.Swap),
		done: func(t *testing.T, job registry.Job) {
			t.Helper()
			require.True(t, job.Swapped)
		},
	})
}

func TestLaw4LostConnectionInRevertSwap(t *testing.T) {
	sweep(t, faultCase{
		before: until(stages.Swap),
		do: found(func(ctx context.Context, env *stages.Env, job registry.Job) error {
			_, err := stages.RevertSwap(ctx, env, job)
			// The lost connection may have been that of a revert that was done.
			if _, ok := errors.AsType[*stages.StateError](err); ok && !job.Swapped {
				_, err = stages.Resume(ctx, env, job, stages.Replay)
			}
			return err
		}),
		done: func(t *testing.T, job registry.Job) {
			t.Helper()
			require.False(t, job.Swapped)
		},
	})
}

func TestLaw4LostConnectionInCleanup(t *testing.T) {
	sweep(t, faultCase{before: until(stages.Swap), do: found(stages.Erase), gone: true})
}

func TestLaw4LostConnectionInReset(t *testing.T) {
	sweep(t, faultCase{before: until(stages.Replay), do: found(stages.Reset), gone: true})
}

// sweep loses the connection at every round trip of a command, going and coming
// back, runs it again and compares. REPAVE_SWEEP=all tries every round trip,
// else a few of many.
func sweep(t *testing.T, c faultCase) {
	t.Helper()
	t.Parallel()
	takeTurn(t)
	r, _ := newRand(t)

	// One job, brought before the command; every attempt gets a copy.
	template := pgtest.Database(t)
	if c.shop == nil {
		c.shop = faultShop
	}
	conn := pgtest.Connect(t, template, c.shop...)
	if c.change != nil && pgtest.ServerVersion(t, conn) < 15 {
		pgtest.Exec(t, conn, `ALTER TABLE order_lines DROP CONSTRAINT order_lines_order_id_fkey`) // refused there
	}
	catalog := pgtest.CatalogSnapshot(t, conn)
	rows := faultRows(t, conn)
	req := request(t, conn, "orders", c.change)
	// New rows in the log, so that replay and verify have work.
	change := []string{
		`UPDATE orders SET total = total + 1 WHERE id % 7 = 0`, `DELETE FROM order_lines WHERE order_id = 299`, `DELETE FROM orders WHERE id = 299`,
		`INSERT INTO orders (id, customer_id, code) VALUES (299, 1, 'again')`, `UPDATE orders SET total = total - 1 WHERE id % 7 = 0`,
		`DELETE FROM orders WHERE id = 299`, `INSERT INTO orders (id, customer_id, code, total, parent) VALUES (299, 10, 'code-299', 299, 149)`,
		`INSERT INTO order_lines VALUES (299, 1)`,
	}
	env := faultEnv(t, template)
	if c.before != nil {
		c.before(t, env, req)
		for _, sql := range change {
			pgtest.Exec(t, conn, sql)
		}
	}
	env.Source.Close()
	require.NoError(t, conn.Close(t.Context()))

	// attempt reports whether the command finished before the failure was due.
	attempt := func(t *testing.T, trips int, loseAck bool) (finished bool) {
		t.Helper()
		dsn := pgtest.Clone(t, template)
		proxy := pgtest.NewProxy(t, dsn)
		faulty := faultEnv(t, proxy.DSN)
		proxy.CutAfter(trips, loseAck)
		err := c.do(t.Context(), faulty, req)
		if !proxy.Fired() {
			require.NoError(t, err)
			return true
		}
		proxy.Heal()
		faulty.Source.Close()

		again := faultEnv(t, dsn)
		err = c.do(t.Context(), again, req)
		if c.gone && errors.Is(err, registry.ErrNotFound) {
			err = nil // it had been done
		}
		require.NoError(t, err)
		observer := pgtest.Connect(t, dsn)
		require.Equal(t, rows, faultRows(t, observer))
		job, err := again.Registry.Find(t.Context(), again.Target, req.Spec.Tables[0].Name)
		if c.gone {
			require.ErrorIs(t, err, registry.ErrNotFound)
		} else {
			require.NoError(t, err)
			if c.done != nil {
				c.done(t, job)
			}
			if trips%2 == 0 && !job.Swapped {
				require.NoError(t, stages.Reset(t.Context(), again, job))
			} else {
				runTo(t, again, req, stages.Cleanup)
			}
			require.Equal(t, rows, faultRows(t, observer))
		}
		requireNoTraces(t, observer)
		if c.change != nil && pgtest.Value[string](t, observer, `SELECT relkind::text FROM pg_class WHERE oid = 'orders'::regclass`) == "p" {
			requirePartitionedShop(t, observer)
			return false
		}
		pgtest.RequireSameCatalog(t, catalog, pgtest.CatalogSnapshot(t, observer))
		return false
	}

	// A dry run counts the round trips.
	total := 0
	require.True(t, t.Run("undisturbed", func(t *testing.T) {
		proxy := pgtest.NewProxy(t, pgtest.Clone(t, template))
		env := faultEnv(t, proxy.DSN)
		already := proxy.RoundTrips()
		require.NoError(t, c.do(t.Context(), env, req))
		total = proxy.RoundTrips() - already
	}))
	for _, loseAck := range []bool{false, true} {
		points := r.Perm(total)
		if os.Getenv("REPAVE_SWEEP") != "all" {
			points = points[:min(total, sweepPoints)]
			if !slices.Contains(points, total-1) {
				points = append(points, total-1)
			}
		}
		slices.Sort(points)
		for _, trips := range points {
			ok := t.Run(fmt.Sprintf("trip=%d of %d,loseAck=%t", trips, total, loseAck), func(t *testing.T) {
				attempt(t, trips, loseAck)
			})
			if !ok {
				return
			}
		}
	}
}

// sweepPoints is how many round trips of each command are lost by default.
const sweepPoints = 3

func faultEnv(t *testing.T, dsn string) *stages.Env {
	t.Helper()
	env := newEnv(t, dsn)
	env.Options.Workers = 1
	env.Options.SnapshotWait = 20 * time.Second
	return env
}

func faultRows(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	return strings.Join(pgtest.Rows(t, conn, `SELECT * FROM orders ORDER BY id, code`), "\n") +
		strings.Join(pgtest.Rows(t, conn, `SELECT * FROM order_lines ORDER BY 1, 2`), "\n") +
		strings.Join(pgtest.Rows(t, conn, `SELECT * FROM customers ORDER BY 1`), "\n")
}
