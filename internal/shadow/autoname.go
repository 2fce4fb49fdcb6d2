package shadow

import (
	"context"
	"strings"

	"github.com/repave-pg/repave/sqltmpl"
)

// The server names a constraint after the table if the operator does not. Where
// the shadow could not have the source's name, such a name begins with ours.

// plainName returns what the server would have called an object if the shadow
// had the source's name.
func (b *builder) plainName(name sqltmpl.Ident) sqltmpl.Ident {
	for _, called := range []string{"shadow", "parent"} { // the latter while it becomes a partitioned table
		rest, ok := strings.CutPrefix(string(name), string(b.names.Object(called).Name))
		if full := string(b.src.Table.Name) + rest; ok && len(full) <= maxName {
			return sqltmpl.Ident(full)
		}
	}
	return name
}

// maxName is the longest name that the server does not cut.
const maxName = 63

// plainConstraints renames those constraints that stay on the shadow, or are
// listed by name.
func (b *builder) plainConstraints(ctx context.Context) error {
	var names []sqltmpl.Ident
	for _, check := range b.altered.Checks {
		names = append(names, check.Name)
	}
	for _, constraint := range b.altered.NotNulls {
		names = append(names, constraint.Name)
	}
	for _, key := range b.altered.ForeignKeys {
		names = append(names, key.Name)
	}
	renamed := false
	for _, name := range names {
		to := b.plainName(name)
		if to == name {
			continue
		}
		renamed = true
		err := b.quietly(ctx, sqltmpl.RenameConstraint{Table: b.table, Name: name, To: to}.Statement())
		if err != nil {
			return err
		}
	}
	if !renamed {
		return nil
	}
	var err error
	b.altered, err = b.load(ctx)
	return err
}

// ours reports whether a name is one that we made up.
func (b *builder) ours(name sqltmpl.Ident) bool {
	return strings.HasPrefix(string(name), b.names.Prefix)
}
