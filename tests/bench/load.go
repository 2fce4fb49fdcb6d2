package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// slowFrom is how long a statement takes that is worth remembering.
const slowFrom = 20 * time.Millisecond

// A load is an application at work on the table: sessions that read a row,
// update it and insert into another table, as pgbench does.
type load struct {
	rows  int64
	every time.Duration // between the transactions of one session; 0: at once
	count atomic.Int64  // transactions committed

	mu    sync.Mutex
	slow  []slow
	group *errgroup.Group
	end   context.CancelFunc
}

// A slow statement.
type slow struct {
	at   time.Time // it began
	took time.Duration
	what string
}

// startLoad starts sessions that do rate transactions per second together, or
// as many as they can if rate is 0.
func (b *bench) startLoad(ctx context.Context, rate int) (*load, error) {
	l := &load{rows: b.rows}
	if rate > 0 {
		l.every = time.Second * time.Duration(b.clients) / time.Duration(rate)
	}
	ctx, l.end = context.WithCancel(ctx)
	l.group, ctx = errgroup.WithContext(ctx)
	for i := range b.clients {
		conn, err := pgx.Connect(ctx, b.server.DSN("postgres"))
		if err != nil {
			return nil, errors.Join(err, l.stop())
		}
		l.group.Go(func() error {
			defer conn.Close(context.WithoutCancel(ctx))
			return l.session(ctx, conn, uint64(i)) //nolint:gosec // a small number
		})
	}
	return l, nil
}

// stop ends the sessions after their transactions. A statement that failed
// comes back as error.
func (l *load) stop() error {
	l.end()
	return l.group.Wait()
}

func (l *load) session(ctx context.Context, conn *pgx.Conn, seed uint64) error {
	random := rand.New(rand.NewPCG(1, seed)) //nolint:gosec // the same load in every run
	next := time.Now().Add(time.Duration(random.Float64() * float64(l.every)))
	for ctx.Err() == nil {
		if l.every > 0 {
			wait(ctx, time.Until(next))
			next = next.Add(l.every)
		}
		// A transaction that has begun is ended, whatever happens.
		if err := l.transaction(context.WithoutCancel(ctx), conn, random); err != nil {
			return fmt.Errorf("a statement of the load failed: %w", err)
		}
		l.count.Add(1)
	}
	return nil
}

func (l *load) transaction(ctx context.Context, conn *pgx.Conn, random *rand.Rand) error {
	id := 1 + random.Int64N(l.rows)
	amount := random.IntN(10_000)
	for _, step := range []struct {
		what, sql string
		args      []any
	}{
		{"begin", "BEGIN", nil},
		{"select", "SELECT total FROM orders WHERE id = $1", []any{id}},
		{"update", "UPDATE orders SET total = $2, updated_at = now() WHERE id = $1", []any{id, amount}},
		{"insert", "INSERT INTO payments (order_id, amount) VALUES ($1, $2)", []any{id, amount}},
		{"commit", "COMMIT", nil},
	} {
		began := time.Now()
		if _, err := conn.Exec(ctx, step.sql, step.args...); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		if took := time.Since(began); took >= slowFrom {
			l.mu.Lock()
			l.slow = append(l.slow, slow{at: began, took: took, what: step.what})
			l.mu.Unlock()
		}
	}
	return nil
}

// slowIn returns the slow statements that began in a span of time.
func (l *load) slowIn(from, to time.Time) []slow {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []slow
	for _, s := range l.slow {
		if !s.at.Before(from) && s.at.Before(to) {
			out = append(out, s)
		}
	}
	return out
}

// wait waits for d or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
