package traffic

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // for something to store, not for security
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Tables are the names of the shop's tables.
type Tables struct {
	Schema     string
	Customers  string
	Orders     string
	OrderLines string
}

func (t Tables) orDefault() Tables {
	t.Schema = cmp.Or(t.Schema, "public")
	t.Customers = cmp.Or(t.Customers, "customers")
	t.Orders = cmp.Or(t.Orders, "orders")
	t.OrderLines = cmp.Or(t.OrderLines, "order_lines")
	return t
}

// sql fills the names into a statement: {customers}, {orders}, {lines} and, as
// they stand, {customers_name} and so on for the names of indexes.
func (t Tables) sql(text string) string {
	quoted := func(name string) string { return pgx.Identifier{t.Schema, name}.Sanitize() }
	bare := func(name string) string { return pgx.Identifier{name}.Sanitize() }
	return strings.NewReplacer(
		"{schema}", bare(t.Schema),
		"{customers}", quoted(t.Customers), "{orders}", quoted(t.Orders), "{lines}", quoted(t.OrderLines),
		"{orders_customer}", bare(t.Orders+"_customer_idx"), "{orders_created}", bare(t.Orders+"_created_idx"),
		"{orders_open}", bare(t.Orders+"_open_idx"), "{lines_order}", bare(t.OrderLines+"_order_idx"),
	).Replace(text)
}

// The rows that Fill makes.
const (
	customerEvery = 20 // orders for each customer
	lineEvery     = 5  // one order in so many has a line
	firstOwn      = 1_000_000_000
	ownRange      = 10_000_000 // of keys that a writer gives itself
)

func customersOf(rows int64) int64 { return max(rows/customerEvery, 10) }

// filled is the order that Fill made under an id.
func filled(id, rows int64) order {
	sum := md5.Sum([]byte(strconv.FormatInt(id, 10))) //nolint:gosec // see above
	o := order{
		customer: 1 + id*7919%customersOf(rows),
		ref:      "R" + strconv.FormatInt(id, 10),
		status:   []string{"new", "paid", "shipped"}[id%3],
		cents:    id % 100_000,
		note:     hex.EncodeToString(sum[:]),
	}
	if id%lineEvery == 0 {
		o.lines, o.quantity = 1, id%7+1
	}
	return o
}

// Fill creates the tables and puts rows orders into them. The schema must exist.
func Fill(ctx context.Context, conn *pgx.Conn, t Tables, rows int64) error {
	t = t.orDefault()
	statements := []string{
		`CREATE TABLE {customers} (
			id serial PRIMARY KEY,
			name text NOT NULL,
			email text NOT NULL UNIQUE
		)`,
		`CREATE TABLE {orders} (
			id serial NOT NULL,
			customer_id integer NOT NULL,
			ref text NOT NULL,
			status text NOT NULL DEFAULT 'new',
			total numeric(12,2) NOT NULL DEFAULT 0,
			note text,
			created_at timestamptz NOT NULL DEFAULT now(),
			CHECK (total >= 0)
		)`,
		`CREATE TABLE {lines} (
			id bigserial NOT NULL,
			order_id integer NOT NULL,
			product integer NOT NULL,
			quantity integer NOT NULL CHECK (quantity > 0)
		)`,
		fmt.Sprintf(`INSERT INTO {customers} (name, email)
			SELECT 'customer ' || n, 'c' || n || '@example.com' FROM generate_series(1, %d) AS n`, customersOf(rows)),
		fmt.Sprintf(`INSERT INTO {orders} (customer_id, ref, status, total, note, created_at)
			SELECT 1 + n * 7919 %% %d, 'R' || n, (ARRAY['new', 'paid', 'shipped'])[n %% 3 + 1],
				(n %% 100000) / 100.0, md5(n::text), timestamptz '2020-01-01' + n * interval '1 minute'
			FROM generate_series(1, %d::bigint) AS n`, customersOf(rows), rows),
		fmt.Sprintf(`INSERT INTO {lines} (order_id, product, quantity)
			SELECT n * %d, n %% 1000, n * %[1]d %% 7 + 1 FROM generate_series(1, %d::bigint) AS n`, lineEvery, rows/lineEvery),
		`ALTER TABLE {orders} ADD PRIMARY KEY (id)`,
		`ALTER TABLE {orders} ADD UNIQUE (ref)`,
		`CREATE INDEX {orders_customer} ON {orders} (customer_id, created_at)`,
		`CREATE INDEX {orders_created} ON {orders} (created_at)`,
		`CREATE INDEX {orders_open} ON {orders} (customer_id) WHERE status = 'new'`,
		`ALTER TABLE {orders} ADD FOREIGN KEY (customer_id) REFERENCES {customers}`,
		`ALTER TABLE {lines} ADD PRIMARY KEY (id)`,
		`CREATE INDEX {lines_order} ON {lines} (order_id)`,
		`ALTER TABLE {lines} ADD FOREIGN KEY (order_id) REFERENCES {orders} ON DELETE CASCADE ON UPDATE CASCADE`,
		`VACUUM (ANALYZE) {customers}, {orders}, {lines}`,
	}
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, t.sql(statement)); err != nil {
			return fmt.Errorf("filling the tables: %w", err)
		}
	}
	return nil
}
