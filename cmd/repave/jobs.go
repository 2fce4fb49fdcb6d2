package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shell"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
)

// resolve finds the table that a person calls name. One that is gone, but has
// a job, counts.
func (d *database) resolve(ctx context.Context, name string) (uint32, sqltmpl.Table, error) {
	oid, table, err := catalog.Resolve(ctx, d.look, name, d.operator.Schemas)
	if err == nil || !errors.As(err, new(*catalog.NotFoundError)) {
		return oid, table, err
	}
	candidates, parseErr := catalog.Candidates(name, d.operator.Schemas)
	if parseErr != nil {
		return 0, table, err
	}
	for _, candidate := range candidates {
		if _, findErr := d.registry.Find(ctx, d.look, candidate); findErr == nil {
			return 0, candidate, nil
		}
	}
	return 0, table, err
}

// find returns the job of the tables that a person calls names.
func (d *database) find(ctx context.Context, names []string) (registry.Job, error) {
	if err := d.upgrade(ctx); err != nil {
		return registry.Job{}, err
	}
	var found registry.Job
	for i, name := range names {
		job, err := d.findOne(ctx, name)
		if err != nil {
			return job, err
		}
		if i > 0 && job.ID != found.ID {
			return job, &usageError{
				problem: fmt.Sprintf("%s and %s belong to different jobs", found.Title(), job.Title()),
				advice:  "name the tables of one job at a time",
			}
		}
		found = job
	}
	return found, nil
}

// findOne returns the job of one table.
func (d *database) findOne(ctx context.Context, name string) (registry.Job, error) {
	_, table, err := d.resolve(ctx, name)
	if err != nil {
		return registry.Job{}, err
	}
	job, err := d.registry.Find(ctx, d.look, table)
	if isNotFound(err) {
		plain := table.Plain()
		return job, &failure{
			problem: "no job for " + plain, advice: "start one with: repave run " + shell.Quote(plain),
		}
	}
	return job, d.denied(err)
}

// A target is what a new or resumed job works on.
type target struct {
	tables []sqltmpl.Table
	oids   []uint32      // of the source tables
	job    *registry.Job // nil if there is none yet
}

// named finds the tables for plan, whether or not they have a job.
func (d *database) named(ctx context.Context, names []string) (target, error) {
	var out target
	for _, name := range names {
		oid, table, err := d.resolve(ctx, name)
		if err != nil {
			return out, err
		}
		if slices.Contains(out.tables, table) {
			return out, &usageError{problem: table.Plain() + " is named twice", advice: "name every table once"}
		}
		out.tables, out.oids = append(out.tables, table), append(out.oids, oid)
	}
	return out, nil
}

// target finds the tables for run, and their job if there is one.
func (d *database) target(ctx context.Context, names []string) (target, error) {
	out, err := d.named(ctx, names)
	if err != nil {
		return out, err
	}
	for _, table := range out.tables {
		job, err := d.registry.Find(ctx, d.look, table)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return out, d.denied(err)
		}
		if out.open() && out.job.ID != job.ID && stages.Unfinished(job) == nil {
			return out, &failure{
				problem: fmt.Sprintf("%s and %s have jobs of their own", out.job.Title(), job.Title()),
				advice:  "run them one at a time, or reset them first",
			}
		}
		if !out.open() {
			out.job = &job
		}
	}
	if !out.open() {
		return out, nil
	}
	return out, out.adopt()
}

// open reports whether there is a job that is not done.
func (t *target) open() bool { return t.job != nil && stages.Unfinished(*t.job) == nil }

// adopt makes the target that of its job: the same tables, in the job's order.
func (t *target) adopt() error {
	var tables []sqltmpl.Table
	var oids []uint32
	for _, table := range t.job.Tables {
		tables, oids = append(tables, table.Name), append(oids, table.SourceOID)
	}
	same := len(tables) == len(t.tables)
	for _, table := range t.tables {
		same = same && slices.Contains(tables, table)
	}
	if !same {
		return &failure{
			problem: "there is a job on " + t.job.Title() + ", not on just these tables",
			advice: fmt.Sprintf("go on with: repave run %s%s; or start over after: repave reset %s",
				t.job.Args(), t.job.Flags, t.job.Args()),
		}
	}
	t.tables, t.oids = tables, oids
	return nil
}

// targetOf is the target of a job that was found.
func targetOf(job registry.Job) target {
	t := target{job: &job}
	for _, table := range job.Tables {
		t.tables, t.oids = append(t.tables, table.Name), append(t.oids, table.SourceOID)
	}
	return t
}
