package stages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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
// errAgain.
func (s swap) attempt(ctx context.Context, env *Env, job registry.Job, patient bool) error {
	if err := dropStaleGuards(ctx, env, job); err != nil {
		return err
	}
	limits := map[int]int64{}
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
	if err := ensureGuards(ctx, env, job); err != nil {
		return err
	}
	tries := 0
	oids, _ := s.involved(env, job, 1)
	return withLocks(ctx, env, job, lockJob{
		what:   "swap " + job.Title(),
		tables: oids,
		before: func(ctx context.Context, tx pgx.Tx) error { return s.warm(ctx, env, tx, job) },
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
			tries++
			_, locks := s.involved(env, job, tries)
			return lockTables(ctx, tx, d, nextWait(tries), locks)
		},
		work: func(ctx context.Context, tx pgx.Tx) error { return s.exchange(ctx, env, tx, job, limits, patient) },
	})
}

// warm fills the session's caches, so that the checks under the locks are
// short.
func (swap) warm(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job) error {
	for _, t := range job.Tables {
		if err := checkIntact(ctx, env, tx, job, t); err != nil {
			return err
		}
		if _, err := catalog.Load(ctx, tx, standbyOID(job, t), env.Registry.Schema()); err != nil {
			return err
		}
	}
	for _, n := range env.nodesBelow(job) {
		if _, err := catalog.Load(ctx, tx, n.standby(job.Swapped), env.Registry.Schema()); err != nil {
			return err
		}
	}
	_, err := bound(ctx, env, tx, job)
	return err
}

// involved lists every relation that the swap locks: views first, as queries
// on them do; the tables of the job, and those that refer to them or that they
// refer to. Applications may take their
// locks in the order of foreign keys (a child's insert looks at its parent) or
// against it (a parent is inserted before its children, a delete cascades), so
// attempts take turns with both; the order does not depend on anything else.
func (swap) involved(env *Env, job registry.Job, attempt int) (oids []uint32, locks []lockable) {
	var live, standby, children, parents []lockable
	var partitions []uint32
	seen := map[uint32]bool{}
	for _, t := range job.Tables {
		own := tableLock(liveOID(job, t), t.Name)
		if len(expected(job, t).Partitions) > 0 {
			own.lock = sqltmpl.LockTable{Table: t.Name, Only: true}.Statement()
		}
		live = append(live, own)
		standby = append(standby, tableLock(standbyOID(job, t), env.link(job, t).Standby)) // as writers do: after the live one
		seen[t.SourceOID], seen[t.ShadowOID] = true, true
	}
	add := func(to *[]lockable, l lockable) {
		if !seen[l.oid] && !slices.ContainsFunc(slices.Concat(live, standby), func(o lockable) bool { return o.name == l.name }) {
			seen[l.oid] = true
			*to = append(*to, l)
		}
	}
	for _, n := range env.nodesBelow(job) {
		seen[n.blueprint.Source.OID], seen[n.shadow] = true, true
	}
	for _, n := range env.allNodes(job) {
		for _, fk := range slices.Concat(n.blueprint.Source.ReferencedBy, n.blueprint.ReferencedBy) {
			if fk.Inherited {
				partitions = append(partitions, fk.FromOID) // locked with their table, and may come and go
				continue
			}
			add(&children, tableLock(fk.FromOID, fk.From))
		}
	}
	for _, n := range env.allNodes(job) {
		for _, fk := range slices.Concat(n.blueprint.Source.ForeignKeys, n.blueprint.ForeignKeys) {
			add(&parents, tableLock(fk.ToOID, fk.To))
		}
	}
	views, others := bindingLocks(job)
	for _, l := range others {
		add(&children, l)
	}
	leaves := partitionLocks(job)
	order := [][]lockable{live, leaves, standby, children, parents}
	if attempt%2 == 0 {
		order = [][]lockable{children, live, leaves, standby, parents}
	}
	locks = views
	for _, group := range order {
		slices.SortFunc(group, func(a, b lockable) int { return cmp.Compare(a.oid, b.oid) })
		if attempt%2 == 0 {
			slices.Reverse(group) // the job's own tables refer to each other, too
		}
		locks = append(locks, group...)
	}
	for _, l := range locks {
		oids = append(oids, l.oid)
	}
	return append(oids, partitions...), locks
}

// exchange is the swap itself, under all locks.
func (s swap) exchange(
	ctx context.Context, env *Env, tx pgx.Tx, job registry.Job, limits map[int]int64, patient bool,
) error {
	now, err := env.Registry.Lock(ctx, tx, job.ID)
	if err != nil {
		return err
	}
	if now.Swapped != job.Swapped || !now.Proven {
		return &StateError{Problem: "another process has moved the job on", Advice: "look: repave status"}
	}
	drained := make([]bool, len(now.Tables))
	for i, t := range now.Tables {
		if err := checkIntact(ctx, env, tx, now, t); err != nil {
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
			if err := env.nextCapture(now, t).Guard(ctx, tx); err != nil {
				return err
			}
		}
	}
	if err := env.Registry.SetSwapped(ctx, tx, job.ID, !job.Swapped); err != nil {
		return err
	}
	next := Cleanup
	if job.Swapped {
		next = Replay // the job stands before its swap again
	}
	return env.Registry.SetStage(ctx, tx, job.ID, string(next))
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
	if left > limit || (t.Capture == registry.CaptureDirect && patient) || job.Carried.Inherits(job.Swapped) {
		return false, errAgain // the guard does not see statements on a parent
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
	if len(carry.Diff(job.Carried.Side(job.Swapped), was)) > 0 {
		return errRebound
	}
	for _, t := range job.Tables {
		if err := env.capture(job, t).Remove(ctx, tx); err != nil {
			return err
		}
	}
	if err := exchangeNames(ctx, env, tx, job, sendAll, true); err != nil {
		return err
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
