package stages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// Pauses between attempts at a lock. Waiting for one queues every later query
// behind it, so the waits are short and the pauses long.
const (
	firstPause = 100 * time.Millisecond
	maxPause   = 3 * time.Second
	// burst is how many short misses in a row count as one, with a shortPause between them:
	// applications that lock the same tables and views in other orders leave short gaps only.
	burst      = 15
	shortPause = 15 * time.Millisecond
)

// idleWithLocks is after how long the server ends a transaction that holds locks on users' tables and hears nothing
// from us: the network may have failed without telling it.
const idleWithLocks = "10s"

// errAgain, returned from the work of withLocks, gives the locks back at once;
// the caller does something about it and comes again.
var errAgain = errors.New("not yet")

// A lockJob is something to do under locks on users' tables.
type lockJob struct {
	what string
	weak bool // the lock blocks no reader and no writer: not worth reporting
	// durable: something outside the database follows from the COMMIT, so it has to wait for the disk.
	durable bool
	tables  []uint32                                                    // whose holders to name when a lock is not to be had
	before  func(ctx context.Context, tx pgx.Tx) error                  // what takes time and no lock; may be nil
	lock    func(ctx context.Context, tx pgx.Tx, d time.Duration) error // take the locks, in at most d
	work    func(ctx context.Context, tx pgx.Tx) error
}

// withLocks runs j in a transaction whose lock waits are bounded, and starts
// over when one runs out. It gives up after the configured number of attempts
// with a *GaveUpError that names the holders.
func withLocks(ctx context.Context, env *Env, job registry.Job, j lockJob) error {
	limit, err := lockLimit(ctx, env)
	if err != nil {
		return err
	}
	began := time.Now()
	pause := firstPause
	short := 0
	for attempt := 1; ; attempt++ {
		waited, err := attemptLocks(ctx, env, limit, j)
		if !sqltmpl.IsLockContention(err) {
			return err
		}
		if short++; short%burst != 0 && waited < 2*nextLock {
			// It cost nobody much, and the next moment may be a better one.
			attempt--
			if err := sleep(ctx, shortPause+rand.N(shortPause)); err != nil { //nolint:gosec // jitter
				return err
			}
			continue
		}
		who := holders(ctx, env, j.tables)
		if attempt >= env.Options.LockAttempts {
			return &GaveUpError{For: "the lock to " + j.what, After: time.Since(began), Who: who, Err: err}
		}
		waiting := fmt.Sprintf("lock to %s, attempt %d", j.what, attempt)
		if len(who) > 0 {
			waiting += ": held by " + who[0].String()
		}
		env.Logger.DebugContext(ctx, "lock not available, will retry", slog.Int("attempt", attempt),
			slog.Duration("pause", pause), slog.String("waiting", waiting), slog.Any("error", err))
		env.waiting(ctx, job, waiting)
		if err := sleep(ctx, pause+rand.N(pause/4+1)); err != nil { //nolint:gosec // jitter
			return err
		}
		pause = min(2*pause, maxPause)
	}
}

// attemptLocks is one attempt: locks, work, commit. It returns how long it
// waited for locks in vain.
func attemptLocks(ctx context.Context, env *Env, limit time.Duration, j lockJob) (waited time.Duration, err error) {
	asked := time.Now()
	var got time.Time
	err = inTx(ctx, env.Source, func(tx pgx.Tx) error {
		if !j.durable {
			if err := hurry(ctx, env, tx); err != nil {
				return err
			}
		}
		if err := exec(ctx, tx, sqltmpl.SetLocal{Name: "idle_in_transaction_session_timeout", Value: idleWithLocks}.Statement()); err != nil {
			return err
		}
		if j.before != nil {
			if err := j.before(ctx, tx); err != nil {
				return err
			}
		}
		asked = time.Now()
		if err := j.lock(ctx, tx, limit); err != nil {
			return err
		}
		got = time.Now()
		return j.work(ctx, tx)
	})
	switch {
	case j.weak:
	case !got.IsZero():
		env.Stats.lock(got.Sub(asked), time.Since(got))
	case sqltmpl.IsLockContention(err):
		waited = time.Since(asked)
		env.Stats.miss(waited)
	}
	return waited, err
}

