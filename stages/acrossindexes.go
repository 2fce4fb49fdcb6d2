package stages

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// acrossSchema gives the target's tables their indexes, keys and everything
// else but foreign keys. A mixed copy is no state that the source ever had: it
// gets its key first, and all else once the stream has made it one. It locks
// only the target's tables.
type acrossSchema struct{}

// Name implements Stage.
func (acrossSchema) Name() Name { return SyncSchema }

// Run implements Stage.
func (s acrossSchema) Run(ctx context.Context, env *Env, job registry.Job) (int64, error) {
	stream, err := env.Registry.Stream(ctx, env.Target, job.ID, registry.Forward)
	if err != nil {
		return 0, err
	}
	if stream.Mixed {
		if err := s.straighten(ctx, env, job, stream); err != nil {
			return 0, err
		}
	}
	for _, t := range job.Tables {
		// As in place: the builds need not look up which rows are committed.
		if err := exec(ctx, env.Target, sqltmpl.VacuumShadow{Shadow: t.Name}.Statement()); err != nil {
			return 0, err
		}
	}
	if err := s.build(ctx, env, job, allIndexes); err != nil {
		return 0, err
	}
	for _, t := range job.Tables {
		err := inTx(ctx, env.Target, func(tx pgx.Tx) error {
			_, err := treeOf(t).Finish(ctx, tx) // setup has told the notes
			return err
		})
		if err != nil {
			return 0, err
		}
		if err := exec(ctx, env.Target, sqltmpl.AnalyzeShadow{Shadow: t.Name}.Statement()); err != nil {
			return 0, err
		}
	}
	return 0, makeViewsAcross(ctx, env, job)
}

// straighten makes of a mixed copy what the source was at one position, at the
// latest: one row for each key, then all changes up to behind the end of the copy.
func (s acrossSchema) straighten(ctx context.Context, env *Env, job registry.Job, stream registry.Stream) error {
	name, err := env.jobMark(ctx, job)
	if err != nil {
		return err
	}
	if stream.Applied < stream.Copied {
		for _, t := range job.Tables {
			if err := s.single(ctx, env, t, name); err != nil {
				return err
			}
		}
	}
	if err := s.build(ctx, env, job, keyIndexes); err != nil {
		return err
	}
	if stream.Applied >= stream.Copied {
		return nil
	}
	_, err = env.followTree(ctx, job, logical.Goal{Behind: stream.Copied})
	return err
}

// single leaves one row of each key.
func (acrossSchema) single(ctx context.Context, env *Env, t registry.Table, pass string) error {
	return inTx(ctx, env.Target, func(tx pgx.Tx) error {
		if err := exec(ctx, tx, sqltmpl.HoldPass{Pass: pass}.Statement()); err != nil {
			return err
		}
		var key sqltmpl.Columns
		for _, k := range t.Blueprint.Key {
			key = append(key, k.Shadow)
		}
		var n int64
		for _, table := range filesOf(t) { // a ctid is one of a partition's
			one, err := sqltmpl.DeleteDuplicates{Table: table, Key: key}.Statement().Exec(ctx, tx)
			if err != nil {
				return fmt.Errorf("deleting rows of %s that were copied twice: %w", table.Plain(), err)
			}
			n += one
		}
		env.Logger.DebugContext(ctx, "deleted rows that were copied twice", slog.Int64("rows", n), slog.String("table", t.Name.Plain()))
		return nil
	})
}

// An acrossIndex is one index to build on the target.
type acrossIndex struct {
	define.Index
	of registry.Table
}

func allIndexes(registry.Table, define.Index) bool { return true }

// keyIndexes are those by which the stream finds rows.
func keyIndexes(t registry.Table, i define.Index) bool {
	for above := i.Table; above != t.Name; { // of a partition: what it belongs to
		part, _ := treeOf(t).PartOf(above)
		if i.Name = part.Indexes[i.Name]; i.Name == "" {
			return false
		}
		above = part.Above
	}
	for _, index := range t.Blueprint.Indexes {
		if index.Name == i.Name {
			return index.Key
		}
	}
	return false
}

// inOrder lists what is to be built of a table's indexes, and of its partitions',
// the costliest of each first.
func (acrossSchema) inOrder(ctx context.Context, env *Env, t registry.Table) ([]acrossIndex, error) {
	of := map[sqltmpl.Table]map[sqltmpl.Ident]define.Index{}
	for _, i := range treeOf(t).Indexes() {
		if of[i.Table] == nil {
			of[i.Table] = map[sqltmpl.Ident]define.Index{}
		}
		if !i.Only {
			of[i.Table][i.Name] = i
		}
	}
	nodes := []registry.Table{t}
	for _, p := range t.Blueprint.Below() {
		if p.Own != nil && p.Own.Source.Kind != partitioned {
			part := t
			part.SourceOID, part.Blueprint = p.Own.Source.OID, p.Own
			nodes = append(nodes, part)
		}
	}
	var out []acrossIndex
	for _, n := range nodes {
		order, err := (syncSchema{}).largestFirst(ctx, env, n)
		if err != nil {
			return nil, err
		}
		for _, i := range order {
			if index, ok := of[n.Blueprint.Shadow.Table][i.Name]; ok {
				out = append(out, acrossIndex{index, t})
			}
		}
	}
	return out, nil
}

// build builds the indexes of all tables that are wanted, several at a time, the
// costliest first, then makes keys of them, and has those of partitioned tables take them in.
func (s acrossSchema) build(
	ctx context.Context, env *Env, job registry.Job, want func(registry.Table, define.Index) bool,
) error {
	var indexes []acrossIndex
	for _, t := range job.Tables {
		order, err := s.inOrder(ctx, env, t)
		if err != nil {
			return err
		}
		indexes = append(indexes, slices.DeleteFunc(order, func(i acrossIndex) bool { return !want(t, i.Index) })...)
	}
	sessions := max(env.Options.Workers, 1)
	helpers := max(sessions/max(min(sessions, len(indexes)), 1)-1, 0)
	done := make(chan struct{}, len(indexes))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(sessions)
	for _, index := range indexes {
		group.Go(func() error {
			if err := env.awaitResume(groupCtx, job); err != nil {
				return err
			}
			if err := s.create(groupCtx, env, index, helpers); err != nil {
				return err
			}
			done <- struct{}{}
			env.Report(Event{
				Job: job.ID, Table: job.Title(), Stage: SyncSchema, Phase: Going, Done: int64(len(done)), Total: int64(len(indexes)),
				Unit: "indexes",
			})
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, t := range job.Tables {
		for _, i := range treeOf(t).Indexes() {
			if !want(t, i) {
				continue
			}
			if i.Only {
				if err := s.create(ctx, env, acrossIndex{i, t}, 0); err != nil {
					return err
				}
			}
			err := inTx(ctx, env.Target, func(tx pgx.Tx) error {
				_, err := i.Attach(ctx, tx)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// create builds one index in a transaction of its own.
func (acrossSchema) create(ctx context.Context, env *Env, index acrossIndex, helpers int) error {
	began := time.Now()
	return inTx(ctx, env.Target, func(tx pgx.Tx) error {
		if err := env.prepareBuild(ctx, tx, index.Table, len(index.KeyOps) > 0, helpers); err != nil {
			return err
		}
		if _, err := index.Build(ctx, tx); err != nil {
			return err
		}
		env.Logger.DebugContext(ctx, "built index", slog.String("index", string(index.Name)),
			slog.String("table", index.of.Name.Plain()), slog.Duration("elapsed", time.Since(began)))
		return nil
	})
}
