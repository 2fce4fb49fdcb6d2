package main

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
)

// strategy is the only one that this release has.
const strategy = "changelog"

func (p *program) runCommand() *cli.Command {
	flags := append(changeFlagSet(), effortFlagSet()...)
	return &cli.Command{
		Name:      "run",
		Usage:     "start a job, or go on with it where it stopped, up to its swap",
		ArgsUsage: "TABLE...",
		Flags: append(flags,
			&cli.StringFlag{Name: "until", Usage: "stop after this `STAGE` (default: swap)"},
			&cli.BoolFlag{Name: "cleanup", Usage: "go on to the end: drop the old table and all traces"},
			yesFlag(),
			jsonFlag("print a report to stdout"),
		),
		Action: p.run,
	}
}

func (p *program) run(c *cli.Context) error {
	names, err := tables(c)
	if err != nil {
		return err
	}
	changes, err := change(c)
	if err != nil {
		return err
	}
	last, err := until(c)
	if err != nil {
		return err
	}
	if err := p.checkFlags(c); err != nil {
		return err
	}
	d, err := p.connect(c)
	if err != nil {
		return err
	}
	defer d.close()
	if _, err := d.named(c.Context, names); err != nil {
		return err // before the registry is made for a table that does not exist
	}
	if err := d.migrate(c.Context); err != nil {
		return err
	}
	t, err := d.target(c.Context, names, c.Bool("with-referencing"))
	if err != nil {
		return err
	}
	req := request(t, changes)
	if t.open() && t.job.Swapped && req.Flags == "" {
		req = requestOf(*t.job) // what it changed is done, so it need not be said again
	}
	out := newReport(last)
	err = p.work(c, d, t, func(ctx context.Context, task *task) error {
		return task.rewrite(ctx, req, last, out)
	})
	return p.finish(c, out, err)
}

// request is what stages are asked for: the same change of every table that was
// named, and of those that joined what the job has of them.
func request(t target, changes shadow.Change) stages.Request {
	spec := registry.Spec{
		Strategy: strategy, Tables: registry.TablesOf(changes, t.tables...), WithReferencing: t.referencing,
	}
	if t.job != nil {
		for i, table := range t.job.Spec.Tables {
			spec.Tables[i].Widen, spec.Tables[i].Joined = table.Widen, table.Joined
			if table.Joined {
				spec.Tables[i].Change = table.Change
			}
		}
	}
	for _, w := range t.widen {
		i := slices.Index(t.oids, w.OID)
		spec.Tables[i].Widen = w.Columns
		if w.Joins {
			spec.Tables[i].Joined, spec.Tables[i].Change = true, shadow.Change{}
		}
	}
	flags := changeFlags(changes)
	if t.referencing {
		flags += " --with-referencing"
	}
	return stages.Request{Spec: spec, OIDs: t.oids, Flags: flags}
}

// rewrite runs a job up to a stage and fills in the report, also if it fails.
func (t *task) rewrite(ctx context.Context, req stages.Request, last stages.Name, out *report) error {
	already := t.job != nil && t.job.Swapped
	// Sizes can only be compared while the old table is there.
	job, err := stages.Run(ctx, t.env, req, min2(last, stages.Swap))
	out.job(job, req)
	out.AlreadyDone = err == nil && stages.Name(job.Stage) == stages.Done
	out.Cleaned = out.AlreadyDone
	if err == nil && job.Swapped && !out.Cleaned {
		err = out.measure(ctx, t, job)
	}
	if err == nil && last == stages.Cleanup && !out.Cleaned {
		err = stages.Erase(ctx, t.env, job)
		out.Cleaned = err == nil
	}
	out.AlreadySwapped = already && err == nil
	out.stats(t.env, err)
	return err
}

// min2 is the earlier of two stages.
func min2(a, b stages.Name) stages.Name {
	if a.Before(b) {
		return a
	}
	return b
}
