package random

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// perWriter is how many numbers a writer has for its own.
const perWriter = 7000

// pace is how long a writer pauses between two transactions, as applications do.
const pace = 5 * time.Millisecond

// A Writer writes to a Case's table until its context ends, rows of numbers of
// its own, so that no statement has a reason to fail.
type Writer struct {
	Level pgx.TxIsoLevel

	traffic Traffic
	next    int
	rows    map[int]int // number of the key -> that of the other unique values
	r       *rand.Rand

	mu       sync.Mutex
	done     int
	problems []string
}

// NewWriter makes the writer number i.
func NewWriter(c Case, i int, level pgx.TxIsoLevel, seed uint64) *Writer {
	return &Writer{
		Level: level, traffic: c.Traffic, next: i * perWriter, rows: map[int]int{},
		r: rand.New(rand.NewPCG(seed, uint64(i))), //nolint:gosec // not for secrets
	}
}

// Done is how many transactions were committed.
func (w *Writer) Done() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.done
}

// Problems are the statements that failed.
func (w *Writer) Problems() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.problems
}

// Run writes until ctx ends; a transaction that has begun is finished.
func (w *Writer) Run(ctx context.Context, conn *pgx.Conn) {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	work := context.WithoutCancel(ctx)
	for ctx.Err() == nil && len(w.Problems()) < 3 {
		<-ticker.C
		plan := map[int]int{}
		for k, v := range w.rows {
			plan[k] = v
		}
		err := pgx.BeginTxFunc(work, conn, pgx.TxOptions{IsoLevel: w.Level}, func(tx pgx.Tx) error {
			for range 1 + w.r.IntN(3) {
				if err := w.step(work, tx, plan); err != nil {
					return err
				}
			}
			return nil
		})
		var pgErr *pgconn.PgError
		w.mu.Lock()
		switch {
		case err == nil:
			w.rows = plan
			w.done++
		case w.Level != pgx.ReadCommitted && errors.As(err, &pgErr) && pgErr.Code == "40001":
		default:
			w.problems = append(w.problems, fmt.Sprintf("at %s: %v", w.Level, err))
		}
		w.mu.Unlock()
	}
}

func (w *Writer) fresh() int {
	w.next++
	return w.next
}

// step is one random thing that applications do.
func (w *Writer) step(ctx context.Context, tx pgx.Tx, rows map[int]int) error {
	exec := func(sql string, args ...any) error {
		tag, err := tx.Exec(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...)
		if err != nil {
			var pgErr *pgconn.PgError
			if errors.As(err, &pgErr) && pgErr.Where != "" {
				err = fmt.Errorf("%w [%s]", err, pgErr.Where)
			}
			return fmt.Errorf("%s %v: %w", sql, args, err)
		}
		if tag.RowsAffected() != 1 {
			return fmt.Errorf("%d rows touched by %s %v", tag.RowsAffected(), sql, args)
		}
		return nil
	}
	t := w.traffic
	insert := func() error {
		k, v := w.fresh(), w.fresh()
		rows[k] = v
		return exec(t.Insert, k, v)
	}
	var have []int
	for k := range rows {
		have = append(have, k)
	}
	if len(have) < 5 {
		return insert()
	}
	k := have[w.r.IntN(len(have))]
	switch op := w.r.IntN(20); {
	case op < 4:
		return insert()
	case op < 8:
		return exec(t.Updates[w.r.IntN(len(t.Updates))], k, w.fresh())
	case op < 10 && t.Unique != "":
		rows[k] = w.fresh()
		return exec(t.Unique, k, rows[k])
	case op < 12 && t.Unique != "": // unique values go from one row to another
		other := have[w.r.IntN(len(have))]
		if other == k {
			return nil
		}
		was := rows[k]
		rows[k] = w.fresh()
		rows[other] = was
		if err := exec(t.Unique, k, rows[k]); err != nil {
			return err
		}
		return exec(t.Unique, other, was)
	case op < 13 && t.Upsert != "":
		return exec(t.Upsert, k, w.fresh())
	case op < 14 && t.ChangeID != "":
		to := w.fresh()
		rows[to] = rows[k]
		delete(rows, k)
		return exec(t.ChangeID, k, to)
	case op < 15:
		if err := exec(t.Delete, k); err != nil {
			return err
		}
		return exec(t.Insert, k, rows[k])
	case op < 16 && len(t.Child) > 0:
		return exec(t.Child[w.r.IntN(len(t.Child))], k)
	case op < 17:
		if _, err := tx.Exec(ctx, "SAVEPOINT s"); err != nil {
			return err
		}
		if err := exec(t.Delete, k); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "ROLLBACK TO SAVEPOINT s")
		return err
	default:
		delete(rows, k)
		return exec(t.Delete, k)
	}
}
