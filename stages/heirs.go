package stages

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/preflight"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// Tables that inherit from one of a job stay as they are: only the table's own
// rows are copied, compared and logged, and in the swap its children get the new
// table for their parent. A query on the table locks it before it looks up its
// children, and so does the swap: who comes before sees the old table's children,
// who comes after the new one's, and nobody sees none.

// An HeirError says that a change can't be made to a table without its children.
type HeirError struct {
	Problem string
	Advice  string
}

func (e *HeirError) Error() string { return e.Problem }

// Hint says what to do about it.
func (e *HeirError) Hint() string { return "nothing was swapped; " + e.Advice }

// hasHeirs reports whether children are among what is bound to tables.
func hasHeirs(list []catalog.Dependent) bool {
	return slices.ContainsFunc(list, func(d catalog.Dependent) bool { return d.Kind == carry.Child })
}

// checkHeirs refuses what has come up since preflight looked: materialized views
// are filled before the swap, when the new tables have no children.
func checkHeirs(list []catalog.Dependent) error {
	if views := carry.Waiting(list, nil); hasHeirs(list) && len(views) > 0 {
		return &HeirError{
			Problem: views[0].Name + " would be filled without the rows of the table's children",
			Advice:  "first drop it, run again, and make it anew after the swap",
		}
	}
	return nil
}

// errRenamedHeirs: ALTER TABLE ONLY does not rename such columns, either.
var errRenamedHeirs = &HeirError{
	Problem: "a column that children have from the table can't get another name in the table alone",
	Advice:  "rename it by an ALTER TABLE, before the job or after it: that takes no time, and renames it in the children as well",
}

// disowned refuses what would leave children with columns or constraints of
// their own that they have from their parents alone.
func disowned(before, after []catalog.Dependent) error {
	for _, a := range after {
		if a.Kind != carry.Child {
			continue
		}
		for _, b := range before {
			if b.Name != a.Name || slices.Equal(b.Inherited, a.Inherited) {
				continue
			}
			what := slices.DeleteFunc(slices.Concat(b.Inherited, a.Inherited), func(one string) bool {
				return slices.Contains(b.Inherited, one) && slices.Contains(a.Inherited, one)
			})
			return &HeirError{
				Problem: fmt.Sprintf("%s has from its parents alone what the new table would give it no more, or anew: %v", a.Name, what),
				Advice: "drop it by an ALTER TABLE before the job (ALTER TABLE ONLY leaves it to the children): that takes no time, " +
					"and the job frees the space",
			}
		}
	}
	return nil
}

// refusedHeir says what to do where PostgreSQL would not let a child inherit from
// the new table.
func refusedHeir(d catalog.Dependent) string {
	child := sqltmpl.Table{Schema: d.RelationSchema, Name: d.RelationName}.Plain()
	return fmt.Sprintf("a job changes its tables as ALTER TABLE ONLY would: give %s what the new table has first, or the same change "+
		"in the same job, by naming it beside its parent; or take it out with NO INHERIT", child)
}

// relativesAtWork refuses a table whose plain parents or children belong to an
// unfinished job without it.
func relativesAtWork(
	ctx context.Context, env *Env, r catalog.Relation, dependents []catalog.Dependent,
) (findings []preflight.Finding, err error) {
	for _, d := range dependents {
		if d.Kind != carry.Child && (d.Kind != carry.Inheritance || r.Partition) {
			continue
		}
		job, err := env.Registry.Find(ctx, env.Target, sqltmpl.Table{Schema: d.RelationSchema, Name: d.RelationName})
		if errors.Is(err, registry.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		own := slices.ContainsFunc(job.Tables, func(t registry.Table) bool { return t.Name == r.Table })
		if Name(job.Stage) != Done && !own {
			findings = append(findings, preflight.AtWork(r, d, job.Title()))
		}
	}
	return findings, nil
}

// analyzeTree gathers the statistics of a table with its children, which only
// the parked one has. It takes SHARE UPDATE EXCLUSIVE, samples all of them, and
// looks first.
func analyzeTree(ctx context.Context, env *Env, job registry.Job, t registry.Table) error {
	lacks, err := sqltmpl.Scalar[bool](ctx, env.Target, sqltmpl.LacksTreeStatistics{
		Live: liveOID(job, t), Parked: standbyOID(job, t),
	}.Statement())
	if err != nil || !lacks {
		return err
	}
	env.Report(Event{
		Job: job.ID, Table: job.Title(), Stage: Swap, Phase: Going, Unit: "analyzing " + t.Name.Plain() + " with its children",
	})
	return withLocks(ctx, env, job, lockJob{
		weak: true, what: "analyze " + t.Name.Plain(), tables: []uint32{liveOID(job, t)}, lock: setLockTimeout,
		work: func(ctx context.Context, tx pgx.Tx) error {
			return exec(ctx, tx, sqltmpl.AnalyzeShadow{Shadow: t.Name}.Statement())
		},
	})
}
