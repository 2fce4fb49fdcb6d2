package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/internal/sqllex"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
)

func globalFlags() []cli.Flag {
	return []cli.Flag{
		// Not read by cli: its help would show what the variable holds.
		&cli.StringFlag{Name: "dsn", Usage: "URI or keywords; else REPAVE_DSN, else libpq's PG* variables"},
		&cli.StringFlag{Name: "registry-schema", Value: "repave", Usage: "schema that remembers the jobs"},
		&cli.StringFlag{Name: "log-format", Value: "text", Usage: "text or json, to stderr"},
		&cli.StringFlag{Name: "log-level", Value: "info", Usage: "debug, info, warn or error"},
		&cli.BoolFlag{Name: "no-progress", Usage: "no live line, log lines instead"},
	}
}

// changeFlagSet are the flags that say what to change.
func changeFlagSet() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "alter", Usage: "`ACTIONS` of an ALTER TABLE, run on the empty shadow (repeatable)"},
		&cli.StringSliceFlag{Name: "using", Usage: "`COL=EXPR`: value of a column from a source row (repeatable)"},
		&cli.BoolFlag{Name: "pk-bigint", Usage: "make an integer key bigint"},
		&cli.BoolFlag{Name: "optimize-columns", Usage: "put the columns into the order that wastes least on alignment"},
		&cli.StringFlag{Name: "order-by", Usage: "`COLS`: rows of the new table lie in this order; needs an index on just these columns, not null"},
		&cli.StringSliceFlag{Name: "set", Usage: "`NAME=VALUE`: storage parameter of the new table, also toast.NAME (repeatable)"},
		&cli.StringFlag{Name: "tablespace", Usage: "`NAME`: where the new table goes, with its TOAST table and all its indexes"},
		&cli.StringFlag{Name: "partition-by", Usage: "`CLAUSE`: 'RANGE (created_at) INTERVAL 1 month', 'RANGE (id) WIDTH 1000000', " +
			"'LIST (region)', 'HASH (id) 16'"},
		&cli.IntFlag{Name: "partitions-ahead", Value: partitionsAhead, Usage: "of a RANGE: how many to make beyond now and the last value"},
		&cli.StringSliceFlag{Name: "drop-constraint", Usage: "give up this constraint or unique index `NAME` (repeatable)"},
		&cli.BoolFlag{Name: "with-referencing", Usage: "with --pk-bigint: also the columns that refer to the key, and their tables, in the same job"},
	}
}

// effortFlagSet are the flags that say how hard to work and how long to wait.
func effortFlagSet() []cli.Flag {
	d := stages.Defaults()
	return []cli.Flag{
		&cli.IntFlag{Name: "workers", Value: d.Workers, Usage: "sessions for batches, indexes and verify"},
		&cli.DurationFlag{Name: "batch-time", Value: d.BatchTime, Usage: "what a batch should take"},
		&cli.DurationFlag{Name: "max-lag", Value: d.MaxLag, Usage: "pause while a standby is further behind; 0 is no limit"},
		&cli.StringFlag{Name: "max-slot-wal", Value: "0", Usage: "pause while a replication slot keeps more WAL, for example 20GB; 0 is no limit"},
		&cli.StringFlag{
			Name: "max-active", Value: autoActive, Usage: "go slowly while so many other sessions are at work on the server; 0 is no limit, " +
				"auto is its cores if it is on this machine, else its max_parallel_workers",
		},
		&cli.Float64Flag{Name: "max-rate", Usage: "`ROWS` per second of the backfill; 0 is no limit"},
		&cli.DurationFlag{Name: "lock-timeout", Value: d.LockTimeout, Usage: "longest wait for a lock on a user's table"},
		&cli.IntFlag{Name: "lock-attempts", Value: d.LockAttempts, Usage: "how often to try for a lock"},
		&cli.DurationFlag{Name: "snapshot-wait", Value: d.SnapshotWait, Usage: "longest wait for old snapshots before the swap"},
		&cli.StringFlag{Name: "maintenance-work-mem", Usage: "of index builds (default: the server's)"},
		&cli.BoolFlag{Name: "skip-verify", Hidden: true, Usage: "swap without proof, for measurements only"},
	}
}

func yesFlag() cli.Flag {
	return &cli.BoolFlag{Name: "yes", Usage: "do not ask"}
}

func jsonFlag(usage string) cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: usage}
}

// change reads what to change.
func change(c *cli.Context) (shadow.Change, error) {
	out := shadow.Change{
		Alter: c.StringSlice("alter"), PKBigint: c.Bool("pk-bigint"), OptimizeColumns: c.Bool("optimize-columns"),
		Tablespace: sqltmpl.Ident(c.String("tablespace")),
	}
	if c.Bool("with-referencing") && !out.PKBigint {
		return out, &usageError{
			problem: "--with-referencing needs --pk-bigint", advice: "it widens the columns that refer to the key which --pk-bigint widens",
		}
	}
	if slices.ContainsFunc(out.Alter, func(s string) bool { return strings.TrimSpace(s) == "" }) {
		return out, &usageError{problem: "--alter is empty", advice: "for example: --alter 'ALTER COLUMN total TYPE bigint'"}
	}
	if err := partitionBy(c, &out); err != nil {
		return out, err
	}
	for _, text := range c.StringSlice("using") {
		column, expression, ok := strings.Cut(text, "=")
		column, expression = strings.TrimSpace(column), strings.TrimSpace(expression)
		if !ok || column == "" || expression == "" {
			return out, &usageError{
				problem: fmt.Sprintf("--using %q is not COL=EXPR", text),
				advice:  "for example: --using 'total=price * amount'",
			}
		}
		if _, twice := out.Using[column]; twice {
			return out, &usageError{
				problem: fmt.Sprintf("--using names column %s twice", column),
				advice:  "a column has one value: keep one of them",
			}
		}
		if out.Using == nil {
			out.Using = map[string]string{}
		}
		out.Using[column] = expression
	}
	var err error
	if out.OrderBy, err = orderBy(c); err != nil {
		return out, err
	}
	out.Set, err = setFlags(c)
	return out, err
}

