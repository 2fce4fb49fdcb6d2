package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/repave-pg/repave/internal/partitioning"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/internal/shell"
	"github.com/repave-pg/repave/sqltmpl"
)

// changeFlags returns the flags that ask for change, with a leading space, to
// be put behind "repave run TABLE" in a shell.
func changeFlags(change shadow.Change) string {
	var out strings.Builder
	if change.PKBigint {
		out.WriteString(" --pk-bigint")
	}
	for _, actions := range change.Alter {
		out.WriteString(" --alter " + shell.Quote(actions))
	}
	for _, column := range slices.Sorted(maps.Keys(change.Using)) {
		out.WriteString(" --using " + shell.Quote(column+"="+change.Using[column]))
	}
	if change.OptimizeColumns {
		out.WriteString(" --optimize-columns")
	}
	if len(change.OrderBy) > 0 {
		var columns sqltmpl.Columns
		for _, name := range change.OrderBy {
			columns = append(columns, sqltmpl.Ident(name))
		}
		out.WriteString(" --order-by " + shell.Quote(columns.String()))
	}
	for _, option := range change.Set {
		out.WriteString(" --set " + shell.Quote(option))
	}
	if change.Tablespace != "" {
		out.WriteString(" --tablespace " + shell.Quote(string(change.Tablespace)))
	}
	if change.PartitionBy != "" {
		out.WriteString(" --partition-by " + shell.Quote(change.PartitionBy))
	}
	if clause, err := partitioning.Parse(change.PartitionBy); err == nil && clause.Method == partitioning.Range &&
		change.PartitionsAhead != partitionsAhead {
		out.WriteString(" --partitions-ahead " + strconv.Itoa(change.PartitionsAhead))
	}
	for _, name := range change.DropConstraints {
		out.WriteString(" --drop-constraint " + shell.Quote(name))
	}
	return out.String()
}

// ident quotes a name for SQL.
func ident(name string) string { return sqltmpl.Ident(name).String() }
