package traffic

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
)

// An action is what one transaction does.
type action func(context.Context, *tx) error

// A weighted action is done that often in a hundred.
type weighted struct {
	weight int
	do     action
}

var (
	writeActions = []weighted{
		{30, updateOrder},
		{20, insertOrder},
		{8, deleteOrder},
		{6, moveOrder},
		{6, replaceOrder},
		{4, handOver},
		{8, manySteps},
		{14, readOrder},
		{4, readCustomer},
	}
	readActions = []weighted{{60, readCustomer}, {40, readCounts}}
)

func pick(random *rand.Rand, actions []weighted) action {
	sum := 0
	for _, a := range actions {
		sum += a.weight
	}
	n := random.IntN(sum)
	for _, a := range actions {
		if n -= a.weight; n < 0 {
			return a.do
		}
	}
	return actions[0].do
}

// updateOrder changes an order.
func updateOrder(ctx context.Context, t *tx) error {
	id, ok := t.anOrder()
	if !ok {
		return nil
	}
	o := t.get(id)
	o.cents, o.status = t.w.random.Int64N(1_000_000), "paid"
	o.note = fmt.Sprintf("w%d %d", t.w.number, t.w.random.Int64())
	t.effects[id] = o
	return t.hit(ctx, `UPDATE {orders} SET total = $2::bigint / 100.0, status = $3, note = $4 WHERE id = $1`,
		id, o.cents, o.status, o.note)
}

// insertOrder adds an order and its lines.
func insertOrder(ctx context.Context, t *tx) error {
	o := order{
		customer: 1 + t.w.random.Int64N(customersOf(t.w.config.Rows)), status: "new",
		ref:   fmt.Sprintf("W%d-%d", t.w.number, t.w.random.Int64()),
		cents: t.w.random.Int64N(100_000), note: "inserted",
	}
	var id int64
	err := t.row(ctx, `INSERT INTO {orders} (customer_id, ref, total, note) VALUES ($1, $2, $3::bigint / 100.0, $4) RETURNING id`,
		[]any{o.customer, o.ref, o.cents, o.note}, &id)
	if err != nil {
		return err
	}
	for range t.w.random.IntN(3) {
		quantity := 1 + t.w.random.Int64N(9)
		o.lines, o.quantity = o.lines+1, o.quantity+quantity
		if err := t.hit(ctx, `INSERT INTO {lines} (order_id, product, quantity) VALUES ($1, 7, $2)`, id, quantity); err != nil {
			return err
		}
	}
	t.effects[id] = o
	t.added = append(t.added, id)
	return nil
}

// deleteOrder deletes an order; its lines follow.
func deleteOrder(ctx context.Context, t *tx) error {
	id, ok := t.anOrder()
	if !ok {
		return nil
	}
	t.effects[id] = order{gone: true}
	return t.hit(ctx, `DELETE FROM {orders} WHERE id = $1`, id)
}

// moveOrder gives an order another key; its lines follow.
func moveOrder(ctx context.Context, t *tx) error {
	id, ok := t.anOrder()
	if !ok || t.w.given >= ownRange {
		return nil
	}
	t.w.given++
	to := firstOwn + int64(t.w.number)*ownRange + t.w.given
	t.effects[to] = t.get(id)
	t.effects[id] = order{gone: true}
	t.added = append(t.added, to)
	return t.hit(ctx, `UPDATE {orders} SET id = $2 WHERE id = $1`, id, to)
}

// replaceOrder deletes an order and inserts another under the same key.
func replaceOrder(ctx context.Context, t *tx) error {
	id, ok := t.anOrder()
	if !ok {
		return nil
	}
	o := t.get(id)
	o.lines, o.quantity, o.cents, o.note = 0, 0, t.w.random.Int64N(1000), "replaced"
	t.effects[id] = o
	if err := t.hit(ctx, `DELETE FROM {orders} WHERE id = $1`, id); err != nil {
		return err
	}
	return t.hit(ctx, `INSERT INTO {orders} (id, customer_id, ref, status, total, note) VALUES ($1, $2, $3, $4, $5::bigint / 100.0, $6)`,
		id, o.customer, o.ref, o.status, o.cents, o.note)
}

// handOver swaps a unique value between two orders.
func handOver(ctx context.Context, t *tx) error {
	a, ok := t.anOrder()
	b, too := t.anOrder()
	if !ok || !too || a == b {
		return nil
	}
	first, second := t.get(a), t.get(b)
	first.ref, second.ref = second.ref, first.ref
	t.effects[a], t.effects[b] = first, second
	const set = `UPDATE {orders} SET ref = $2 WHERE id = $1`
	if err := t.hit(ctx, set, a, "tmp"+strconv.Itoa(t.w.number)); err != nil {
		return err
	}
	if err := t.hit(ctx, set, b, second.ref); err != nil {
		return err
	}
	return t.hit(ctx, set, a, first.ref)
}

// manySteps changes several orders, one of them in vain.
func manySteps(ctx context.Context, t *tx) error {
	if err := updateOrder(ctx, t); err != nil {
		return err
	}
	if id, ok := t.anOrder(); ok {
		for _, step := range []string{
			`SAVEPOINT s`, `UPDATE {orders} SET note = 'in vain' WHERE id = $1`, `ROLLBACK TO SAVEPOINT s`,
		} {
			var args []any
			if step[0] == 'U' {
				args = []any{id}
			}
			if _, err := t.exec(ctx, step, args...); err != nil {
				return err
			}
		}
	}
	if err := insertOrder(ctx, t); err != nil {
		return err
	}
	return updateOrder(ctx, t)
}

// readOrder reads an order, which must be what was committed last.
func readOrder(ctx context.Context, t *tx) error {
	id, ok := t.anOrder()
	if !ok {
		return nil
	}
	want, got := t.get(id), order{}
	err := t.row(ctx, `SELECT o.customer_id, o.ref, o.status, (o.total * 100)::bigint, coalesce(o.note, ''), count(l.id),
			coalesce(sum(l.quantity), 0)::bigint
		FROM {orders} o LEFT JOIN {lines} l ON l.order_id = o.id WHERE o.id = $1 GROUP BY o.id`,
		[]any{id}, &got.customer, &got.ref, &got.status, &got.cents, &got.note, &got.lines, &got.quantity)
	if err == nil && got != want {
		return fmt.Errorf("read order %d as %+v, should be %+v", id, got, want)
	}
	return err
}

// readCustomer lists a customer's orders.
func readCustomer(ctx context.Context, t *tx) error {
	var name string
	var orders, cents int64
	return t.row(ctx, `SELECT c.name, count(o.id), coalesce(sum(o.total * 100), 0)::bigint
		FROM {customers} c LEFT JOIN {orders} o ON o.customer_id = c.id WHERE c.id = $1 GROUP BY c.id`,
		[]any{1 + t.w.random.Int64N(customersOf(t.w.config.Rows))}, &name, &orders, &cents)
}

// readCounts counts twice in one transaction.
func readCounts(ctx context.Context, t *tx) error {
	for range 2 {
		var n int64
		err := t.row(ctx, `SELECT count(*) FROM {orders} WHERE created_at > now() - interval '1 minute' AND created_at <= now()`,
			nil, &n)
		if err != nil {
			return err
		}
	}
	return nil
}
