package catalog

import (
	"slices"

	"github.com/repave-pg/repave/sqltmpl"
)

// Candidates returns the tables that name may mean, in Resolve's order, without
// looking whether they exist: for a table that is gone.
func Candidates(name string, searchPath []string) ([]sqltmpl.Table, error) {
	parts, err := parseName(name)
	if err != nil {
		return nil, err
	}
	var out []sqltmpl.Table
	add := func(schema, table string) {
		candidate := sqltmpl.Table{Schema: sqltmpl.Ident(schema), Name: sqltmpl.Ident(table)}
		if !slices.Contains(out, candidate) {
			out = append(out, candidate)
		}
	}
	last := parts[len(parts)-1]
	for _, table := range []string{last.Folded, last.Raw} {
		if len(parts) == 2 {
			add(parts[0].Folded, table)
			add(parts[0].Raw, table)
			continue
		}
		for _, schema := range searchPath {
			add(schema, table)
		}
	}
	return out, nil
}
