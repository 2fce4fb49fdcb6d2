package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/stages"
)

func (p *program) resetCommand() *cli.Command {
	return &cli.Command{
		Name:      "reset",
		Usage:     "end a job before its swap: drop all that it made",
		ArgsUsage: "TABLE...",
		Flags:     append(effortFlagSet(), yesFlag()),
		Action: func(c *cli.Context) error {
			ask := question{"drop all that the job made for", "drop the target's tables, and all else that the job made, for"}
			return p.onJob(c, ask, func(ctx context.Context, task *task) error {
				if err := stages.Reset(ctx, task.env, *task.job); err != nil {
					return err
				}
				fmt.Fprintf(p.stderr, "%s: as it was, nothing is left of the job\n", task.job.Title())
				return nil
			})
		},
	}
}
