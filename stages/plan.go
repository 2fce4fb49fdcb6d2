package stages

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/preflight"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// A PlanReport says what a job on one table would do.
type PlanReport struct {
	Table    string              `json:"table"`
	Findings []preflight.Finding `json:"findings"`
	Space    preflight.Estimate  `json:"space"`
	Seconds  float64             `json:"seconds"` // a rough estimate, to the swap
	DDL      []string            `json:"ddl"`     // of the shadow and what is added to it
	Carried  []string            `json:"carried"`
	Locks    []string            `json:"locks"`
	// Partitions are those of the new table, with what each takes.
	Partitions []string `json:"partitions,omitempty"`
	Notes      []string `json:"notes"`
	// Differs says, across clusters, what will not be on the target as it is on the source.
	Differs []string       `json:"differs,omitempty"`
	Lossy   []string       `json:"lossy"`            // what revert-swap can't bring back
	Casts   []Cast         `json:"casts"`            // of columns whose type or value changes
	Layout  *shadow.Layout `json:"layout,omitempty"` // with --optimize-columns
	// Carried and Locks once more, for a person: what is said of many is said once.
	carriedOutline, locksOutline outline
}

// rewriteSpeed is what the time estimate assumes, in bytes of table and
// indexes per second; measured with make bench on two cores.
const rewriteSpeed = 80 << 20

