package stages

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// errRebound says that what is bound to the live tables is not what the last
// rehearsal found.
var errRebound = errors.New("triggers, views or the like have changed")

// bound reads what is bound to the live tables.
func bound(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job) ([]catalog.Dependent, error) {
	var oids, below []uint32
	for _, t := range job.Tables {
		oids = append(oids, liveOID(job, t))
	}
	for _, n := range env.nodesBelow(job) {
		below = append(below, n.live(job.Swapped))
	}
	return catalog.LoadDependents(ctx, tx, append(oids, below...), env.Registry.Schema(), below...)
}

// A sender sends the steps that bind objects.
type sender func(ctx context.Context, tx pgx.Tx, steps []carry.Step) error

// sendAll sends all steps in one round trip.
func sendAll(ctx context.Context, tx pgx.Tx, steps []carry.Step) error {
	statements := make([]sqltmpl.Statement, len(steps))
	for i, step := range steps {
		statements[i] = step.Statement
	}
	return sqltmpl.ExecAll(ctx, tx, statements...)
}

// sendEach sends steps one by one, to know which one fails.
func sendEach(ctx context.Context, tx pgx.Tx, steps []carry.Step) error {
	for _, step := range steps {
		if _, err := step.Statement.Exec(ctx, tx); err != nil {
			if transient(ctx, err) {
				return err
			}
			return &CarryError{Dependent: step.Dependent, Err: err}
		}
	}
	return nil
}

// exchangeNames parks the live tables, gives their names to the standbys and
// binds to them what was bound to the others. The caller holds all locks.
// Materialized views wait filled, or are made here, empty.
func exchangeNames(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job, send sender, filled bool) error {
	load := job.Carried
	// Bodies that are text were checked when they were made, with a search path of their own.
	err := exec(ctx, tx, sqltmpl.SetLocal{Name: "check_function_bodies", Value: "off"}.Statement())
	if err != nil {
		return err
	}
	err = send(ctx, tx, carry.TakeAway(load.Side(job.Swapped), load.Recreate, env.parked(job, job.Swapped)))
	if err != nil {
		return err
	}
	pairs := env.pairs(job)
	for i, p := range pairs {
		if pairs[i].at, err = park(ctx, tx, env.Registry.Schema(), p.from); err != nil {
			return fmt.Errorf("exchanging %s: %w", p.table.Name.Plain(), err)
		}
	}
	for _, p := range pairs {
		if err := unpark(ctx, tx, p.to, p.at); err != nil {
			return fmt.Errorf("exchanging %s: %w", p.table.Name.Plain(), err)
		}
	}
	if err := tie(ctx, tx, pairs); err != nil {
		return fmt.Errorf("changing over foreign keys: %w", err)
	}
	err = send(ctx, tx, carry.PutBack(load.Side(!job.Swapped), load.Recreate, env.parked(job, !job.Swapped), filled))
	if err != nil {
		return err
	}
	if err := identifyLeaves(ctx, tx, job); err != nil {
		return err
	}
	return removeGuards(ctx, env, tx, job)
}

// sides returns what parks and what takes over the name in the next swap.
func sides(env *Env, job registry.Job, t registry.Table) (from, to side) {
	names := env.names(t)
	from, to = original(names, t.Blueprint), rewritten(names, t.Blueprint)
	if job.Swapped {
		from, to = to, from
	}
	return from, to
}

// parked returns how a side's statistics objects and materialized views are
// called while its tables do not have their names: by a digest, as they may come,
// change and go.
func (env *Env) parked(job registry.Job, rewritten bool) carry.Parked {
	return func(d catalog.Dependent, index sqltmpl.Ident) sqltmpl.Table {
		h := fnv.New64a()
		_, _ = fmt.Fprintf(h, "%s\x00%s\x00%s", d.Name, d.Create, index)
		what := "o"
		if rewritten {
			what = "s"
		}
		number := 1
		for _, t := range job.Tables {
			if slices.ContainsFunc(env.nodes(t), func(n node) bool { return n.is(d.Relation) }) {
				number = t.Number
			}
		}
		return env.Registry.Names(job.ID, number).Object(fmt.Sprintf("%s%016x", what, h.Sum64()))
	}
}

