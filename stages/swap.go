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
func (s swap) Run(ctx context.Context, env *Env, job registry.Job) (int64, error) {
	if err := s.prepare(ctx, env, job); err != nil {
		return 0, err
	}
	began, tries := time.Now(), 0
	for {
		tries++
		err := s.attempt(ctx, env, job, tries <= patientTries)
		if err == nil {
			break
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
	job, err := env.Registry.Get(ctx, env.Target, job.ID)
	if err != nil {
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
	tries := 0
	oids, _ := s.involved(env, job, 1)
	return withLocks(ctx, env, job, lockJob{
		what:   "swap " + job.Title(),
		tables: oids,
		before: func(ctx context.Context, tx pgx.Tx) error { return s.warm(ctx, env, tx, job) },
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
			tries++
			_, tables := s.involved(env, job, tries)
			return lockTables(ctx, tx, d, time.Duration(tries)*nextLock, tables)
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
	return nil
}

// involved lists every table that the swap locks: the tables of the job, and
// those that refer to them or that they refer to. Applications may take their
// locks in the order of foreign keys (a child's insert looks at its parent) or
// against it (a parent is inserted before its children, a delete cascades), so
// attempts take turns with both; the order does not depend on anything else.
func (swap) involved(env *Env, job registry.Job, attempt int) (oids []uint32, tables []sqltmpl.Table) {
	var live, standby, children, parents []lockable
	seen := map[uint32]bool{}
	for _, t := range job.Tables {
		live = append(live, lockable{liveOID(job, t), t.Name})
		standby = append(standby, lockable{standbyOID(job, t), env.link(job, t).Standby}) // as writers do: after the live one
		seen[t.SourceOID], seen[t.ShadowOID] = true, true
	}
	add := func(to *[]lockable, l lockable) {
		if !seen[l.oid] && !slices.ContainsFunc(slices.Concat(live, standby), func(o lockable) bool { return o.table == l.table }) {
			seen[l.oid] = true
			*to = append(*to, l)
		}
	}
	for _, t := range job.Tables {
		for _, fk := range slices.Concat(t.Blueprint.Source.ReferencedBy, t.Blueprint.ReferencedBy) {
			add(&children, lockable{fk.FromOID, fk.From})
		}
	}
	for _, t := range job.Tables {
		for _, fk := range slices.Concat(t.Blueprint.Source.ForeignKeys, t.Blueprint.ForeignKeys) {
			add(&parents, lockable{fk.ToOID, fk.To})
		}
	}
	order := [][]lockable{live, standby, children, parents}
	if attempt%2 == 0 {
		order = [][]lockable{children, live, standby, parents}
	}
	for _, group := range order {
		slices.SortFunc(group, func(a, b lockable) int { return cmp.Compare(a.oid, b.oid) })
		if attempt%2 == 0 {
			slices.Reverse(group) // the job's own tables refer to each other, too
		}
		for _, l := range group {
			oids, tables = append(oids, l.oid), append(tables, l.table)
		}
	}
	return oids, tables
}

// A lockable is a table that the swap locks.
type lockable struct {
	oid   uint32
	table sqltmpl.Table
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
	if err := s.exchangeAll(ctx, env, tx, now); err != nil {
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
	if left > limit || (t.Capture == registry.CaptureDirect && patient) {
		return false, errAgain
	}
	_, err = capture.DrainFenced(ctx, tx)
	return true, err
}

// exchangeAll exchanges the names of all tables, step by step: no foreign key
// between two of them is added before both have their names.
func (s swap) exchangeAll(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job) error {
	pairs := env.pairs(job)
	for _, step := range []func(*exchangePair) error{
		func(p *exchangePair) error { return s.parkTable(ctx, env, tx, job, p) },
		func(p *exchangePair) error { return s.unparkTable(ctx, env, tx, job, p) },
	} {
		for i := range pairs {
			if err := step(&pairs[i]); err != nil {
				return fmt.Errorf("exchanging %s: %w", pairs[i].table.Name.Plain(), err)
			}
		}
	}
	if err := tie(ctx, tx, pairs); err != nil {
		return fmt.Errorf("changing over foreign keys: %w", err)
	}
	for _, p := range pairs {
		if err := checkFaithful(ctx, env, tx, p.to.relation, p.table); err != nil {
			return err
		}
	}
	return nil
}

// parkTable takes the name from the live table.
func (swap) parkTable(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job, p *exchangePair) (err error) {
	if err = env.capture(job, p.table).Remove(ctx, tx); err != nil {
		return err
	}
	p.at, err = park(ctx, tx, env.Registry.Schema(), p.from)
	return err
}

// unparkTable gives the name to the standby, whose changes are captured from
// then on.
func (swap) unparkTable(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job, p *exchangePair) error {
	if err := unpark(ctx, tx, p.to, p.at); err != nil {
		return err
	}
	if err := env.nextCapture(job, p.table).Install(ctx, tx); err != nil {
		return err
	}
	return env.Registry.SetCapture(ctx, tx, p.table, registry.CaptureLog)
}

// checkFaithful compares the table that has the name now with what it should
// be; a difference rolls the swap back.
func checkFaithful(
	ctx context.Context, env *Env, tx pgx.Tx, want catalog.Relation, t registry.Table,
) error {
	oid, err := sqltmpl.Scalar[uint32](ctx, tx, sqltmpl.RelationOID{Name: t.Name.String()}.Statement())
	if err != nil {
		return err
	}
	got, err := catalog.Load(ctx, tx, oid, env.Registry.Schema())
	if err != nil {
		return err
	}
	if differences := catalog.Diff(unvalidated(want), unvalidated(withoutHelper(got, t))); len(differences) > 0 {
		return &StateError{
			Problem: fmt.Sprintf("the swap would not be faithful to %s: %v", t.Name.Plain(), differences),
			Advice:  "nothing was swapped; this is a bug in repave, please report it with the table's definition",
		}
	}
	return nil
}

// unvalidated is r with all foreign keys as they are before VALIDATE.
func unvalidated(r catalog.Relation) catalog.Relation {
	strip := func(keys []catalog.ForeignKey) []catalog.ForeignKey {
		out := slices.Clone(keys)
		for i := range out {
			out[i].Valid = false
		}
		return out
	}
	r.ForeignKeys, r.ReferencedBy = strip(r.ForeignKeys), strip(r.ReferencedBy)
	return r
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
