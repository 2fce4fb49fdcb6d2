package traffic

import (
	"context"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"
)

// An order is what the tables hold, or should, under one id.
type order struct {
	gone     bool
	customer int64
	ref      string
	status   string
	cents    int64
	note     string
	lines    int64
	quantity int64 // of all lines
}

// A ledger is what one writer has committed. Keys that it has not touched are
// as Fill made them.
type ledger struct {
	rows    int64
	orders  map[int64]order
	unknown map[int64]bool // the answer to a COMMIT was lost
}

func newLedger(rows int64) *ledger {
	return &ledger{rows: rows, orders: map[int64]order{}, unknown: map[int64]bool{}}
}

func (l *ledger) get(id int64) order {
	if o, ok := l.orders[id]; ok {
		return o
	}
	if id >= 1 && id <= l.rows {
		return filled(id, l.rows)
	}
	return order{gone: true}
}

// A Verdict is the result of a comparison of the ledger with the tables.
type Verdict struct {
	Rows        int64    // compared
	Touched     int64    // of these, written by traffic; deleted ones count
	Unknown     int64    // left out: nobody knows whether they were committed
	Differences []string // none if all is well
}

const mostDifferences = 20

// Check compares every row of the tables with the ledger. Stop comes first.
func (l *Load) Check(ctx context.Context, conn *pgx.Conn) (Verdict, error) {
	expected := newLedger(l.config.Rows)
	for _, w := range l.workers {
		maps.Copy(expected.orders, w.ledger.orders)
		maps.Copy(expected.unknown, w.ledger.unknown)
	}
	v := Verdict{Touched: int64(len(expected.orders)), Unknown: int64(len(expected.unknown))}
	differ := func(format string, args ...any) {
		if len(v.Differences) < mostDifferences {
			v.Differences = append(v.Differences, fmt.Sprintf(format, args...))
		}
	}
	seen := map[int64]bool{} // of the touched ones
	filledSeen := int64(0)
	rows, err := conn.Query(ctx, l.config.Tables.sql(`SELECT o.id, o.customer_id, o.ref, o.status, (o.total * 100)::bigint,
			coalesce(o.note, ''), coalesce(l.lines, 0), coalesce(l.quantity, 0)::bigint
		FROM {orders} o
		LEFT JOIN (SELECT order_id, count(*) AS lines, sum(quantity) AS quantity FROM {lines} GROUP BY order_id) l
			ON l.order_id = o.id`))
	if err != nil {
		return v, fmt.Errorf("comparing the ledger: %w", err)
	}
	var id int64
	var got order
	_, err = pgx.ForEachRow(rows, []any{
		&id, &got.customer, &got.ref, &got.status, &got.cents, &got.note, &got.lines, &got.quantity,
	}, func() error {
		v.Rows++
		_, touched := expected.orders[id]
		switch {
		case expected.unknown[id]:
		case seen[id]:
			differ("order %d is there twice", id)
		case expected.get(id).gone:
			differ("order %d should not be there", id)
		case got != expected.get(id):
			differ("order %d is %+v, should be %+v", id, got, expected.get(id))
		}
		if touched || expected.unknown[id] {
			seen[id] = true
		} else {
			filledSeen++
		}
		return nil
	})
	if err != nil {
		return v, fmt.Errorf("comparing the ledger: %w", err)
	}
	l.missing(expected, seen, filledSeen, differ)
	return v, l.orphans(ctx, conn, differ)
}

// missing finds what is in the ledger and not in the table.
func (l *Load) missing(expected *ledger, seen map[int64]bool, filledSeen int64, differ func(string, ...any)) {
	untouched := l.config.Rows
	for id, o := range expected.orders {
		if id >= 1 && id <= l.config.Rows {
			untouched--
		}
		if !o.gone && !seen[id] && !expected.unknown[id] {
			differ("order %d is missing, should be %+v", id, o)
		}
	}
	for id := range expected.unknown {
		if _, too := expected.orders[id]; !too && id >= 1 && id <= l.config.Rows {
			untouched--
		}
	}
	if filledSeen != untouched {
		differ("%d orders were never touched, %d of them are there", untouched, filledSeen)
	}
}

// orphans finds lines whose order is gone.
func (l *Load) orphans(ctx context.Context, conn *pgx.Conn, differ func(string, ...any)) error {
	var orphans int64
	err := conn.QueryRow(ctx, l.config.Tables.sql(
		`SELECT count(*) FROM {lines} l WHERE NOT EXISTS (SELECT FROM {orders} o WHERE o.id = l.order_id)`)).Scan(&orphans)
	if err != nil {
		return fmt.Errorf("comparing the ledger: %w", err)
	}
	if orphans > 0 {
		differ("%d order lines have no order", orphans)
	}
	return nil
}
