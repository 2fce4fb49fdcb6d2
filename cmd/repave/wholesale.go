package main

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// A wholesale asks for tables without naming each.
type wholesale struct {
	schemas []string
	all     bool
	exclude []string // patterns of schema.table, or of table
	change  shadow.Change
}

func wholesaleFlagSet() []cli.Flag {
	return []cli.Flag{
		strategyFlag(),
		&cli.StringSliceFlag{Name: "schema", Usage: "across clusters: all tables of a schema (repeatable)"},
		&cli.BoolFlag{Name: "all-tables", Usage: "across clusters: all tables of the database"},
		&cli.StringSliceFlag{Name: "exclude", Usage: "`PATTERN` of tables that --schema and --all-tables leave out, such as 'log_*' or 'audit.*' (repeatable)"},
		viewsFlag(),
	}
}

// wholesaleOf reads these flags; nil if none is given.
func wholesaleOf(c *cli.Context) (*wholesale, error) {
	out := &wholesale{schemas: c.StringSlice("schema"), all: c.Bool("all-tables"), exclude: c.StringSlice("exclude")}
	some := len(out.schemas) > 0 || out.all
	switch {
	case !some && len(out.exclude) > 0:
		return nil, &usageError{problem: "--exclude needs --schema or --all-tables", advice: "tables that are named need not be left out"}
	case !some:
		return nil, nil
	case c.Args().Present():
		return nil, &usageError{
			problem: "--schema and --all-tables can't go together with tables that are named",
			advice:  "name all tables, or leave some out with --exclude",
		}
	}
	for _, pattern := range out.exclude {
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, &usageError{problem: fmt.Sprintf("--exclude %q is no pattern", pattern), advice: "* stands for any text, ? for one character"}
		}
	}
	var err error
	out.change, err = change(c)
	return out, err
}

// expand finds the tables.
func (d *database) expand(ctx context.Context, w *wholesale) (target, error) {
	out := target{strategy: d.strategy(), changes: map[sqltmpl.Table]shadow.Change{}}
	if d.source == nil {
		return out, &usageError{
			problem: "--schema and --all-tables are for moving tables to another cluster", advice: "name the tables that are to be rewritten",
		}
	}
	found, err := sqltmpl.All[sqltmpl.FoundRelation](ctx, d.source.look, sqltmpl.ListTables{
		Registry: string(d.registry.Schema()), Schemas: append([]string{}, w.schemas...), All: w.all,
	}.Statement())
	if err != nil {
		return out, err
	}
	for _, f := range found {
		table := sqltmpl.Table{Schema: f.Schema, Name: f.Name}
		if w.excludes(table) {
			continue
		}
		out.tables, out.oids = append(out.tables, table), append(out.oids, f.OID)
		out.changes[table] = w.change
	}
	if len(out.tables) == 0 {
		return out, &failure{problem: "there is no such table to move", advice: "look at --schema and --exclude: repave plan lists what is found"}
	}
	return out, nil
}

func (w *wholesale) excludes(table sqltmpl.Table) bool {
	return slices.ContainsFunc(w.exclude, func(pattern string) bool {
		name := string(table.Name)
		if strings.Contains(pattern, ".") {
			name = string(table.Schema) + "." + name
		}
		matches, _ := path.Match(pattern, name)
		return matches
	})
}
