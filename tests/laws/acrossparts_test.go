package laws_test

import (
	"os/exec"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// partitioned makes a partitioned table of one of the shop's, under traffic or not.
const (
	partitionOrders = `BEGIN;
		ALTER TABLE order_lines DROP CONSTRAINT order_lines_order_id_fkey; ALTER TABLE orders RENAME TO orders_plain;
		CREATE TABLE orders (LIKE orders_plain INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY HASH (id);
		CREATE TABLE orders_a PARTITION OF orders FOR VALUES WITH (MODULUS 2, REMAINDER 0);
		CREATE TABLE orders_b PARTITION OF orders FOR VALUES WITH (MODULUS 4, REMAINDER 1);
		CREATE TABLE orders_c PARTITION OF orders FOR VALUES WITH (MODULUS 4, REMAINDER 3) PARTITION BY HASH (id);
		CREATE TABLE orders_ca PARTITION OF orders_c FOR VALUES WITH (MODULUS 8, REMAINDER 3);
		CREATE TABLE orders_cb PARTITION OF orders_c FOR VALUES WITH (MODULUS 8, REMAINDER 7);
		INSERT INTO orders SELECT * FROM orders_plain; ALTER SEQUENCE orders_id_seq OWNED BY orders.id; DROP TABLE orders_plain;
		ALTER TABLE orders ADD PRIMARY KEY (id), ADD FOREIGN KEY (customer_id) REFERENCES customers;
		CREATE INDEX ON orders (customer_id, created_at); CREATE INDEX ON orders (created_at);
		ALTER TABLE order_lines ADD FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE ON UPDATE CASCADE;
		COMMIT`
	partitionLines = `BEGIN;
		ALTER TABLE order_lines RENAME TO lines_plain;
		CREATE TABLE order_lines (LIKE lines_plain INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (id);
		CREATE TABLE order_lines_a PARTITION OF order_lines FOR VALUES FROM (MINVALUE) TO (300);
		CREATE TABLE order_lines_b PARTITION OF order_lines DEFAULT;
		INSERT INTO order_lines SELECT * FROM lines_plain; ALTER SEQUENCE order_lines_id_seq OWNED BY order_lines.id; DROP TABLE lines_plain;
		ALTER TABLE order_lines ADD PRIMARY KEY (id), ADD FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE ON UPDATE CASCADE;
		CREATE INDEX ON order_lines (order_id);
		COMMIT`
)

// partitionShop partitions two tables of the shop. Before PostgreSQL 15 an UPDATE that moves a row to another partition
// deletes what refers to it.
func (c *clusters) partitionShop(conn *pgx.Conn) {
	c.t.Helper()
	statements := []string{partitionLines}
	if pgtest.ServerVersion(c.t, conn) >= 15 && pgtest.ServerVersion(c.t, pgtest.Connect(c.t, c.to)) >= 15 {
		statements = append(statements, partitionOrders)
	}
	for _, sql := range statements {
		_, err := conn.Exec(c.t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
		require.NoError(c.t, err)
	}
}

// TestLaw6AcrossPartitionsThereAndBackAndThere moves partitioned tables, and foreign keys between
// them, with a bigint conversion under traffic that moves rows between partitions; back with every write made since, and there again.
func TestLaw6AcrossPartitionsThereAndBackAndThere(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	load := c.partitionedShop(5000)
	await(t, load, 100)
	run := append([]string{"run", "--strategy=logical", "--alter", "ALTER id TYPE bigint"}, shopTables...)
	c.must(run...)
	numbers := await(t, load, 300)
	t.Logf("%d transactions moved, refused for at most %s", numbers.Moves, numbers.Refused)
	c.must(append([]string{"verify"}, shopTables...)...)
	c.must(append([]string{"revert-swap", "--yes"}, shopTables...)...)
	await(t, load, 300)
	c.must(append([]string{"swap"}, shopTables...)...)
	await(t, load, 300)
	c.must(append([]string{"cleanup", "--yes"}, shopTables...)...)
	await(t, load, 50)
	settleUp(t, load, c.to)
	c.requireNoTraces()
	target := pgtest.Connect(t, c.to)
	require.Equal(t, pgtest.Rows(t, pgtest.Connect(t, c.from), `SELECT inhparent::regclass, inhrelid::regclass, pg_get_expr(relpartbound, oid)
		FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relkind = 'r' ORDER BY inhrelid::regclass::text`), pgtest.Rows(t, target,
		`SELECT inhparent::regclass, inhrelid::regclass, pg_get_expr(relpartbound, oid) FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relkind = 'r' ORDER BY inhrelid::regclass::text`))
}

// TestLaw4AcrossPartitionsKilled: kill -9 of the program while partitioned tables are moved, in the stages that differ for them.
func TestLaw4AcrossPartitionsKilled(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	load := c.partitionedShop(10_000)
	random, _ := newRand(t)
	run := append([]string{"run", "--strategy=logical", "--alter", "ALTER id TYPE bigint"}, shopTables...)
	back := append([]string{"revert-swap", "--yes"}, shopTables...)
	kill := func(cmd *exec.Cmd) { require.NoError(t, cmd.Process.Kill()) }
	c.tormentIn(load, random, kill, run, back, []string{"backfill", "sync_schema", "swap"})
	settleUp(t, load, c.to)
	c.requireNoTraces()
}
