package stages

import (
	"context"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// An Orphan is something that a job across clusters has made and that nobody needs any more: a slot keeps WAL for ever, a fence keeps writers
// out. No job of the registry knows it, or it is left over from a cutover that died.
type Orphan struct {
	Source bool // where it is
	Kind   string
	Name   string
	Undo   string // SQL that drops it, there
	Of     string // the tables of the job that it is left over from; "" if no job knows it
	Settle string // the command that removes it, if one does
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
	known := map[string]leftover{}
	for _, job := range jobs {
		holder, err := registry.HolderOf(ctx, target, job.Tables[0].SourceOID)
		if err != nil {
			return nil, err
		}
		known[mark(job, who)] = leftover{job, holder != nil && !holder.Shared}
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
			o := Orphan{Source: end.source, Kind: f.Kind, Name: f.Name, Undo: f.Undo}
			l, ok := known[f.Mark]
			if ok && !l.is(o) {
				continue
			}
			if ok {
				o.Of, o.Settle = l.job.Title(), l.settle()
			}
			out = append(out, o)
		}
	}
	return out, nil
}

// A leftover is what a job may have left.
type leftover struct {
	job  registry.Job
	busy bool // somebody works on the job, and may need it
}

// is reports whether nobody needs something of the job's any more.
func (l leftover) is(o Orphan) bool {
	if l.busy || l.job.Strategy != Logical {
		return false
	}
	switch o.Kind {
	case "replication slot", "publication": // of the other way than the one that changes take now
		return o.Source == l.job.Swapped
	case "fence":
		return o.Source != l.job.Swapped // on the live side
	}
	return false
}

// settle is the command that settles the job, and does little else.
func (l leftover) settle() string {
	command := "repave run " + l.job.Args() + l.job.Flags
	if !l.job.Swapped {
		command += " --until " + string(Replay)
	}
	return command
}
