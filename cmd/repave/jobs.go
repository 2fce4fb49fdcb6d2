package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
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
	return d.findJob(ctx, names)
}

// findJob is find on a registry that is as it is.
func (d *database) findJob(ctx context.Context, names []string) (registry.Job, error) {
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
	if errors.As(err, new(*catalog.NotFoundError)) && d.source != nil { // setup makes it on the target
		_, table, err = d.source.resolve(ctx, name)
	}
	if err != nil {
		return registry.Job{}, err
	}
	job, err := d.registry.Find(ctx, d.look, table)
	if isNotFound(err) {
		plain := table.Plain()
		advice := "start one with: repave run " + shell.Quote(plain)
		if d.source != nil {
			advice += " --strategy=" + stages.Logical
		}
		return job, &failure{problem: "no job for " + plain, advice: advice}
	}
	return job, d.denied(err)
}

// A target is what a new or resumed job works on.
type target struct {
	strategy string
	tables   []sqltmpl.Table
	oids     []uint32      // of the source tables
	job      *registry.Job // nil if there is none yet
	// What joins the tables that were named, by --with-referencing.
	referencing bool
	views       bool // across clusters: they go along
	widen       []stages.Widening
	changes     map[sqltmpl.Table]shadow.Change // of those that were named
}

// asked finds the tables for plan, whether or not they have a job.
func (d *database) asked(ctx context.Context, a asked) (target, error) {
	if a.wholesale != nil {
		out, err := d.expand(ctx, a.wholesale)
		out.views = a.views
		return out, err
	}
	out, err := d.named(ctx, a.names)
	if err != nil {
		return out, a.located(len(out.tables), err)
	}
	out.referencing, out.views, out.changes = a.referencing, a.views, map[sqltmpl.Table]shadow.Change{}
	for i, table := range out.tables {
		out.changes[table] = a.changes[i]
	}
	return out, nil
}

// named finds tables; if one can't be found it returns those before it.
func (d *database) named(ctx context.Context, names []string) (target, error) {
	out := target{strategy: d.strategy()}
	for _, name := range names {
		oid, table, err := d.live().resolve(ctx, name)
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

// target finds the tables for run, and their job if there is one. With
// referencing, tables whose foreign keys follow a widened key join those named.
func (d *database) target(ctx context.Context, a asked) (target, error) {
	out, err := d.asked(ctx, a)
	if err != nil {
		return out, err
	}
	if err := d.ofJob(ctx, &out); err != nil || out.job != nil {
		return out, err
	}
	if err := d.join(ctx, &out); err != nil {
		return out, err
	}
	// Of those that joined one may have a job of its own.
	return out, d.ofJob(ctx, &out)
}

// join adds to a new job's tables those that refer to a key that becomes wider.
func (d *database) join(ctx context.Context, t *target) error {
	if !t.referencing {
		return nil
	}
	var widened []uint32
	for i, table := range t.tables {
		if t.changes[table].PKBigint {
			widened = append(widened, t.oids[i])
		}
	}
	var err error
	t.widen, err = stages.Referencing(ctx, d.look, d.registry.Schema(), t.oids, widened)
	if err != nil {
		return err
	}
	for _, w := range t.widen {
		if !slices.Contains(t.oids, w.OID) {
			t.tables, t.oids = append(t.tables, w.Table), append(t.oids, w.OID)
		}
	}
	return nil
}

// ofJob looks for the job of t's tables.
func (d *database) ofJob(ctx context.Context, t *target) error {
	for _, table := range t.tables {
		job, err := d.registry.Find(ctx, d.look, table)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return d.denied(err)
		}
		if t.open() && t.job.ID != job.ID && stages.Unfinished(job) == nil {
			return &failure{
				problem: fmt.Sprintf("%s and %s have jobs of their own", t.job.Title(), job.Title()),
				advice:  "run them one at a time, or reset them first",
			}
		}
		if !t.open() {
			t.job = &job
		}
	}
	if !t.open() {
		return nil
	}
	return t.adopt()
}

// open reports whether there is a job that is not done.
func (t *target) open() bool { return t.job != nil && stages.Unfinished(*t.job) == nil }

// adopt makes the target that of its job: the same tables, in the job's order.
func (t *target) adopt() error {
	named := t.job.Spec.Named()
	same := len(named) == len(t.tables)
	for _, table := range t.tables {
		same = same && slices.Contains(named, table)
	}
	if !same {
		return &failure{
			problem: fmt.Sprintf("there is a job on %s, and this names %s: tables can't join or leave a job",
				t.job.Title(), plainNames(t.tables)),
			advice: fmt.Sprintf("go on with: repave run %s%s; or start over after: repave reset %s",
				t.job.Args(), t.job.Flags, t.job.Args()),
		}
	}
	t.tables, t.oids, t.widen = nil, nil, nil
	for _, table := range t.job.Tables {
		t.tables, t.oids = append(t.tables, table.Name), append(t.oids, table.SourceOID)
	}
	return nil
}

func plainNames(tables []sqltmpl.Table) string {
	var names []string
	for _, table := range tables {
		names = append(names, table.Plain())
	}
	return strings.Join(names, ", ")
}

// targetOf is the target of a job that was found.
func targetOf(job registry.Job) target {
	t := target{job: &job, strategy: job.Strategy}
	for _, table := range job.Tables {
		t.tables, t.oids = append(t.tables, table.Name), append(t.oids, table.SourceOID)
	}
	return t
}
