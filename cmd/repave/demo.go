package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/internal/pgserver"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/internal/traffic"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
)

// The demo's traffic, and how long it goes on before and after the job.
const (
	demoWriters = 6
	demoReaders = 2
	demoPause   = 5 * time.Millisecond
	demoBefore  = 3 * time.Second
	demoAfter   = time.Second
	demoLeast   = 1000 // rows
	demoStop    = time.Minute
)

func (p *program) demoCommand() *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "the whole thing on a throw-away server, with live traffic",
		Flags: []cli.Flag{
			&cli.Int64Flag{Name: "rows", Value: 1_000_000, Usage: "rows of the table"},
			&cli.BoolFlag{Name: "across", Usage: "move tables to a second server, and back"},
			&cli.BoolFlag{Name: "keep", Usage: "keep the server until Ctrl-C, to look around"},
		},
		Action: p.demo,
	}
}

func (p *program) demo(c *cli.Context) (err error) {
	if c.Args().Present() {
		return &usageError{problem: "demo takes no TABLE", advice: "see: repave demo --help"}
	}
	rows := c.Int64("rows")
	if rows < demoLeast {
		return &usageError{problem: fmt.Sprintf("--rows must be at least %d", demoLeast), advice: "the default is 1000000"}
	}
	reg, err := registryOf(c)
	if err != nil {
		return err
	}
	logger, err := p.logger(c)
	if err != nil {
		return err
	}
	install, err := pgserver.Find(c.Context, pgserver.FindOptions{})
	if err != nil {
		return err
	}
	o := workOptions{
		stages: stages.Defaults(), logger: logger, live: p.stderr.live() && !c.Bool("no-progress"),
	}
	if c.Bool("across") {
		return p.demoAcross(c.Context, install, &demoAcross{p: p, registry: reg, rows: rows, work: o})
	}
	p.say("starting a throw-away PostgreSQL %d", install.Version)
	server, err := pgserver.Start(c.Context, install, pgserver.Options{Settings: map[string]string{"max_wal_size": "4GB"}})
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Context), demoStop)
		defer cancel()
		err = errors.Join(err, server.Stop(ctx))
	}()
	demo := &demo{p: p, dsn: server.DSN("postgres"), registry: reg, rows: rows, work: o}
	if err := demo.run(c.Context); err != nil {
		return cmp.Or(c.Err(), err) // interrupted: there will be no job to go on with
	}
	if c.Bool("keep") {
		p.say("the server runs until you press Ctrl-C:\n  psql -h %s -p %d -U postgres postgres", server.Dir(), server.Port())
		<-c.Done()
	}
	return nil
}

func (p *program) say(format string, args ...any) { fmt.Fprintf(p.stderr, format+"\n", args...) }

// A demo is one run of it, on a server of its own.
type demo struct {
	p        *program
	dsn      string
	registry *registry.Registry
	rows     int64
	work     workOptions

	before, during, after traffic.Numbers
	job                   time.Duration
	report                *report
	verdict               traffic.Verdict
}

func (d *demo) run(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, d.dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	d.p.say("filling customers, orders (%s rows) and order_lines", number(d.rows))
	if err := traffic.Fill(ctx, conn, traffic.Tables{}, d.rows); err != nil {
		return err
	}
	load, err := traffic.Start(ctx, traffic.Config{
		DSN: d.dsn, Rows: d.rows, Writers: demoWriters, Readers: demoReaders, Seed: 1, Pause: demoPause,
	})
	if err != nil {
		return err
	}
	d.p.say("%d sessions insert, update, delete, change keys and read; what they commit goes to a ledger",
		demoWriters+demoReaders)
	err = d.underLoad(ctx, load)
	load.Stop(ctx)
	if err != nil {
		return err
	}
	d.p.say("comparing the table with the ledger")
	if d.verdict, err = load.Check(ctx, conn); err != nil {
		return err
	}
	d.print(d.p.stdout)
	return d.judge()
}

