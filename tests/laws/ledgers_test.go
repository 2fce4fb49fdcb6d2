package laws_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// familyTables refer to each other: lines may be inserted before their order,
// and what happens to an order happens to its lines and notes.
const familyTables = `
CREATE TABLE orders (id int PRIMARY KEY, owner int NOT NULL, n int NOT NULL DEFAULT 0,
	up int REFERENCES orders ON DELETE SET NULL ON UPDATE CASCADE);
CREATE TABLE lines (id int PRIMARY KEY, owner int NOT NULL, n int NOT NULL DEFAULT 0,
	order_id int NOT NULL CONSTRAINT "of order" REFERENCES orders ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE notes (id int PRIMARY KEY, owner int NOT NULL,
	line_id int NOT NULL REFERENCES lines ON DELETE CASCADE ON UPDATE CASCADE,
	order_id int NOT NULL REFERENCES orders ON DELETE CASCADE ON UPDATE CASCADE);
CREATE INDEX ON orders (up); CREATE INDEX ON lines (order_id); CREATE INDEX ON notes (line_id); CREATE INDEX ON notes (order_id);
COMMENT ON CONSTRAINT "of order" ON lines IS 'which order';
INSERT INTO orders SELECT -g, 0, g, -g FROM generate_series(1, 2000) g;
INSERT INTO lines SELECT -g, 0, g, -1 - g % 2000 FROM generate_series(1, 4000) g;
INSERT INTO notes SELECT -g, 0, -g, -1 - g % 2000 FROM generate_series(1, 1000) g;
`

// A family is what one writer has committed: rows of the three tables by key.
type family struct {
	owner  int
	orders map[int]int    // n
	lines  map[int][2]int // order, n
	notes  map[int][2]int // line, order
}

func (f family) clone() family {
	return family{f.owner, maps.Clone(f.orders), maps.Clone(f.lines), maps.Clone(f.notes)}
}

// lose takes an order away with all that refers to it, or a line.
func (f family) lose(order, line int) {
	delete(f.orders, order)
	maps.DeleteFunc(f.lines, func(id int, l [2]int) bool { return l[0] == order || id == line })
	maps.DeleteFunc(f.notes, func(_ int, n [2]int) bool { return n[0] == line || n[1] == order || f.lines[n[0]] == [2]int{} })
}

// families are writers to the three tables, each on keys of its own.
type families struct {
	t      *testing.T
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu   sync.Mutex
	all  []family
	done int
	errs []string
}

// startFamilies starts a writer for each isolation level.
func startFamilies(t *testing.T, dsn string, levels ...pgx.TxIsoLevel) *families {
	t.Helper()
	_, seed := newRand(t)
	ctx, cancel := context.WithCancel(context.Background())
	w := &families{t: t, cancel: cancel}
	for i := range levels {
		w.all = append(w.all, family{i + 1, map[int]int{}, map[int][2]int{}, map[int][2]int{}})
	}
	for i, level := range levels {
		conn := pgtest.Connect(t, dsn, "SET application_name = 'writer'")
		w.group.Add(1)
		go w.run(ctx, conn, i, level, rand.New(rand.NewPCG(seed, uint64(i)))) //nolint:gosec // not for secrets
	}
	t.Cleanup(func() { cancel(); w.group.Wait() })
	return w
}

func (w *families) run(ctx context.Context, conn *pgx.Conn, i int, level pgx.TxIsoLevel, r *rand.Rand) {
	defer w.group.Done()
	pace := time.NewTicker(10 * time.Millisecond) // as applications do: without a pause nobody ever gets a lock
	defer pace.Stop()
	for ctx.Err() == nil {
		<-pace.C
		w.mu.Lock()
		plan := w.all[i].clone()
		w.mu.Unlock()
		// One that has begun is finished.
		err := pgx.BeginTxFunc(context.WithoutCancel(ctx), conn, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
			for range 1 + r.IntN(2) {
				if err := plan.step(context.WithoutCancel(ctx), tx, r); err != nil {
					return err
				}
			}
			return nil
		})
		w.mu.Lock()
		switch {
		case err == nil:
			w.all[i] = plan
			w.done++
		case level != pgx.ReadCommitted && sqlState(err) == "40001":
		default:
			w.errs = append(w.errs, fmt.Sprintf("writer %d at %s: %v", i+1, level, err))
		}
		w.mu.Unlock()
	}
}

