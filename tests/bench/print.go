package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// order is how contestants and the stages of repave are listed.
var order = []string{vacuumFull, repack, repackJobs, alterType, repaveFast, repaveProof, byHand, backfill}

// print prints what was measured and how it compares to the targets.
func (b *bench) print(w io.Writer) {
	fmt.Fprintf(w, "\nPostgreSQL %s, %d rows, median of %d, %d sessions\n\n", b.version, b.rows, b.repeat, b.workers)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, name := range order {
		if len(b.samples[name]) == 0 {
			continue
		}
		fmt.Fprintf(table, "%s\t%.2f s\t%s\t%s\n", name, b.median(name), b.walOf(name), b.all(name))
		for _, stage := range b.stagesOf(name) {
			fmt.Fprintf(table, "  %s\t%.2f s\t\t\n", strings.TrimPrefix(stage, name+" "), b.median(stage))
		}
	}
	fmt.Fprintf(table, "\t\t\t\nwhat\tmeasured\ttarget\t\n")
	for _, r := range b.results {
		mark, target, sign := "pass", fmt.Sprintf("<= %g %s", r.Target, r.Unit), ""
		if r.Least {
			target = fmt.Sprintf(">= %g %s", r.Target, r.Unit)
		}
		switch {
		case r.Target == 0:
			mark, target = "", ""
		case !r.Pass:
			mark = "SHORT"
		}
		if r.detail != "" {
			sign = "(" + r.detail + ")"
		}
		fmt.Fprintf(table, "%s\t%.2f %s\t%s\t%s %s\n", r.What, r.Value, r.Unit, target, mark, sign)
	}
	_ = table.Flush() // as with every other write to w
	for _, note := range b.notes {
		fmt.Fprintln(w, "note:", note)
	}
	fmt.Fprintln(w)
}

// stagesOf lists the samples of a contestant's stages, in their order.
func (b *bench) stagesOf(name string) []string {
	var out []string
	for _, stage := range []string{"preflight", "setup", "backfill", "sync_schema", "replay", "verify", "swap"} {
		if len(b.samples[name+" "+stage]) > 0 {
			out = append(out, name+" "+stage)
		}
	}
	return out
}

// all lists a contestant's times as measured.
func (b *bench) all(name string) string {
	var out []string
	for _, s := range b.samples[name] {
		out = append(out, fmt.Sprintf("%.2f", s.seconds))
	}
	return strings.Join(out, " ")
}

func (b *bench) walOf(name string) string {
	var all []int64
	for _, s := range b.samples[name] {
		all = append(all, s.wal)
	}
	slices.Sort(all)
	if wal := all[len(all)/2]; wal > 0 {
		return fmt.Sprintf("%d MB of WAL", wal/megabyte)
	}
	return ""
}

// printJSON prints one line for a machine to keep.
func (b *bench) printJSON(w io.Writer) error {
	seconds := map[string][]float64{}
	for name, samples := range b.samples {
		for _, s := range samples {
			seconds[name] = append(seconds[name], s.seconds)
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(map[string]any{
		"postgresql": b.version, "rows": b.rows, "repeat": b.repeat, "workers": b.workers,
		"seconds": seconds, "results": b.results, "notes": append([]string{}, b.notes...),
	})
}
