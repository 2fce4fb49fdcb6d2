package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
)

func (p *program) revertSwapCommand() *cli.Command {
	return &cli.Command{
		Name:      "revert-swap",
		Usage:     "go back to the old table, with every write made since the swap",
		ArgsUsage: "TABLE...",
		Flags:     append(effortFlagSet(), yesFlag()),
		Action: func(c *cli.Context) error {
			var job registry.Job
			err := p.onJob(c, "go back to the old table of", func(ctx context.Context, task *task) error {
				var err error
				job, err = stages.RevertSwap(ctx, task.env, *task.job)
				return err
			})
			if err != nil {
				return err
			}
			fmt.Fprintf(p.stderr, "%s: the old table has its name back; its shadow is kept in sync\n"+
				"next     repave swap %s   # swap once more\n"+
				"or       repave reset %s   # drop all that the job made\n",
				job.Title(), job.Args(), job.Args())
			return nil
		},
	}
}
