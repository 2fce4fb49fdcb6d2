package define

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// A finisher gives one table what is bound to it.
type finisher struct {
	tx    pgx.Tx
	r     catalog.Relation
	bound Bound
	oid   uint32
	had   map[string]bool // dependents that are there
	notes Notes
}

// Finish gives the table on the target what is bound to it on the source:
// statistics objects (to be analyzed), triggers and rules (disabled until
// Open), row security with its policies (not forced on the owner until Open),
// owner and grants. Roles and extensions that the target lacks are noted; a
// function or table that it lacks is an error, unless only a statistics object
// or a parent wants for it.
//
// It locks the table ACCESS EXCLUSIVE, and may run twice: what is there stays.
func Finish(ctx context.Context, tx pgx.Tx, r catalog.Relation, bound Bound) (Notes, error) {
	return Tree{Relation: r, Bound: bound}.Finish(ctx, tx)
}

// Finish is the function Finish for the table and its partitions.
func (t Tree) Finish(ctx context.Context, tx pgx.Tx) (Notes, error) {
	return t.finish(ctx, tx, t.nodes())
}

// finish finishes some of the tree's tables, each after what it is a partition
// of. Columns can only be renamed on all of them at once.
func (t Tree) finish(ctx context.Context, tx pgx.Tx, parts []Part) (Notes, error) {
	list := make([]*finisher, len(parts))
	each := func(do func(f *finisher, ctx context.Context) error) error {
		for _, f := range list {
			if err := do(f, ctx); err != nil {
				return fmt.Errorf("finishing table %s: %w", f.r.Table.Plain(), err)
			}
		}
		return nil
	}
	for i, p := range parts {
		list[i] = &finisher{tx: tx, r: p.Relation, bound: p.Bound, had: map[string]bool{}}
	}
	if err := each((*finisher).begin); err != nil {
		return nil, err
	}
	err := t.Bound.withSourceNames(ctx, tx, t.Relation.Table, func() error { return each((*finisher).bind) })
	if err == nil {
		err = each((*finisher).secure)
	}
	if err != nil {
		return nil, err
	}
	var notes Notes
	for _, f := range list {
		notes = append(notes, f.notes...)
	}
	return notes, nil
}

// begin looks what there is.
func (f *finisher) begin(ctx context.Context) error {
	var err error
	if f.oid, err = oidOf(ctx, f.tx, f.r.Table); err != nil {
		return err
	}
	if f.oid == 0 {
		return catalog.ErrGone
	}
	// Bodies that are text were checked when they were made, with a search path of their own.
	err = f.do(ctx, sqltmpl.SetLocal{Name: "check_function_bodies", Value: "off"}.Statement())
	if err != nil {
		return err
	}
	now, err := catalog.LoadDependents(ctx, f.tx, []uint32{f.oid}, f.bound.Registry)
	for _, d := range now {
		f.had[d.Name] = true
	}
	return err
}

// bind makes what mentions columns.
func (f *finisher) bind(ctx context.Context) error {
	if err := f.policies(ctx); err != nil {
		return err
	}
	return f.dependents(ctx)
}

// secure says who may do what.
func (f *finisher) secure(ctx context.Context) error {
	if f.r.RowSecurity {
		if err := f.do(ctx, sqltmpl.RowSecurity{Table: f.r.Table}.Statement()); err != nil {
			return err
		}
	}
	return f.grants(ctx)
}

func (f *finisher) do(ctx context.Context, statements ...sqltmpl.Statement) error {
	return sqltmpl.ExecAll(ctx, f.tx, statements...)
}

// dependents makes what has statements of its own.
func (f *finisher) dependents(ctx context.Context) error {
	before, err := firing(ctx, f.tx, f.oid, f.bound.Registry)
	if err != nil {
		return err
	}
	for _, d := range f.bound.Dependents {
		if f.had[d.Name] {
			continue
		}
		switch d.Kind {
		case "trigger", "rule":
			err = f.make(ctx, d, never)
		case carry.Statistics:
			err = f.make(ctx, d, wanting)
		case carry.Inheritance:
			err = f.make(ctx, d, sqltmpl.IsMissing)
		case "row type", "extension":
			err = f.make(ctx, d, sqltmpl.IsUndefined)
		case "publication":
			f.notes.add("%s: publications are not made", d.Name)
		default: // policies, row security and replica identity are made otherwise
		}
		if err != nil {
			return err
		}
	}
	return f.disarm(ctx, before)
}

// never says of no error that it may be passed over.
func never(error) bool { return false }

// wanting reports whether a statistics object lacks a column, as it does after
// ALTER TABLE DROP COLUMN, a schema or a function.
func wanting(err error) bool { return sqltmpl.IsMissingColumn(err) || sqltmpl.IsUndefined(err) }

// make makes one dependent. If the first statement fails in a way that pass
// takes, the whole is left out and noted; so is a later one for want of a role.
func (f *finisher) make(ctx context.Context, d catalog.Dependent, pass func(error) bool) error {
	for n, sql := range d.Create {
		err := sqltmpl.Keep(ctx, f.tx, func() error { return f.do(ctx, sqltmpl.Bind{SQL: sql}.Statement()) })
		switch {
		case err == nil:
		case n == 0 && pass(err):
			f.notes.add("%s is left out: %v", d.Name, server(err))
			return nil
		case n > 0 && sqltmpl.IsUndefined(err):
			f.notes.add("%s lacks something: %v", d.Name, server(err))
		default:
			return fmt.Errorf("making %s: %w", d.Name, err)
		}
	}
	return nil
}

// disarm disables the triggers and rules that are new.
func (f *finisher) disarm(ctx context.Context, before []sqltmpl.FiringObject) error {
	now, err := firing(ctx, f.tx, f.oid, f.bound.Registry)
	if err != nil {
		return err
	}
	for _, o := range now {
		if slices.ContainsFunc(before, func(b sqltmpl.FiringObject) bool { return b.Kind == o.Kind && b.Name == o.Name }) {
			continue
		}
		o.State = disabled
		if err := f.do(ctx, setFiring(f.r.Table, o)); err != nil {
			return err
		}
	}
	return nil
}

func setFiring(table sqltmpl.Table, o sqltmpl.FiringObject) sqltmpl.Statement {
	if o.Kind == "rule" {
		return sqltmpl.SetRule{Table: table, Name: o.Name, State: o.State}.Statement()
	}
	return sqltmpl.SetTrigger{Table: table, Name: o.Name, State: o.State}.Statement()
}

// free returns a name that nothing has, and takes it.
func free(taken map[sqltmpl.Ident]bool, n int) sqltmpl.Ident {
	for ; ; n++ {
		name := sqltmpl.Ident("repave_" + strconv.Itoa(n))
		if !taken[name] {
			taken[name] = true
			return name
		}
	}
}
