package stages

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// syncSchema gives the shadow its indexes and constraints. First it deletes
// the keys that are in the log: what remains is a subset of one consistent
// state, so unique and exclusion constraints must hold. It locks nothing of
// the users' but ACCESS SHARE while it deletes.
type syncSchema struct{}

// Name implements Stage.
func (syncSchema) Name() Name { return SyncSchema }

// Run implements Stage.
func (s syncSchema) Run(ctx context.Context, env *Env, job registry.Job) (int64, error) {
	for _, t := range job.Tables {
		if err := checkIntact(ctx, env, env.Target, job, t); err != nil {
			return 0, err
		}
		if err := fitting(ctx, env, job, t, func() error { return s.deleteLogged(ctx, env, job, t) }); err != nil {
			return 0, err
		}
		shadowTable := env.names(t).Object("shadow")
		if err := exec(ctx, env.Target, sqltmpl.VacuumShadow{Shadow: shadowTable}.Statement()); err != nil {
			return 0, err
		}
		if err := s.build(ctx, env, job, t); err != nil {
			return 0, err
		}
		err := inTx(ctx, env.Target, func(tx pgx.Tx) error {
			_, err := buildStatistics(ctx, env, tx, job)
			return err
		})
		if err != nil {
			return 0, err
		}
		if err := exec(ctx, env.Target, sqltmpl.AnalyzeShadow{Shadow: shadowTable}.Statement()); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// deleteLogged deletes from the shadow what replay will write. It holds ACCESS
// SHARE on the source and gives way when an application waits for that.
func (syncSchema) deleteLogged(ctx context.Context, env *Env, job registry.Job, t registry.Table) error {
	capture := env.capture(job, t)
	what := "deleting of changed keys of " + t.Name.Plain()
	return yielding(ctx, env, job, what, func(ctx context.Context, y *yielder) error {
		return inSnapshot(ctx, env.Target, func(tx pgx.Tx) error {
			y.watch(tx.Conn())
			n, err := capture.DeleteLogged(ctx, tx)
			if err != nil {
				return fmt.Errorf("deleting changed keys from the shadow: %w", err)
			}
			env.Logger.DebugContext(ctx, "deleted changed keys from the shadow", slog.Int64("rows", n))
			return env.Registry.SetLastWrite(ctx, tx, t)
		})
	})
}

// build builds what is missing, several indexes at a time, the largest effort
// first, so that no session is left alone with a large one.
func (s syncSchema) build(ctx context.Context, env *Env, job registry.Job, t registry.Table) error {
	indexes, err := s.largestFirst(ctx, env, t)
	if err != nil {
		return err
	}
	builds := s.builds(env, t, indexes)
	total := int64(len(builds))
	report := func(done int64) {
		env.Report(Event{
			Job: job.ID, Table: t.Name.Plain(), Stage: SyncSchema, Phase: Going, Done: done, Total: total,
			Unit: "indexes",
		})
	}
	report(0)
	sessions := max(env.Options.Workers, 1)
	// The server's parallel workers count as sessions: more processes than that only add work.
	helpers := max(sessions/max(min(sessions, len(builds)), 1)-1, 0)
	throttle, err := newThrottle(ctx, env, job)
	if err != nil {
		return err
	}
	finished := make(chan struct{}, total)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(sessions)
	for _, build := range builds {
		group.Go(func() error {
			if err := throttle.clear(groupCtx); err != nil {
				return err
			}
			err := throttle.step(groupCtx, false, func() error { return s.create(groupCtx, env, build, helpers) })
			if err != nil {
				return err
			}
			finished <- struct{}{}
			report(int64(len(finished)))
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return s.finish(ctx, env, func(fn func(pgx.Tx) error) error { return inTx(ctx, env.Target, fn) }, t)
}

// A runner runs a step in a transaction of its own, or in one for all.
type runner func(func(pgx.Tx) error) error

// finish makes of the indexes what they are to be; each step looks first.
func (s syncSchema) finish(ctx context.Context, env *Env, run runner, t registry.Table) error {
	if err := s.buildTable(ctx, env, run, t); err != nil {
		return err
	}
	for _, index := range t.Blueprint.Indexes {
		n := node{env.names(t), t.Blueprint, t.ShadowOID}
		if err := run(func(tx pgx.Tx) error { return s.attach(ctx, env, tx, n, index) }); err != nil {
			return err
		}
	}
	return nil
}

// indexEffort is what an index of the source costs to build.
type indexEffort struct {
	Name   sqltmpl.Ident
	Effort float64
}

// largestFirst lists the indexes to build by the effort of what they were
// copied from; new ones, of unknown effort, come first.
func (syncSchema) largestFirst(ctx context.Context, env *Env, t registry.Table) ([]shadow.Index, error) {
	efforts, err := sqltmpl.All[indexEffort](ctx, env.Source, sqltmpl.IndexEfforts{OID: t.SourceOID}.Statement())
	if err != nil {
		return nil, err
	}
	effort := func(index shadow.Index) float64 {
		for _, e := range efforts {
			if e.Name == index.SourceName {
				return e.Effort
			}
		}
		return math.Inf(1)
	}
	out := slices.DeleteFunc(slices.Clone(t.Blueprint.Indexes), func(index shadow.Index) bool { return index.Def == "" })
	slices.SortStableFunc(out, func(a, b shadow.Index) int { return cmp.Compare(effort(b), effort(a)) })
	return out, nil
}

// An indexBuild is one index to build: of the shadow, or of a partition of it.
type indexBuild struct {
	name       sqltmpl.Table
	table      sqltmpl.Table
	btree      bool
	title      string
	statement  sqltmpl.Statement
	tablespace sqltmpl.Ident
}

// create builds one index in a transaction of its own.
func (s syncSchema) create(ctx context.Context, env *Env, build indexBuild, helpers int) error {
	return inTx(ctx, env.Target, func(tx pgx.Tx) error {
		if err := env.prepareBuild(ctx, tx, build.table, build.btree, helpers); err != nil {
			return err
		}
		return s.createIn(ctx, env, tx, build)
	})
}

// createIn builds one index, unless it is there.
func (syncSchema) createIn(ctx context.Context, env *Env, tx pgx.Tx, build indexBuild) error {
	there, err := sqltmpl.Scalar[bool](ctx, tx, sqltmpl.IndexExists{Name: build.name.String()}.Statement())
	if err != nil || there {
		return err
	}
	began := time.Now()
	err = exec(ctx, tx,
		sqltmpl.SetLocal{Name: "default_tablespace", Value: string(build.tablespace)}.Statement(), build.statement)
	if err != nil {
		return fmt.Errorf("building %s: %w", build.title, err)
	}
	env.Logger.DebugContext(ctx, "built index", slog.String("index", build.title),
		slog.Duration("elapsed", time.Since(began)))
	return nil
}

// attach makes an index a constraint where it is one, and adds what CREATE
// INDEX has no clause for; looking first.
func (s syncSchema) attach(ctx context.Context, env *Env, tx pgx.Tx, n node, index shadow.Index) error {
	table := n.names.Object("shadow")
	tree := slices.ContainsFunc(n.blueprint.Partitions, func(p shadow.Partition) bool { return p.Own != nil }) || n.blueprint.Source.Partition
	name := sqltmpl.Table{Schema: env.Registry.Schema(), Name: index.BuildName}
	if index.Constraint != nil {
		there, err := sqltmpl.Scalar[bool](ctx, tx, sqltmpl.ConstraintExists{
			Table: table.String(), Name: string(index.BuildName),
		}.Statement())
		if err != nil || there {
			return err
		}
		if n.blueprint.Partitioned() {
			err = s.constrainPartitioned(ctx, tx, table, index, tree)
		} else {
			err = s.constrain(ctx, env, tx, table, index)
		}
		if err != nil {
			return fmt.Errorf("adding constraint %s of %s: %w", index.Name, n.blueprint.Source.Table.Plain(), err)
		}
		if c := index.Constraint.Comment; c != "" {
			err := exec(ctx, tx, sqltmpl.CommentConstraint{
				Table: table, Name: index.BuildName, Comment: sqltmpl.Literal(c),
			}.Statement())
			if err != nil {
				return err
			}
		}
	}
	made, err := sqltmpl.Scalar[uint32](ctx, tx, sqltmpl.RelationOID{Name: name.String()}.Statement())
	if err != nil {
		return err
	}
	if made == 0 { // of a tree's; it is not valid until it has taken in those of the partitions
		err := s.createIn(ctx, env, tx, indexBuild{
			name: name, title: fmt.Sprintf("index %s of %s", index.Name, n.blueprint.Source.Table.Plain()), tablespace: index.Tablespace,
			statement: sqltmpl.CreateIndex{Def: index.Def}.Statement(),
		})
		if err != nil {
			return err
		}
	}
	if index.Comment != "" {
		err := exec(ctx, tx, sqltmpl.CommentIndex{Index: name, Comment: sqltmpl.Literal(index.Comment)}.Statement())
		if err != nil {
			return err
		}
	}
	return setIndexStatistics(ctx, tx, name, index)
}
