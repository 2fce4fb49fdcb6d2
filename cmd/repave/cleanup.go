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
		Flags: append(effortFlagSet(), yesFlag(), &cli.BoolFlag{
			Name: "drop-source", Usage: "after a move to another cluster: drop the source's tables, which stay otherwise",
		}),
		Action: func(c *cli.Context) error {
			ask := question{"drop the old table, for good, of", "end the job, without a way back, and the source's fence, of"}
			if c.Bool("drop-source") {
				ask.across = "end the job, without a way back, and drop the source's tables, for good, of"
			}
			return p.onJob(c, ask, func(ctx context.Context, task *task) error {
				if c.Bool("drop-source") && task.job.Strategy != stages.Logical {
					return &usageError{
						problem: "--drop-source is for moves to another cluster",
						advice:  "leave it out: in place, cleanup drops the old table anyway",
					}
				}
				if err := stages.Erase(ctx, task.env, *task.job); err != nil {
					return err
				}
				fmt.Fprintf(p.stderr, "%s: done, nothing is left of the job\n", task.job.Title())
				return nil
			})
		},
	}
}
