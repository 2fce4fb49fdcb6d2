package stages

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

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
	blueprints, bounds, err := final(ctx, env, job)
	if finding, ok := refusal(err); ok {
		out[0].Findings = finding.Findings
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	notes, err := rehearseAcross(ctx, env, blueprints, bounds)
	if err != nil {
		return nil, err
	}
	out[0].Notes = notes
	for i, b := range blueprints {
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
		out[i].describeAcross(env, b, bounds[i], req.Spec)
	}
	return out, nil
}

// rehearseAcross makes the tables on the target with everything, and undoes it:
// what can't be made is known before rows are copied. It returns what will not
// be carried.
func rehearseAcross(
	ctx context.Context, env *Env, blueprints []*shadow.Blueprint, bounds []define.Bound,
) (notes []string, err error) {
	var tables []define.Rehearsed
	for i, b := range blueprints {
		tables = append(tables, define.Rehearsed{Relation: b.Shadow, Bound: bounds[i]})
	}
	err = inTx(ctx, env.Target, func(tx pgx.Tx) error {
		if err := setLockTimeout(ctx, tx, env.Options.LockTimeout); err != nil {
			return err
		}
		notes, err = define.Rehearse(ctx, tx, tables)
		if err != nil {
			return err
		}
		return errProbe
	})
	if !errors.Is(err, errProbe) {
		return notes, fmt.Errorf("trying to make the tables on the target: %w", err)
	}
	return notes, nil
}

// describeAcross fills in what the blueprint tells.
func (r *PlanReport) describeAcross(env *Env, b *shadow.Blueprint, bound define.Bound, spec registry.Spec) {
	r.Notes = append(r.Notes, b.Mismatches...)
	r.Seconds = float64(r.Space.TableBytes+r.Space.IndexBytes) / rewriteSpeed
	r.DDL = definition(b)
	r.carriedAcross(b, bound)
	r.lossy(b)
	for _, name := range bound.ByOthers {
		r.Notes = append(r.Notes, name+" stays on the source: make it on the target by hand")
	}
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
	for _, p := range b.Shadow.Partitions {
		out = append(out, "CREATE TABLE "+p.Table.Plain()+" PARTITION OF "+b.Shadow.Table.Plain()+" "+string(p.Bound))
	}
	for _, index := range b.Shadow.Indexes {
		out = append(out, string(index.Def))
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
	say(len(b.Shadow.Partitions), "partitions", "made with the table; those that come and go on the source until the swap do on the target")
	say(len(b.Shadow.Checks), "check constraints", "made with the table; those NOT VALID in the cutover")
	say(len(b.Shadow.ForeignKeys), "foreign keys of the table", "added in the cutover NOT VALID, validated right after it")
	say(len(define.Sequences(b.Shadow)), "sequences", "set to exactly where they stand, in the cutover")
	say(len(b.Shadow.Grants), "privileges", "for roles that the target has")
	for _, d := range bound.Dependents {
		r.Carried = append(r.Carried, d.Name+": made on the target, and active from the cutover on")
	}
	r.carriedOutline = outline{lines: slices.Clone(r.Carried)}
}
