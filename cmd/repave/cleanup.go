package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/stages"
)

func (p *program) cleanupCommand() *cli.Command {
	return &cli.Command{
		Name:      "cleanup",
		Usage:     "end a job after its swap: drop the old table and all traces",
		ArgsUsage: "TABLE...",
		Flags:     append(effortFlagSet(), yesFlag()),
		Action: func(c *cli.Context) error {
			ask := question{"drop the old table, for good, of", "end the job, without a way back, and the source's fence, of"}
			return p.onJob(c, ask, func(ctx context.Context, task *task) error {
				if err := stages.Erase(ctx, task.env, *task.job); err != nil {
					return err
				}
				fmt.Fprintf(p.stderr, "%s: done, nothing is left of the job\n", task.job.Title())
				return nil
			})
		},
	}
}
