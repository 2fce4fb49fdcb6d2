package stages

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// fillViews makes the materialized views that will have the names after the
// next swap, with the views below them that have to be made again, bound to the standbys, and fills them: they are never seen empty.
// They hold what is in the tables now, as after a REFRESH. It may run again,
// and fills them again. Making one takes the swap's locks for milliseconds.
func fillViews(ctx context.Context, env *Env, job registry.Job) error {
	views := carry.Waiting(job.Carried.Side(!job.Swapped), job.Carried.Recreate)
	parked := env.parked(job, !job.Swapped)
	if err := makeViews(ctx, env, job, views, parked); err != nil {
		return err
	}
	var now []catalog.Dependent
	err := inTx(ctx, env.Target, func(tx pgx.Tx) (err error) {
		now, err = bound(ctx, env, tx, job)
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range views {
		if d.Kind == carry.View {
			continue
		}
		filled := func(o catalog.Dependent) bool { return o.Name == d.Name && o.Populated }
		if !slices.ContainsFunc(now, filled) {
			continue
		}
		env.Report(Event{Job: job.ID, Table: job.Title(), Stage: Swap, Phase: Going, Unit: "filling " + d.Name})
		view := parked(d, "")
		if err := exec(ctx, env.Target, sqltmpl.RefreshView{View: view}.Statement(), sqltmpl.AnalyzeView{View: view}.Statement()); err != nil {
			return fmt.Errorf("filling %s: %w", d.Name, err)
		}
	}
	return nil
}

// makeViews makes those of views that are not there yet, and drops what others
// an earlier process made. A view binds to the table that has the name, so for
// a moment, under the swap's locks, the standbys have the tables' names, and
// the new views those of the old ones.
func makeViews(
	ctx context.Context, env *Env, job registry.Job, views []catalog.Dependent, parked carry.Parked,
) error {
	there, err := ownViews(ctx, env, env.Target, job)
	if err != nil {
		return err
	}
	var wanted []sqltmpl.Ident
	for _, d := range views {
		wanted = append(wanted, parked(d, "").Name)
	}
	var names []sqltmpl.Ident
	for _, v := range there {
		names = append(names, v.Name)
	}
	slices.Sort(wanted)
	slices.Sort(names)
	if slices.Equal(wanted, names) {
		return nil
	}
	tries := 0
	oids, _ := swap{}.involved(env, job, 1)
	return withLocks(ctx, env, job, lockJob{
		what:   "make materialized views for " + job.Title(),
		tables: oids,
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
			tries++
			_, locks := swap{}.involved(env, job, tries)
			return lockTables(ctx, tx, d, nextWait(tries), locks)
		},
		work: func(ctx context.Context, tx pgx.Tx) error {
			if err := stillAt(ctx, env, tx, job); err != nil {
				return err
			}
			return renew(ctx, env, tx, job, views, parked)
		},
	})
}

// renew drops what views of ours are there and makes views, with
// the names in their places for a moment.
func renew(
	ctx context.Context, env *Env, tx pgx.Tx, job registry.Job, views []catalog.Dependent, parked carry.Parked,
) error {
	if err := dropViews(ctx, env, tx, job); err != nil {
		return err
	}
	from := env.parked(job, job.Swapped)
	was := carry.Waiting(job.Carried.Side(job.Swapped), job.Carried.Recreate)
	var steps []carry.Step
	for _, d := range slices.Backward(was) {
		steps = append(steps, carry.Park(d, from)...)
	}
	var lend, giveBack []sqltmpl.Statement
	for _, n := range env.allNodes(job) {
		name, standby, aside := n.blueprint.Source.Table, n.standbyName(job.Swapped), n.names.Object("aside")
		lend = append(lend,
			sqltmpl.RenameTable{Table: name, To: aside.Name}.Statement(),
			sqltmpl.SetSchema{Table: standby, Schema: name.Schema}.Statement(),
			sqltmpl.RenameTable{Table: sqltmpl.Table{Schema: name.Schema, Name: standby.Name}, To: name.Name}.Statement())
		giveBack = append(giveBack,
			sqltmpl.RenameTable{Table: name, To: standby.Name}.Statement(),
			sqltmpl.SetSchema{Table: sqltmpl.Table{Schema: name.Schema, Name: standby.Name}, Schema: standby.Schema}.Statement(),
			sqltmpl.RenameTable{Table: sqltmpl.Table{Schema: name.Schema, Name: aside.Name}, To: name.Name}.Statement())
	}
	if err := sendEach(ctx, tx, steps); err != nil {
		return err
	}
	if err := sqltmpl.ExecAll(ctx, tx, lend...); err != nil {
		return err
	}
	steps = nil
	for _, d := range views {
		steps = append(steps, carry.Make(d)...)
	}
	for _, d := range slices.Backward(views) {
		steps = append(steps, carry.Park(d, parked)...)
	}
	for _, d := range was {
		steps = append(steps, carry.Unpark(d, from)...)
	}
	if err := sendEach(ctx, tx, steps); err != nil {
		return err
	}
	return sqltmpl.ExecAll(ctx, tx, giveBack...)
}

// ownViews lists the views of a job that wait for their names or
// have lost them, each before those that it reads.
func ownViews(ctx context.Context, env *Env, db sqltmpl.DB, job registry.Job) ([]sqltmpl.OwnView, error) {
	var out []sqltmpl.OwnView
	for _, t := range job.Tables {
		names := env.names(t)
		found, err := sqltmpl.All[sqltmpl.OwnView](ctx, db, sqltmpl.OwnViews{
			Schema: string(names.Schema), Prefix: names.Prefix,
		}.Statement())
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// dropViews drops them.
func dropViews(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job) error {
	there, err := ownViews(ctx, env, tx, job)
	if err != nil {
		return err
	}
	for _, v := range there {
		name := sqltmpl.Table{Schema: env.Registry.Schema(), Name: v.Name}
		drop := sqltmpl.DropPlainView{View: name}.Statement()
		if v.Materialized {
			drop = sqltmpl.DropView{View: name}.Statement()
		}
		if err := exec(ctx, tx, drop); err != nil {
			return err
		}
	}
	return nil
}
