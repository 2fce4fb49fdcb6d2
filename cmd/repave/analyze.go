package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/internal/analyze"
	"github.com/repave-pg/repave/internal/shell"
	"github.com/repave-pg/repave/sqltmpl"
)

func (p *program) analyzeCommand() *cli.Command {
	return &cli.Command{
		Name:      "analyze",
		Usage:     "say where the bytes of a table go, and what a job would save; reads some pages, writes nothing",
		ArgsUsage: "TABLE...",
		Flags:     []cli.Flag{jsonFlag("print an array to stdout")},
		Action:    p.analyze,
	}
}

func (p *program) analyze(c *cli.Context) error {
	names, err := tables(c)
	if err != nil {
		return err
	}
	d, err := p.connect(c)
	if err != nil {
		return err
	}
	defer d.close()
	t, err := d.named(c.Context, names)
	if err != nil {
		return err
	}
	reports := make([]analyze.Report, len(t.tables))
	err = pgx.BeginTxFunc(c.Context, d.live().look, pgx.TxOptions{
		IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly,
	}, func(tx pgx.Tx) error {
		for i, table := range t.tables {
			if reports[i], err = analyze.Table(c.Context, tx, t.oids[i], table); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(p.stdout, reports)
	}
	for i, report := range reports {
		if i > 0 {
			fmt.Fprintln(p.stdout)
		}
		printAnalysis(p.stdout, report)
	}
	return nil
}

// printAnalysis prints what was found of one table.
func printAnalysis(w io.Writer, r analyze.Report) {
	rows := "unknown, never analyzed"
	if r.Rows >= 0 {
		rows = "about " + number(r.Rows)
	}
	fmt.Fprintf(w, "%s\n", r.Table)
	fmt.Fprintf(w, "  rows   %s; averages are over %s of them\n", rows, number(int64(r.SampledRows)))
	fmt.Fprintf(w, "  heap   %s; its rows need %s, %s is bloat, with %s dead rows (%s)\n", bytesOf(r.Heap.Bytes),
		bytesOf(r.Heap.Needed), share(r.Heap.Bloat, r.Heap.Bytes), number(r.Heap.DeadRows), bytesOf(r.Heap.Dead))
	if r.Heap.ToastBytes > 0 {
		fmt.Fprintf(w, "  TOAST  %s\n", bytesOf(r.Heap.ToastBytes))
	}
	printColumns(w, r)
	printIndexes(w, r)
	printSavings(w, r)
}

// share prints a part of a whole: 12.0 MB (19 %).
func share(part, whole int64) string {
	return fmt.Sprintf("%s (%.0f %%)", bytesOf(part), 100*float64(part)/float64(max(whole, 1)))
}

func printColumns(w io.Writer, r analyze.Report) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(out, "\n  column\ttype\talign\tpadding before\tbytes\tnull\n")
	for _, c := range r.Columns {
		name, null := sqltmpl.Ident(c.Name).Plain(), fmt.Sprintf("%.0f %%", 100*c.NullFraction)
		switch {
		case c.Dropped:
			name, null = "(dropped)", "always"
		case c.NotNull:
			null = "never"
		}
		bytes := fmt.Sprintf("%.1f", c.Bytes)
		if c.Length > 0 {
			bytes = fmt.Sprint(c.Length)
		}
		fmt.Fprintf(out, "  %s\t%s\t%d\t%s\t%s\t%s\n", name, c.Type, c.Align, padding(c.Before), bytes, null)
	}
	_ = out.Flush() // w does not fail, or else nothing can be said anyway
	fmt.Fprintf(w, "  a row takes %.1f bytes, %.1f of them padding\n", r.Row.Bytes, r.Row.Padding)
}

// padding prints nothing where nothing is lost.
func padding(n float64) string {
	if n < 0.05 {
		return "-"
	}
	return fmt.Sprintf("%.1f", n)
}

func printIndexes(w io.Writer, r analyze.Report) {
	if len(r.Indexes) == 0 {
		return
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(out, "\n  index\tmethod\tsize\tbuilt anew\tbloat\n")
	for _, index := range r.Indexes {
		needed, bloat := "unknown", "unknown"
		if index.Needed != nil {
			needed, bloat = bytesOf(*index.Needed), share(*index.Bloat, index.Bytes)
		}
		fmt.Fprintf(out, "  %s\t%s\t%s\t%s\t%s\n", sqltmpl.Ident(index.Name).Plain(), index.Method, bytesOf(index.Bytes), needed, bloat)
	}
	_ = out.Flush() // as above
}

func printSavings(w io.Writer, r analyze.Report) {
	total := r.Heap.Bytes + r.Heap.ToastBytes
	for _, index := range r.Indexes {
		total += index.Bytes
	}
	table := shell.Quote(r.Table)
	fmt.Fprintf(w, "\n  a plain job would save %s:\n    repave run %s\n", share(r.PlainSaves, total), table)
	if r.Best.SavedPerRow <= 0 {
		fmt.Fprintln(w, "  no other order of the columns saves anything")
		return
	}
	var names []string
	for _, name := range r.Best.Order {
		names = append(names, sqltmpl.Ident(name).Plain())
	}
	fmt.Fprintf(w, "  %s more, %.1f bytes per row, with the columns moved:\n    repave run %s --optimize-columns\n%s\n",
		share(r.Best.Saved, total), r.Best.SavedPerRow, table, wrapped("    in the order ", names))
}

// wrapped joins names with commas, in lines of which the first begins with title,
// each as long as a terminal is wide, if its names are not longer.
func wrapped(title string, names []string) string {
	const width, indent = 80, "      "
	var out strings.Builder
	line := title
	for i, name := range names {
		if i < len(names)-1 {
			name += ","
		}
		if i > 0 {
			if utf8.RuneCountInString(line)+len(" ")+utf8.RuneCountInString(name) > width {
				out.WriteString(line + "\n")
				line = indent + name
				continue
			}
			line += " "
		}
		line += name
	}
	return out.String() + line
}
