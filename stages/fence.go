package stages

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// The states of a fence.
const (
	isOpen   = "open"   // everybody passes
	isClosed = "closed" // nobody does
	isHeld   = "held"   // nobody does, as long as the session lives that holds it
)

// fenceOf is a job's fence at an end: a function in the schema of its first table, and
// a trigger on each table and partition.
func fenceOf(job registry.Job, mark, state, message, hint string) sqltmpl.Fence {
	return sqltmpl.Fence{
		Function: sqltmpl.Table{Schema: job.Tables[0].Name.Schema, Name: sqltmpl.Ident(mark + "_fence")},
		Trigger:  sqltmpl.Ident(mark + "_fence"), Pass: sqltmpl.Literal(mark), State: sqltmpl.Literal(state),
		Message: sqltmpl.Literal(message), Hint: sqltmpl.Literal(hint), Crossing: "",
	}
}

// filling is the target's fence while it is being filled.
func filling(job registry.Job, mark string) sqltmpl.Fence {
	return fenceOf(job, mark, isClosed, fmt.Sprintf("table %%I.%%I is being filled by repave job %d", job.ID),
		"it opens when the job is swapped; see: repave status")
}

// closing is the fence of the side that a direction comes from: its writers are
// to go to the other. No other crossing's is made of the same text.
func closing(env *Env, job registry.Job, mark string, d registry.Direction, state, crossing string) sqltmpl.Fence {
	fence := fenceOf(job, mark, state,
		"table %I.%I has moved to "+strings.ReplaceAll(env.to(d).place(), "%", "%%"),
		fmt.Sprintf("connect there; this is the fence of repave job %d", job.ID))
	fence.Crossing = sqltmpl.Literal(crossing)
	return fence
}

// passable is a fence that lets everybody through: what a fence is replaced by,
// without a lock on any table, until its triggers are taken away.
func passable(job registry.Job, mark string) sqltmpl.Fence {
	return fenceOf(job, mark, isOpen, "%I.%I", "")
}

// fenceTree lists the relations that a table's fence is on.
func fenceTree(ctx context.Context, tx pgx.Tx, oid uint32) ([]sqltmpl.Table, error) {
	return sqltmpl.All[sqltmpl.Table](ctx, tx, sqltmpl.ListTree{Relation: oid}.Statement())
}

// putUp puts a fence on all tables of an end. The caller has locked them: no
// writer is left, and none comes before the transaction ends.
func putUp(ctx context.Context, tx pgx.Tx, job registry.Job, e end, fence sqltmpl.Fence) error {
	if err := exec(ctx, tx, fence.Create()); err != nil {
		return err
	}
	for _, t := range job.Tables {
		tree, err := fenceTree(ctx, tx, e.oidAt(t))
		if err != nil {
			return err
		}
		for _, table := range tree {
			if err := exec(ctx, tx, fence.On(table)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeDown takes a fence from wherever it is. It takes ACCESS EXCLUSIVE on the
// tables for a moment. May run twice.
func takeDown(ctx context.Context, tx pgx.Tx, fence sqltmpl.Fence) error {
	tables, err := sqltmpl.All[sqltmpl.Table](ctx, tx, fence.Tables())
	if err != nil {
		return err
	}
	for _, table := range tables {
		if err := exec(ctx, tx, fence.Off(table)); err != nil {
			return err
		}
	}
	return exec(ctx, tx, fence.Drop())
}

// lockWriters keeps writers away from all tables of an end, within d in all.
func lockWriters(ctx context.Context, tx pgx.Tx, job registry.Job, e end, d time.Duration) error {
	deadline := time.Now().Add(d)
	for i, t := range job.Tables {
		wait := time.Until(deadline)
		if i > 0 {
			wait = min(wait, nextLock)
		}
		tree, err := fenceTree(ctx, tx, e.oidAt(t))
		if err != nil {
			return err
		}
		for _, table := range tree {
			limit := sqltmpl.LimitWaits{Milliseconds: max(wait.Milliseconds(), 1)}.Statement()
			if err := exec(ctx, tx, limit, sqltmpl.LockWriters{Table: table}.Statement()); err != nil {
				return fmt.Errorf("locking %s: %w", table.Plain(), err)
			}
		}
	}
	return setLockTimeout(ctx, tx, d)
}

// exclusively runs work in a transaction that has locked all tables of an end
// against writers.
func (env *Env) exclusively(
	ctx context.Context, job registry.Job, e end, what string, work func(ctx context.Context, tx pgx.Tx) error,
) error {
	// Locks are waited for as in place, on the end's own server.
	there := *env
	there.Source = e.pool
	oids := make([]uint32, len(job.Tables))
	for i, t := range job.Tables {
		oids[i] = e.oidAt(t)
	}
	return withLocks(ctx, &there, job, lockJob{
		what: what, tables: oids,
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
			return lockWriters(ctx, tx, job, e, d)
		},
		work: work,
	})
}
