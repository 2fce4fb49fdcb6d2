package stages

import (
	"context"
	"log/slog"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// acrossSetup makes the tables on the target, in their final form and fenced,
// and the publication on the source. It takes ACCESS SHARE on the source's
// tables, and SHARE UPDATE EXCLUSIVE for a moment: no application notices. May
// run again.
type acrossSetup struct{}

// Name implements Stage.
func (acrossSetup) Name() Name { return Setup }

// Run implements Stage.
func (s acrossSetup) Run(ctx context.Context, env *Env, job registry.Job) (int64, error) {
	name, err := env.jobMark(ctx, job)
	if err != nil {
		return 0, err
	}
	if job.Tables[0].Blueprint == nil { // they are all made in one transaction
		if err := s.build(ctx, env, job, name); err != nil {
			return 0, err
		}
		if job, err = env.Registry.Get(ctx, env.Target, job.ID); err != nil {
			return 0, err
		}
	}
	return 0, env.publish(ctx, job, registry.Forward, name)
}

// build makes all tables on the target in one transaction with their record.
func (acrossSetup) build(ctx context.Context, env *Env, job registry.Job, name string) error {
	form, err := final(ctx, env, job)
	if err != nil {
		return err
	}
	outcome, err := rehearseAcross(ctx, env, form, job.Spec)
	if err != nil {
		return err
	}
	env.note(ctx, outcome.Notes)
	return inTx(ctx, env.Target, func(tx pgx.Tx) error {
		if err := stillAt(ctx, env, tx, job); err != nil {
			return err
		}
		for i := range job.Tables {
			t := &job.Tables[i]
			t.Blueprint = form.blueprints[i]
			t.Bound = &form.bounds[i]
			outcome.Record(i, t.Bound)
			if _, err := treeOf(*t).Create(ctx, tx); err != nil {
				return err
			}
			t.ShadowOID, err = sqltmpl.Scalar[uint32](ctx, tx, sqltmpl.RelationOID{Name: t.Name.String()}.Statement())
			if err != nil {
				return err
			}
			if t.Bound.OnTarget, err = attachedTo(ctx, tx, t.ShadowOID); err != nil {
				return err
			}
			if err := env.Registry.SetShadow(ctx, tx, *t, t.ShadowOID, *t.Blueprint); err != nil {
				return err
			}
			if err := env.Registry.SetBound(ctx, tx, *t, *t.Bound); err != nil {
				return err
			}
			undo := sqltmpl.DropTable{Table: t.Name}.Statement().SQL
			if err := env.Registry.AddArtifact(ctx, tx, *t, "table", t.Name.String(), undo); err != nil {
				return err
			}
		}
		load := carry.Load{Original: form.views, Rewritten: outcome.Views, Left: outcome.Left}
		if err := env.Registry.SetCarried(ctx, tx, job.ID, load); err != nil {
			return err
		}
		return putUp(ctx, tx, job, env.to(registry.Forward), filling(job, name))
	})
}

// A finalForm is what a job's tables will be, with what is bound to them.
type finalForm struct {
	blueprints []*shadow.Blueprint
	bounds     []define.Bound
	views      []catalog.Dependent // as they read on the source
}

// final computes the form that each table of a job will have, on the source, and
// reads what is bound to it there, and which partitions there are.
func final(ctx context.Context, env *Env, job registry.Job) (finalForm, error) {
	for tried := 0; ; tried++ {
		out, same, err := finalOnce(ctx, env, job, nil)
		if err != nil || same {
			return out, err
		}
		if tried == mostTries {
			return out, &StateError{
				Problem: "partitions of " + job.Title() + " come and go on the source faster than they can be looked at",
				Advice:  "run again when they don't",
			}
		}
	}
}

// mostTries is how often the partitions may change while they are looked at.
const mostTries = 10

// finalOnce is final, of some of the partitions only if parts say which for each table, and
// reports whether these are just those that there are.
func finalOnce(ctx context.Context, env *Env, job registry.Job, parts [][]uint32) (out finalForm, same bool, err error) {
	var asked []define.Table
	for i, t := range job.Tables {
		asked = append(asked, define.Table{OID: t.SourceOID, Change: job.Spec.Tables[i].Effective()})
		if parts != nil {
			asked[i].Parts = parts[i]
		}
	}
	out.blueprints, err = define.Final(ctx, env.Source, env.Registry.Schema(), asked, env.Operator.SearchPath)
	if err != nil {
		return out, false, err
	}
	refused := &RefusedError{}
	for i, t := range job.Tables {
		findings, err := sameBounds(ctx, env, t, out.blueprints[i])
		if err != nil {
			return out, false, err
		}
		refused.add(t.Name.Plain(), findings)
	}
	if len(refused.Findings) > 0 {
		return out, false, refused
	}
	out.bounds = make([]define.Bound, len(out.blueprints))
	same = true
	err = inTx(ctx, env.Source, func(tx pgx.Tx) (err error) {
		for i, t := range job.Tables {
			b := &out.bounds[i]
			if *b, err = define.LoadBound(ctx, tx, t.SourceOID, out.blueprints[i].Columns, env.Registry.Schema()); err != nil {
				return err
			}
			if b.Parts, err = define.LoadParts(ctx, tx, out.blueprints[i], env.Registry.Schema()); err != nil {
				return err
			}
			if b.OnSource, err = attachedTo(ctx, tx, t.SourceOID); err != nil {
				return err
			}
			same = same && sameTree(out.blueprints[i], b.OnSource)
		}
		out.views, err = viewsOn(ctx, env, tx, job, env.from(registry.Forward))
		return err
	})
	return out, same, err
}

// note tells the operator what could not be carried.
func (env *Env) note(ctx context.Context, notes []string) {
	for _, note := range notes {
		env.Logger.WarnContext(ctx, "not carried", slog.String("what", note))
	}
}
