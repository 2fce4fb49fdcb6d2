package stages

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Lack is one thing that the target of a move has not as the source has it.
type Lack struct {
	Object  string `json:"object"`  // the table or view, or the target itself
	Problem string `json:"problem"` // such as: index "i" is missing
	// Until is the stage that makes it; "" if none will any more.
	Until Name `json:"until"`
	// Told: setup found that it will stay so, and plan says it.
	Told bool `json:"told"`

	whole bool // Problem is about all of Object
}

// String is l for a person.
func (l Lack) String() string {
	if l.whole {
		return l.Object + " " + l.Problem
	}
	return l.Object + ": " + l.Problem
}

// readyWait is how long a definition is waited for that somebody has locked:
// the server locks what a view reads to say how it reads.
const readyWait = time.Second

// Readiness says what the target of a move lacks now; nil for a job in place,
// and before the tables are there. It only reads, each table by itself: at
// most that many at a time.
func Readiness(ctx context.Context, target *pgxpool.Pool, r *registry.Registry, job registry.Job, sessions int) ([]Lack, error) {
	return readiness(ctx, target, r, job, sessions, true)
}

// readiness is Readiness, with partitions or without.
func readiness(
	ctx context.Context, target *pgxpool.Pool, r *registry.Registry, job registry.Job, sessions int, parts bool,
) ([]Lack, error) {
	if job.Strategy != Logical || job.Tables[0].Blueprint == nil {
		return nil, nil
	}
	looks := looksAt(job, parts)
	found := make([][]Lack, len(looks)+1)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(sessions, 1))
	for i, look := range looks {
		group.Go(func() error {
			return inTx(ctx, target, func(tx pgx.Tx) (err error) {
				if err := setLockTimeout(ctx, tx, readyWait); err != nil {
					return err
				}
				found[i], err = look.lacks(ctx, tx, job)
				return err
			})
		})
	}
	group.Go(func() error {
		return inTx(ctx, target, func(tx pgx.Tx) (err error) {
			if err := setLockTimeout(ctx, tx, readyWait); err != nil {
				return err
			}
			found[len(looks)], err = lacksViews(ctx, tx, r.Schema(), job)
			return err
		})
	})
	err := group.Wait()
	return slices.Concat(found...), err
}

// A look is at one table of a job, or at some partitions of one.
type look struct {
	table registry.Table
	parts []define.Part
}

// looked is how many partitions one session looks at before another one may.
const looked = 20

// looksAt are the looks at all tables, and at all partitions if asked to.
func looksAt(job registry.Job, parts bool) []look {
	var out []look
	for _, t := range job.Tables {
		if t.Bound == nil || t.Bound.Expected == nil {
			continue // an older version of this program began the job
		}
		out = append(out, look{table: t})
		if !parts {
			continue
		}
		for some := range slices.Chunk(treeOf(t).Parts, looked) {
			out = append(out, look{t, some})
		}
	}
	return out
}

// lacks compares what is looked at.
func (l look) lacks(ctx context.Context, tx pgx.Tx, job registry.Job) ([]Lack, error) {
	if l.parts == nil {
		return lacksOf(ctx, tx, job, "table", l.table.Blueprint.Shadow, *l.table.Bound)
	}
	var out []Lack
	for _, p := range l.parts {
		if p.Bound.Expected == nil {
			continue
		}
		lacks, err := lacksOf(ctx, tx, job, "partition", p.Relation, p.Bound)
		if err != nil {
			return nil, err
		}
		out = append(out, lacks...)
	}
	return out, nil
}

