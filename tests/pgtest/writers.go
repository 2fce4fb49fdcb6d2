package pgtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// WritersTable makes the tables that Writers write to: parent (the one to
// rewrite), with a unique value that moves between rows, and three kinds of
// children.
const WritersTable = `
CREATE TABLE parent (id int PRIMARY KEY, tag text NOT NULL UNIQUE, owner int NOT NULL, n int NOT NULL DEFAULT 0, pad text);
CREATE TABLE child_cascade (id bigserial PRIMARY KEY, parent_id int NOT NULL REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE child_null (id bigserial PRIMARY KEY, parent_id int REFERENCES parent ON DELETE SET NULL ON UPDATE CASCADE);
CREATE TABLE child_strict (id bigserial PRIMARY KEY, parent_id int NOT NULL REFERENCES parent ON UPDATE CASCADE);
CREATE INDEX ON child_cascade (parent_id);
CREATE INDEX ON child_null (parent_id);
CREATE INDEX ON child_strict (parent_id);
`

// keysPerWriter is how many keys a writer may use; they are its own.
const keysPerWriter = 1000

// Levels are the isolation levels that writers take turns with.
var Levels = []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable}

// Writers write to the tables of WritersTable until stopped, each on keys of
// its own, and remember what they committed.
type Writers struct {
	Seed    uint64
	cancel  context.CancelFunc
	group   sync.WaitGroup
	mu      sync.Mutex
	errs    []string
	ledgers []*ledger
	longest time.Duration
	done    int
	retries int
	dsn     string // to connect again to after an outage; "" if there must be none
	outages int
	pause   atomic.Int64 // after each transaction
}

// Slow makes the writers pause after each transaction, as applications do.
func (w *Writers) Slow(pause time.Duration) { w.pause.Store(int64(pause)) }

type row struct {
	tag string
	n   int
}

// A ledger is what one writer has committed.
type ledger struct {
	owner int
	rows  map[int]row
	tags  []string // free ones
}

func (l *ledger) clone() *ledger {
	c := &ledger{owner: l.owner, rows: map[int]row{}, tags: append([]string{}, l.tags...)}
	for k, v := range l.rows {
		c.rows[k] = v
	}
	return c
}

// StartWriters starts n writers, at the isolation levels of levels in turn. The
// seed is printed; REPAVE_SEED replays one.
func StartWriters(t *testing.T, dsn string, seed uint64, n int, levels []pgx.TxIsoLevel) *Writers {
	t.Helper()
	return startWriters(t, dsn, seed, n, levels, false)
}

// StartStubbornWriters is StartWriters on a server that may go down: they
// connect again, look whether their last transaction was committed, and go on.
func StartStubbornWriters(t *testing.T, dsn string, seed uint64, n int, levels []pgx.TxIsoLevel) *Writers {
	t.Helper()
	return startWriters(t, dsn, seed, n, levels, true)
}

func startWriters(t *testing.T, dsn string, seed uint64, n int, levels []pgx.TxIsoLevel, stubborn bool) *Writers {
	t.Helper()
	t.Logf("writers' seed: %d", seed)
	ctx, cancel := context.WithCancel(context.Background())
	w := &Writers{Seed: seed, cancel: cancel}
	if stubborn {
		w.dsn = dsn
	}
	for i := range n {
		l := &ledger{owner: i + 1, rows: map[int]row{}}
		for j := range keysPerWriter {
			l.tags = append(l.tags, fmt.Sprintf("tag-%d-%d", i+1, j))
		}
		w.ledgers = append(w.ledgers, l)
	}
	for i := range n {
		conn := Connect(t, dsn, "SET application_name = 'writer'")
		w.group.Add(1)
		go w.run(ctx, conn, i, levels[i%len(levels)], rand.New(rand.NewPCG(seed, uint64(i))))
	}
	t.Cleanup(func() { cancel(); w.group.Wait() })
	return w
}

