package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/pgserver"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/internal/traffic"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
)

// A demoAcross is a demo of a move to another cluster, and back.
type demoAcross struct {
	p              *program
	source, target *pgserver.Server
	registry       *registry.Registry
	rows           int64
	work           workOptions

	numbers traffic.Numbers
	there   *report
	took    time.Duration // there
	back    time.Duration
	verdict traffic.Verdict
}

// acrossTables are those that move.
var acrossTables = []string{"public.customers", "public.orders", "public.order_lines"}

// demoAcross starts two servers and moves the shop's tables under traffic from one to the other, and back.
func (p *program) demoAcross(ctx context.Context, install pgserver.Install, d *demoAcross) (err error) {
	for _, server := range []**pgserver.Server{&d.source, &d.target} {
		p.say("starting a throw-away PostgreSQL %d", install.Version)
		*server, err = pgserver.Start(ctx, install, pgserver.Options{Settings: map[string]string{"max_wal_size": "4GB"}})
		if err != nil {
			return err
		}
		defer func() {
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), demoStop)
			defer cancel()
			err = errors.Join(err, (*server).Stop(stop))
		}()
	}
	if err := d.run(ctx); err != nil {
		return cmp.Or(ctx.Err(), err)
	}
	return nil
}

func (d *demoAcross) run(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, d.source.DSN("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	d.p.say("filling customers, orders (%s rows) and order_lines on the first", number(d.rows))
	if err := traffic.Fill(ctx, conn, traffic.Tables{}, d.rows); err != nil {
		return err
	}
	load, err := traffic.Start(ctx, traffic.Config{
		DSN: d.source.DSN("postgres"), Moves: d.target.DSN("postgres"), Rows: d.rows, Writers: demoWriters, Readers: demoReaders,
		Seed: 1, Pause: demoPause,
	})
	if err != nil {
		return err
	}
	d.p.say("%d sessions insert, update, delete, change keys and read; what they commit goes to a ledger; "+
		"a session that is told its tables have moved goes on at the other server", demoWriters+demoReaders)
	err = d.underLoad(ctx, load)
	load.Stop(ctx)
	d.numbers.Add(load.Take())
	if err != nil {
		return err
	}
	d.p.say("comparing the tables with the ledger")
	if d.verdict, err = load.Check(ctx, conn); err != nil {
		return err
	}
	d.print(d.p.stdout)
	return d.judge()
}

// underLoad moves the tables there, and back.
func (d *demoAcross) underLoad(ctx context.Context, load *traffic.Load) error {
	if err := wait(ctx, demoAfter); err != nil {
		return err
	}
	base, err := open(ctx, d.target.DSN("postgres"), "repave demo", d.registry)
	if err != nil {
		return err
	}
	defer base.close()
	if base.source, err = open(ctx, d.source.DSN("postgres"), "repave demo", d.registry); err != nil {
		return err
	}
	if err := base.migrate(ctx); err != nil {
		return err
	}
	d.p.say("$ repave run --strategy=logical --alter 'ALTER id TYPE bigint' customers orders order_lines")
	change := shadow.Change{Alter: []string{"ALTER id TYPE bigint"}}
	t, err := base.target(ctx, asked{names: acrossTables, changes: []shadow.Change{change, change, change}})
	if err != nil {
		return err
	}
	d.there = newReport(stages.Swap)
	began := time.Now()
	err = d.p.workWith(ctx, base, t, d.work, func(ctx context.Context, task *task) error {
		return task.rewrite(ctx, request(t), stages.Swap, d.there)
	})
	d.took = time.Since(began)
	if err != nil {
		return err
	}
	if err := wait(ctx, demoBefore); err != nil {
		return err
	}
	d.numbers.Add(load.Take())
	d.p.say("$ repave revert-swap customers orders order_lines")
	job, err := base.find(ctx, acrossTables)
	if err != nil {
		return err
	}
	began = time.Now()
	err = d.p.workWith(ctx, base, targetOf(job), d.work, func(ctx context.Context, task *task) error {
		_, err := stages.RevertSwap(ctx, task.env, *task.job)
		return err
	})
	d.back = time.Since(began)
	if err != nil {
		return err
	}
	return wait(ctx, demoAfter)
}

// print says what was measured.
func (d *demoAcross) print(w io.Writer) {
	say := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-12s %s\n", label, fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(w)
	say("there", "3 tables, ids became bigint, every row verified: %s, in %s", number(d.there.Verify.Rows),
		seconds(d.took))
	say("cutover", "writes were refused for %s", milliseconds(time.Duration(d.there.Refused*float64(time.Millisecond))))
	say("back", "with every write made meanwhile, in %s", seconds(d.back))
	say("traffic", "%s transactions, %d failed, %d were told to go to the other server, the longest of them took %s",
		number(d.numbers.Transactions), d.numbers.Failed, d.numbers.Moves, milliseconds(d.numbers.Refused))
	say("ledger", "%s rows compared, %s of them written by traffic, %d differ", number(d.verdict.Rows),
		number(d.verdict.Touched), len(d.verdict.Differences))
}

// judge returns an error if a claim does not hold.
func (d *demoAcross) judge() error {
	var wrong []error
	for _, failed := range d.numbers.Failures {
		wrong = append(wrong, fmt.Errorf("a statement failed: %s", failed))
	}
	for _, difference := range d.verdict.Differences {
		wrong = append(wrong, fmt.Errorf("the ledger differs: %s", difference))
	}
	if d.there.Verify.Verdict != verdictEqual || !d.there.Swapped {
		wrong = append(wrong, errors.New("the tables did not move, proven equal"))
	}
	if d.numbers.Moves == 0 {
		wrong = append(wrong, errors.New("no transaction went to the other server"))
	}
	if len(wrong) > 0 {
		return fmt.Errorf("a claim does not hold:\n%w", errors.Join(wrong...))
	}
	return nil
}
