package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/stages"
)

func (p *program) verifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "compare every row of source and shadow, or of old and new, in one snapshot",
		ArgsUsage: "TABLE...",
		Flags:     append(effortFlagSet(), jsonFlag("print a report to stdout")),
		Action: func(c *cli.Context) error {
			out := newReport(stages.Verify)
			err := p.onJob(c, question{}, func(ctx context.Context, task *task) error {
				job, err := stages.VerifyNow(ctx, task.env, *task.job)
				out.job(job, requestOf(*task.job))
				out.stats(task.env, err)
				return err
			})
			if c.Bool("json") || err != nil {
				return p.finish(c, out, err)
			}
			fmt.Fprintf(p.stdout, "equal: %s rows compared, %s changes pending at that moment\n",
				number(out.Verify.Rows), number(out.Verify.Pending))
			return nil
		},
	}
}
