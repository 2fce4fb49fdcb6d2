package main

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
)

// asBegun is the flag that leaves to the job what to change.
const asBegun = "as-begun"

func (p *program) runCommand() *cli.Command {
	flags := append(changeFlagSet(), effortFlagSet()...)
	return &cli.Command{
		Name:      "run",
		Usage:     "start a job, or go on with it where it stopped, up to its swap",
		ArgsUsage: "TABLE... | -f FILE",
		Flags: append(append(flags, wholesaleFlagSet()...),
			fileFlag(),
			&cli.BoolFlag{Name: asBegun, Usage: "go on with the job of these tables as it was begun, whatever file or flags that was with"},
			&cli.StringFlag{Name: "until", Usage: "stop after this `STAGE` (default: swap)"},
			&cli.BoolFlag{Name: "cleanup", Usage: "go on to the end: drop the old table and all traces"},
			yesFlag(),
			jsonFlag("print a report to stdout"),
		),
		Action: p.run,
	}
}

func (p *program) run(c *cli.Context) error {
	if c.Bool(asBegun) {
		const advice = "leave it out: the job knows what it was begun with"
		if c.IsSet("file") {
			return &usageError{problem: "--file and --as-begun can't go together", advice: advice}
		}
		if err := refuseBeside(c, "--as-begun", advice); err != nil {
			return err
		}
	}
	a, err := askedOf(c)
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
	if _, err := d.asked(c.Context, a); err != nil {
		return err // before the registry is made for a table that does not exist
	}
	if err := d.prepare(c); err != nil {
		return err
	}
	t, err := d.target(c.Context, a)
	if err != nil {
		return err
	}
	req := request(t)
	switch {
	case c.Bool(asBegun):
		if req, err = t.begun(); err != nil {
			return err
		}
	case t.open() && t.job.Swapped && req.Flags == "" && a.file == nil:
		req = requestOf(*t.job) // what it changed is done, so it need not be said again
	}
	out := newReport(last)
	out.start = a.command(req)
	err = p.work(c, d, t, func(ctx context.Context, task *task) error {
		return task.rewrite(ctx, req, last, out)
	})
	return p.finish(c, out, err)
}

// prepare makes the registry, unless the job that is in it is to be gone on with.
func (d *database) prepare(c *cli.Context) error {
	if c.Bool(asBegun) {
		return d.upgrade(c.Context)
	}
	return d.migrate(c.Context)
}

// begun is what the job of a target was begun with.
func (t target) begun() (stages.Request, error) {
	if t.job == nil {
		return stages.Request{}, &failure{
			problem: "there is no job for " + plainNames(t.tables) + " to go on with", advice: "look: repave status",
		}
	}
	if err := stages.Unfinished(*t.job); err != nil {
		return stages.Request{}, err
	}
	return requestOf(*t.job), nil
}

// request is what stages are asked for: of every table that was named what was
// asked, and of those that joined what the job has of them.
func request(t target) stages.Request {
	spec := registry.Spec{Strategy: t.strategy, WithReferencing: t.referencing, WithViews: t.views}
	for _, table := range t.tables {
		spec.Tables = append(spec.Tables, registry.TableSpec{Name: table, Change: t.changes[table]})
	}
	if t.job != nil {
		for _, table := range t.job.Spec.Tables {
			if i := slices.Index(t.tables, table.Name); i >= 0 {
				spec.Tables[i].Widen, spec.Tables[i].Joined = table.Widen, table.Joined
			}
		}
	}
	for _, w := range t.widen {
		i := slices.Index(t.oids, w.OID)
		spec.Tables[i].Widen, spec.Tables[i].Joined = w.Columns, w.Joins
	}
	return stages.Request{Spec: spec, OIDs: t.oids, Flags: specFlags(spec)}
}

// rewrite runs a job up to a stage and fills in the report, also if it fails.
func (t *task) rewrite(ctx context.Context, req stages.Request, last stages.Name, out *report) error {
	already := t.job != nil && t.job.Swapped
	// Sizes can only be compared while the old table is there.
	job, err := stages.Run(ctx, t.env, req, min2(last, stages.Swap))
	out.job(job, req)
	out.AlreadyDone = err == nil && stages.Name(job.Stage) == stages.Done
	out.Cleaned = out.AlreadyDone
	if err == nil && job.Swapped && !out.Cleaned && job.Strategy == stages.ChangeLog {
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
