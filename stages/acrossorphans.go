package stages

import (
	"context"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// An Orphan is something that a job across clusters has made and that no job of
// the registry knows: a slot keeps WAL for ever, a fence keeps writers out.
type Orphan struct {
	Source bool // where it is
	Kind   string
	Name   string
	Undo   string // SQL that drops it, there
}

// Orphans looks for such things on both clusters. It only reads. The jobs of
// another target on the same source are not the registry's, so what they have
// made is listed, too: whoever drops it has to know.
func Orphans(ctx context.Context, source, target sqltmpl.DB, r *registry.Registry) ([]Orphan, error) {
	jobs, err := r.List(ctx, target)
	if err != nil {
		return nil, err
	}
	who, err := logical.Identify(ctx, target)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, job := range jobs {
		known[mark(job, who)] = true
	}
	type found struct{ Kind, Name, Mark, Undo string }
	var out []Orphan
	for _, end := range []struct {
		db     sqltmpl.DB
		source bool
	}{{source, true}, {target, false}} {
		list, err := sqltmpl.All[found](ctx, end.db, sqltmpl.ListOrphans{}.Statement())
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			if !known[f.Mark] {
				out = append(out, Orphan{Source: end.source, Kind: f.Kind, Name: f.Name, Undo: f.Undo})
			}
		}
	}
	return out, nil
}
