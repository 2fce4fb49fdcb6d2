package stages

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/registry"
)

// boundDifferences says what was made, dropped or altered on the source, of what is bound to a table and comes to the
// target with it: triggers, policies, rules, statistics objects, row security. What there is of repave's is left out, and so are
// publications, which are each cluster's own.
func boundDifferences(ctx context.Context, env *Env, tx pgx.Tx, t registry.Table) ([]string, error) {
	if t.Bound == nil {
		return nil, nil
	}
	got, err := define.LoadBound(ctx, tx, t.SourceOID, t.Bound.Columns, env.Registry.Schema())
	if err != nil {
		return nil, err
	}
	ours := func(d catalog.Dependent) bool {
		return d.Kind == "publication" || d.Kind == catalog.Child || d.Kind == carry.Inheritance || strings.Contains(d.Name, "repave_")
	}
	before := slices.DeleteFunc(slices.Clone(t.Bound.Dependents), ours)
	after := slices.DeleteFunc(slices.Clone(got.Dependents), ours)
	find := func(list []catalog.Dependent, name string) int {
		return slices.IndexFunc(list, func(d catalog.Dependent) bool { return d.Name == name })
	}
	var out []string
	for _, d := range before {
		switch at := find(after, d.Name); {
		case at < 0:
			out = append(out, d.Name+" was dropped")
		case !slices.Equal(after[at].Create, d.Create):
			out = append(out, d.Name+" was altered")
		}
	}
	for _, d := range after {
		if find(before, d.Name) < 0 {
			out = append(out, d.Name+" was added")
		}
	}
	return out, nil
}
