package stages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// On the way back changes are applied as a replica's: what the source's triggers and rules do, those of the target have done. But those
// that are ENABLE ALWAYS or ENABLE REPLICA act all the same. So they are kept still, which means switched off, from the first change that is
// applied on until the source is opened, with a record of how they were switched in a table beside them. All of it is on one
// server, and hangs on the fence: they are only switched off while it is closed, and who opens it switches them as they were,
// in the same transaction, under a lock that both take. What can happen:
//
//   - A crash, whenever: they are switched off and recorded, and the fence is closed; or none of it.
//   - Somebody switches one on meanwhile. The next transaction that applies changes sees it, as it has locked what it
//     has written by then, and is rolled back; it is kept still again, and will be as he wanted it. One that he switches to ENABLE is
//     left to him. Whatever is not as it was before the job, the cutover refuses, as all that is changed on the source.
//   - A process that has lost the job while it was stopped comes to switch them off when another one has opened the source: it
//     finds a fence that is not closed.
//   - The process dies between the target's COMMIT and the source's on the way back: the next command switches them as they
//     were when it opens the source.

// stilledOf is the table that keeps how they were switched.
func stilledOf(job registry.Job, mark string) sqltmpl.Stilled {
	return sqltmpl.Stilled{Table: sqltmpl.Table{Schema: job.Tables[0].Name.Schema, Name: sqltmpl.Ident(mark + "_stilled")}}
}

// awake lists what would act on changes that come back.
func awake(ctx context.Context, db sqltmpl.DB, job registry.Job) ([]sqltmpl.Actor, error) {
	oids := make([]uint32, len(job.Tables))
	for i, t := range job.Tables {
		oids[i] = t.SourceOID
	}
	return sqltmpl.All[sqltmpl.Actor](ctx, db, sqltmpl.Awake{OIDs: oids}.Statement())
}

// stilled lists what is kept still; made reports whether anything ever was.
func stilled(ctx context.Context, db sqltmpl.DB, job registry.Job, mark string) (list []sqltmpl.Actor, made bool, err error) {
	table := stilledOf(job, mark)
	oid, err := sqltmpl.Scalar[uint32](ctx, db, sqltmpl.RelationOID{Name: table.Table.String()}.Statement())
	if err != nil || oid == 0 {
		return nil, false, err
	}
	list, err = sqltmpl.All[sqltmpl.Actor](ctx, db, table.List())
	return list, true, err
}

// still keeps the source's triggers and rules from acting on what comes back. It locks the source's tables, which are closed
// to writers, for a moment, if there is anything to do. May run again.
func (env *Env) still(ctx context.Context, job registry.Job, mark string) error {
	if list, err := awake(ctx, env.Source, job); err != nil || len(list) == 0 {
		return err
	}
	return env.amid(ctx, job, mark, "keep triggers of "+job.Title()+" still", func(ctx context.Context, tx pgx.Tx) error {
		if err := closed(ctx, tx, job, mark); err != nil {
			return err
		}
		list, err := awake(ctx, tx, job)
		if err != nil {
			return err
		}
		table := stilledOf(job, mark)
		steps := table.Make()
		for _, a := range list {
			steps = append(steps, table.Keep(a))
		}
		for _, a := range list {
			a.State = "D"
			steps = append(steps, a.Switch())
			env.Logger.InfoContext(ctx, "kept still until the source is opened", slog.String(a.Kind, string(a.Name)),
				slog.String("of", a.Table().Plain()))
		}
		err = exec(ctx, tx, steps...)
		if sqltmpl.IsPrivilege(err) {
			err = &StateError{
				Problem: "triggers of the source that act on what comes back can't be switched off: " + err.Error(),
				Advice:  "switch them off until the source is opened again, then run the same command again",
			}
		}
		return err
	})
}

// closed makes sure that the source is: the caller has locked its tables, as who opens it does if there is anything to undo.
func closed(ctx context.Context, tx pgx.Tx, job registry.Job, mark string) error {
	fence, err := sqltmpl.Scalar[string](ctx, tx, passable(job, mark).Source())
	if err == nil && !strings.Contains(fence, "CONSTANT text := 'closed'") {
		err = &StateError{
			Problem: "the source's tables of " + job.Title() + " are not fenced, so they can't be changed for the way back",
			Advice:  "another process may have opened them; look: repave status",
		}
	}
	return err
}

