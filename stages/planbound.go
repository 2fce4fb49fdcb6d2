package stages

import (
	"slices"
	"strings"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// bound says how what is bound to the table follows its name.
func (r *PlanReport) bound(table sqltmpl.Table, dependents []catalog.Dependent) {
	forced := carry.Forced(dependents)
	for _, d := range dependents {
		if how := follows(dependents, forced, d); how != "" {
			r.Carried = append(r.Carried, d.Name+": "+how)
			r.carriedOutline.add(how, ofTable(d, table))
		}
		if d.Kind == carry.Inheritance || d.Kind == carry.Child || d.Direct && !d.OnTable && d.Relation != 0 {
			name := sqltmpl.Table{Schema: d.RelationSchema, Name: d.RelationName}.Plain()
			r.Locks = append(r.Locks, "ACCESS EXCLUSIVE on "+name+": milliseconds, in setup and in the swap, for "+d.Name)
			r.locksOutline.add("ACCESS EXCLUSIVE for milliseconds, in setup and in the swap, as they are bound to it", name)
			if d.DefaultOID != 0 {
				name := sqltmpl.Table{Schema: d.DefaultSchema, Name: d.DefaultName}.Plain()
				const how = "milliseconds, in setup, before and in the swap; a check on it is validated before the swap, which blocks nobody"
				r.Locks = append(r.Locks, "ACCESS EXCLUSIVE on "+name+": "+how)
				r.locksOutline.add("ACCESS EXCLUSIVE for "+how, name)
			}
		}
	}
	if len(dependents) > 0 {
		r.Notes = append(r.Notes, "the swap is rehearsed in setup, in a transaction that is rolled back, under the same locks: "+
			"what can't follow the table's name is known before rows are copied")
	}
}

// follows says how one object follows the name; "" if it need not.
func follows(all []catalog.Dependent, forced []string, d catalog.Dependent) string {
	switch {
	case d.Kind == carry.Statistics:
		return "a like one is gathered on the shadow, and they exchange names in the swap"
	case d.Kind == carry.Child:
		return "stays, with its rows and what it has of its own, and has the new table for its parent from the swap on"
	case d.OnTable:
		return "moves in the swap"
	case d.Kind == carry.MaterializedView && carry.Rebinds(all, d):
		return "made anew and filled before the swap, exchanged in it with its indexes"
	case slices.Contains(forced, d.Name):
		return "dropped and made again in the swap, with owner, grants and comments"
	case d.Direct:
		return "replaced where it stands in the swap, or made again if its types change"
	default:
		return ""
	}
}

// ofTable is what an object is called where the table is known anyway.
func ofTable(d catalog.Dependent, table sqltmpl.Table) string {
	if !d.OnTable || d.Kind == carry.Inheritance {
		return d.Name
	}
	for _, word := range []string{" on ", " of "} {
		if name, ok := strings.CutSuffix(d.Name, word+table.Plain()); ok {
			return name
		}
	}
	return d.Name
}

// An outline says once what is true of several things.
type outline struct {
	lines []string // which need no heading
	heads []string
	below map[string][]string
}

func (o *outline) add(head, line string) {
	if o.below == nil {
		o.below = map[string][]string{}
	}
	if len(o.below[head]) == 0 {
		o.heads = append(o.heads, head)
	}
	if !slices.Contains(o.below[head], line) {
		o.below[head] = append(o.below[head], line)
	}
}

func (o *outline) text() []string {
	out := slices.Clone(o.lines)
	for _, head := range o.heads {
		out = append(out, head+":")
		for _, line := range o.below[head] {
			out = append(out, "  "+line)
		}
	}
	return out
}

// CarriedOutline is Carried as lines for a person.
func (r *PlanReport) CarriedOutline() []string { return r.carriedOutline.text() }

// LocksOutline is Locks as lines for a person.
func (r *PlanReport) LocksOutline() []string { return r.locksOutline.text() }
