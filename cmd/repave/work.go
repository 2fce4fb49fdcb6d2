package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
)

// A task is one command at work on a job, under the tables' advisory locks.
type task struct {
	p   *program
	db  *database
	env *stages.Env
	job *registry.Job // as it is under the lock; nil if there is none
}

// work opens what stages need, takes the locks of t's tables and calls do. What
// it returns as error says so if the locks or the connection were lost.
func (p *program) work(
	c *cli.Context, d *database, t target, do func(ctx context.Context, task *task) error,
) error {
	logger, err := p.logger(c)
	if err != nil {
		return err
	}
	o, err := options(c)
	if err != nil {
		return err
	}
	return p.workWith(c.Context, d, t, workOptions{
		stages: o, logger: logger, live: p.stderr.live() && !c.Bool("no-progress"),
	}, do)
}

type workOptions struct {
	stages stages.Options
	logger *slog.Logger
	live   bool // show a live line
}

// workWith is work without a command line.
func (p *program) workWith(
	ctx context.Context, d *database, t target, o workOptions, do func(ctx context.Context, task *task) error,
) error {
	ctx, held, err := d.hold(ctx, t)
	if err != nil {
		return err
	}
	defer held.release(ctx)
	job, err := d.current(ctx, t)
	if err != nil {
		return err
	}
	env, err := d.env(ctx, o.stages, job)
	if err != nil {
		return err
	}
	defer env.Close()
	env.Logger = o.logger
	show := newDisplay(p.stderr, o.logger, o.live)
	env.Report = show.event
	err = do(ctx, &task{p: p, db: d, env: env, job: job})
	show.close()
	if lost, ok := errors.AsType[*lockLostError](context.Cause(ctx)); ok && err != nil {
		return lost // what else went wrong is a consequence
	}
	if err != nil && connectionLost(err) {
		return &lostError{err}
	}
	return err
}

// current is the job as it is now that nobody else can move it.
func (d *database) current(ctx context.Context, t target) (*registry.Job, error) {
	var job registry.Job
	err := registry.ErrNotFound
	for i := 0; i < len(t.tables) && isNotFound(err); i++ {
		job, err = d.registry.Find(ctx, d.look, t.tables[i])
	}
	switch {
	case isNotFound(err) && t.job == nil:
		return nil, nil
	case isNotFound(err):
		return nil, &failure{
			problem: "the job on " + t.job.Title() + " has been ended meanwhile", advice: "look: repave status",
		}
	case err != nil:
		return nil, err
	case t.job == nil || t.job.ID != job.ID:
		return nil, &failure{
			problem: "another job on " + job.Title() + " has begun meanwhile", advice: "look: repave status",
		}
	}
	return &job, nil
}

// checkFlags finds flags that make no sense before anything is connected to.
func (p *program) checkFlags(c *cli.Context) error {
	_, logErr := p.logger(c)
	_, optionsErr := options(c)
	return cmp.Or(logErr, optionsErr)
}

// A question is asked before something that can't be undone, or not lightly; "" is none.
type question struct{ inPlace, across string }

func (q question) of(job registry.Job) string {
	if job.Strategy == stages.Logical {
		return q.across
	}
	return q.inPlace
}

// onJob is what commands on an existing job have in common.
func (p *program) onJob(c *cli.Context, ask question, do func(ctx context.Context, task *task) error) error {
	names, err := tables(c)
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
	job, err := d.find(c.Context, names)
	if err != nil {
		return err
	}
	if len(names) < len(job.Tables) {
		fmt.Fprintf(p.stderr, "job %d is on %s: %s acts on all of them\n", job.ID, job.Title(), c.Command.Name)
	}
	if text := ask.of(job); text != "" && !c.Bool("yes") {
		if err := p.confirm(c.Context, text+" "+job.Title()+"?"); err != nil {
			return err
		}
	}
	return p.work(c, d, targetOf(job), do)
}