// step is one random change, and what it does to the ledger.
func (f family) step(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	exec := func(sql string, args ...any) error {
		tag, err := tx.Exec(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...)
		if err == nil && tag.RowsAffected() == 0 {
			err = fmt.Errorf("no row touched by %s %v", sql, args)
		}
		return err
	}
	fresh := func() int { return f.owner*1_000_000 + r.IntN(1_000_000) }
	id, line, note := fresh(), fresh(), fresh()
	if _, taken := f.orders[id]; taken || f.lines[line] != [2]int{} || f.notes[note] != [2]int{} {
		return nil
	}
	addOrder := func() error { return exec(`INSERT INTO orders (id, owner, up) VALUES ($1, $2, $1)`, id, f.owner) }
	addLine := func(order int) error {
		f.lines[line] = [2]int{order, 0}
		return exec(`INSERT INTO lines (id, owner, order_id) VALUES ($1, $2, $3)`, line, f.owner, order)
	}
	ids := slices.Sorted(maps.Keys(f.orders))
	anyLine := slices.Sorted(maps.Keys(f.lines))
	op := r.IntN(20)
	if len(ids) == 0 || len(anyLine) == 0 {
		op = 0
	}
	order := 0
	if op >= 6 {
		order = ids[r.IntN(len(ids))]
	}
	switch {
	case op < 4: // the parent first
		f.orders[id] = 0
		if err := addOrder(); err != nil {
			return err
		}
		return addLine(id)
	case op < 6: // the child first
		f.orders[id] = 0
		if err := addLine(id); err != nil {
			return err
		}
		return addOrder()
	case op < 9:
		return addLine(order)
	case op < 11: // of a line and its order
		of := anyLine[r.IntN(len(anyLine))]
		f.notes[note] = [2]int{of, f.lines[of][0]}
		return exec(`INSERT INTO notes VALUES ($1, $2, $3, $4)`, note, f.owner, of, f.lines[of][0])
	case op < 13:
		f.orders[order]++
		return exec(`UPDATE orders SET n = n + 1 WHERE id = $1`, order)
	case op < 15:
		of := anyLine[r.IntN(len(anyLine))]
		f.lines[of] = [2]int{f.lines[of][0], f.lines[of][1] + 1}
		return exec(`UPDATE lines SET n = n + 1 WHERE id = $1`, of)
	case op < 17: // ON DELETE CASCADE
		f.lose(order, 0)
		return exec(`DELETE FROM orders WHERE id = $1`, order)
	case op < 18:
		of := anyLine[r.IntN(len(anyLine))]
		f.lose(0, of)
		return exec(`DELETE FROM lines WHERE id = $1`, of)
	default: // ON UPDATE CASCADE
		f.orders[id] = f.orders[order]
		delete(f.orders, order)
		for k, l := range f.lines {
			if l[0] == order {
				f.lines[k] = [2]int{id, l[1]}
			}
		}
		for k, n := range f.notes {
			if n[1] == order {
				f.notes[k] = [2]int{n[0], id}
			}
		}
		return exec(`UPDATE orders SET id = $2 WHERE id = $1`, order, id)
	}
}

// await waits until n more transactions have been committed.
func (w *families) await(n int) {
	w.t.Helper()
	count := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.done
	}
	want := count() + n
	require.Eventually(w.t, func() bool { return count() >= want }, time.Minute, 5*time.Millisecond, "writers stand still")
}

// stop ends the writers and requires that no statement failed and that the
// tables hold what they committed.
func (w *families) stop(conn *pgx.Conn) {
	t := w.t
	t.Helper()
	w.cancel()
	w.group.Wait()
	require.Empty(t, w.errs, "statements failed")
	require.NotZero(t, w.done)
	t.Logf("%d transactions", w.done)
	for _, f := range w.all {
		var orders, lines, notes []string
		for _, k := range slices.Sorted(maps.Keys(f.orders)) {
			orders = append(orders, fmt.Sprintf("%d|%d", k, f.orders[k]))
		}
		for _, k := range slices.Sorted(maps.Keys(f.lines)) {
			lines = append(lines, fmt.Sprintf("%d|%d|%d", k, f.lines[k][0], f.lines[k][1]))
		}
		for _, k := range slices.Sorted(maps.Keys(f.notes)) {
			notes = append(notes, fmt.Sprintf("%d|%d|%d", k, f.notes[k][0], f.notes[k][1]))
		}
		require.Equal(t, orders, pgtest.Rows(t, conn, `SELECT id, n FROM orders WHERE owner = $1 ORDER BY id`, f.owner))
		require.Equal(t, lines, pgtest.Rows(t, conn, `SELECT id, order_id, n FROM lines WHERE owner = $1 ORDER BY id`, f.owner))
		require.Equal(t, notes, pgtest.Rows(t, conn, `SELECT id, line_id, order_id FROM notes WHERE owner = $1 ORDER BY id`, f.owner))
	}
	require.Equal(t, 7000, pgtest.Count(t, conn, `SELECT (SELECT count(*) FROM orders WHERE owner = 0 AND n = -id)
		+ (SELECT count(*) FROM lines WHERE owner = 0 AND n = -id AND order_id = -1 - n % 2000)
		+ (SELECT count(*) FROM notes WHERE owner = 0 AND line_id = id AND order_id = -1 + id % 2000)`))
}
