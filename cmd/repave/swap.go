package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
)

func (p *program) swapCommand() *cli.Command {
	return &cli.Command{
		Name:      "swap",
		Usage:     "go on with a job that waits before its swap, and swap",
		ArgsUsage: "TABLE...",
		Flags:     append(effortFlagSet(), yesFlag(), jsonFlag("print a report to stdout")),
		Action: func(c *cli.Context) error {
			out := newReport(stages.Swap)
			err := p.onJob(c, question{}, func(ctx context.Context, task *task) error {
				if err := stages.Unfinished(*task.job); err != nil {
					return err
				}
				return task.rewrite(ctx, requestOf(*task.job), stages.Swap, out)
			})
			return p.finish(c, out, err)
		},
	}
}

// requestOf is what a job was begun with.
func requestOf(job registry.Job) stages.Request {
	return stages.Request{Spec: job.Spec, OIDs: targetOf(job).oids, Flags: job.Flags}
}
