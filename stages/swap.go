package stages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// swap exchanges the names of all tables of the job in one transaction, then validates the foreign keys that changed over.
// A row that we wrote is invisible to a transaction whose snapshot is older, so
// it waits until there is none left, takes the locks, and exchanges only if
// nothing more was logged meanwhile. It holds ACCESS EXCLUSIVE on the table and
// on those that foreign keys tie to it, for milliseconds.
type swap struct{}

// patientTries is how often we look for a moment with an empty log, before the
// last changes are applied under the lock, at the price of a 40001 for writers
// whose snapshot is older.
const patientTries = 5

// Name implements Stage.
func (swap) Name() Name { return Swap }

// Run implements Stage. A crash after the exchange leaves foreign keys to
// validate, which the next command on the job does first.
func (s swap) Run(ctx context.Context, env *Env, job registry.Job) (_ int64, err error) {
	defer func() {
		if err != nil {
			releaseGuards(ctx, env, job)
		}
	}()
	if job, err = refresh(ctx, env, job); err != nil {
		return 0, err
	}
	if err := s.prepare(ctx, env, job); err != nil {
		return 0, err
	}
	if err := fillViews(ctx, env, job); err != nil {
		return 0, err
	}
	began, tries := time.Now(), 0
	for {
		tries++
		err := s.attempt(ctx, env, job, tries <= patientTries)
		if err == nil {
			break
		}
		if errors.Is(err, errPaused) {
			releaseGuards(ctx, env, job) // nobody shall meet them for as long as a pause takes
			if err := env.awaitResume(ctx, job); err != nil {
				return 0, err
			}
			began, tries = time.Now(), 0
			continue
		}
		if errors.Is(err, errRebound) {
			if job, err = refresh(ctx, env, job); err != nil {
				return 0, err
			}
			if err := fillViews(ctx, env, job); err != nil {
				return 0, err
			}
			continue
		}
		if errors.Is(err, errRewritten) {
			env.Logger.WarnContext(ctx, "a table was rewritten since verify, verifying again")
			if _, err := (verify{}).Run(ctx, env, job); err != nil {
				return 0, err
			}
			continue
		}
		if !errors.Is(err, errAgain) {
			if err = s.lookUp(ctx, env, job, err); err != nil {
				return 0, err
			}
			break
		}
		if time.Since(began) > env.Options.SnapshotWait {
			return 0, &GaveUpError{For: "a moment without changes that only we can write", After: time.Since(began)}
		}
		env.Logger.DebugContext(ctx, "changes were logged before the swap had its locks, draining again")
	}
	if job, err = env.Registry.Get(ctx, env.Target, job.ID); err != nil {
		return 0, err
	}
	return 0, validate(ctx, env, job)
}