// hurry makes the COMMIT of a transaction that holds locks on users' tables give
// them back before it is on disk or on a synchronous standby. If the server
// crashes just then, the transaction is lost together with everything after it:
// the job is where a crash before it would have left it, and no application
// can have committed anything that depends on it. Nothing is reported as done
// before a later COMMIT has waited for the disk. This needs the registry to be in
// the same database.
func hurry(ctx context.Context, env *Env, tx pgx.Tx) error {
	if env.Source != env.Target {
		return nil
	}
	return exec(ctx, tx, sqltmpl.HurryCommit{}.Statement())
}

// lockLimit is the configured lock timeout, but below deadlock_timeout: in a
// deadlock with an application it is always we who give up first.
func lockLimit(ctx context.Context, env *Env) (time.Duration, error) {
	ms, err := sqltmpl.Scalar[float64](ctx, env.Source, sqltmpl.DeadlockTimeout{}.Statement())
	if err != nil {
		return 0, err
	}
	half := time.Duration(ms/2) * time.Millisecond
	return max(min(env.Options.LockTimeout, half), time.Millisecond), nil
}

// nextLock bounds the wait for a lock while another is held already: in a
// deadlock with an application, whose order of tables need not be ours, it is
// all that the application notices. Most attempts wait for a fraction of it,
// now and then one for longer, and longer each time.
const nextLock = 50 * time.Millisecond

// nextWait is how long attempt number n waits for all locks but the first.
func nextWait(n int) time.Duration {
	if n%burst == 0 {
		return time.Duration(n/burst) * nextLock
	}
	return nextLock / 5
}

// A lockable is a relation that the swap locks ACCESS EXCLUSIVE.
type lockable struct {
	oid  uint32
	name sqltmpl.Table
	lock sqltmpl.Statement
}

func tableLock(oid uint32, name sqltmpl.Table) lockable {
	return lockable{oid, name, sqltmpl.LockTable{Table: name}.Statement()}
}

// lockTables locks relations one after the other, within d in all, and waits
// for all but the first no longer than next.
func lockTables(ctx context.Context, tx pgx.Tx, d, next time.Duration, locks []lockable) error {
	deadline := time.Now().Add(d)
	for i, l := range locks {
		wait := time.Until(deadline)
		if i > 0 {
			wait = min(wait, next)
		}
		limit := sqltmpl.LimitWaits{Milliseconds: max(wait.Milliseconds(), 1)}.Statement()
		if err := sqltmpl.ExecAll(ctx, tx, limit, l.lock); err != nil {
			return fmt.Errorf("locking %s: %w", l.name.Plain(), err)
		}
	}
	return setLockTimeout(ctx, tx, d)
}

type sessionRow struct {
	PID         int32 `db:"pid"`
	Application string
	State       string
	Age         float64
}

func (r sessionRow) session() Session {
	return Session{
		PID: r.PID, Application: r.Application, State: r.State,
		Age: time.Duration(r.Age * float64(time.Second)),
	}
}

// holders names who has locks on the tables; nobody if that can't be read.
func holders(ctx context.Context, env *Env, tables []uint32) []Session {
	rows, err := sqltmpl.All[sessionRow](ctx, env.Source, sqltmpl.Blockers{
		Relations: tables, Ours: []int32{},
	}.Statement())
	if err != nil {
		return nil
	}
	out := make([]Session, len(rows))
	for i, r := range rows {
		out[i] = r.session()
	}
	return out
}

// waiting tells everybody why the job does not move.
func (env *Env) waiting(ctx context.Context, job registry.Job, why string) {
	env.Report(Event{Job: job.ID, Table: job.Title(), Stage: Name(job.Stage), Phase: Going, Waiting: why})
	if err := env.Registry.SetWaiting(ctx, env.Target, job.ID, why, job.Backlog); err != nil {
		env.Logger.WarnContext(ctx, "recording the wait", slog.Any("error", err))
	}
}