// lacksOf compares one table or partition.
func lacksOf(ctx context.Context, tx pgx.Tx, job registry.Job, kind string, r catalog.Relation, bound define.Bound) ([]Lack, error) {
	if oid, err := sqltmpl.Scalar[uint32](ctx, tx, sqltmpl.RelationOID{Name: r.Table.String()}.Statement()); err != nil || oid == 0 {
		return []Lack{{Object: kind + " " + r.Table.Plain(), Problem: "is missing", whole: true}}, err
	}
	lines, more, err := define.Lacking(ctx, tx, r, bound)
	if err != nil {
		return nil, err
	}
	var out []Lack
	for _, line := range more {
		if strings.HasPrefix(line, "column ") { // the stream of the way back would have it, and end
			out = append(out, Lack{Object: r.Table.Plain(), Problem: line})
		}
	}
	for _, line := range lines {
		out = append(out, Lack{
			Object: r.Table.Plain(), Problem: line, Until: due(job, slices.Contains(bound.Expected.UntilOpen, line)),
			Told: slices.Contains(bound.Expected.Lasting, line),
		})
		if out[len(out)-1].Told {
			out[len(out)-1].Until = ""
		}
	}
	return out, nil
}

// due is the stage that makes what is lacking now.
func due(job registry.Job, atOpening bool) Name {
	switch {
	case !Name(job.Stage).Before(Replay) && !atOpening, job.Swapped:
		return ""
	case atOpening:
		return Swap
	default:
		return SyncSchema
	}
}

// lacksViews compares the views.
func lacksViews(ctx context.Context, tx pgx.Tx, schema sqltmpl.Ident, job registry.Job) ([]Lack, error) {
	if job.Carried == nil || len(job.Carried.Rewritten) == 0 {
		return nil, nil
	}
	env := &Env{Registry: registry.New(schema)}
	now, err := viewsOn(ctx, env, tx, job, end{})
	if err != nil {
		return nil, err
	}
	var out []Lack
	add := func(d catalog.Dependent, problem string, until Name) {
		out = append(out, Lack{Object: d.Name, Problem: problem, Until: until, whole: true})
	}
	for _, want := range job.Carried.Rewritten {
		at := slices.IndexFunc(now, func(d catalog.Dependent) bool { return d.Name == want.Name })
		switch {
		case at < 0:
			add(want, "is missing", due(job, false))
		case !slices.Equal(now[at].Create, want.Create):
			add(want, "is different", due(job, false))
		case want.Kind == carry.MaterializedView && !now[at].Populated && populated(job, want.Name):
			add(want, "is not filled", due(job, true))
		}
	}
	return out, nil
}

// populated reports whether the source's materialized view holds data.
func populated(job registry.Job, name string) bool {
	return slices.ContainsFunc(job.Carried.Original, func(d catalog.Dependent) bool { return d.Name == name && d.Populated })
}

// An UnreadyError says that the target lacks what a cutover needs there.
type UnreadyError struct {
	Args  string // the tables, for a shell
	Lacks []Lack
}

func (e *UnreadyError) Error() string {
	lines := make([]string, len(e.Lacks))
	for i, l := range e.Lacks {
		lines[i] = "\n  " + l.String()
	}
	return "the target is not as it was made:" + strings.Join(lines, "")
}

// Hint says what to do about it.
func (e *UnreadyError) Hint() string {
	return "the source is in use; make these on the target as they are on the source and run again, or start over with: repave reset " + e.Args
}

// ready refuses a cutover to a target that lacks what should be there by now,
// and that nobody was told of. Behind the fence there may be too many partitions to look at each.
func (c *crossing) ready(ctx context.Context, parts bool) error {
	if c.from != registry.Forward {
		return nil
	}
	if err := sameViews(ctx, c.env, c.job); err != nil {
		return err
	}
	job := c.job
	job.Stage = string(Swap)
	lacks, err := readiness(ctx, c.env.Target, c.env.Registry, job, c.env.Options.Workers, parts)
	if err != nil {
		return err
	}
	lacks = slices.DeleteFunc(lacks, func(l Lack) bool { return l.Told || l.Until != "" })
	if len(lacks) > 0 {
		return &UnreadyError{Args: c.job.Args(), Lacks: lacks}
	}
	return nil
}
