package stages

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/internal/preflight"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
)

// planAcross is Plan for a move to another cluster. The tables are made on the
// target, empty, in a transaction that is rolled back.
func planAcross(ctx context.Context, env *Env, req Request) ([]PlanReport, error) {
	job := req.job()
	out := make([]PlanReport, len(job.Tables))
	for i, t := range job.Tables {
		out[i].Table = t.Name.Plain()
	}
	refused, err := (across{}).check(ctx, env, req)
	if err != nil {
		return nil, err
	}
	for _, f := range refused.Findings {
		// What is about a cluster is said with the first table.
		at := slices.IndexFunc(out, func(r PlanReport) bool { return r.Table == f.Table })
		out[max(at, 0)].Findings = append(out[max(at, 0)].Findings, f)
	}
	if len(refused.Findings) > 0 { // of the other tables there is no more to say
		return slices.DeleteFunc(out, func(r PlanReport) bool { return len(r.Findings) == 0 }), nil
	}
	form, err := final(ctx, env, job)
	if finding, ok := refusal(err); ok {
		out[0].Findings = finding.Findings
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	outcome, err := rehearseAcross(ctx, env, form, req.Spec)
	if err != nil {
		return nil, err
	}
	for i, b := range form.blueprints {
		err := inTx(ctx, env.Source, func(tx pgx.Tx) (err error) {
			out[i].Space, err = preflight.Space(ctx, tx, b.Source)
			return err
		})
		if err != nil {
			return nil, err
		}
		out[i].changed(b)
		if err := tryCasts(ctx, env, b, out[i].Casts); err != nil {
			return nil, err
		}
		out[i].describeAcross(env, b, form.bounds[i], req.Spec)
		out[i].Differs = append(out[i].Differs, outcome.Expected[i].Lasting...)
		for _, p := range b.Below() {
			if p.Own == nil {
				continue
			}
			for _, line := range outcome.Parts[i][p.Own.Source.OID].Lasting {
				out[i].Differs = append(out[i].Differs, "partition "+p.Own.Source.Table.Plain()+": "+line)
			}
		}
	}
	return out, out[0].describeViews(ctx, env, outcome)
}

// rehearseAcross makes the tables on the target with everything, and views if
// asked, and undoes it: what can't be made is known before rows are copied.
func rehearseAcross(ctx context.Context, env *Env, form finalForm, spec registry.Spec) (define.Outcome, error) {
	var tables []define.Tree
	for i, b := range form.blueprints {
		tables = append(tables, define.NewTree(b, form.bounds[i]))
	}
	views := form.views
	if !spec.WithViews {
		views = nil
	}
	var out define.Outcome
	err := inTx(ctx, env.Target, func(tx pgx.Tx) (err error) {
		if err := setLockTimeout(ctx, tx, env.Options.LockTimeout); err != nil {
			return err
		}
		if out, err = define.Rehearse(ctx, tx, tables, views); err != nil {
			return err
		}
		return errProbe
	})
	if !errors.Is(err, errProbe) {
		return out, fmt.Errorf("trying to make the tables on the target: %w", err)
	}
	if !spec.WithViews {
		out.Left = notAsked(form.views)
	}
	return out, nil
}

// describeViews says what comes of the job as a whole: views, and what differs
// between the clusters.
func (r *PlanReport) describeViews(ctx context.Context, env *Env, outcome define.Outcome) error {
	r.Notes = append(r.Notes, outcome.Notes...)
	for _, d := range outcome.Views {
		how := "made on the target in sync_schema"
		if d.Kind == carry.MaterializedView {
			how += ", filled just before the cutover"
		}
		r.Carried = append(r.Carried, d.Name+": "+how)
	}
	r.carriedOutline = outline{lines: slices.Clone(r.Carried)}
	for _, l := range wholes(outcome.Left) {
		r.Notes = append(r.Notes, l.Name+" stays on the source: "+l.Reason)
	}
	differences, err := Surroundings(ctx, env.Source, env.Target, env.Ends)
	r.Differs = append(r.Differs, differences...)
	return err
}

// describeAcross fills in what the blueprint tells.
func (r *PlanReport) describeAcross(env *Env, b *shadow.Blueprint, bound define.Bound, spec registry.Spec) {
	r.Notes = append(r.Notes, b.Mismatches...)
	r.Seconds = float64(r.Space.TableBytes+r.Space.IndexBytes) / rewriteSpeed
	r.DDL = definition(b)
	r.carriedAcross(b, bound)
	r.lossy(b)
	for _, name := range define.LeftBehind(b.Shadow, spec.Names()) {
		r.Notes = append(r.Notes, name+": it stays on the source")
	}
	table := b.Source.Table.Plain() + " on " + env.from(registry.Forward).place()
	for _, lock := range [][2]string{
		{"ACCESS SHARE", "a batch, or verify, at a time (blocks nobody but DDL and TRUNCATE)"},
		{"SHARE ROW EXCLUSIVE", "milliseconds, twice in the cutover, to put up the fence and to close it (blocks writers)"},
		{"ACCESS EXCLUSIVE", "milliseconds, in cleanup, to take the fence away"},
	} {
		r.Locks = append(r.Locks, lock[0]+" on "+table+": "+lock[1])
		r.locksOutline.add("on "+table, lock[0]+": "+lock[1])
	}
}

// definition is what the table on the target will be, for a reader.
func definition(b *shadow.Blueprint) []string {
	var columns []string
	for _, c := range b.Shadow.Columns {
		column := c.Name.Plain() + " " + string(c.Type)
		if c.NotNull {
			column += " NOT NULL"
		}
		if c.Default != "" && c.Generated == "" {
			column += " DEFAULT " + string(c.Default)
		}
		columns = append(columns, column)
	}
	for _, check := range b.Shadow.Checks {
		columns = append(columns, "CONSTRAINT "+check.Name.Plain()+" "+string(check.Def))
	}
	out := []string{"CREATE TABLE " + b.Shadow.Table.Plain() + " (\n    " + strings.Join(columns, ",\n    ") + "\n)"}
	if b.Shadow.PartitionKey != "" {
		out[0] += " PARTITION BY " + string(b.Shadow.PartitionKey)
	}
	out = append(out, partitionLines(b)...)
	for _, index := range b.Shadow.Indexes {
		out = append(out, string(index.Def))
	}
	return out
}

// partitionLines are the partitions of definition, at every depth.
func partitionLines(b *shadow.Blueprint) []string {
	var out []string
	for _, p := range b.Shadow.Partitions {
		line := "CREATE TABLE " + p.Table.Plain() + " PARTITION OF " + b.Shadow.Table.Plain() + " " + string(p.Bound)
		var below []string
		for _, part := range b.Partitions {
			if part.Own == nil || part.Own.Shadow.Table != p.Table {
				continue
			}
			if by := part.Own.Shadow.PartitionKey; by != "" {
				line += " PARTITION BY " + string(by)
			}
			below = partitionLines(part.Own)
		}
		out = append(append(out, line), below...)
	}
	return out
}

// carriedAcross says what comes to the target, and how.
func (r *PlanReport) carriedAcross(b *shadow.Blueprint, bound define.Bound) {
	say := func(n int, what, how string) {
		if n > 0 {
			r.Carried = append(r.Carried, fmt.Sprintf("%d %s: %s", n, what, how))
		}
	}
	say(len(b.Shadow.Columns), "columns", "with type, collation, default, not null, storage, statistics target, comment, grants")
	say(len(b.Shadow.Indexes), "indexes and the constraints on them", "built after the copy, under their own names")
	say(max(len(b.Below()), len(b.Shadow.Partitions)), "partitions", "made with the table, with what is their own; those that come and go on the source until the swap do on the target")
	say(len(b.Shadow.Checks), "check constraints", "made with the table; those NOT VALID in the cutover")
	say(len(b.Shadow.ForeignKeys), "foreign keys of the table", "added in the cutover NOT VALID, validated right after it")
	say(len(define.NewTree(b, bound).Sequences()), "sequences", "set to exactly where they stand, in the cutover")
	say(len(b.Shadow.Grants), "privileges", "for roles that the target has")
	dependents := slices.Clone(bound.Dependents)
	for _, p := range b.Below() {
		if p.Own == nil {
			continue
		}
		for _, d := range bound.Parts[p.Own.Source.OID].Dependents {
			if preflight.OfPartition(d) {
				dependents = append(dependents, d)
			}
		}
	}
	for _, d := range dependents {
		r.Carried = append(r.Carried, d.Name+": made on the target, and active from the cutover on")
	}
	r.carriedOutline = outline{lines: slices.Clone(r.Carried)}
}