func (w *Writers) run(ctx context.Context, conn *pgx.Conn, i int, level pgx.TxIsoLevel, r *rand.Rand) {
	defer w.group.Done()
	defer func() {
		if conn != nil {
			_ = conn.Close(context.WithoutCancel(ctx)) // after an outage it is one that nobody else knows
		}
	}()
	for ctx.Err() == nil {
		if pause := time.Duration(w.pause.Load()); pause > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
		plan := w.ledgers[i].clone()
		began := time.Now()
		err := w.transaction(context.WithoutCancel(ctx), conn, level, plan, r) // one that has begun is finished
		took := time.Since(began)
		if err != nil && conn.IsClosed() && w.dsn != "" {
			if conn = w.reconnect(context.WithoutCancel(ctx), i, plan); conn == nil {
				return
			}
			continue
		}
		w.mu.Lock()
		var pgErr *pgconn.PgError
		switch {
		case err == nil:
			w.ledgers[i] = plan
			w.done++
		case level != pgx.ReadCommitted && errors.As(err, &pgErr) && pgErr.Code == "40001":
			w.retries++
		default:
			w.errs = append(w.errs, fmt.Sprintf("writer %d at %s: %v", i+1, level, err))
		}
		w.longest = max(w.longest, took)
		w.mu.Unlock()
		if err != nil && conn.IsClosed() {
			return
		}
	}
}

// reconnect connects again after an outage and finds out whether the transaction
// that was under way, which led to plan, was committed.
func (w *Writers) reconnect(ctx context.Context, i int, plan *ledger) *pgx.Conn {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		conn, err := pgx.Connect(ctx, w.dsn)
		var got map[int]row
		if err == nil {
			_, err = conn.Exec(ctx, "SET application_name = 'writer'")
		}
		if err == nil {
			got, err = rowsOf(ctx, conn, plan.owner)
		}
		if err == nil {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.outages++
			switch {
			case maps.Equal(got, plan.rows):
				w.ledgers[i] = plan
			case !maps.Equal(got, w.ledgers[i].rows):
				w.errs = append(w.errs, fmt.Sprintf("writer %d: after an outage the rows are neither as before nor as after its last transaction", i+1))
			}
			return conn
		}
		if conn != nil {
			_ = conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			w.mu.Lock()
			defer w.mu.Unlock()
			w.errs = append(w.errs, fmt.Sprintf("writer %d: connecting again: %v", i+1, err))
			return nil
		case <-ticker.C:
		}
	}
}

// rowsOf reads what a writer has in the table.
func rowsOf(ctx context.Context, conn *pgx.Conn, owner int) (map[int]row, error) {
	rows, err := conn.Query(ctx, `SELECT id::int, tag, n FROM parent WHERE owner = $1`, pgx.QueryExecModeDescribeExec, owner)
	if err != nil {
		return nil, err
	}
	got := map[int]row{}
	var id, n int
	var tag string
	_, err = pgx.ForEachRow(rows, []any{&id, &tag, &n}, func() error {
		got[id] = row{tag: tag, n: n}
		return nil
	})
	return got, err
}

