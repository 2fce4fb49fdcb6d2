package traffic

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// codeSerializationFailure is what an application at REPEATABLE READ is ready
// to retry; anything else is a failure.
const codeSerializationFailure = "40001"

// codeReadOnly is what it is told where the tables are not, or no more.
const codeReadOnly = "25006"

// A worker is one session of the application.
type worker struct {
	config  Config
	number  int
	writes  bool
	conn    *pgx.Conn
	dsn     string // where it is connected to
	random  *rand.Rand
	numbers meter
	ledger  *ledger
	own     []int64 // keys that it has inserted or given
	given   int64   // keys that it gave itself
}

func newWorker(c Config, number int, conn *pgx.Conn) *worker {
	return &worker{
		config: c, number: number, writes: number < c.Writers, conn: conn, dsn: c.DSN,
		random: rand.New(rand.NewPCG(c.Seed, uint64(number))), //nolint:gosec // to be repeatable
		ledger: newLedger(c.Rows),
	}
}

// loop runs transactions until stopping ends; ctx ends them in the middle.
func (w *worker) loop(ctx, stopping context.Context) {
	for sleep(stopping, w.random, w.config.Pause) {
		actions := readActions
		if w.writes {
			actions = writeActions
		}
		w.transaction(ctx, pick(w.random, actions))
		if w.conn.IsClosed() && !w.reconnect(stopping) {
			return
		}
	}
}

// reconnect opens a new session after one was lost, as an application would.
func (w *worker) reconnect(ctx context.Context) bool {
	for {
		conn, err := connect(ctx, w.config, w.dsn)
		if err == nil {
			w.conn = conn
			return true
		}
		const pause = 50 * time.Millisecond
		if !sleep(ctx, w.random, pause) {
			return false
		}
	}
}

// move connects to the other cluster.
func (w *worker) move(ctx context.Context) bool {
	_ = w.conn.Close(ctx) // of no interest: it has rolled back
	if w.dsn == w.config.DSN {
		w.dsn = w.config.Moves
	} else {
		w.dsn = w.config.DSN
	}
	const pause = 5 * time.Millisecond
	return sleep(ctx, w.random, pause) && w.reconnect(ctx)
}

// transaction runs one, again as long as only others' work is in its way.
func (w *worker) transaction(ctx context.Context, do action) {
	level := pgx.ReadCommitted
	if w.random.IntN(5) == 0 {
		level = pgx.RepeatableRead
	}
	var refused time.Time
	for {
		t := &tx{w: w, effects: map[int64]order{}}
		err := t.run(ctx, level, do)
		var pgErr *pgconn.PgError
		if level == pgx.RepeatableRead && errors.As(err, &pgErr) && pgErr.Code == codeSerializationFailure {
			w.numbers.retried()
			continue
		}
		if w.config.Moves != "" && errors.As(err, &pgErr) && pgErr.Code == codeReadOnly {
			if refused.IsZero() {
				refused = time.Now()
			}
			if w.move(ctx) {
				continue
			}
			return
		}
		if !refused.IsZero() && err == nil {
			w.numbers.moved(time.Since(refused))
		}
		if err != nil && ctx.Err() == nil {
			w.numbers.failed(err.Error())
		}
		return
	}
}

// A tx is one transaction, with what it will have changed once it commits.
type tx struct {
	w       *worker
	effects map[int64]order
	added   []int64
}

func (t *tx) run(ctx context.Context, level pgx.TxIsoLevel, do action) error {
	begin := "BEGIN"
	if level == pgx.RepeatableRead {
		begin = "BEGIN ISOLATION LEVEL REPEATABLE READ"
	}
	if _, err := t.exec(ctx, begin); err != nil {
		return err
	}
	if err := do(ctx, t); err != nil {
		if !t.w.conn.IsClosed() {
			_, _ = t.exec(ctx, "ROLLBACK") // the first error is what counts
		}
		return err
	}
	tag, err := t.exec(ctx, "COMMIT")
	if err == nil && tag.String() != "COMMIT" {
		return fmt.Errorf("COMMIT answered %s", tag)
	}
	if err != nil {
		if pgErr := new(pgconn.PgError); !errors.As(err, &pgErr) {
			for id := range t.effects {
				t.w.ledger.unknown[id] = true
			}
		}
		return err
	}
	maps.Copy(t.w.ledger.orders, t.effects)
	t.w.own = append(t.w.own, t.added...)
	t.w.numbers.committed()
	return nil
}

// timed runs one statement and counts it.
func (t *tx) timed(sql string, do func() error) error {
	began := time.Now()
	err := do()
	if err != nil {
		return fmt.Errorf("%w: %s", err, sql)
	}
	t.w.numbers.statement(sql, time.Since(began))
	return nil
}

func (t *tx) exec(ctx context.Context, sql string, args ...any) (tag pgconn.CommandTag, err error) {
	err = t.timed(sql, func() error {
		tag, err = t.w.conn.Exec(ctx, t.w.config.Tables.sql(sql), args...)
		return err
	})
	return tag, err
}

// hit runs a statement that must touch exactly one row.
func (t *tx) hit(ctx context.Context, sql string, args ...any) error {
	tag, err := t.exec(ctx, sql, args...)
	if err == nil && tag.RowsAffected() != 1 {
		return fmt.Errorf("touched %d rows, should be one: %s %v", tag.RowsAffected(), sql, args)
	}
	return err
}

// row reads one row.
func (t *tx) row(ctx context.Context, sql string, args []any, into ...any) error {
	return t.timed(sql, func() error {
		return t.w.conn.QueryRow(ctx, t.w.config.Tables.sql(sql), args...).Scan(into...)
	})
}

// get is an order as this transaction sees it.
func (t *tx) get(id int64) order {
	if o, ok := t.effects[id]; ok {
		return o
	}
	return t.w.ledger.get(id)
}

// anOrder picks an order of the writer's own that exists; false if it finds none.
func (t *tx) anOrder() (int64, bool) {
	w := t.w
	for range 100 {
		var id int64
		if len(w.own) > 0 && w.random.IntN(3) == 0 {
			id = w.own[w.random.IntN(len(w.own))]
		} else if n := (w.config.Rows - int64(w.number)) / int64(w.config.Writers); n > 0 {
			id = int64(w.number) + 1 + w.random.Int64N(n)*int64(w.config.Writers)
			if id > w.config.Rows {
				continue
			}
		}
		if id != 0 && !w.ledger.unknown[id] && !t.get(id).gone {
			return id, true
		}
	}
	return 0, false
}