// bindingLocks lists the views, outermost first, and the tables' parents, which
// queries lock before the tables; their children, which queries lock after them;
// and other relations that binding locks. A query on a parent looks up its
// children under its lock: without ours it might go on to the parked table after
// the swap, and write there.
func bindingLocks(job registry.Job) (views, parents, heirs, others []lockable) {
	if job.Carried == nil {
		return nil, nil, nil, nil
	}
	for _, d := range slices.Backward(job.Carried.Side(job.Swapped)) {
		list := job.Carried.Side(job.Swapped)
		if d.Kind == carry.Inheritance {
			name := sqltmpl.Table{Schema: d.RelationSchema, Name: d.RelationName}
			parents = append(parents, lockable{d.Relation, name, sqltmpl.LockTable{Table: name, Only: true}.Statement()})
			if d.DefaultOID != 0 { // its constraint changes with every partition that comes and goes
				parents = append(parents, tableLock(d.DefaultOID, sqltmpl.Table{Schema: d.DefaultSchema, Name: d.DefaultName}))
			}
			continue
		}
		if d.Kind == carry.Child {
			name := sqltmpl.Table{Schema: d.RelationSchema, Name: d.RelationName}
			heirs = append(heirs, lockable{d.Relation, name, sqltmpl.LockTable{Table: name, Only: true}.Statement()})
			continue
		}
		if d.OnTable || d.Relation == 0 || !carry.Rebinds(list, d) && !slices.Contains(job.Carried.Recreate, d.Name) {
			continue
		}
		name := sqltmpl.Table{Schema: d.RelationSchema, Name: d.RelationName}
		switch {
		case d.Kind == "view", d.Kind == carry.MaterializedView:
			views = append(views, lockable{d.Relation, name, sqltmpl.LockView{View: name, Owner: d.RelationOwner}.Statement()})
		case !d.OnView:
			others = append(others, tableLock(d.Relation, name))
		}
	}
	return views, parents, heirs, others
}

// buildStatistics gives the standbys the statistics objects that they should
// have, and takes from them those that their tables have lost. It returns the
// standbys that got new ones, which have to be analyzed. It may run again.
func buildStatistics(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job) (made []sqltmpl.Table, err error) {
	if job.Carried == nil {
		return nil, nil
	}
	parked := env.parked(job, !job.Swapped)
	for _, n := range env.allNodes(job) {
		table := n.standbyName(job.Swapped)
		own, err := sqltmpl.All[sqltmpl.StatisticsObject](ctx, tx, sqltmpl.OwnStatistics{
			Relation: n.standby(job.Swapped), Schema: string(env.Registry.Schema()),
		}.Statement())
		if err != nil {
			return nil, err
		}
		var steps []sqltmpl.Statement
		wanted := map[sqltmpl.Ident]bool{}
		for _, d := range job.Carried.Side(!job.Swapped) {
			if d.Kind != "statistics" || !n.is(d.Relation) {
				continue
			}
			name := parked(d, "")
			wanted[name.Name] = true
			if slices.ContainsFunc(own, func(o sqltmpl.StatisticsObject) bool { return o.Name == name.Name }) {
				continue
			}
			steps = append(steps, sqltmpl.CreateStatistics{
				Statistics: name, Def: d.Statistics, Table: table,
			}.Statement())
			if d.StatisticsTarget >= 0 {
				steps = append(steps, sqltmpl.TargetStatistics{Statistics: name, Target: d.StatisticsTarget}.Statement())
			}
			if !slices.Contains(made, table) {
				made = append(made, table)
			}
		}
		for _, o := range own {
			if !wanted[o.Name] {
				steps = append(steps, sqltmpl.DropStatistics{
					Statistics: sqltmpl.Table{Schema: env.Registry.Schema(), Name: o.Name},
				}.Statement())
			}
		}
		if err := exec(ctx, tx, steps...); err != nil {
			return nil, fmt.Errorf("making statistics objects like those of %s: %w", n.blueprint.Source.Table.Plain(), err)
		}
	}
	return made, nil
}
