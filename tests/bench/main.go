// Command bench measures repave against what PostgreSQL and its users have for
// rewriting a table: all in one run, on one throw-away server, on one table.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// A config is what the flags say.
type config struct {
	rows    int64
	repeat  int
	workers int
	repave  string // the binary
	only    map[string]bool
	rate    int // transactions per second of the modest load
	clients int
	json    bool // only the JSON line on stdout
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1) //nolint:forbidigo // this is a main
	}
}

// parts are what -only may name.
var parts = []string{"rewrite", "copy", "load", "scale", "across"}

func parse(args []string, stderr io.Writer) (config, error) {
	c := config{only: map[string]bool{}}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Int64Var(&c.rows, "rows", 5_000_000, "rows of the table")
	flags.IntVar(&c.repeat, "repeat", 3, "how often to measure; the median counts")
	flags.IntVar(&c.workers, "workers", 2, "sessions of repave, of the copy by hand and of pg_repack --jobs")
	flags.StringVar(&c.repave, "repave", "bin/repave", "the binary to measure")
	flags.IntVar(&c.rate, "rate", 200, "transactions per second of the modest load")
	flags.IntVar(&c.clients, "clients", 8, "sessions of the load")
	flags.BoolVar(&c.json, "json", false, "print the JSON line only")
	only := flags.String("only", strings.Join(parts[:4], ","), "what to measure; across moves the table to a second server")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	for part := range strings.SplitSeq(*only, ",") {
		c.only[part] = true
	}
	if c.rows < 10_000 || c.repeat < 1 || c.workers < 1 || c.rate < 1 || c.clients < 1 {
		return c, errors.New("-rows must be at least 10000, -repeat, -workers, -rate and -clients at least 1")
	}
	return c, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	c, err := parse(args, stderr)
	if err != nil {
		return err
	}
	b, err := start(ctx, c, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.stop(ctx)) }()
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{{"rewrite", b.rewrites}, {"copy", b.copies}, {"load", b.loads}, {"scale", b.scale}, {"across", b.across}} {
		if !c.only[part.name] {
			continue
		}
		if err := part.do(ctx); err != nil {
			return fmt.Errorf("measuring %s: %w", part.name, err)
		}
	}
	b.judge()
	if !c.json {
		b.print(stdout)
	}
	return b.printJSON(stdout)
}