// wake switches everything as it was before it was kept still. Who calls it opens the source in the same transaction, which
// has its tables locked.
func wake(ctx context.Context, tx pgx.Tx, job registry.Job, mark string) error {
	list, made, err := stilled(ctx, tx, job, mark)
	if err != nil || !made {
		return err
	}
	var steps []sqltmpl.Statement
	for _, a := range list {
		steps = append(steps, a.Switch())
	}
	return exec(ctx, tx, append(steps, stilledOf(job, mark).Drop())...)
}

// rouse opens the source if something there is kept still, with the locks that this needs. May run twice.
func (env *Env) rouse(ctx context.Context, job registry.Job, mark string) error {
	if _, made, err := stilled(ctx, env.Source, job, mark); err != nil || !made {
		return err
	}
	return env.amid(ctx, job, mark, "open "+job.Title(), func(ctx context.Context, tx pgx.Tx) error {
		return wakeAndPass(ctx, tx, job, mark)
	})
}

// wakeAndPass opens the source.
func wakeAndPass(ctx context.Context, tx pgx.Tx, job registry.Job, mark string) error {
	if err := wake(ctx, tx, job, mark); err != nil {
		return err
	}
	return exec(ctx, tx, passable(job, mark).Create())
}

// roused is what rouse does, but for the fence and the COMMIT, for a cutover that is about to open the source: it has waited for the locks by then.
// It returns nil if nothing is kept still.
func (c *crossing) roused(ctx context.Context) (tx pgx.Tx, err error) {
	if _, made, err := stilled(ctx, c.env.Source, c.job, c.mark); err != nil || !made {
		return nil, err
	}
	limit, err := lockLimit(ctx, c.env)
	if err != nil {
		return nil, err
	}
	if tx, err = c.env.Source.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}); err != nil {
		return nil, err
	}
	err = exec(ctx, tx, sqltmpl.SetLocal{Name: "idle_in_transaction_session_timeout", Value: idleWithLocks}.Statement())
	if err == nil {
		err = lockActors(ctx, tx, c.job, c.mark, c.env.from(registry.Forward), limit)
	}
	if err == nil {
		err = wake(ctx, tx, c.job, c.mark)
	}
	if err != nil {
		giveUp(ctx, tx)
		return nil, err
	}
	return tx, nil
}

// giveUp rolls a transaction back; nil is none.
func giveUp(ctx context.Context, tx pgx.Tx) {
	if tx == nil {
		return
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	_ = tx.Rollback(ctx) // the server does the same if it does not hear of it
}

// amid runs work in a transaction that has locked the source's tables, so that triggers and rules can be switched.
func (env *Env) amid(ctx context.Context, job registry.Job, mark, what string, work func(ctx context.Context, tx pgx.Tx) error) error {
	e := env.from(registry.Forward)
	there := *env
	there.Source = e.pool
	j := lockJob{what: what, work: work, lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
		return lockActors(ctx, tx, job, mark, e, d)
	}}
	for _, t := range job.Tables {
		j.tables = append(j.tables, t.SourceOID)
	}
	return withLocks(ctx, &there, job, j)
}

// lockActors keeps writers away, and readers, too, if there are rules to switch.
func lockActors(ctx context.Context, tx pgx.Tx, job registry.Job, mark string, e end, d time.Duration) error {
	on, err := awake(ctx, tx, job)
	if err != nil {
		return err
	}
	off, _, err := stilled(ctx, tx, job, mark)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(append(on, off...), func(a sqltmpl.Actor) bool { return a.Kind == "rule" }) {
		return lockWriters(ctx, tx, job, e, d)
	}
	var locks []lockable
	for _, t := range job.Tables {
		tree, err := fenceTree(ctx, tx, t.SourceOID)
		if err != nil {
			return err
		}
		for _, table := range tree {
			locks = append(locks, tableLock(0, table))
		}
	}
	return lockTables(ctx, tx, d, nextLock, locks)
}

// errStirred says that something acts on what comes back which was still when the stream was opened: that is done again.
var errStirred = errors.New("somebody has switched it on: it would act on what comes back")

// unstirred makes sure that nothing has acted on what a transaction has applied to the source.
func unstirred(ctx context.Context, tx pgx.Tx, job registry.Job) error {
	list, err := awake(ctx, tx, job)
	if err != nil || len(list) == 0 {
		return err
	}
	return fmt.Errorf("%s %s of %s: %w", list[0].Kind, list[0].Name.Plain(), list[0].Table().Plain(), errStirred)
}
