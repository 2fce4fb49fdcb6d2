package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/internal/shell"
	"github.com/repave-pg/repave/stages"
)

// What an operator asks for: tables, what to change of each, and where that was
// said.
type asked struct {
	names       []string
	changes     []shadow.Change // of names
	referencing bool
	views       bool
	file        *specFile  // nil: on the command line
	wholesale   *wholesale // nil: they are named
}

func fileFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "file", Aliases: []string{"f"}, TakesFile: true,
		Usage: "`FILE` that says which tables and what to change, in place of arguments; plan --write-spec prints one",
	}
}

// askedOf reads the command line, or the spec file that it names. Of how hard to
// work, what the command line says wins over the file.
func askedOf(c *cli.Context) (asked, error) {
	if !c.IsSet("file") {
		if all, err := wholesaleOf(c); err != nil || all != nil {
			return asked{wholesale: all, views: c.Bool("with-views")}, err
		}
		names, err := tables(c)
		if err != nil {
			return asked{}, err
		}
		changes, err := change(c)
		out := asked{names: names, referencing: c.Bool("with-referencing"), views: c.Bool("with-views")}
		for range names {
			out.changes = append(out.changes, changes)
		}
		return out, err
	}
	if err := refuseBeside(c, "--file", "write it into the file"); err != nil {
		return asked{}, err
	}
	if c.Args().Present() {
		return asked{}, &usageError{
			problem: fmt.Sprintf("--file names the tables, and so does the command line: %s", strings.Join(c.Args().Slice(), " ")),
			advice:  "leave them out, or write them into the file under tables",
		}
	}
	file, err := readSpecFile(c.String("file"))
	if err != nil {
		return asked{}, err
	}
	for _, value := range file.pace {
		if c.IsSet(value.flag) {
			continue
		}
		if err := c.Set(value.flag, value.text); err != nil {
			return asked{}, err
		}
	}
	out := asked{referencing: file.referencing, views: c.Bool("with-views"), file: file}
	for _, t := range file.tables {
		out.names, out.changes = append(out.names, t.name), append(out.changes, t.change)
	}
	return out, nil
}

// refuseBeside refuses flags that say what to change beside one that does so.
func refuseBeside(c *cli.Context, other, advice string) error {
	flags := changeFlagSet()
	if other == "--as-begun" {
		flags = append(flags, viewsFlag())
	}
	for _, flag := range flags {
		if name := flag.Names()[0]; c.IsSet(name) {
			return &usageError{problem: fmt.Sprintf("--%s and %s can't go together", name, other), advice: advice}
		}
	}
	return nil
}

// located says where in a spec file the i-th table was named.
func (a asked) located(i int, err error) error {
	if a.file == nil || i >= len(a.file.tables) {
		return err
	}
	return fmt.Errorf("%s: %w", a.file.tables[i].place, err)
}

// command is the one that begins the job which is asked for, in a shell.
func (a asked) command(req stages.Request) string {
	if a.file != nil {
		return "repave run -f " + shell.Quote(a.file.path) + beside(req.Spec)
	}
	return "repave run " + req.Spec.Args() + req.Flags
}
