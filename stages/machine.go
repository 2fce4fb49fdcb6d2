package stages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/preflight"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Request is what an operator wants done.
type Request struct {
	Spec  registry.Spec
	OIDs  []uint32 // of Spec.Tables
	Flags string   // of the command line, quoted for a shell
}

// Run starts the job of req.Spec, or goes on with it where it stopped, up to
// and including the stage until. It returns the job as it is then; one that is
// Done already was not heard of, and is no more. The caller holds the tables'
// advisory locks.
func Run(ctx context.Context, env *Env, req Request, until Name) (registry.Job, error) {
	if job, done, err := alreadyDone(ctx, env, req); err != nil || done {
		return job, err
	}
	job, err := findJob(ctx, env, req.Spec)
	switch {
	case errors.Is(err, registry.ErrNotFound):
		if job, err = begin(ctx, env, req, until); err != nil || until == Preflight {
			return job, err
		}
	case err != nil:
		return job, err
	default:
		if differences := job.Spec.Differences(req.Spec); len(differences) > 0 {
			return job, &OptionsError{Table: job.Title(), Args: job.Args(), Differences: differences, Flags: job.Flags}
		}
	}
	fresh := job.Tables[0].Blueprint == nil
	job, err = Resume(ctx, env, job, until)
	refused, isRefusal := refusal(err)
	if fresh && isRefusal {
		return job, errors.Join(refused, env.Registry.Delete(ctx, env.Target, job.ID))
	}
	if fresh && errors.As(err, new(*shadow.ChangeError)) {
		// Nothing has been made yet: the corrected command must find no job with other options.
		err = errors.Join(err, env.Registry.Delete(ctx, env.Target, job.ID))
	}
	return job, err
}

// findJob returns the job that any of the tables belongs to; that it is a job
// on all of them and no others is for Differences to find out.
func findJob(ctx context.Context, env *Env, spec registry.Spec) (registry.Job, error) {
	for _, t := range spec.Tables {
		job, err := env.Registry.Find(ctx, env.Target, t.Name)
		if !errors.Is(err, registry.ErrNotFound) {
			return job, err
		}
	}
	return registry.Job{}, registry.ErrNotFound
}

// Resume goes on with a job, up to and including the stage until.
func Resume(ctx context.Context, env *Env, job registry.Job, until Name) (registry.Job, error) {
	job, err := settle(ctx, env, job)
	if err != nil {
		return job, err
	}
	if !job.Swapped {
		if job, err = loop(ctx, env, job, courseOf(job).forward(), until); err != nil {
			return job, err
		}
	}
	if until == Cleanup {
		return job, Erase(ctx, env, job)
	}
	return job, nil
}

// settle brings a job that a process left at some point into a state from
// which stages can go on.
func settle(ctx context.Context, env *Env, job registry.Job) (registry.Job, error) {
	if at, err := courseOf(job).settle(ctx, env, job); err != nil {
		return job, fail(ctx, env, job, at, err)
	}
	// What an earlier process has verified may have changed since: prove it again.
	if !job.Swapped && Replay.Before(Name(job.Stage)) {
		if err := env.Registry.SetStage(ctx, env.Target, job.ID, string(Replay)); err != nil {
			return job, err
		}
	}
	return env.Registry.Get(ctx, env.Target, job.ID)
}

// loop runs stages from the job's own on, up to and including until.
func loop(ctx context.Context, env *Env, job registry.Job, stages []Stage, until Name) (registry.Job, error) {
	backward := job.Swapped
	for _, stage := range stages {
		name := stage.Name()
		if !backward && name.Before(Name(job.Stage)) {
			continue
		}
		if until.Before(name) {
			break
		}
		if err := beginStage(ctx, env, job, stage, backward); err != nil {
			return job, fail(ctx, env, job, name, err)
		}
		if !backward && name != Swap {
			if err := env.Registry.SetStage(ctx, env.Target, job.ID, string(name.Next())); err != nil {
				return job, err
			}
		}
		var err error
		if job, err = env.Registry.Get(ctx, env.Target, job.ID); err != nil {
			return job, err
		}
	}
	return job, nil
}

// beginStage is runStage, once the job is not paused.
func beginStage(ctx context.Context, env *Env, job registry.Job, stage Stage, backward bool) error {
	wait := func(ctx context.Context) error { return env.awaitResume(ctx, job) }
	if err := env.guarded(ctx, job, Replay, wait); err != nil {
		return err
	}
	return runStage(ctx, env, job, stage, backward)
}

