package main

import (
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/internal/partitioning"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/internal/shell"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
)

// changeFlags returns the flags that ask for change, with a leading space, to
// be put behind "repave run TABLE" in a shell.
func changeFlags(change shadow.Change) string {
	var out strings.Builder
	for _, word := range changeWords(change) {
		out.WriteString(" " + shell.Quote(word))
	}
	return out.String()
}

// changeWords are the flags that ask for change, and their values.
func changeWords(change shadow.Change) []string {
	var out []string
	if change.PKBigint {
		out = append(out, "--pk-bigint")
	}
	for _, actions := range change.Alter {
		out = append(out, "--alter", actions)
	}
	for _, column := range slices.Sorted(maps.Keys(change.Using)) {
		out = append(out, "--using", column+"="+change.Using[column])
	}
	if change.OptimizeColumns {
		out = append(out, "--optimize-columns")
	}
	if len(change.OrderBy) > 0 {
		out = append(out, "--order-by", orderOf(change))
	}
	for _, option := range change.Set {
		out = append(out, "--set", option)
	}
	if change.Tablespace != "" {
		out = append(out, "--tablespace", string(change.Tablespace))
	}
	if change.PartitionBy != "" {
		out = append(out, "--partition-by", change.PartitionBy)
	}
	if sizedAhead(change) {
		out = append(out, "--partitions-ahead", strconv.Itoa(change.PartitionsAhead))
	}
	for _, name := range change.DropConstraints {
		out = append(out, "--drop-constraint", name)
	}
	return out
}

// orderOf is the order of the rows as --order-by takes it.
func orderOf(change shadow.Change) string {
	var columns sqltmpl.Columns
	for _, name := range change.OrderBy {
		columns = append(columns, sqltmpl.Ident(name))
	}
	return columns.String()
}

// sizedAhead reports whether another number of partitions ahead than the
// default was asked for.
func sizedAhead(change shadow.Change) bool {
	clause, err := partitioning.Parse(change.PartitionBy)
	return err == nil && clause.Method == partitioning.Range && change.PartitionsAhead != partitionsAhead
}

// specFlags are the flags that go on with a job, behind "repave run" and its
// tables, in a shell: those that ask for the same, or, if no flags can, one that
// leaves it to the job.
func specFlags(spec registry.Spec) string {
	strategy := ""
	if spec.Strategy == stages.Logical {
		strategy = " --strategy=" + spec.Strategy
	}
	var all *shadow.Change
	for _, t := range spec.Tables {
		switch {
		case t.Joined:
		case all == nil:
			all = &t.Change
		case len(all.Differences(t.Change)) > 0:
			return strategy + " --" + asBegun
		}
	}
	if all == nil {
		return strategy + " --" + asBegun
	}
	words := changeWords(*all)
	if spec.WithReferencing {
		words = append(words, "--with-referencing")
	}
	if got, err := understood(words); err != nil || len(all.Differences(got)) > 0 {
		return strategy + " --" + asBegun
	}
	var out strings.Builder
	out.WriteString(beside(spec))
	for _, word := range words {
		out.WriteString(" " + shell.Quote(word))
	}
	return out.String()
}

// beside are the flags that a spec file does not replace.
func beside(spec registry.Spec) string {
	out := ""
	if spec.Strategy == stages.Logical {
		out += " --strategy=" + spec.Strategy
	}
	if spec.WithViews {
		out += " --with-views"
	}
	return out
}

// understood is what run takes flags for. A file can ask for what flags can't: a
// column with an equals sign in its name, for one.
func understood(words []string) (out shadow.Change, err error) {
	app := (&program{stdout: io.Discard, stderr: newConsole(io.Discard)}).newApp()
	app.Command("run").Action = func(c *cli.Context) error {
		out, err = change(c)
		return err
	}
	args, err := syntaxOf(app).normalise(append([]string{"repave", "run", "t"}, words...))
	if err != nil {
		return out, err
	}
	return out, app.Run(args)
}

// ident quotes a name for SQL.
func ident(name string) string { return sqltmpl.Ident(name).String() }