// transaction does one to four random things to the writer's rows and follows
// in plan.
func (w *Writers) transaction(ctx context.Context, conn *pgx.Conn, level pgx.TxIsoLevel, plan *ledger, r *rand.Rand) error {
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
		for range 1 + r.IntN(4) {
			if err := step(ctx, tx, plan, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// step is one random change.
func step(ctx context.Context, tx pgx.Tx, l *ledger, r *rand.Rand) error {
	exec := func(sql string, args ...any) error {
		tag, err := tx.Exec(ctx, sql, args...)
		if err == nil && tag.RowsAffected() == 0 {
			err = fmt.Errorf("no row touched by %s %v", sql, args)
		}
		return err
	}
	key := func() (int, bool) {
		for k := range l.rows {
			return k, true
		}
		return 0, false
	}
	k, found := key()
	switch op := r.IntN(40); {
	case !found || op < 8:
		fresh := l.owner*keysPerWriter*1000 + r.IntN(keysPerWriter)
		if _, taken := l.rows[fresh]; taken {
			return nil
		}
		tag := l.tags[0]
		l.tags = l.tags[1:]
		l.rows[fresh] = row{tag: tag}
		if err := exec(`INSERT INTO parent (id, tag, owner) VALUES ($1, $2, $3)`, fresh, tag, l.owner); err != nil {
			return err
		}
		return exec([]string{
			`INSERT INTO child_cascade (parent_id) VALUES ($1)`, `INSERT INTO child_null (parent_id) VALUES ($1)`,
		}[r.IntN(2)], fresh)
	case op < 18:
		v := l.rows[k]
		v.n++
		l.rows[k] = v
		return exec(`UPDATE parent SET n = n + 1 WHERE id = $1`, k)
	case op < 23:
		l.tags = append(l.tags, l.rows[k].tag)
		delete(l.rows, k)
		return exec(`DELETE FROM parent WHERE id = $1`, k)
	case op < 27: // key change; children follow by ON UPDATE CASCADE
		fresh := l.owner*keysPerWriter*1000 + r.IntN(keysPerWriter)
		if _, taken := l.rows[fresh]; taken {
			return nil
		}
		l.rows[fresh] = l.rows[k]
		delete(l.rows, k)
		return exec(`UPDATE parent SET id = $2 WHERE id = $1`, k, fresh)
	case op < 31: // delete and insert again
		v := row{tag: l.rows[k].tag, n: 1000}
		l.rows[k] = v
		if err := exec(`DELETE FROM parent WHERE id = $1`, k); err != nil {
			return err
		}
		return exec(`INSERT INTO parent (id, tag, owner, n) VALUES ($1, $2, $3, 1000)`, k, v.tag, l.owner)
	case op < 36: // a unique value moves from one row to another
		return handOver(exec, l, k)
	case op < 39: // a savepoint that is rolled back
		if _, err := tx.Exec(ctx, `SAVEPOINT s`); err != nil {
			return err
		}
		if err := exec(`UPDATE parent SET n = -1, tag = 'rolled back ' || id WHERE id = $1`, k); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `ROLLBACK TO SAVEPOINT s`)
		return err
	default: // many rows at once
		for id, v := range l.rows {
			v.n++
			l.rows[id] = v
		}
		return exec(`UPDATE parent SET n = n + 1 WHERE owner = $1`, l.owner)
	}
}

// handOver gives one row's tag to another, which gives up its own.
func handOver(exec func(string, ...any) error, l *ledger, from int) error {
	for to := range l.rows {
		if to == from {
			continue
		}
		a, b, free := l.rows[from], l.rows[to], l.tags[0]
		l.tags = append(l.tags[1:], b.tag)
		b.tag, a.tag = a.tag, free
		l.rows[from], l.rows[to] = a, b
		if err := exec(`UPDATE parent SET tag = $2 WHERE id = $1`, from, free); err != nil {
			return err
		}
		return exec(`UPDATE parent SET tag = $2 WHERE id = $1`, to, b.tag)
	}
	return nil
}

// Done is how many transactions have been committed.
func (w *Writers) Done() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.done
}

// Await waits until n more transactions have been committed.
func (w *Writers) Await(t *testing.T, n int) {
	t.Helper()
	want := w.Done() + n
	require.Eventually(t, func() bool { return w.Done() >= want }, time.Minute, 5*time.Millisecond,
		"writers stand still")
}

// Stop ends the writers and requires that no statement failed and that the
// table is what they committed, neither more nor less.
func (w *Writers) Stop(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	w.cancel()
	w.group.Wait()
	require.Empty(t, w.errs, "statements failed; seed %d", w.Seed)
	require.NotZero(t, w.done)
	t.Logf("writers: %d transactions, %d serialization failures retried, %d outages, longest %s",
		w.done, w.retries, w.outages, w.longest)
	for _, l := range w.ledgers {
		got, err := rowsOf(t.Context(), conn, l.owner)
		require.NoError(t, err)
		require.Equal(t, l.rows, got, "owner %d; seed %d", l.owner, w.Seed)
	}
}
