// Package traffic loads a small shop's tables the way an application would, and
// remembers what was committed: at the end exactly that must be in the tables.
package traffic

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Application is the application_name of all sessions here, if not told otherwise.
const Application = "repave demo traffic"

// A Config says what to load and how.
type Config struct {
	DSN         string
	Tables      Tables
	Rows        int64 // as given to Fill
	Writers     int   // sessions that write; each owns every Writers-th key
	Readers     int   // sessions that only read
	Seed        uint64
	Pause       time.Duration // between transactions, on average
	Application string
	// Moves is the DSN of another cluster, if the tables may move there, and back: a session that is
	// told that they are read-only goes on at the other one, with the same transaction.
	Moves string
	// Prepared keeps prepared statements. In PostgreSQL such a one fails once
	// after the type of a column that it returns has changed, whoever changed it.
	Prepared bool
}

// A Load is traffic that goes on until Stop.
type Load struct {
	config  Config
	cancel  context.CancelFunc
	group   sync.WaitGroup
	workers []*worker
	began   time.Time
}

// Start opens the sessions and begins. ctx bounds all of the traffic: when it
// ends, transactions are cut short, which counts as their failure; Stop lets
// them finish.
func Start(ctx context.Context, c Config) (*Load, error) {
	c.Tables = c.Tables.orDefault()
	c.Application = cmp.Or(c.Application, Application)
	stopping, cancel := context.WithCancel(ctx)
	l := &Load{config: c, cancel: cancel, began: time.Now()}
	for n := range c.Writers + c.Readers {
		conn, err := connect(ctx, c, c.DSN)
		if err != nil {
			cancel()
			l.close(ctx)
			return nil, err
		}
		l.workers = append(l.workers, newWorker(l.config, n, conn))
	}
	for _, w := range l.workers {
		l.group.Go(func() { w.loop(ctx, stopping) })
	}
	return l, nil
}

func connect(ctx context.Context, c Config, dsn string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("connecting traffic: %w", err)
	}
	cfg.RuntimeParams["application_name"] = c.Application
	if !c.Prepared {
		cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connecting traffic: %w", err)
	}
	return conn, nil
}

// Take returns what happened since the last Take, or since Start.
func (l *Load) Take() Numbers {
	var sum Numbers
	for _, w := range l.workers {
		sum.Add(w.numbers.take())
	}
	now := time.Now()
	sum.Elapsed, l.began = now.Sub(l.began), now
	return sum
}

// Stop lets running transactions finish and closes the sessions.
func (l *Load) Stop(ctx context.Context) {
	l.cancel()
	l.group.Wait()
	l.close(ctx)
}

func (l *Load) close(ctx context.Context) {
	for _, w := range l.workers {
		_ = w.conn.Close(context.WithoutCancel(ctx)) // of no interest: its work is done
	}
}

// sleep waits for about d, or until ctx ends.
func sleep(ctx context.Context, random *rand.Rand, d time.Duration) bool {
	if d > 0 {
		d = time.Duration(random.Int64N(int64(2 * d)))
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