// orderBy reads --order-by: names as in SQL, with commas in between.
func orderBy(c *cli.Context) ([]string, error) {
	text := c.String("order-by")
	if !c.IsSet("order-by") {
		return nil, nil
	}
	tokens, err := sqllex.Lex(text)
	var out []string
	for i, token := range tokens {
		name := token.Kind == sqllex.Word || token.Kind == sqllex.Quoted
		if name != (i%2 == 0) || !name && token.Text != "," || slices.Contains(out, token.Text) && name {
			err = errors.New("not a list of columns")
			break
		}
		if name {
			out = append(out, token.Text)
		}
	}
	if err != nil || len(tokens)%2 == 0 {
		return nil, &usageError{
			problem: fmt.Sprintf("--order-by %q is not a list of columns", text),
			advice:  `for example: --order-by 'customer_id, "Created at"' (ascending; an index read either way will do)`,
		}
	}
	return out, nil
}

// setFlags reads --set.
func setFlags(c *cli.Context) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	for _, text := range c.StringSlice("set") {
		name, value, ok := strings.Cut(text, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" || value == "" || seen[name] {
			return nil, &usageError{
				problem: fmt.Sprintf("--set %q is not NAME=VALUE, or says it twice", text),
				advice:  "for example: --set fillfactor=90 --set toast.autovacuum_enabled=off",
			}
		}
		seen[name] = true
		out = append(out, name+"="+value)
	}
	return out, nil
}

// options reads how hard to work. A command without such flags gets the defaults.
func options(c *cli.Context) (stages.Options, error) {
	out := stages.Defaults()
	if !slices.ContainsFunc(c.Command.Flags, func(f cli.Flag) bool { return f.Names()[0] == "workers" }) {
		return out, nil
	}
	out = stages.Options{
		Workers: c.Int("workers"), BatchTime: c.Duration("batch-time"), MaxRate: c.Float64("max-rate"),
		MaxLag: c.Duration("max-lag"), LockTimeout: c.Duration("lock-timeout"), LockAttempts: c.Int("lock-attempts"),
		SnapshotWait: c.Duration("snapshot-wait"), MaintenanceMem: c.String("maintenance-work-mem"),
		SkipVerify: c.Bool("skip-verify"),
	}
	var wrong []error
	need := func(ok bool, what string) {
		if !ok {
			wrong = append(wrong, errors.New(what))
		}
	}
	var ok bool
	out.MaxSlotWAL, ok = parseBytes(c.String("max-slot-wal"))
	need(ok, "--max-slot-wal must be a size, for example 500MB or 20GB")
	out.MaxActive, ok = parseActive(c.String("max-active"))
	need(ok, "--max-active must be a number or auto")
	const maxWorkers = 256
	need(out.Workers > 0 && out.Workers <= maxWorkers, "--workers must be from 1 to 256")
	need(out.BatchTime > 0, "--batch-time must be positive")
	need(out.MaxRate >= 0, "--max-rate must not be negative")
	need(out.MaxLag >= 0, "--max-lag must not be negative")
	need(out.LockTimeout > 0, "--lock-timeout must be positive")
	need(out.LockAttempts > 0, "--lock-attempts must be positive")
	need(out.SnapshotWait > 0, "--snapshot-wait must be positive")
	if len(wrong) > 0 {
		return out, &usageError{
			problem: errors.Join(wrong...).Error(), advice: fmt.Sprintf("see: repave %s --help", c.Command.Name),
		}
	}
	return out, nil
}

// until reads the stage after which to stop.
func until(c *cli.Context) (stages.Name, error) {
	cleanup := c.Bool("cleanup")
	if !c.IsSet("until") {
		if cleanup {
			return stages.Cleanup, nil
		}
		return stages.Swap, nil
	}
	name := stages.Name(c.String("until"))
	if name.Index() < 0 {
		var all []string
		for _, stage := range stages.Order() {
			all = append(all, string(stage))
		}
		return "", &usageError{
			problem: fmt.Sprintf("--until %q is no stage", string(name)), advice: "the stages are: " + strings.Join(all, ", "),
		}
	}
	if cleanup && name != stages.Cleanup {
		return "", &usageError{problem: "--until and --cleanup contradict each other", advice: "leave one of them out"}
	}
	return name, nil
}

// tables reads the TABLE arguments.
func tables(c *cli.Context) ([]string, error) {
	names := c.Args().Slice()
	if len(names) == 0 {
		return nil, &usageError{
			problem: "which TABLE?", advice: fmt.Sprintf("repave %s TABLE, for example: repave %s public.orders",
				c.Command.Name, c.Command.Name),
		}
	}
	return names, nil
}

// registryOf returns the registry of the global flags.
func registryOf(c *cli.Context) (*registry.Registry, error) {
	schema := c.String("registry-schema")
	if schema == "" || strings.HasPrefix(schema, "pg_") || len(schema) > 63 {
		return nil, &usageError{
			problem: fmt.Sprintf("--registry-schema %q can't be a schema", schema), advice: "leave it out, it is repave then",
		}
	}
	return registry.New(sqltmpl.Ident(schema)), nil
}
