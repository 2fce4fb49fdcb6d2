package stages_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

var shop = []string{
	`CREATE TABLE customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL)`,
	`CREATE TABLE orders (id serial PRIMARY KEY, customer_id int NOT NULL REFERENCES customers,
		code text NOT NULL UNIQUE, total numeric(12,2) NOT NULL DEFAULT 0 CHECK (total >= 0), note text)`,
	`CREATE INDEX orders_customer ON orders (customer_id)`,
	`CREATE INDEX orders_note ON orders (lower(note)) WHERE note IS NOT NULL`,
	`CREATE TABLE order_lines (order_id int NOT NULL REFERENCES orders ON DELETE CASCADE, line int, item text,
		PRIMARY KEY (order_id, line))`,
	`COMMENT ON TABLE orders IS 'what was ordered'`,
	`INSERT INTO customers (name) SELECT 'c' || g FROM generate_series(1, 100) g`,
	`INSERT INTO orders (customer_id, code, total, note)
		SELECT 1 + g % 100, 'code-' || g, g / 100.0, nullif(g % 3, 0)::text FROM generate_series(1, 20000) g`,
	`INSERT INTO order_lines SELECT g, 1, 'x' FROM generate_series(1, 20000) g`,
	`ANALYZE`,
}

// requireNoTraces fails if anything is left of any job.
func requireNoTraces(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	require.Empty(t, pgtest.Rows(t, conn, `
		SELECT relname FROM pg_class WHERE relname ~ '^repave_[0-9]' AND relpersistence <> 't'
		UNION ALL SELECT proname FROM pg_proc WHERE proname ~ '^repave_[0-9]'
		UNION ALL SELECT tgname FROM pg_trigger WHERE tgname ~ '^repave_[0-9]'
		UNION ALL SELECT conname FROM pg_constraint JOIN pg_namespace n ON n.oid = connamespace
			WHERE conname ~ '^repave_[0-9]' AND nspname NOT LIKE 'pg_temp%'
		UNION ALL SELECT job_id::text FROM repave.job`))
}

func TestRunSwapRevertCleanup(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, shop...)
	env := newEnv(t, dsn)
	before := pgtest.CatalogSnapshot(t, conn, "repave")
	req := request(t, conn, "orders", func(s *registry.Spec) { s.Tables[0].Change.PKBigint = true })

	job, err := stages.Run(t.Context(), env, req, stages.Swap)
	require.NoError(t, err)
	require.True(t, job.Swapped)
	require.Equal(t, 20000, pgtest.Count(t, conn, "SELECT count(*) FROM orders"))
	pgtest.Exec(t, conn, "INSERT INTO orders (customer_id, code) VALUES (1, 'new')")
	pgtest.Exec(t, conn, "UPDATE orders SET note = 'changed' WHERE id = 5")
	pgtest.Exec(t, conn, "DELETE FROM orders WHERE id = 7")

	job, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.False(t, job.Swapped)
	require.Equal(t, 1, pgtest.Count(t, conn, "SELECT count(*) FROM orders WHERE code = 'new'"))
	require.Equal(t, 1, pgtest.Count(t, conn, "SELECT count(*) FROM orders WHERE id = 5 AND note = 'changed'"))
	require.Equal(t, 0, pgtest.Count(t, conn, "SELECT count(*) FROM orders WHERE id = 7"))

	job, err = stages.Run(t.Context(), env, req, stages.Swap)
	require.NoError(t, err)
	require.True(t, job.Swapped)
	require.NoError(t, stages.Erase(t.Context(), env, job))
	requireNoTraces(t, conn)
	require.Equal(t, []string{
		"~ column public.orders.id: type: integer -> bigint",
		"~ sequence public.orders_id_seq: last value: 20000, called: t -> 20001, called: t",
		"~ sequence public.orders_id_seq: max: 2147483647 -> 9223372036854775807",
		"~ sequence public.orders_id_seq: type: integer -> bigint",
	}, pgtest.CatalogDiff(before, pgtest.CatalogSnapshot(t, conn, "repave")))
}

func TestPlainRepackLeavesTheCatalogAlone(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, shop...)
	env := newEnv(t, dsn)
	before := pgtest.CatalogSnapshot(t, conn, "repave")
	for _, table := range []string{"orders", "customers", "order_lines"} {
		_, err := stages.Run(t.Context(), env, request(t, conn, table, nil), stages.Cleanup)
		require.NoError(t, err)
	}
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn, "repave"))
	requireNoTraces(t, conn)
}

func TestResetAfterEveryStage(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, shop...)
	env := newEnv(t, dsn)
	before := pgtest.CatalogSnapshot(t, conn)
	for _, until := range []stages.Name{
		stages.Setup, stages.Backfill, stages.SyncSchema, stages.Replay, stages.Verify,
	} {
		job, err := stages.Run(t.Context(), env, request(t, conn, "orders", nil), until)
		require.NoError(t, err, until)
		require.NoError(t, stages.Reset(t.Context(), env, job), until)
		pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
		requireNoTraces(t, conn)
	}
}
