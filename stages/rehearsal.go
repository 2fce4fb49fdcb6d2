package stages

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// errRehearsed rolls a rehearsal back.
var errRehearsed = errors.New("rehearsed")

// A rehearsal is the swap's DDL in a transaction that is rolled back: it tells
// in time what can't be carried over, and how all the rest will read.
type rehearsal struct {
	env  *Env
	job  registry.Job
	load carry.Load
}

// rehearse rehearses the next swap. It holds the swap's locks for as long as
// the swap will, and leaves nothing behind.
func rehearse(ctx context.Context, env *Env, job registry.Job) (carry.Load, error) {
	r := &rehearsal{env: env, job: job}
	tries := 0
	var oids []uint32
	for _, t := range job.Tables {
		oids = append(oids, liveOID(job, t))
	}
	attempt := lockJob{
		what:   "rehearse the swap of " + job.Title(),
		tables: oids,
		before: r.prepare,
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
			tries++
			_, locks := swap{}.involved(env, r.job, tries)
			return lockTables(ctx, tx, d, nextWait(tries), locks)
		},
		work: func(ctx context.Context, tx pgx.Tx) error {
			if err := r.run(ctx, tx); err != nil {
				return err
			}
			return errRehearsed
		},
	}
	for {
		err := withLocks(ctx, env, job, attempt)
		switch {
		case errors.Is(err, errRehearsed):
			return r.load, nil
		case !errors.Is(err, errAgain):
			return r.load, err
		}
	}
}

// prepare gives an empty shadow its indexes, which views and replica
// identities may need, and looks what is bound to the live tables.
func (r *rehearsal) prepare(ctx context.Context, tx pgx.Tx) error {
	if !r.job.Swapped {
		for _, t := range r.job.Tables {
			wanted := slices.DeleteFunc(slices.Clone(t.Blueprint.Indexes), func(i shadow.Index) bool { return i.Def == "" })
			for _, build := range (syncSchema{}).builds(r.env, t, wanted) {
				if err := (syncSchema{}).createIn(ctx, r.env, tx, build); err != nil {
					return err
				}
			}
			err := syncSchema{}.finish(ctx, r.env, func(fn func(pgx.Tx) error) error { return fn(tx) }, t)
			if err != nil {
				return err
			}
		}
	}
	if _, err := (swap{}).warm(ctx, r.env, tx, r.job); err != nil {
		return err
	}
	from, err := bound(ctx, r.env, tx, r.job)
	if err != nil {
		return err
	}
	if r.load.Family, err = familyOf(ctx, tx, r.job); err != nil {
		return err
	}
	if r.load.Guarded, err = guardedAbove(ctx, tx, r.job, liveOID); err != nil {
		return err
	}
	r.take(from, from, carry.Forced(from))
	return nil
}

// take sets both sides of the load by the direction of the swap.
func (r *rehearsal) take(from, to []catalog.Dependent, recreate []string) {
	r.load = carry.Load{Original: from, Rewritten: to, Recreate: recreate, Family: r.load.Family, Guarded: r.load.Guarded}
	if r.job.Swapped {
		r.load.Original, r.load.Rewritten = to, from
	}
	r.job.Carried = &r.load
}

// run finds the load, under the locks.
func (r *rehearsal) run(ctx context.Context, tx pgx.Tx) error {
	from, err := bound(ctx, r.env, tx, r.job)
	if err != nil {
		return err
	}
	family, err := familyOf(ctx, tx, r.job)
	if err != nil {
		return err
	}
	if len(carry.Diff(r.load.Side(r.job.Swapped), from))+len(r.load.Family.Diff(family)) > 0 {
		return errAgain // with the right locks
	}
	r.load.Family = family
	to, err := r.renamed(ctx, tx, from)
	if err != nil {
		return err
	}
	r.take(from, to, carry.Forced(from))
	if to, err = r.possible(ctx, tx, to); err != nil {
		return err
	}
	r.take(from, to, carry.Forced(from))
	if err := r.complete(to); err != nil {
		return err
	}
	for {
		again, err := r.try(ctx, tx, from, to)
		if err != nil || !again {
			return err
		}
	}
}

// possible leaves out the statistics objects of columns that the standbys have
// not: DROP COLUMN takes them away, too.
func (r *rehearsal) possible(ctx context.Context, tx pgx.Tx, to []catalog.Dependent) ([]catalog.Dependent, error) {
	var out []catalog.Dependent
	for _, d := range to {
		if d.Kind != carry.Statistics {
			out = append(out, d)
			continue
		}
		err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
			r.job.Carried = &carry.Load{Original: []catalog.Dependent{d}, Rewritten: []catalog.Dependent{d}}
			if _, err := buildStatistics(ctx, r.env, tx, r.job); err != nil {
				return err
			}
			return errRehearsed
		})
		switch {
		case errors.Is(err, errRehearsed):
			out = append(out, d)
		case !sqltmpl.IsMissingColumn(err):
			return nil, err
		}
	}
	r.job.Carried = &r.load
	return out, nil
}

