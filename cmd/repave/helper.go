package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
)

func (p *program) workCommand() *cli.Command {
	return &cli.Command{
		Name:      "work",
		Usage:     "help whoever runs a job with its batches, from any host, until its backfill is over",
		ArgsUsage: "TABLE...",
		Flags:     effortFlagSet(),
		Action: func(c *cli.Context) error {
			o, err := options(c)
			if err != nil {
				return err
			}
			return p.alongside(c, o, func(env *stages.Env, job registry.Job) error {
				rows, err := stages.Help(c.Context, env, job)
				if err != nil {
					return err
				}
				fmt.Fprintf(p.stderr, "%s: the backfill is over, %s rows of it were copied here\n", job.Title(), number(rows))
				return nil
			})
		},
	}
}
