package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
)

func globalFlags() []cli.Flag {
	return []cli.Flag{
		// Not read by cli: its help would show what the variable holds.
		&cli.StringFlag{Name: "dsn", Usage: "URI or keywords; else REPAVE_DSN, else libpq's PG* variables"},
		&cli.StringFlag{Name: "source", Usage: "across clusters: `DSN` of the cluster to move from; else REPAVE_SOURCE"},
		&cli.StringFlag{Name: "target", Usage: "across clusters: `DSN` of the cluster to move to, which keeps the registry; else REPAVE_TARGET"},
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
		maxSlotWALFlag(),
		dropSlotFlag(),
		&cli.StringFlag{
			Name: "max-active", Value: autoActive, Usage: "go slowly while so many other sessions are at work on the server; 0 is no limit, " +
				"auto is its cores if it is on this machine, else its max_parallel_workers",
		},
		&cli.Float64Flag{Name: "max-rate", Usage: "`ROWS` per second of the backfill; 0 is no limit"},
		&cli.DurationFlag{Name: "lock-timeout", Value: d.LockTimeout, Usage: "longest wait for a lock on a user's table"},
		&cli.IntFlag{Name: "lock-attempts", Value: d.LockAttempts, Usage: "how often to try for a lock"},
		&cli.DurationFlag{Name: "snapshot-wait", Value: d.SnapshotWait, Usage: "longest wait for old snapshots before the swap"},
		&cli.DurationFlag{Name: "cutover-timeout", Value: d.CutoverTimeout, Usage: "across clusters: how long writes may be refused before the cutover is called off"},
		&cli.StringFlag{Name: "on-fence", Usage: "across clusters: `COMMAND` to run just before writes are refused, such as a pooler's PAUSE"},
		&cli.StringFlag{Name: "on-open", Usage: "across clusters: `COMMAND` to run once the other side is open, such as a pooler's RESUME"},
		&cli.StringFlag{Name: "on-cancel", Usage: "across clusters: `COMMAND` to run in place of that if the cutover was called off, such as a pooler's RESUME"},
		&cli.StringFlag{Name: "maintenance-work-mem", Usage: "of index builds (default: what sorts fastest, at most the server's)"},
		&cli.BoolFlag{Name: "skip-verify", Hidden: true, Usage: "swap without proof, for measurements only"},
	}
}

func maxSlotWALFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "max-slot-wal", Value: "0",
		Usage: "pause while a replication slot keeps more WAL, for example 20GB, and across clusters warn if the job's own does; 0 is no limit",
	}
}

func dropSlotFlag() cli.Flag {
	return &cli.BoolFlag{
		Name: "drop-slot", Usage: "across clusters: drop the job's own slot once it keeps more than --max-slot-wal; the job has to start over then",
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
		PKBigint: c.Bool("pk-bigint"), OptimizeColumns: c.Bool("optimize-columns"),
		Tablespace: sqltmpl.Ident(c.String("tablespace")), DropConstraints: c.StringSlice("drop-constraint"),
	}
	if c.Bool("with-referencing") && !out.PKBigint {
		return out, &usageError{
			problem: "--with-referencing needs --pk-bigint", advice: "it widens the columns that refer to the key which --pk-bigint widens",
		}
	}
	var wrong []*valueError
	add := func(err *valueError) {
		if err != nil {
			wrong = append(wrong, err)
		}
	}
	for _, actions := range c.StringSlice("alter") {
		add(addAlter(&out, actions))
	}
	add(partitionFlags(c, &out))
	for _, text := range c.StringSlice("using") {
		column, expression, ok := strings.Cut(text, "=")
		column, expression = strings.TrimSpace(column), strings.TrimSpace(expression)
		if !ok || column == "" || expression == "" {
			add(notUsing(text))
			continue
		}
		add(addUsing(&out, column, expression))
	}
	if c.IsSet("order-by") {
		add(addOrder(&out, c.String("order-by")))
	}
	for _, text := range c.StringSlice("set") {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			add(notSet(text))
			continue
		}
		add(addSet(&out, name, value))
	}
	if len(wrong) > 0 {
		return out, &usageError{problem: wrong[0].Error(), advice: wrong[0].Hint()}
	}
	return out, nil
}

