package samples

import (
	"context"
	_ "embed"
	"math/rand/v2"
	"slices"

	"github.com/jackc/pgx/v5"
)

//go:embed webshop.sql
var webShopSQL string

// webShop sells things: audit and statement triggers, partial indexes, jsonb,
// identities, publications, statistics objects.
func webShop() Sample {
	return Sample{
		Name: "web shop", SQL: webShopSQL, Schema: "Web Shop",
		Tables: []string{"orders", "products"}, Together: []string{"orders", "order_lines", "products"},
		Widened: `\.(id|order_id|line): type: (integer|smallint) -> bigint$|^. sequence "Web Shop"\.\w+_seq: (type|max): `,
		Actions: []Action{order, order, order, ship, cancel, restock, reprice, look},
		Rules: []string{
			`SELECT p.id, stock, m.moved FROM "Web Shop".products p JOIN (SELECT product_id, sum(delta) AS moved FROM "Web Shop".stock_moves GROUP BY 1) m ON m.product_id = p.id WHERE stock <> m.moved`,
			`SELECT o.id, total, l.amount FROM "Web Shop".orders o LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM "Web Shop".order_lines GROUP BY 1) l ON l.order_id = o.id WHERE total <> coalesce(l.amount, 0)`,
			`SELECT * FROM (SELECT count(*) FILTER (WHERE what = 'INSERT') - count(*) FILTER (WHERE what = 'DELETE') AS n FROM "Web Shop".audit WHERE table_name = 'orders') a, (SELECT count(*) AS n FROM "Web Shop".orders) o WHERE a.n <> o.n`,
			`SELECT o.id FROM "Web Shop".orders o JOIN LATERAL (SELECT "is" FROM "Web Shop".audit WHERE table_name = 'orders' AND row_id = o.id ORDER BY audit.id DESC LIMIT 1) a ON true WHERE (a."is" ->> 'status', a."is" ->> 'total') IS DISTINCT FROM (o.status, o.total::text)`,
			`SELECT * FROM (SELECT sum(orders_placed) AS n FROM "Web Shop".customers) c, (SELECT count(*) AS n FROM "Web Shop".orders WHERE id > 6000 AND status <> 'cancelled') o WHERE c.n <> o.n`,
			`SELECT count(*) FROM "Web Shop".open_orders HAVING count(*) <> (SELECT count(*) FROM "Web Shop".orders WHERE status = 'open')`,
			`SELECT sum(sold) FROM "Web Shop".best_sellers HAVING sum(sold) <> (SELECT sum(quantity) FROM "Web Shop".order_lines)`,
		},
	}
}

// order places an order of up to three products.
func order(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	var id int64
	customer := 1 + r.IntN(1000)
	if _, err := get(ctx, tx, []any{&id}, `INSERT INTO "Web Shop".orders (customer_id, note) VALUES ($1, '{"gift": true}') RETURNING id::bigint`, customer); err != nil {
		return err
	}
	products := r.Perm(500)[:1+r.IntN(3)]
	slices.Sort(products) // so that no two orders wait for each other
	for i, p := range products {
		if err := touch(ctx, tx, `UPDATE "Web Shop".products SET stock = stock - 2 WHERE id = $1`, p+1); err != nil {
			return err
		}
		err := exec(ctx, tx, `INSERT INTO "Web Shop".order_lines (order_id, line, product_id, quantity, price) SELECT $1, $2, id, 2, price FROM "Web Shop".products WHERE id = $3`, id, i+1, p+1)
		if err != nil {
			return err
		}
	}
	return touch(ctx, tx, `UPDATE "Web Shop".customers SET orders_placed = orders_placed + 1 WHERE id = $1`, customer)
}

// ship sends off an order that is open.
func ship(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	return exec(ctx, tx, `UPDATE "Web Shop".orders SET status = $1 WHERE id = (SELECT id FROM "Web Shop".orders WHERE status = 'open' LIMIT 1 FOR UPDATE SKIP LOCKED)`,
		[]string{"paid", "shipped"}[r.IntN(2)])
}

// cancel drops an open order, or part of it, and puts back what it had taken.
func cancel(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	var id, customer int64
	found, err := get(ctx, tx, []any{&id, &customer}, `SELECT id::bigint, customer_id::bigint FROM "Web Shop".orders WHERE status = 'open' ORDER BY id DESC LIMIT 1 FOR UPDATE SKIP LOCKED`)
	if err != nil || !found {
		return err
	}
	// One statement for each product, in their order, as orders take them.
	rows, err := tx.Query(ctx, `SELECT product_id::bigint FROM "Web Shop".order_lines WHERE order_id = $1 ORDER BY 1`, plainly([]any{id})...)
	if err != nil {
		return err
	}
	products, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	for _, p := range products {
		if err := touch(ctx, tx, `UPDATE "Web Shop".products SET stock = stock + 2 WHERE id = $1`, p); err != nil {
			return err
		}
	}
	end := []string{`DELETE FROM "Web Shop".orders WHERE id = $1`, `WITH l AS (DELETE FROM "Web Shop".order_lines WHERE order_id = $1) UPDATE "Web Shop".orders SET status = 'cancelled' WHERE id = $1`}
	if err := touch(ctx, tx, end[r.IntN(2)], id); err != nil {
		return err
	}
	return touch(ctx, tx, `UPDATE "Web Shop".customers SET orders_placed = orders_placed - 1 WHERE id = $1`, customer)
}

// restock adds to the stock of one product.
func restock(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	return touch(ctx, tx, `UPDATE "Web Shop".products SET stock = stock + 10, attributes = attributes || '{"seen": true}' WHERE id = $1`, 1+r.IntN(500))
}

// reprice changes a price through the view.
func reprice(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	return touch(ctx, tx, `UPDATE "Web Shop".catalogue SET price = $2 WHERE id = $1`, 1+r.IntN(500), r.IntN(100))
}

// look reads a customer and what is for sale.
func look(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	var n int64
	sql := `SELECT count(*) FROM "Web Shop".customers c, "Web Shop".catalogue p WHERE lower(email) = $1 AND p.sku = 'sku-7' AND c.profile @> '{"tags": ["a"]}'`
	if _, err := get(ctx, tx, []any{&n}, sql, "c"+itoa(1+r.IntN(1000))+"@example.org"); err != nil {
		return err
	}
	if n != 1 {
		return errLacking(sql)
	}
	return nil
}
