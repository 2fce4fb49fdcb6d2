package logical

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/repave-pg/repave/sqltmpl"
)

// Defaults of ApplyOptions.
const (
	defaultMaxBytes   = 16 << 20
	defaultMaxChanges = 100_000
	defaultLinger     = 100 * time.Millisecond
)

const (
	// recordInterval is how often the position of a stream without changes is recorded.
	recordInterval = 5 * time.Second
	// reportInterval is how often Progress is called at least.
	reportInterval = time.Second
	// sampleTimeout bounds the question for the end of the WAL.
	sampleTimeout = 10 * time.Second
	// cleanupTimeout bounds what is done after a goal or an error.
	cleanupTimeout = 10 * time.Second
)

// ErrPassed says that changes from behind a Goal's position have been applied
// or gathered already. The stream can be followed on to a later one.
var ErrPassed = errors.New("the stream is past that position")

// ErrBroken says that a stream failed before: open another.
var ErrBroken = errors.New("the stream has failed before")

// ApplyOptions say where changes go, and how.
type ApplyOptions struct {
	Pool     *pgxpool.Pool // of the cluster that is written
	Mappings []Mapping
	Job      string // set as repave.pass in its transactions: the fence lets them pass
	// Replica sets session_replication_role: the tables have triggers, rules or foreign keys. Constraints that
	// are deferrable are not looked at then.
	Replica bool
	// Record writes down what has been applied, in each transaction of the target's.
	Record func(ctx context.Context, tx pgx.Tx, applied pglogrepl.LSN) error
	// Reread reads a row of From as it is now, in Mapping.Columns order as text: for images that
	// can't be completed. It reports false if there is none.
	Reread func(ctx context.Context, m Mapping, key []Value) ([]Value, bool, error)
	// Wrote is told the key, as From has it, of each row that was written or deleted: perhaps in vain, if
	// that is not committed. The values are valid until it returns. May be nil.
	Wrote func(ctx context.Context, m *Mapping, key []Value)
	// MaxBytes and MaxChanges bound what is applied at a time, Linger how long changes wait for
	// more of them. Up to three times MaxBytes are in memory.
	MaxBytes   int
	MaxChanges int
	Linger     time.Duration
	// Progress is told how far it is: after each transaction, and once a second whatever happens.
	Progress func(Progress)
}

// An Applier applies streams on the other cluster, one at a time.
type Applier struct {
	o        ApplyOptions
	barriers []string // applied lately

	mu       sync.Mutex
	progress Progress
	settled  pglogrepl.LSN // all before it is on the other side, or nothing for our tables
	meter    lagMeter
}

// NewApplier returns an Applier; it does nothing yet.
func NewApplier(o ApplyOptions) *Applier {
	o.MaxBytes = cmp.Or(o.MaxBytes, defaultMaxBytes)
	o.MaxChanges = cmp.Or(o.MaxChanges, defaultMaxChanges)
	o.Linger = cmp.Or(o.Linger, defaultLinger)
	return &Applier{o: o}
}

// A Goal says when to stop; whichever of its parts comes first. The zero Goal
// is never reached.
type Goal struct {
	// Behind: every transaction that committed before it is applied, none that committed at or
	// after it. Take the position while nobody follows the stream, or it may be past it (ErrPassed).
	Behind pglogrepl.LSN
	// Barrier: until the transaction that carries this barrier has been applied. Send it while this
	// stream is open: one that was applied through another, whose end was not heard of, does not come again.
	Barrier string
	// CaughtUp is asked at each commit of ours and each keepalive, with what the source's WAL is
	// ahead of what has been applied, just measured.
	CaughtUp func(lagBytes int64, lag time.Duration) bool
}

