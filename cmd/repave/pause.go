package main

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/registry"
)

func (p *program) pauseCommand() *cli.Command {
	return &cli.Command{
		Name:      "pause",
		Usage:     "make whoever works on a job stop between two steps, within seconds, until it is resumed",
		ArgsUsage: "TABLE...",
		Action: func(c *cli.Context) error {
			return p.beside(c, func(d *database, job registry.Job) error {
				at, err := d.registry.Pause(c.Context, d.look, job.ID)
				if err != nil {
					return d.denied(err)
				}
				fmt.Fprintf(p.stderr, "%s: paused since %s\nnext     repave resume %s\n", job.Title(), at.Local().Format(time.DateTime), job.Args())
				return nil
			})
		},
	}
}

func (p *program) resumeCommand() *cli.Command {
	return &cli.Command{
		Name:      "resume",
		Usage:     "let a paused job go on",
		ArgsUsage: "TABLE...",
		Action: func(c *cli.Context) error {
			return p.beside(c, func(d *database, job registry.Job) error {
				if err := d.registry.Unpause(c.Context, d.look, job.ID); err != nil {
					return d.denied(err)
				}
				said := "was not paused"
				if job.PausedAt != nil {
					said = "goes on"
				}
				holder, err := registry.HolderOf(c.Context, d.look, job.Tables[0].SourceOID)
				if err != nil {
					return err
				}
				fmt.Fprintf(p.stderr, "%s: %s\n", job.Title(), said)
				if holder == nil {
					next, _ := nextCommands(job, false)
					fmt.Fprintf(p.stderr, "nobody works on it; next: %s\n", next)
				}
				return nil
			})
		},
	}
}

// beside does something about a job whoever works on it.
func (p *program) beside(c *cli.Context, do func(d *database, job registry.Job) error) error {
	d, job, err := p.lookAt(c)
	if err != nil {
		return err
	}
	defer d.close()
	return do(d, job)
}