// underLoad measures traffic alone, then with the job, then after it.
func (d *demo) underLoad(ctx context.Context, load *traffic.Load) error {
	if err := wait(ctx, demoBefore); err != nil {
		return err
	}
	d.before = load.Take()
	d.p.say("$ repave run public.orders --pk-bigint")
	began := time.Now()
	if err := d.rewrite(ctx); err != nil {
		return err
	}
	d.job, d.during = time.Since(began), load.Take()
	if err := wait(ctx, demoAfter); err != nil {
		return err
	}
	d.after = load.Take()
	return nil
}

// rewrite is what "repave run public.orders --pk-bigint" does.
func (d *demo) rewrite(ctx context.Context) error {
	base, err := open(ctx, d.dsn, "repave demo", d.registry)
	if err != nil {
		return err
	}
	defer base.close()
	if err := base.migrate(ctx); err != nil {
		return err
	}
	t, err := base.target(ctx, asked{names: []string{"public.orders"}, changes: []shadow.Change{{PKBigint: true}}})
	if err != nil {
		return err
	}
	d.report = newReport(stages.Swap)
	return d.p.workWith(ctx, base, t, d.work, func(ctx context.Context, task *task) error {
		return task.rewrite(ctx, request(t), stages.Swap, d.report)
	})
}

// print says what was measured.
func (d *demo) print(w io.Writer) {
	all := d.before
	all.Add(d.during)
	all.Add(d.after)
	say := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-12s %s\n", label, fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(w)
	say("job", "orders.id is bigint, swapped after %s, every row verified: %s", seconds(d.job), number(d.report.Verify.Rows))
	say("statements", "%s in %s transactions, %d failed, %d retried after a serialization failure",
		number(all.Statements), number(all.Transactions), all.Failed, all.Retries)
	say("throughput", "%.0f statements/s before, %.0f during the job (%.0f %%), %.0f after", d.before.PerSecond(),
		d.during.PerSecond(), 100*d.during.PerSecond()/max(d.before.PerSecond(), 1), d.after.PerSecond())
	say("latency", "99 %% below %s before, %s during", milliseconds(d.before.Percentile(99)),
		milliseconds(d.during.Percentile(99)))
	say("longest", "%s before, %s during: the longest any statement took", milliseconds(d.before.Longest),
		milliseconds(d.during.Longest))
	say("locks", "longest wait %.1f ms, longest hold %.1f ms, %d given up", d.report.LongestLockWait,
		d.report.LongestLockHold, d.report.LockMisses)
	for _, size := range d.report.Sizes {
		say("size", "%s: %s before, %s after", size.Table, bytesOf(size.Before), bytesOf(size.After))
	}
	say("ledger", "%s rows compared, %s of them written by traffic, %d differ", number(d.verdict.Rows),
		number(d.verdict.Touched), len(d.verdict.Differences))
}

// judge returns an error if a claim does not hold.
func (d *demo) judge() error {
	var wrong []error
	for _, numbers := range []traffic.Numbers{d.before, d.during, d.after} {
		for _, failed := range numbers.Failures {
			wrong = append(wrong, fmt.Errorf("a statement failed: %s", failed))
		}
	}
	for _, difference := range d.verdict.Differences {
		wrong = append(wrong, fmt.Errorf("the ledger differs: %s", difference))
	}
	if d.report.Verify.Verdict != verdictEqual || !d.report.Swapped {
		wrong = append(wrong, errors.New("the job did not swap a table that was proven equal"))
	}
	if d.during.Transactions == 0 || d.after.Transactions == 0 {
		wrong = append(wrong, errors.New("there was no traffic to speak of"))
	}
	if len(wrong) > 0 {
		return fmt.Errorf("a claim does not hold:\n%w", errors.Join(wrong...))
	}
	return nil
}

// wait waits for d or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
