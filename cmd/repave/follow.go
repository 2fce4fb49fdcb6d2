package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
)

func (p *program) followCommand() *cli.Command {
	return &cli.Command{
		Name:      "follow",
		Usage:     "across clusters: keep applying changes while no other command works on the job, until it is ended",
		ArgsUsage: "TABLE...",
		Flags:     []cli.Flag{maxSlotWALFlag(), dropSlotFlag()},
		Action:    p.follow,
	}
}

func (p *program) follow(c *cli.Context) error {
	o := stages.Defaults()
	if err := slotOptions(c, &o); err != nil {
		return &usageError{problem: err.Error(), advice: err.Hint()}
	}
	return p.alongside(c, o, func(env *stages.Env, job registry.Job) error {
		if err := stages.Follow(c.Context, env, job); err != nil {
			return err
		}
		fmt.Fprintf(p.stderr, "%s: the job has ended, there is nothing left to follow\n", job.Title())
		return nil
	})
}

// alongside opens what stages need for a command that does not take the tables' locks.
func (p *program) alongside(c *cli.Context, o stages.Options, do func(env *stages.Env, job registry.Job) error) error {
	d, job, err := p.lookAt(c)
	if err != nil {
		return err
	}
	defer d.close()
	logger, err := p.logger(c)
	if err != nil {
		return err
	}
	env, err := d.env(c.Context, o, &job)
	if err != nil {
		return err
	}
	defer env.Close()
	env.Logger = logger
	show := newDisplay(p.stderr, logger, p.stderr.live() && !c.Bool("no-progress"))
	defer show.close()
	env.Report = show.event
	return do(env, job)
}

// lookAt finds the job of a command that works beside whoever has its locks.
func (p *program) lookAt(c *cli.Context) (*database, registry.Job, error) {
	names, err := tables(c)
	if err != nil {
		return nil, registry.Job{}, err
	}
	d, err := p.connect(c)
	if err != nil {
		return nil, registry.Job{}, err
	}
	job, err := d.find(c.Context, names)
	if err == nil {
		err = stages.Unfinished(job)
	}
	if err != nil {
		d.close()
		return nil, job, err
	}
	return d, job, nil
}
