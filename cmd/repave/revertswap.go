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
			ask := question{"go back to the old table of", "go back to the source with"}
			err := p.onJob(c, ask, func(ctx context.Context, task *task) error {
				var err error
				job, err = stages.RevertSwap(ctx, task.env, *task.job)
				return err
			})
			if err != nil {
				return err
			}
			done := question{"the old table has its name back; its shadow is kept in sync", "the source is in use again; a stream goes to the target from here on"}
			fmt.Fprintf(p.stderr, "%s: %s\n"+
				"next     repave swap %s   # swap once more\n"+
				"or       repave reset %s   # drop all that the job made\n",
				job.Title(), done.of(job), job.Args(), job.Args())
			return nil
		},
	}
}