// Follow applies s's changes until the goal is reached, or an error: whole
// transactions in the order of their commits, and the position with them. It
// may be called again with the same stream: nothing is lost in between. After
// an error other than ErrPassed the stream must be closed, and another opened from what
// was recorded, which is all that was committed and nothing else. It writes in
// one session, holds ROW EXCLUSIVE locks on the tables while it does, and ACCESS
// EXCLUSIVE for a TRUNCATE.
func (a *Applier) Follow(ctx context.Context, s *Stream, goal Goal) error {
	if s.broken != nil {
		return fmt.Errorf("%w: %w", ErrBroken, s.broken)
	}
	if goal.Barrier != "" && slices.Contains(a.barriers, goal.Barrier) {
		return nil
	}
	if s.gathered == nil {
		s.gathered = newGatherer(s, &a.o)
		a.mu.Lock()
		a.progress.Received, a.progress.Applied, a.progress.Confirmed = s.o.From, s.o.From, s.o.From
		a.settled, a.meter = s.o.From, lagMeter{}
		a.mu.Unlock()
	}
	if goal.Behind != 0 && s.gathered.passed(goal.Behind) {
		return ErrPassed
	}
	err := a.follow(ctx, s, goal)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = errors.Join(cause, err)
		}
		s.broken = err
	}
	return err
}

// passed reports whether something that committed at or after a position has
// been taken in.
func (g *gatherer) passed(at pglogrepl.LSN) bool {
	return g.current.commitAt >= at || g.open && g.s.commitAt >= at
}

// follow is Follow with a stream that is in order.
func (a *Applier) follow(ctx context.Context, s *Stream, goal Goal) (err error) {
	conn, err := a.o.Pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connecting to apply changes: %w", err)
	}
	defer conn.Release()
	f := &follower{a: a, s: s, goal: goal, w: &writer{o: &a.o, conn: conn.Conn(), targets: map[*Mapping]*target{}}}
	defer func() { err = errors.Join(err, f.end(ctx, err)) }()
	a.mu.Lock()
	a.progress.PID, a.progress.Pending = int32(conn.Conn().PgConn().PID()), 0 //nolint:gosec // a process number
	a.mu.Unlock()

	g := s.gathered
	g.o, g.stop, g.out = &a.o, make(chan struct{}), make(chan *batch)
	s.stopped.Store(false)
	reading, reporting := make(chan error, 1), make(chan struct{})
	go func() { reading <- g.run(ctx, goal) }()
	watch, unwatch := context.WithCancel(ctx)
	go func() { defer close(reporting); a.report(watch, s) }()
	defer func() {
		unwatch()
		<-reporting
		close(g.stop)
		s.interrupt()
		if !f.read {
			err = errors.Join(err, <-reading)
		}
	}()
	return f.loop(ctx, g.out, reading)
}

// report tells the progress every now and then, also while nothing is applied.
func (a *Applier) report(ctx context.Context, s *Stream) {
	ticker := time.NewTicker(reportInterval)
	defer ticker.Stop()
	for {
		// Whoever reads the stream finds out what is wrong; until then the lag grows.
		_ = a.sample(ctx, s)
		a.tell(nil)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// sample asks for the end of the WAL.
func (a *Applier) sample(ctx context.Context, s *Stream) error {
	ctx, cancel := context.WithTimeout(ctx, sampleTimeout)
	defer cancel()
	asked := time.Now()
	end, _, err := s.source.walEnd(ctx)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.progress.WALEnd = max(a.progress.WALEnd, end)
	a.meter.add(a.progress.WALEnd, asked)
	return nil
}

// tell changes the progress and tells of it.
func (a *Applier) tell(edit func(*Progress)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if edit != nil {
		edit(&a.progress)
	}
	p := &a.progress
	p.LagBytes, p.Lag = a.lag()
	if a.o.Progress != nil {
		a.o.Progress(*p)
	}
}

// lag is how far what has been applied is behind the source's WAL; with a.mu held.
func (a *Applier) lag() (int64, time.Duration) {
	bytes := max(int64(a.progress.WALEnd)-int64(a.settled), 0) //nolint:gosec // positions are below 2^63
	return bytes, a.meter.lag(a.settled, time.Now())
}

// settings are those of an apply transaction.
func (a *Applier) settings() []sqltmpl.Statement {
	out := []sqltmpl.Statement{
		sqltmpl.SetLocal{Name: "repave.pass", Value: a.o.Job}.Statement(),
	}
	if a.o.Replica {
		out = append(out, sqltmpl.SetLocal{Name: "session_replication_role", Value: "replica"}.Statement())
	}
	return append(out, sqltmpl.DeferConstraints{}.Statement())
}
