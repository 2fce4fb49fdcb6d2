package stages

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/internal/preflight"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// check looks at both clusters and at all tables, and reports everything at once.
func (across) check(ctx context.Context, env *Env, req Request) (*RefusedError, error) {
	job := req.job()
	var relations []catalog.Relation
	var trees []preflight.Tree
	for i, t := range job.Tables {
		relation, err := catalog.Load(ctx, env.Source, t.SourceOID, env.Registry.Schema())
		if err != nil {
			return nil, err
		}
		change := req.Spec.Tables[i].Effective()
		tree := preflight.Tree{PartitionBy: change.PartitionBy, OrderBy: change.OrderBy}
		err = inTx(ctx, env.Source, func(tx pgx.Tx) (err error) {
			tree.Partitions, tree.Bound, err = partitionsToCheck(ctx, env, tx, relation)
			return err
		})
		if err != nil {
			return nil, err
		}
		relations, trees = append(relations, relation), append(trees, tree)
	}
	findings, err := preflight.Across(ctx, preflight.AcrossInput{
		Source: env.Source, Target: env.Target, Relations: relations, Trees: trees, RegistrySchema: env.Registry.Schema(),
	})
	if err != nil {
		return nil, err
	}
	more, err := lacking(ctx, env, relations, trees)
	if err != nil {
		return nil, err
	}
	findings = append(findings, more...)
	if req.Spec.WithViews {
		taken, err := standing(ctx, env, job)
		if err != nil {
			return nil, err
		}
		findings = append(findings, taken...)
	}
	refused := &RefusedError{}
	var reasons []preflight.Finding
	for _, f := range findings {
		if f.Warning {
			env.Logger.WarnContext(ctx, "preflight", slog.String("problem", f.Problem), slog.String("cure", f.Cure))
			continue
		}
		reasons = append(reasons, f)
	}
	refused.add(job.Title(), reasons)
	return refused, nil
}

// lacking finds what tables need and the target has not.
func lacking(ctx context.Context, env *Env, relations []catalog.Relation, trees []preflight.Tree) ([]preflight.Finding, error) {
	var out []preflight.Finding
	version := 0
	err := withConn(ctx, env.Target, func(conn *pgx.Conn) error {
		version = catalog.Major(conn)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, whole := range relations {
		above := append([]catalog.Relation{whole}, trees[i].Partitions...)
		for n, r := range above {
			lacks := define.Unsupported(r, version)
			if n > 0 {
				lacks = define.Unsupported(r, version, above...)
			}
			for _, what := range lacks {
				out = append(out, preflight.Finding{
					Check: "version", Table: whole.Table.Plain(), Problem: fmt.Sprintf("PostgreSQL %d can't have %s", version, what),
					Cure: "change it on the source or with --alter, or move to a newer version",
				})
			}
			missing, err := define.Missing(ctx, env.Source, env.Target, r, env.Registry.Schema())
			if err != nil {
				return nil, err
			}
			for _, what := range missing {
				f := preflight.Finding{
					Check: "missing", Table: whole.Table.Plain(), Problem: "on the target: " + what, Cure: "make it there as it is on the source",
				}
				if !slices.Contains(out, f) {
					out = append(out, f)
				}
			}
		}
	}
	return out, nil
}

// acrossDifferences says how a table's definition on either side differs from
// what is recorded; of the partitions only where the direction goes to.
func acrossDifferences(ctx context.Context, env *Env, t registry.Table, d registry.Direction) ([]string, error) {
	differences, err := sourceDifferences(ctx, env, t, d == registry.Forward)
	if err != nil {
		return nil, err
	}
	oid, err := sqltmpl.Scalar[uint32](ctx, env.Target, sqltmpl.RelationOID{Name: t.Name.String()}.Statement())
	if err != nil {
		return nil, err
	}
	if oid != t.ShadowOID {
		differences = append(differences, "on the target another relation has its name, or none has")
	}
	other, err := partitionDifferences(ctx, env.to(d).pool, t, other(d))
	return append(differences, other...), err
}

// sourceDifferences compares the source's table with its recorded definition, and if asked to what is bound to it;
// what we put there is left out.
func sourceDifferences(ctx context.Context, env *Env, t registry.Table, bound bool) ([]string, error) {
	now, err := sqltmpl.Scalar[uint32](ctx, env.Source, sqltmpl.RelationOID{Name: t.Name.String()}.Statement())
	if err != nil {
		return nil, err
	}
	if now != t.SourceOID {
		return []string{"another relation has its name, or none has"}, nil
	}
	got, err := catalog.Load(ctx, env.Source, now, env.Registry.Schema())
	if err != nil {
		return nil, err
	}
	out := catalog.Diff(withoutOurs(t.Blueprint.Source), withoutOurs(got))
	if bound {
		err = inTx(ctx, env.Source, func(tx pgx.Tx) error {
			more, err := boundDifferences(ctx, env, tx, t)
			out = append(out, more...)
			return err
		})
	}
	return out, err
}

// withoutOurs is r without fences and publications of repave's.
func withoutOurs(r catalog.Relation) catalog.Relation {
	r.Triggers = slices.DeleteFunc(slices.Clone(r.Triggers), func(t catalog.Trigger) bool {
		return strings.HasPrefix(string(t.Name), "repave_")
	})
	r.Partitions = nil                     // see partitionDifferences
	r.ReferencedBy = roots(r.ReferencedBy) // those of partitions come and go with these
	r.Others = slices.DeleteFunc(slices.Clone(r.Others), func(o catalog.Other) bool {
		return o.Kind == "publication" && strings.Contains(o.Description, "repave_")
	})
	return r
}
