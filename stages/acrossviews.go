package stages

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/internal/preflight"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// LeftBehind lists what is bound to a job's tables and stays on the source,
// once setup has found out; nil for a job in place.
func LeftBehind(job registry.Job) []carry.Left {
	if job.Strategy != Logical || job.Carried == nil {
		return nil
	}
	return wholes(job.Carried.Left)
}

// wholes leaves out what goes with a view that is listed.
func wholes(list []carry.Left) []carry.Left {
	return slices.DeleteFunc(slices.Clone(list), func(l carry.Left) bool { return l.Part })
}

// notAsked leaves all views where they are.
func notAsked(views []catalog.Dependent) []carry.Left {
	var out []carry.Left
	for _, d := range views {
		reason := define.Unmovable(d)
		if reason == "" {
			reason = "it was not asked for: --with-views, or make it on the target by hand"
		}
		out = append(out, carry.Left{Name: d.Name, Reason: reason, Part: carry.IsPart(d)})
	}
	return out
}

// viewsOn reads the views over a job's tables at an end.
func viewsOn(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job, e end) ([]catalog.Dependent, error) {
	oids := make([]uint32, len(job.Tables))
	for i, t := range job.Tables {
		oids[i] = e.oidAt(t)
	}
	return define.LoadViews(ctx, tx, oids, env.Registry.Schema())
}

// standing finds what the target has where views are to be made.
func standing(ctx context.Context, env *Env, job registry.Job) ([]preflight.Finding, error) {
	var views []catalog.Dependent
	err := inTx(ctx, env.Source, func(tx pgx.Tx) (err error) {
		views, err = viewsOn(ctx, env, tx, job, env.from(registry.Forward))
		return err
	})
	if err != nil {
		return nil, err
	}
	views = slices.DeleteFunc(views, func(d catalog.Dependent) bool { return define.Unmovable(d) != "" })
	there, err := define.Standing(ctx, env.Target, views)
	var out []preflight.Finding
	for _, name := range there {
		out = append(out, preflight.Finding{
			Check: "exists", Table: job.Tables[0].Name.Plain(), Problem: "the target has " + name + " already, which --with-views would make",
			Cure: "drop or rename it there, or leave out --with-views",
		})
	}
	return out, err
}

// makeViewsAcross makes the views that setup found possible, in one transaction
// with their record. Nothing is made twice. It locks only the target's tables.
func makeViewsAcross(ctx context.Context, env *Env, job registry.Job) error {
	if job.Carried == nil || len(job.Carried.Rewritten) == 0 {
		return nil
	}
	return inTx(ctx, env.Target, func(tx pgx.Tx) error {
		if err := stillAt(ctx, env, tx, job); err != nil {
			return err
		}
		artifacts, err := env.Registry.Artifacts(ctx, tx, job.ID)
		if err != nil || slices.ContainsFunc(artifacts, func(a registry.Artifact) bool { return a.Kind != "table" }) {
			return err
		}
		if err := setLockTimeout(ctx, tx, env.Options.LockTimeout); err != nil {
			return err
		}
		var tables []define.Tree
		for _, t := range job.Tables {
			tables = append(tables, treeOf(t))
		}
		views := possible(job)
		made, left, _, err := define.MakeViews(ctx, tx, tables, views) // setup has told the notes
		if err != nil {
			return err
		}
		if len(left) > 0 {
			return &StateError{
				Problem: fmt.Sprintf("%s could be made on the target at setup, and can't be now: %s", left[0].Name, left[0].Reason),
				Advice:  "cure that and run again, or start over with: repave reset " + job.Args(),
			}
		}
		for _, d := range made {
			undo := define.DropView(d)
			if undo == "" {
				continue // it goes with its view
			}
			if err := env.Registry.AddArtifact(ctx, tx, job.Tables[0], d.Kind, d.Name, undo); err != nil {
				return err
			}
		}
		env.Logger.InfoContext(ctx, "made views on the target", slog.Int("views", len(made)))
		return nil
	})
}

// possible are the views of the source that setup found possible.
func possible(job registry.Job) []catalog.Dependent {
	return slices.DeleteFunc(slices.Clone(job.Carried.Original), func(d catalog.Dependent) bool {
		return slices.ContainsFunc(job.Carried.Left, func(l carry.Left) bool { return l.Name == d.Name })
	})
}

// fillViewsAcross fills the target's materialized views, those that the source's
// server has filled. They then hold what is in the tables now, as after a
// REFRESH. It locks the views, and may run again: it fills them again.
func fillViewsAcross(ctx context.Context, env *Env, job registry.Job) error {
	if job.Carried == nil {
		return nil
	}
	for _, d := range possible(job) {
		if d.Kind != carry.MaterializedView || !d.Populated {
			continue
		}
		env.Report(Event{Job: job.ID, Table: job.Title(), Stage: Swap, Phase: Going, Unit: "filling " + d.Name})
		view := sqltmpl.Table{Schema: d.RelationSchema, Name: d.RelationName}
		err := inTx(ctx, env.Target, func(tx pgx.Tx) error {
			return exec(ctx, tx,
				// As the operator's own REFRESH would: its owner sees what policies let it see, functions find what they name.
				sqltmpl.SetLocal{Name: "row_security", Value: "on"}.Statement(),
				sqltmpl.SetLocal{Name: "search_path", Value: env.Operator.SearchPath}.Statement(),
				sqltmpl.RefreshView{View: view}.Statement(), sqltmpl.AnalyzeView{View: view}.Statement())
		})
		if err != nil {
			return fmt.Errorf("filling %s: %w", d.Name, err)
		}
	}
	return nil
}

// sameViews makes sure that the views that were made on the target are still
// what the source has.
func sameViews(ctx context.Context, env *Env, job registry.Job) error {
	if job.Carried == nil || len(job.Carried.Rewritten) == 0 {
		return nil
	}
	var now []catalog.Dependent
	err := inTx(ctx, env.Source, func(tx pgx.Tx) (err error) {
		now, err = viewsOn(ctx, env, tx, job, env.from(registry.Forward))
		return err
	})
	if err != nil {
		return err
	}
	if changed := carry.Diff(job.Carried.Original, now); len(changed) > 0 {
		return &StateError{
			Problem: "on the source, views were changed since the job began: " + strings.Join(changed, "; "),
			Advice:  "undo the change and run again, or start over with: repave reset " + job.Args(),
		}
	}
	return nil
}
