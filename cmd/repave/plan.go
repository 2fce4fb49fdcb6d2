package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/internal/preflight"
	"github.com/repave-pg/repave/stages"
)

func (p *program) planCommand() *cli.Command {
	return &cli.Command{
		Name:      "plan",
		Usage:     "say what run would do, and whether it would; nothing is written",
		ArgsUsage: "TABLE... | -f FILE",
		Flags: append(slices.Concat(changeFlagSet(), effortFlagSet(), wholesaleFlagSet()),
			&cli.DurationFlag{
				Name: "check-data", Value: stages.Defaults().CheckData,
				Usage: "how long to try conversions on the data; what is not looked at by then is sampled; 0 is not at all",
			},
			fileFlag(),
			&cli.BoolFlag{Name: "write-spec", Usage: "only print the spec file that asks for the same, to stdout; it goes on with -f"},
			jsonFlag("print an array to stdout")),
		Action: p.plan,
	}
}

func (p *program) plan(c *cli.Context) error {
	a, err := askedOf(c)
	if err != nil {
		return err
	}
	logger, err := p.logger(c)
	if err != nil {
		return err
	}
	o, err := options(c)
	if err != nil {
		return err
	}
	o.CheckData = c.Duration("check-data")
	d, err := p.connect(c)
	if err != nil {
		return err
	}
	defer d.close()
	t, err := d.asked(c.Context, a)
	if err != nil {
		return err
	}
	if c.Bool("write-spec") {
		return writeSpec(p.stdout, t.specFile(c))
	}
	if err := d.join(c.Context, &t); err != nil {
		return err
	}
	env, err := d.env(c.Context, o, nil)
	if err != nil {
		return err
	}
	defer env.Close()
	env.Logger = logger
	req := request(t)
	plans, err := stages.Plan(c.Context, env, req)
	if err != nil {
		return err
	}
	findings := 0
	for i := range plans {
		findings += len(plans[i].Findings)
		complete(&plans[i])
	}
	if c.Bool("json") {
		if err := printJSON(p.stdout, plans); err != nil {
			return err
		}
	} else {
		for _, plan := range plans {
			printPlan(p.stdout, plan)
		}
	}
	if findings > 0 {
		return &planRefusedError{findings}
	}
	if !c.Bool("json") {
		if len(t.tables) > 1 {
			fmt.Fprintf(p.stdout, "one job: %s are swapped in one transaction\n", plainNames(t.tables))
		}
		fmt.Fprintf(p.stdout, "run it with: %s\n", a.command(req))
	}
	return nil
}

// complete makes lists of what is missing, so that JSON has no null.
func complete(plan *stages.PlanReport) {
	if plan.Findings == nil {
		plan.Findings = []preflight.Finding{}
	}
	if plan.Casts == nil {
		plan.Casts = []stages.Cast{}
	}
	for _, list := range []*[]string{&plan.DDL, &plan.Carried, &plan.Locks, &plan.Notes, &plan.Lossy} {
		if *list == nil {
			*list = []string{}
		}
	}
}

// printPlan prints the plan of one table.
func printPlan(w io.Writer, plan stages.PlanReport) {
	var out strings.Builder
	list := func(title string, lines []string) {
		if len(lines) == 0 {
			return
		}
		fmt.Fprintf(&out, "\n%s:\n", title)
		for _, line := range lines {
			fmt.Fprintf(&out, "  %s\n", strings.ReplaceAll(line, "\n", "\n  "))
		}
	}
	fmt.Fprintf(&out, "%s\n", plan.Table)
	if len(plan.Findings) > 0 {
		var lines []string
		for _, finding := range plan.Findings {
			lines = append(lines, "- "+finding.Problem, "  cure: "+finding.Cure)
		}
		list("preflight refuses it", lines)
		fmt.Fprintln(w, out.String())
		return
	}
	size := plan.Space
	rows := "unknown, never analyzed"
	if size.Rows >= 0 {
		rows = "about " + number(size.Rows)
	}
	fmt.Fprintf(&out, "  rows   %s\n", rows)
	fmt.Fprintf(&out, "  size   %s, indexes %s\n", bytesOf(size.TableBytes), bytesOf(size.IndexBytes))
	fmt.Fprintf(&out, "  needs  %s more on disk until cleanup, besides WAL\n", bytesOf(size.NeededBytes))
	fmt.Fprintf(&out, "  time   about %s to the swap (a rough guess)\n",
		seconds(time.Duration(plan.Seconds*float64(time.Second))))
	if plan.Layout != nil && plan.Layout.Changed {
		list("the columns", []string{stages.Describe(plan.Layout, bytesOf)})
	}
	list("conversions", conversions(plan.Casts))
	list("the shadow", terminated(plan.DDL))
	list("partitions", plan.Partitions)
	list("carried", plan.CarriedOutline())
	list("locks", plan.LocksOutline())
	list("worth knowing", bullets(plan.Notes))
	list("will not be on the target as on the source", bullets(plan.Differs))
	list("revert-swap can't bring back everything", bullets(plan.Lossy))
	fmt.Fprintln(w, out.String())
}

// bullets marks sentences that may take more than one line of a terminal.
func bullets(sentences []string) []string {
	var out []string
	for _, sentence := range sentences {
		out = append(out, "- "+sentence)
	}
	return out
}

// terminated ends statements as psql wants them.
func terminated(statements []string) []string {
	var out []string
	for _, statement := range statements {
		out = append(out, strings.TrimRight(statement, "; \n")+";")
	}
	return out
}
