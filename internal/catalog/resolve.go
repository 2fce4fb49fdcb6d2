package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/repave-pg/repave/sqltmpl"
)

// A NotFoundError means that no table has the name, or that more than one
// could be meant.
type NotFoundError struct {
	Name string
	Near []sqltmpl.Table // what may have been meant
}

func (e *NotFoundError) Error() string { return fmt.Sprintf("table %q not found", e.Name) }

// Hint names similar tables, if there are any.
func (e *NotFoundError) Hint() string {
	if len(e.Near) == 0 {
		return "name the schema, too, if it is not on the search path of the connection: schema.table"
	}
	names := make([]string, len(e.Near))
	for i, table := range e.Near {
		names[i] = "'" + strings.ReplaceAll(table.Plain(), "'", `'\''`) + "'"
	}
	return "did you mean " + strings.Join(names, " or ") + "?"
}

// Resolve finds the relation that a person calls name. Unquoted parts are
// folded to lower case; only if there is no such relation they are taken as
// typed, provided that a single one fits. Names without a schema are looked up
// along searchPath. The relation can be of any kind; the text is never sent as
// SQL. Errors are a *SyntaxError or *NotFoundError, or come from the server.
func Resolve(
	ctx context.Context, db sqltmpl.DB, name string, searchPath []string,
) (oid uint32, table sqltmpl.Table, err error) {
	parts, err := parseName(name)
	if err != nil {
		return 0, sqltmpl.Table{}, err
	}
	last := parts[len(parts)-1]
	found, err := sqltmpl.All[sqltmpl.FoundRelation](ctx, db, sqltmpl.FindRelations{
		Names: []string{last.Folded, last.Raw},
	}.Statement())
	if err != nil {
		return 0, sqltmpl.Table{}, fmt.Errorf("looking up table %q: %w", name, err)
	}
	if match, ok := choose(found, parts, searchPath); ok {
		return match.OID, tableOf(match), nil
	}
	similar, err := sqltmpl.All[sqltmpl.FoundRelation](ctx, db, sqltmpl.FindSimilar{Name: last.Raw}.Statement())
	if err != nil {
		return 0, sqltmpl.Table{}, errors.Join(&NotFoundError{Name: name}, err)
	}
	missing := &NotFoundError{Name: name}
	for _, relation := range similar {
		missing.Near = append(missing.Near, tableOf(relation))
	}
	return 0, sqltmpl.Table{}, missing
}

// choose picks the relation that is meant.
func choose(found []sqltmpl.FoundRelation, parts []part, searchPath []string) (sqltmpl.FoundRelation, bool) {
	schemas, exact := searchPath, searchPath
	if len(parts) == 2 {
		schemas, exact = []string{parts[0].Folded}, []string{parts[0].Folded, parts[0].Raw}
	}
	table := parts[len(parts)-1]
	for _, schema := range schemas {
		for _, relation := range found {
			if string(relation.Schema) == schema && string(relation.Name) == table.Folded {
				return relation, true
			}
		}
	}
	var matches []sqltmpl.FoundRelation
	for _, relation := range found {
		// FindRelations returned only names that are equal to the folded or the raw one.
		for _, schema := range exact {
			if string(relation.Schema) == schema {
				matches = append(matches, relation)
				break
			}
		}
	}
	if len(matches) != 1 {
		return sqltmpl.FoundRelation{}, false
	}
	return matches[0], true
}

func tableOf(r sqltmpl.FoundRelation) sqltmpl.Table {
	return sqltmpl.Table{Schema: r.Schema, Name: r.Name}
}