// runStage runs one stage, with its record in the registry.
func runStage(ctx context.Context, env *Env, job registry.Job, stage Stage, backward bool) error {
	run, err := env.Registry.BeginStage(ctx, env.Target, job.ID, string(stage.Name()), backward)
	if err != nil {
		return err
	}
	began := time.Now()
	event := Event{Job: job.ID, Table: job.Title(), Stage: stage.Name(), Phase: Began, Backward: backward}
	env.Report(event)
	var rows int64
	failed := env.guarded(ctx, job, stage.Name(), func(ctx context.Context) (err error) {
		rows, err = stage.Run(ctx, env, job)
		return err
	})
	problem := ""
	if failed != nil {
		problem = failed.Error()
	}
	recordCtx, cancel := detached(ctx)
	defer cancel()
	if err := env.Registry.FinishStage(recordCtx, env.Target, run, rows, problem); failed == nil && err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	event.Phase, event.Rows, event.Elapsed = Finished, rows, time.Since(began)
	env.Stats.finish(stage.Name(), event.Elapsed, rows)
	env.Report(event)
	return nil
}

// fail records why a job stopped, as far as the server can still be told.
func fail(ctx context.Context, env *Env, job registry.Job, stage Name, err error) error {
	recordCtx, cancel := detached(ctx)
	defer cancel()
	text := err.Error()
	if cause := context.Cause(ctx); cause != nil {
		text = "interrupted"
	}
	if err := env.Registry.SetError(recordCtx, env.Target, job.ID, text); err != nil {
		env.Logger.DebugContext(ctx, "recording the error", slog.Any("error", err))
	}
	return &StageError{Stage: stage, Table: job.Title(), Err: err}
}

// begin checks the tables and records a new job; with until preflight it only
// checks.
func begin(ctx context.Context, env *Env, req Request, until Name) (registry.Job, error) {
	began := time.Now()
	names := req.job()
	event := Event{Table: names.Title(), Stage: Preflight, Phase: Began}
	env.Report(event)
	refused, err := courseOf(names).check(ctx, env, req)
	if err != nil {
		return registry.Job{}, err
	}
	if len(refused.Findings) > 0 {
		return registry.Job{}, refused
	}
	event.Phase, event.Elapsed = Finished, time.Since(began)
	env.Stats.finish(Preflight, event.Elapsed, 0)
	env.Report(event)
	if until == Preflight {
		return names, nil
	}
	settings, err := courseOf(names).settings(ctx, env)
	if err != nil {
		return registry.Job{}, err
	}
	var id int64
	err = inTx(ctx, env.Target, func(tx pgx.Tx) error {
		var err error
		id, err = env.Registry.Create(ctx, tx, req.Spec, req.OIDs, req.Flags, settings, env.Operator.Version)
		if err != nil {
			return err
		}
		return env.Registry.SetStage(ctx, tx, id, string(Setup))
	})
	if err != nil {
		return registry.Job{}, err
	}
	return env.Registry.Get(ctx, env.Target, id)
}

// job is the job that a request would begin; it has no number.
func (req Request) job() registry.Job {
	job := registry.Job{Strategy: req.Spec.Strategy, Spec: req.Spec}
	for i, t := range req.Spec.Tables {
		job.Tables = append(job.Tables, registry.Table{Number: i + 1, Name: t.Name, SourceOID: req.OIDs[i]})
	}
	return job
}

// check runs preflight on one table.
func check(
	ctx context.Context, env *Env, table sqltmpl.Table, oid uint32, change shadow.Change,
) ([]preflight.Finding, error) {
	relation, err := catalog.Load(ctx, env.Source, oid, env.Registry.Schema())
	if err != nil {
		return nil, err
	}
	var dependents []catalog.Dependent
	var leaves []catalog.Relation
	var onLeaves []catalog.Dependent
	err = inTx(ctx, env.Source, func(tx pgx.Tx) (err error) {
		if dependents, err = catalog.LoadDependents(ctx, tx, []uint32{oid}, env.Registry.Schema()); err != nil {
			return err
		}
		leaves, onLeaves, err = partitionsToCheck(ctx, env, tx, relation)
		return err
	})
	if err != nil {
		return nil, err
	}
	findings, err := preflight.Run(ctx, preflight.Input{
		DB: env.Source, Relation: relation, Dependents: dependents, RegistrySchema: env.Registry.Schema(),
		OrderBy: change.OrderBy, PartitionBy: change.PartitionBy,
		Partitions: leaves, OnPartitions: onLeaves,
	})
	if err != nil {
		return nil, fmt.Errorf("checking %s: %w", table.Plain(), err)
	}
	atWork, err := relativesAtWork(ctx, env, relation, dependents)
	if err != nil {
		return nil, err
	}
	findings = append(findings, atWork...)
	if _, err := env.Registry.Find(ctx, env.Target, table); err == nil {
		// A plan beside a job: what the job made is no leftover.
		findings = slices.DeleteFunc(findings, func(f preflight.Finding) bool { return f.Check == "leftover" })
	}
	return findings, nil
}

// stillAt keeps others from moving the job on until tx ends, and refuses if one
// has: a process that lost its advisory lock may not know yet.
func stillAt(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job) error {
	now, err := env.Registry.Lock(ctx, tx, job.ID)
	if err != nil {
		return err
	}
	if now.Stage != job.Stage || now.Swapped != job.Swapped {
		return &StateError{Problem: "another process has moved the job on", Advice: "look: repave status"}
	}
	return nil
}