// partitionFlags reads how to partition the table.
func partitionFlags(c *cli.Context, out *shadow.Change) *valueError {
	var clause *string
	var ahead *int
	if c.IsSet("partition-by") {
		text := c.String("partition-by")
		clause = &text
	}
	if c.IsSet("partitions-ahead") {
		n := c.Int("partitions-ahead")
		ahead = &n
	}
	return addPartitions(out, clause, ahead)
}

// options reads how hard to work. A command without such flags gets the defaults.
func options(c *cli.Context) (stages.Options, error) {
	if !slices.ContainsFunc(c.Command.Flags, func(f cli.Flag) bool { return f.Names()[0] == "workers" }) {
		return stages.Defaults(), nil
	}
	out, wrong := pace(c)
	if len(wrong) > 0 {
		problems := make([]error, len(wrong))
		for i, err := range wrong {
			problems[i] = err
		}
		return out, &usageError{
			problem: errors.Join(problems...).Error(), advice: fmt.Sprintf("see: repave %s --help", c.Command.Name),
		}
	}
	return out, nil
}

// pace reads how hard to work, and says of each flag what is wrong with it.
func pace(c *cli.Context) (stages.Options, []*valueError) {
	out := stages.Options{
		Workers: c.Int("workers"), BatchTime: c.Duration("batch-time"), MaxRate: c.Float64("max-rate"),
		MaxLag: c.Duration("max-lag"), LockTimeout: c.Duration("lock-timeout"), LockAttempts: c.Int("lock-attempts"),
		SnapshotWait: c.Duration("snapshot-wait"), MaintenanceMem: c.String("maintenance-work-mem"),
		SkipVerify: c.Bool("skip-verify"), CutoverTimeout: c.Duration("cutover-timeout"),
		DropSource: c.Bool("drop-source"),
		OnFence:    c.String("on-fence"), OnOpen: c.String("on-open"), OnCancel: c.String("on-cancel"),
	}
	var wrong []*valueError
	need := func(ok bool, key, what, example string) {
		if !ok {
			wrong = append(wrong, &valueError{key: key, problem: "must " + what, example: example})
		}
	}
	var ok bool
	if err := slotOptions(c, &out); err != nil {
		wrong = append(wrong, err)
	}
	out.MaxActive, ok = parseActive(c.String("max-active"))
	need(ok, "max_active", "be a number or auto", "auto")
	const maxWorkers = 256
	need(out.Workers > 0 && out.Workers <= maxWorkers, "workers", "be from 1 to 256", "4")
	need(out.BatchTime > 0, "batch_time", "be positive", "500ms")
	need(out.MaxRate >= 0, "max_rate", "not be negative", "10000")
	need(out.MaxLag >= 0, "max_lag", "not be negative", "10s")
	need(out.LockTimeout > 0, "lock_timeout", "be positive", "500ms")
	need(out.LockAttempts > 0, "lock_attempts", "be positive", "60")
	need(out.CutoverTimeout > 0, "cutover_timeout", "be positive", "30s")
	need(out.SnapshotWait > 0, "snapshot_wait", "be positive", "1h")
	return out, wrong
}

// slotOptions reads what to do about slots that keep much WAL.
func slotOptions(c *cli.Context, out *stages.Options) *valueError {
	var ok bool
	if out.MaxSlotWAL, ok = parseBytes(c.String("max-slot-wal")); !ok {
		return &valueError{key: "max_slot_wal", problem: "must be a size, for example 500MB or 20GB", example: "20GB"}
	}
	if out.DropSlot = c.Bool("drop-slot"); out.DropSlot && out.MaxSlotWAL == 0 {
		return &valueError{key: "drop_slot", problem: "needs a limit: --max-slot-wal", example: "true"}
	}
	return nil
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