// prepare makes the log and the functions of the other direction, which the
// swap itself then only has to switch on.
func (swap) prepare(ctx context.Context, env *Env, job registry.Job) error {
	return inTx(ctx, env.Target, func(tx pgx.Tx) error {
		if err := stillAt(ctx, env, tx, job); err != nil {
			return err
		}
		for _, t := range job.Tables {
			if err := prepareCapture(ctx, env, tx, t, env.nextCapture(job, t)); err != nil {
				return err
			}
			// The standby has nothing that is not applied; whatever an earlier turn logged is void.
			if err := exec(ctx, tx, env.nextLink(job, t).TruncateLog()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (env *Env) nextLink(job registry.Job, t registry.Table) sqltmpl.Link {
	if job.Swapped {
		return env.forwardLink(job, t)
	}
	return env.backwardLink(job, t)
}

// attempt drains, waits for old snapshots, locks, and exchanges; or returns
// errAgain, or errPaused if the job is paused before it has its locks.
func (s swap) attempt(ctx context.Context, env *Env, job registry.Job, patient bool) error {
	limits := map[int]int64{}
	err := env.untilPaused(ctx, job, func(ctx context.Context) error { return s.approach(ctx, env, job, limits) })
	if err != nil {
		return err
	}
	tries := 0
	oids, _ := s.involved(env, job, 1)
	var now registry.Job
	var seen catalog.Documents
	return withLocks(ctx, env, job, lockJob{
		what:   "swap " + job.Title(),
		tables: oids,
		before: func(ctx context.Context, tx pgx.Tx) error {
			if at, err := env.Registry.PausedAt(ctx, tx, job.ID); err != nil || at != nil {
				return cmp.Or(err, errPaused)
			}
			// Before the tables: to read it takes longer than anybody should wait for these.
			var err error
			if now, err = env.Registry.Lock(ctx, tx, job.ID); err != nil {
				return err
			}
			if now.Swapped != job.Swapped || !now.Proven {
				return &StateError{Problem: "another process has moved the job on", Advice: "look: repave status"}
			}
			seen, err = s.warm(ctx, env, tx, now)
			return err
		},
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
			tries++
			_, locks := s.involved(env, job, tries)
			return lockTables(ctx, tx, d, nextWait(tries), locks)
		},
		work: func(ctx context.Context, tx pgx.Tx) error {
			return s.exchange(ctx, env, tx, now, seen, limits, patient)
		},
	})
}

// approach does what comes before the locks: drains, and waits for old snapshots.
func (swap) approach(ctx context.Context, env *Env, job registry.Job, limits map[int]int64) error {
	if err := dropStaleGuards(ctx, env, job); err != nil {
		return err
	}
	for _, t := range job.Tables {
		err := fitting(ctx, env, job, t, func() (err error) {
			if t.Capture == registry.CaptureDirect {
				limits[t.Number] = fencedMin
				_, err = drainAll(ctx, env, job, t)
			} else {
				_, limits[t.Number], err = rounds(ctx, env, job, t)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	now, err := env.Registry.Get(ctx, env.Target, job.ID)
	if err != nil {
		return err
	}
	for _, t := range now.Tables {
		if err := waitSnapshots(ctx, env, job, t.LastWrite); err != nil {
			return err
		}
	}
	return ensureGuards(ctx, env, job)
}

// exchange is the swap itself, under all locks; now is the job, which is locked as well.
func (s swap) exchange(
	ctx context.Context, env *Env, tx pgx.Tx, now registry.Job, seen catalog.Documents, limits map[int]int64, patient bool,
) error {
	swapped := now.Swapped
	found, err := unseen(ctx, env, tx, now, seen)
	if err != nil {
		return err
	}
	drained := make([]bool, len(now.Tables))
	for i, t := range now.Tables {
		if err := checkFound(ctx, env, tx, now, t, found); err != nil {
			return err
		}
		live, standby, err := filenodes(ctx, tx, now, t)
		if err != nil {
			return err
		}
		if !env.Options.SkipVerify && (live != t.ProvenLive || standby != t.ProvenStandby) {
			return errRewritten // and may hold other rows than verify has seen
		}
		if drained[i], err = s.empty(ctx, env, tx, now, t, limits[t.Number], patient); err != nil {
			return err
		}
	}
	if now, err = withMembers(ctx, env, tx, now); err != nil {
		return err
	}
	if err := recordMembers(ctx, env, tx, now); err != nil {
		return err
	}
	if err := s.exchangeTables(ctx, env, tx, now); err != nil {
		return err
	}
	for i, t := range now.Tables {
		if drained[i] {
			// Rows were written just now: writers with an older snapshot must fail, not miss them.
			if err := guard(ctx, env, tx, now, t); err != nil {
				return err
			}
		}
	}
	if err := env.Registry.SetSwapped(ctx, tx, now.ID, !swapped); err != nil {
		return err
	}
	next := Cleanup
	if swapped {
		next = Replay // the job stands before its swap again
	}
	return env.Registry.SetStage(ctx, tx, now.ID, string(next))
}

// empty makes sure that nothing is left to apply. A table that stays on the
// log drains here, and says so; so does one whose writers
// go on logging, after some patience.
func (swap) empty(
	ctx context.Context, env *Env, tx pgx.Tx, job registry.Job, t registry.Table, limit int64, patient bool,
) (drained bool, err error) {
	capture := env.capture(job, t)
	left, err := capture.Keys(ctx, tx, countLimit)
	if err != nil || left == 0 {
		return false, err
	}
	if left > limit || t.Capture == registry.CaptureDirect && (patient || job.Carried.Inherits(job.Swapped)) {
		// A table whose writers write both comes to such a moment: the guard need not be on those above it.
		return false, errAgain
	}
	_, err = capture.DrainFenced(ctx, tx)
	return true, err
}

// exchangeTables parks the live tables and gives their names, and all that is
// bound to them, to the standbys.
func (swap) exchangeTables(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job) error {
	if job.Carried == nil {
		return errRebound
	}
	was, err := bound(ctx, env, tx, job)
	if err != nil {
		return err
	}
	family, err := familyOf(ctx, tx, job)
	if err != nil {
		return err
	}
	if len(carry.Diff(job.Carried.Side(job.Swapped), was))+len(job.Carried.Family.Diff(family)) > 0 {
		return errRebound
	}
	load := *job.Carried
	load.Family, load.Unchecked = family, family // with the members that there are now
	job.Carried = &load
	for _, t := range job.Tables {
		if err := env.capture(job, t).Remove(ctx, tx); err != nil {
			return err
		}
	}
	if err := dropFamily(ctx, tx, family); err != nil {
		return err
	}
	if err := exchangeNames(ctx, env, tx, job, sendAll, true); err != nil {
		return err
	}
	if err := addFamily(ctx, tx, family); err != nil {
		return err
	}
	if len(family.Keys) > 0 {
		if err := env.Registry.SetCarried(ctx, tx, job.ID, load); err != nil {
			return err
		}
	}
	for _, t := range job.Tables {
		if err := env.nextCapture(job, t).Install(ctx, tx); err != nil {
			return err
		}
		if err := env.Registry.SetCapture(ctx, tx, t, registry.CaptureLog); err != nil {
			return err
		}
	}
	return checkFaithful(ctx, env, tx, job)
}

// lookUp finds out, after an error that may have been the loss of COMMIT's
// answer, whether the swap has happened. It is never guessed.
func (swap) lookUp(ctx context.Context, env *Env, job registry.Job, cause error) error {
	if !sqltmpl.IsConnection(cause) {
		return cause
	}
	lookCtx, cancel := detached(ctx)
	defer cancel()
	now, err := env.Registry.Get(lookCtx, env.Target, job.ID)
	if err != nil {
		return errors.Join(fmt.Errorf("%w: %w", ErrOutcomeUnknown, cause), err)
	}
	if now.Swapped == job.Swapped {
		return cause
	}
	env.Logger.WarnContext(ctx, "the connection was lost during the swap, which had been committed",
		slog.Any("error", cause))
	return nil
}
