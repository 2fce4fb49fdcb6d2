package carry

import (
	"errors"
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// Materialized views that are bound to the tables, or to views that have to be
// made again, hold data: the new ones are made and filled before the swap and
// wait under other names, as the old ones do after it. So do the views that
// they read, where those are made again.

// View is the kind of a plain view.
const View = "view"

// Waiting returns the views that are made before the swap and wait for their
// names, each after those that it reads.
func Waiting(list []catalog.Dependent, recreate []string) []catalog.Dependent {
	var out []catalog.Dependent
	for _, d := range list {
		if waits(list, recreate, d) {
			out = append(out, d)
		}
	}
	return out
}

// waits reports whether d is one of them.
func waits(list []catalog.Dependent, recreate []string, d catalog.Dependent) bool {
	switch {
	case d.Kind == MaterializedView:
		return Rebinds(list, d) || slices.Contains(recreate, d.Name)
	case d.Kind != View || !slices.Contains(recreate, d.Name):
		return false
	}
	return slices.ContainsFunc(list, func(o catalog.Dependent) bool {
		return (o.Kind == View || o.Kind == MaterializedView) && slices.Contains(o.Uses, d.Name) && waits(list, recreate, o)
	})
}

// Impossible says why d, which has to be made again, can't be; nil if it can.
// What waits must not read what is made in the swap itself.
func Impossible(list []catalog.Dependent, recreate []string, d catalog.Dependent) error {
	if len(d.Create) == 0 {
		return errors.New("it uses what has to be made again, and can't be made again itself")
	}
	if !waits(list, recreate, d) {
		return nil
	}
	for _, o := range list {
		if d.Kind == MaterializedView && (o.Kind == Child || o.Kind == Inheritance && o.Constraint == "") {
			return errors.New("it would be filled before the swap, when the new table has no children yet")
		}
		if slices.Contains(d.Uses, o.Name) && slices.Contains(recreate, o.Name) && !waits(list, recreate, o) {
			return errors.New("it has to be made before the swap, and uses " + o.Name + ", which is made again in it")
		}
	}
	return nil
}

// Park lists the steps that take a view's name, with its indexes'.
func Park(d catalog.Dependent, parked Parked) []Step {
	var steps []Step
	for _, index := range d.Indexes {
		steps = append(steps, Step{d, sqltmpl.RenameIndex{
			Index: sqltmpl.Table{Schema: d.RelationSchema, Name: index}, To: parked(d, index).Name,
		}.Statement()})
	}
	to := parked(d, "")
	return append(steps,
		Step{d, rename(d, relationOf(d), to.Name)},
		Step{d, move(d, sqltmpl.Table{Schema: d.RelationSchema, Name: to.Name}, to.Schema)})
}

// Unpark lists the steps that give it all back.
func Unpark(d catalog.Dependent, parked Parked) []Step {
	from := parked(d, "")
	steps := []Step{
		{d, move(d, from, d.RelationSchema)},
		{d, rename(d, sqltmpl.Table{Schema: d.RelationSchema, Name: from.Name}, d.RelationName)},
	}
	for _, index := range d.Indexes {
		steps = append(steps, Step{d, sqltmpl.RenameIndex{
			Index: sqltmpl.Table{Schema: d.RelationSchema, Name: parked(d, index).Name}, To: index,
		}.Statement()})
	}
	return steps
}

// Make lists the steps that make a view, a materialized one empty, under its name.
func Make(d catalog.Dependent) []Step { return all(d, d.Create) }

func rename(d catalog.Dependent, from sqltmpl.Table, to sqltmpl.Ident) sqltmpl.Statement {
	if d.Kind == View {
		return sqltmpl.RenameTable{Table: from, To: to}.Statement() // views, too
	}
	return sqltmpl.RenameView{View: from, To: to}.Statement()
}

func move(d catalog.Dependent, from sqltmpl.Table, to sqltmpl.Ident) sqltmpl.Statement {
	if d.Kind == View {
		return sqltmpl.SetSchema{Table: from, Schema: to}.Statement()
	}
	return sqltmpl.MoveView{View: from, Schema: to}.Statement()
}