// Plan runs preflight and says what a job would do. It builds the shadows in a
// transaction that is rolled back, so nothing is written; it takes ACCESS SHARE
// on the tables while it looks. Of tables with findings it says no more.
func Plan(ctx context.Context, env *Env, req Request) ([]PlanReport, error) {
	job := req.job()
	if job.Strategy == Logical {
		return planAcross(ctx, env, req)
	}
	out := make([]PlanReport, len(job.Tables))
	refused := 0
	for i, t := range job.Tables {
		out[i].Table = t.Name.Plain()
		var err error
		if out[i].Findings, err = check(ctx, env, t.Name, t.SourceOID, req.Spec.Tables[i].Effective()); err != nil {
			return nil, err
		}
		if len(out[i].Findings) > 0 {
			job.Tables[i].SourceOID = 0 // there will be no shadow
			refused++
		}
	}
	if refused == len(out) {
		return out, nil
	}
	var blueprints []*shadow.Blueprint
	err := inTx(ctx, env.Target, func(tx pgx.Tx) error {
		if err := setLockTimeout(ctx, tx, env.Options.LockTimeout); err != nil {
			return err
		}
		if err := exec(ctx, tx, sqltmpl.CreateSchema{Schema: env.Registry.Schema()}.Statement()); err != nil {
			return err
		}
		var err error
		if blueprints, err = buildShadows(ctx, env, tx, job); err != nil {
			return err
		}
		for i, b := range blueprints {
			if b == nil {
				continue
			}
			if out[i].Space, err = preflight.Space(ctx, tx, b.Source); err != nil {
				return err
			}
			out[i].describe(b, req.Spec)
			below := sourcePartitionsOf(registry.Table{Blueprint: b})
			dependents, err := catalog.LoadDependents(ctx, tx, append([]uint32{b.Source.OID}, below...), env.Registry.Schema(), below...)
			if err != nil {
				return err
			}
			out[i].bound(b.Source.Table, dependents)
			if err := out[i].guarded(ctx, tx, b); err != nil {
				return err
			}
			if b.Source.Partition {
				if err := out[i].related(ctx, tx, b.Source); err != nil {
					return err
				}
			}
		}
		return errProbe
	})
	if refused, ok := refusal(err); ok {
		at := slices.IndexFunc(out, func(r PlanReport) bool { return r.Table == refused.Table })
		out[max(at, 0)].Findings = refused.Findings
		return out, nil
	}
	if !errors.Is(err, errProbe) {
		return nil, err
	}
	for i, b := range blueprints {
		if b == nil {
			continue
		}
		if err := tryCasts(ctx, env, b, out[i].Casts); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// describe fills in what the blueprint tells.
func (r *PlanReport) describe(b *shadow.Blueprint, spec registry.Spec) {
	r.DDL, r.Notes = b.DDL, b.Mismatches
	r.Seconds = float64(r.Space.TableBytes+r.Space.IndexBytes) / rewriteSpeed
	for _, index := range b.Indexes {
		if index.Def != "" {
			r.DDL = append(r.DDL, string(index.Def))
		}
	}
	if len(r.Notes) > 0 && b.Change.PKBigint && !spec.WithReferencing {
		r.Notes = append(slices.Clone(r.Notes), "--with-referencing takes the columns that refer to the key along, in the same job")
	}
	r.carried(b)
	r.carriedOutline = outline{lines: slices.Clone(r.Carried)}
	r.locks(b, spec)
	r.changed(b)
	r.partitions(b)
	r.lossy(b)
}

// lossy says what revert-swap can't bring back.
func (r *PlanReport) lossy(b *shadow.Blueprint) {
	for _, c := range b.Columns {
		switch {
		case c.Source == "" || c.SourceGenerated:
		case c.Shadow == "":
			r.Lossy = append(r.Lossy, fmt.Sprintf(
				"column %s is dropped: rows inserted after the swap have its default in the old table", c.Source))
		case c.Reverse == "":
			r.Lossy = append(r.Lossy, fmt.Sprintf(
				"column %s has no conversion back from %s to %s: rows whose value changed since are named by revert-swap, "+
					"which then refuses", c.Source, c.ShadowType, c.SourceType))
		case !c.Same:
			r.Lossy = append(r.Lossy, fmt.Sprintf(
				"column %s: values that %s can't hold are named by revert-swap, which then refuses", c.Source,
				c.SourceType))
		}
	}
}

// carried says what moves to the new table, and how.
func (r *PlanReport) carried(b *shadow.Blueprint) {
	say := func(n int, what, how string) {
		if n > 0 {
			r.Carried = append(r.Carried, fmt.Sprintf("%d %s: %s", n, what, how))
		}
	}
	say(len(b.Shadow.Columns), "columns", "with type, collation, default, not null, storage, statistics target, comment, grants")
	say(len(b.Indexes), "indexes and the constraints on them", "built after the copy, renamed in the swap")
	say(len(b.Shadow.Checks), "check constraints", "copied; those NOT VALID are added in the swap")
	say(len(roots(b.ForeignKeys)), "foreign keys of the table", "added in the swap NOT VALID, validated right after it")
	say(len(roots(b.ReferencedBy)), "foreign keys to the table", "changed over in the swap NOT VALID, validated right after it")
	say(len(b.Sequences), "sequences", "re-owned, or with their position taken over, in the swap")
	say(len(b.Shadow.Grants), "privileges", "granted on the shadow")
	say(len(sourcePartitionsOf(registry.Table{Blueprint: b})), "partitions",
		"each with what it has of its own: order of columns, defaults, owner, privileges, indexes, constraints, storage, comments")
	r.Carried = append(r.Carried, "owner, storage parameters, tablespace and comments")
}

// locks says what the job locks, how strongly and for how long.
func (r *PlanReport) locks(b *shadow.Blueprint, spec registry.Spec) {
	table := b.Source.Table.Plain()
	on := func(mode, when string) {
		r.Locks = append(r.Locks, mode+" on "+table+": "+when)
		r.locksOutline.add("on "+table, mode+": "+when)
	}
	on("SHARE ROW EXCLUSIVE", "milliseconds, to install the triggers (blocks writers)")
	on("ACCESS SHARE", "a batch, a round or verify at a time (blocks nobody but DDL and TRUNCATE)")
	on("SHARE ROW EXCLUSIVE", "milliseconds, to switch the triggers (blocks writers)")
	on("ACCESS EXCLUSIVE", "milliseconds, in the swap (blocks readers and writers)")
	seen := map[sqltmpl.Table]bool{}
	for _, name := range spec.Names() {
		seen[name] = true // each says so itself
	}
	keys := slices.Concat(b.Source.ForeignKeys, b.Source.ReferencedBy)
	for _, p := range b.Below() {
		if p.Own != nil {
			seen[p.Own.Source.Table] = true
			keys = slices.Concat(keys, p.Own.Source.ForeignKeys, p.Own.Source.ReferencedBy)
		}
	}
	for _, fk := range keys {
		for _, other := range []sqltmpl.Table{fk.From, fk.To} {
			if !seen[other] {
				seen[other] = true
				r.Locks = append(r.Locks, "ACCESS EXCLUSIVE on "+other.Plain()+": milliseconds, in the swap, for foreign key "+
					fk.Name.String())
				r.locksOutline.add("ACCESS EXCLUSIVE for milliseconds, in the swap, as foreign keys tie them to it", other.Plain())
			}
		}
	}
	on("ACCESS EXCLUSIVE", "milliseconds, in cleanup, to remove the triggers")
}
