package registry

import (
	"slices"
	"strings"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/internal/shell"
	"github.com/repave-pg/repave/sqltmpl"
)

// A TableSpec is what is asked for one table of a job.
type TableSpec struct {
	Name   sqltmpl.Table `json:"name"`
	Change shadow.Change `json:"change"`
	// Widen are columns that become bigint because the key they refer to does, Joined a table that
	// nobody named but which has such columns: both come of --with-referencing.
	Widen  sqltmpl.Columns `json:"widen,omitempty"`
	Joined bool            `json:"joined,omitempty"`
}

// Effective is the whole change of the table: the columns that follow a key
// first, under the names they have now, then what the operator asked for.
func (t TableSpec) Effective() shadow.Change {
	change := t.Change
	if len(t.Widen) == 0 {
		return change
	}
	actions := make([]string, len(t.Widen))
	for i, column := range t.Widen {
		actions[i] = "ALTER COLUMN " + column.String() + " TYPE bigint"
	}
	change.Alter = slices.Concat([]string{strings.Join(actions, ", ")}, change.Alter)
	return change
}

// TablesOf asks for the same change of several tables.
func TablesOf(change shadow.Change, names ...sqltmpl.Table) []TableSpec {
	tables := make([]TableSpec, len(names))
	for i, name := range names {
		tables[i] = TableSpec{Name: name, Change: change}
	}
	return tables
}

// Names are all tables of the job, in its order.
func (s Spec) Names() []sqltmpl.Table {
	names := make([]sqltmpl.Table, len(s.Tables))
	for i, table := range s.Tables {
		names[i] = table.Name
	}
	return names
}

// Named are the tables that the operator named; the others joined the job.
func (s Spec) Named() []sqltmpl.Table {
	var names []sqltmpl.Table
	for _, table := range s.Tables {
		if !table.Joined {
			names = append(names, table.Name)
		}
	}
	return names
}

// Args are the tables to name in a shell: the same command finds those that
// join by itself.
func (s Spec) Args() string {
	var words []string
	for _, name := range s.Named() {
		words = append(words, shell.Quote(name.Plain()))
	}
	return strings.Join(words, " ")
}

func plainNames(tables []TableSpec) []string {
	names := make([]string, len(tables))
	for i, table := range tables {
		names[i] = table.Name.Plain()
	}
	return names
}