// renamed reads what is bound to the live tables with the columns' names on the
// standbys.
func (r *rehearsal) renamed(ctx context.Context, tx pgx.Tx, from []catalog.Dependent) ([]catalog.Dependent, error) {
	var steps []sqltmpl.Statement
	for _, t := range r.job.Tables {
		steps = append(steps, renames(r.job, t)...)
	}
	if len(steps) == 0 {
		return from, nil
	}
	if hasHeirs(from) {
		return nil, errRenamedHeirs
	}
	var to []catalog.Dependent
	err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		err := sqltmpl.ExecAll(ctx, tx, steps...)
		if err != nil {
			return err
		}
		if to, err = bound(ctx, r.env, tx, r.job); err != nil {
			return err
		}
		return errRehearsed
	})
	if !errors.Is(err, errRehearsed) {
		return nil, err
	}
	return to, nil
}

// renames gives the live table's columns the names of their counterparts; by a
// detour, as names may change places.
func renames(job registry.Job, t registry.Table) []sqltmpl.Statement {
	var aside, home []sqltmpl.Statement
	taken := map[sqltmpl.Ident]bool{}
	for _, c := range t.Blueprint.Columns {
		from, to := c.Source, c.Shadow
		if job.Swapped {
			from, to = to, from
		}
		if from != to && to != "" {
			taken[to] = true
		}
	}
	for i, c := range t.Blueprint.Columns {
		from, to := c.Source, c.Shadow
		if job.Swapped {
			from, to = to, from
		}
		if from == "" || from == to || to == "" && !taken[from] {
			continue
		}
		detour := sqltmpl.Ident(fmt.Sprintf("repave_column_%d", i+1))
		aside = append(aside, sqltmpl.RenameColumn{Table: t.Name, Column: from, To: detour}.Statement())
		if to != "" {
			home = append(home, sqltmpl.RenameColumn{Table: t.Name, Column: detour, To: to}.Statement())
		}
	}
	return append(aside, home...)
}

// try exchanges names once. Views that can't be replaced in place because their
// columns change types are to be made again, and so is what uses them: again.
func (r *rehearsal) try(ctx context.Context, tx pgx.Tx, from, to []catalog.Dependent) (again bool, err error) {
	err = r.exchange(ctx, tx, from, to, sendAll)
	if err == nil || transient(ctx, err) || errors.As(err, new(*StateError)) {
		return false, err
	}
	f := &finder{remake: r.remake}
	err = r.exchange(ctx, tx, from, to, f.send)
	if len(f.found) == 0 || transient(ctx, err) {
		return false, err
	}
	recreate := r.load.Recreate
	for _, name := range f.found {
		recreate = carry.With(to, recreate, name)
	}
	r.take(from, to, recreate)
	return true, r.complete(to)
}

// exchange exchanges names in a subtransaction, and takes note of what came out.
func (r *rehearsal) exchange(ctx context.Context, tx pgx.Tx, from, to []catalog.Dependent, send sender) error {
	return pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		if _, err := buildStatistics(ctx, r.env, tx, r.job); err != nil {
			return err
		}
		if err := dropFamily(ctx, tx, r.load.Family); err != nil {
			return err
		}
		if err := r.putAside(ctx, tx, from); err != nil {
			return err
		}
		job, err := withMembers(ctx, r.env, tx, r.job)
		if err != nil {
			return err
		}
		r.job.Tables = job.Tables
		if err := exchangeNames(ctx, r.env, tx, r.job, send, false); err != nil {
			return err
		}
		if err := addFamily(ctx, tx, r.load.Family); err != nil {
			return err
		}
		after := r.job
		after.Swapped = !after.Swapped
		is, err := bound(ctx, r.env, tx, after)
		if err != nil {
			return err
		}
		beside(to, is)
		if err := disowned(to, is); err != nil {
			return err
		}
		if differences := r.differences(to, is); len(differences) > 0 {
			return &StateError{
				Problem: fmt.Sprintf("not everything that is bound to %s would come out as it is: %v", r.job.Title(), differences),
				Advice:  "drop it, and make it again after the swap; or report it as a bug in repave",
			}
		}
		r.take(from, is, r.load.Recreate)
		return checkTables(ctx, r.env, tx, r.job, nil)
	})
}

// transient reports whether an error says nothing about the statement.
func transient(ctx context.Context, err error) bool {
	return sqltmpl.IsLockContention(err) || sqltmpl.IsConnection(err) || ctx.Err() != nil
}

// remake reports whether a dependent that could not be replaced in place may
// be made again.
func (r *rehearsal) remake(failed *CarryError) bool {
	d := failed.Dependent
	return sqltmpl.IsDefinition(failed.Err) && !d.OnTable && !slices.Contains(r.load.Recreate, d.Name)
}

// complete makes sure that all that has to be made again can be.
func (r *rehearsal) complete(list []catalog.Dependent) error {
	for _, d := range list {
		if !slices.Contains(r.load.Recreate, d.Name) {
			continue
		}
		if err := carry.Impossible(list, r.load.Recreate, d); err != nil {
			return &CarryError{Dependent: d, Err: err}
		}
	}
	return nil
}

// differences compares what came out with what went in. Where types change,
// the server may read the same text differently.
func (r *rehearsal) differences(to, is []catalog.Dependent) []string {
	if !r.retyped() {
		return carry.Diff(to, is)
	}
	var out []string
	for _, d := range to {
		if !slices.ContainsFunc(is, func(o catalog.Dependent) bool { return o.Name == d.Name }) {
			out = append(out, d.Name+" is gone")
		}
	}
	return out
}

func (r *rehearsal) retyped() bool {
	for _, t := range r.job.Tables {
		for _, c := range t.Blueprint.Columns {
			if c.Source != "" && c.Shadow != "" && !c.Same {
				return true
			}
		}
	}
	return false
}
