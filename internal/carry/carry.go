// Package carry moves what is bound to a table (triggers, policies, views,
// publications ...) to the table that takes over its name.
package carry

import (
	"fmt"
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Load is all that follows the names of a job's tables, as it is while the
// original tables have them, and as it is while the rewritten ones have them.
// It is found in a rehearsal of the swap and recorded in the registry.
type Load struct {
	Original  []catalog.Dependent `json:"original"`
	Rewritten []catalog.Dependent `json:"rewritten"`
	// Recreate names those that can't be bound anew where they stand: they are dropped and made
	// again, and so is all that uses them.
	Recreate []string `json:"recreate"`
	// Family is the foreign keys of the tables above partitions of the job, and those to them.
	Family catalog.Family `json:"family"`
	// Unchecked are those that the last swap made again and that may not all be valid yet.
	Unchecked catalog.Family `json:"unchecked"`
	// Guarded are the tables above those that stay on the log, the furthest first.
	Guarded []catalog.Above `json:"guarded,omitempty"`
	// Left are those of Original that a move to another cluster leaves on the source.
	Left []Left `json:"left,omitempty"`
}

// A Left is something that stays on the source, and why.
type Left struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
	// Part: it belongs to a view that stays, too.
	Part bool `json:"part,omitempty"`
}

// Side returns what belongs to the original or to the rewritten tables.
func (l Load) Side(rewritten bool) []catalog.Dependent {
	if rewritten {
		return l.Rewritten
	}
	return l.Original
}

// Inherits reports whether one of the tables has parents, through which
// statements reach its rows without firing its statement triggers.
func (l *Load) Inherits(rewritten bool) bool {
	return l != nil && slices.ContainsFunc(l.Side(rewritten), func(d catalog.Dependent) bool { return d.Kind == Inheritance })
}

// Forced names what can't be replaced in place whatever the change is, with all
// that uses it.
func Forced(list []catalog.Dependent) []string {
	var out []string
	for _, d := range list {
		if !d.OnTable && d.Kind != MaterializedView && (d.Signature || d.Direct && len(d.Replace) == 0) {
			out = With(list, out, d.Name)
		}
	}
	return out
}

// With adds a name to those to make again, and all that uses it.
func With(list []catalog.Dependent, names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	names = append(names, name)
	for _, d := range list {
		if !d.OnTable && slices.Contains(d.Uses, name) {
			names = With(list, names, d.Name)
		}
	}
	return names
}

// Rebinds reports whether a dependent is bound to one of the tables, or to a
// materialized view that is, by its number.
func Rebinds(list []catalog.Dependent, d catalog.Dependent) bool {
	return d.Direct || slices.ContainsFunc(d.Uses, func(name string) bool {
		at := slices.IndexFunc(list, func(o catalog.Dependent) bool { return o.Name == name })
		return at >= 0 && list[at].Kind == MaterializedView && Rebinds(list, list[at])
	})
}

// Kinds that don't just drop and come again.
const (
	MaterializedView = "materialized view"
	Statistics       = "statistics"
	// Inheritance has the parent for its relation, a plain or a partitioned table.
	Inheritance = "inheritance"
	// Child has the child for its relation, a table that is not of the job itself.
	Child = "child"
)

// IsPart reports whether d belongs to a view, as its rules and triggers do.
func IsPart(d catalog.Dependent) bool {
	return d.OnView && (d.Kind == "trigger" || d.Kind == "rule")
}

// A Step is one statement about one dependent.
type Step struct {
	Dependent catalog.Dependent
	Statement sqltmpl.Statement
}

// Parked says how an object, or an index of it, is called while its table does
// not have the name: what holds data waits there with its data.
type Parked func(d catalog.Dependent, index sqltmpl.Ident) sqltmpl.Table

// TakeAway lists the steps that free the names of what is on the tables, and of
// what is made again. The tables still have their names.
func TakeAway(list []catalog.Dependent, recreate []string, parked Parked) []Step {
	var steps []Step
	for _, d := range slices.Backward(list) {
		switch {
		case d.Kind == Statistics:
			to := parked(d, "")
			steps = append(steps,
				Step{d, sqltmpl.RenameStatistics{Statistics: nameOf(d), To: to.Name}.Statement()},
				Step{d, sqltmpl.MoveStatistics{
					Statistics: sqltmpl.Table{Schema: d.Schema, Name: to.Name}, Schema: to.Schema,
				}.Statement()})
		case waits(list, recreate, d):
			steps = append(steps, Park(d, parked)...)
		case d.Kind == MaterializedView:
		case d.OnTable || slices.Contains(recreate, d.Name):
			steps = append(steps, all(d, d.Drop)...)
		}
	}
	return steps
}

// PutBack lists the steps that bind everything to the tables that have the
// names now. Views that wait are there, and filled, or are made here, empty.
func PutBack(list []catalog.Dependent, recreate []string, parked Parked, filled bool) []Step {
	var steps []Step
	for _, d := range list {
		switch {
		case d.Kind == Statistics:
			from := parked(d, "")
			steps = append(steps,
				Step{d, sqltmpl.MoveStatistics{Statistics: from, Schema: d.Schema}.Statement()},
				Step{d, sqltmpl.RenameStatistics{
					Statistics: sqltmpl.Table{Schema: d.Schema, Name: from.Name}, To: d.StatisticsName,
				}.Statement()})
			steps = append(steps, all(d, d.Create[1:])...)
		case waits(list, recreate, d) && filled:
			steps = append(steps, Unpark(d, parked)...)
		case waits(list, recreate, d):
			steps = append(steps, all(d, d.Create)...)
		case d.Kind == MaterializedView:
		case d.OnTable || slices.Contains(recreate, d.Name):
			steps = append(steps, all(d, d.Create)...)
		case Rebinds(list, d):
			steps = append(steps, all(d, d.Replace)...)
		}
	}
	return steps
}

func relationOf(d catalog.Dependent) sqltmpl.Table {
	return sqltmpl.Table{Schema: d.RelationSchema, Name: d.RelationName}
}

func all(d catalog.Dependent, fragments []sqltmpl.Fragment) []Step {
	var steps []Step
	for _, f := range fragments {
		steps = append(steps, Step{d, sqltmpl.Bind{SQL: f}.Statement()})
	}
	return steps
}

func nameOf(d catalog.Dependent) sqltmpl.Table {
	return sqltmpl.Table{Schema: d.Schema, Name: d.StatisticsName}
}

// Diff names what differs between two lists, for a person.
func Diff(before, after []catalog.Dependent) []string {
	var out []string
	find := func(list []catalog.Dependent, name string) (catalog.Dependent, bool) {
		at := slices.IndexFunc(list, func(d catalog.Dependent) bool { return d.Name == name })
		if at < 0 {
			return catalog.Dependent{}, false
		}
		return list[at], true
	}
	for _, b := range before {
		a, ok := find(after, b.Name)
		switch {
		case !ok:
			out = append(out, b.Name+" is gone")
		case !slices.Equal(b.Create, a.Create) || !slices.Equal(b.Drop, a.Drop),
			!slices.Equal(b.Inherited, a.Inherited),
			b.Constraint != a.Constraint, b.DefaultOID != a.DefaultOID, b.DefaultSchema != a.DefaultSchema, b.DefaultName != a.DefaultName:
			out = append(out, fmt.Sprintf("%s is different", b.Name))
		}
	}
	for _, a := range after {
		if _, ok := find(before, a.Name); !ok {
			out = append(out, a.Name+" is new")
		}
	}
	return out
}
