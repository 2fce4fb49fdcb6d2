package define

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// An UnsupportedError names what a table has that the target's version of
// PostgreSQL can't have.
type UnsupportedError struct {
	Table   sqltmpl.Table
	Version int
	Lacking []string
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("PostgreSQL %d can't have all of %s: %s", e.Version, e.Table.Plain(), strings.Join(e.Lacking, "; "))
}

// Hint says what to do about it.
func (e *UnsupportedError) Hint() string {
	return "change it on the source or with --alter, or move to a newer version"
}

// Unsupported lists what r has that a target of a major version can't have.
// Above are the tables that it is a partition of.
func Unsupported(r catalog.Relation, targetVersion int, above ...catalog.Relation) []string {
	u := &unsupported{version: targetVersion, inherited: inheritedNotNulls(above)}
	if r.Kind != "r" && r.Kind != partitioned {
		u.add("%s is not a table (relkind %s)", r.Table.Plain(), r.Kind)
	}
	for _, p := range r.Partitions {
		if p.Kind != "r" && p.Kind != partitioned {
			u.add("partition %s is not a table", p.Table.Plain())
		}
	}
	u.columns(r)
	u.constraints(r)
	u.indexes(r)
	u.foreignKeys(r)
	return u.list
}

type unsupported struct {
	version   int
	inherited map[sqltmpl.Ident]bool // names of not-null constraints of tables above
	list      []string
}

func (u *unsupported) add(format string, args ...any) {
	u.list = append(u.list, fmt.Sprintf(format, args...))
}

// since adds something that a version brought, unless the target is as new.
func (u *unsupported) since(first int, applies bool, format string, args ...any) {
	if applies && u.version < first {
		u.add(format+" (since PostgreSQL %d)", append(args, first)...)
	}
}

func (u *unsupported) columns(r catalog.Relation) {
	for _, c := range r.Columns {
		u.since(v18, c.Generated == "v", "virtual generated column %s", c.Name)
	}
	for _, n := range r.NotNulls {
		at := slices.IndexFunc(r.Columns, func(c catalog.Column) bool { return c.Num == n.Column })
		if at < 0 {
			continue
		}
		name := r.Columns[at].Name
		u.since(v18, !n.Valid, "not-null constraint %s of column %s, which is NOT VALID", n.Name, name)
		u.since(v18, n.NoInherit, "not-null constraint %s of column %s, which is NO INHERIT", n.Name, name)
		u.since(v18, n.Comment != "", "comment on not-null constraint %s of column %s", n.Name, name)
		if n.Valid && !n.NoInherit && n.Comment == "" && !u.inherited[n.Name] && (!r.Partition || len(u.inherited) > 0) {
			u.since(v18, !autoNotNull(r.Table.Name, name, n.Name), "name %s of the not-null constraint of column %s", n.Name, name)
		}
	}
}

// autoNotNull reports whether the server may have chosen the name: the table's
// and the column's, cut evenly to what fits, and a number if that was taken.
func autoNotNull(table, column, name sqltmpl.Ident) bool {
	const most = 63
	label := "_not_null"
	if at := strings.LastIndex(string(name), label); at >= 0 && strings.Trim(string(name)[at+len(label):], "0123456789") == "" {
		label = string(name)[at:]
	}
	first, second := len(table), len(column)
	for first+second+len("_")+len(label) > most {
		if first > second {
			first--
		} else {
			second--
		}
	}
	return string(name) == clip(table, first)+"_"+clip(column, second)+label
}

// clip cuts a name to at most n bytes, between characters.
func clip(name sqltmpl.Ident, n int) string {
	for n < len(name) && n > 0 && !utf8.RuneStart(name[n]) {
		n--
	}
	return string(name[:n])
}

func (u *unsupported) constraints(r catalog.Relation) {
	for _, c := range r.Checks {
		u.since(v18, !c.Enforced, "check %s, which is NOT ENFORCED", c.Name)
	}
}

func (u *unsupported) indexes(r catalog.Relation) {
	for _, i := range r.Indexes {
		u.since(v15, i.NullsAlike, "index %s with NULLS NOT DISTINCT", i.Name)
		u.since(v18, i.Constraint != nil && i.Constraint.Temporal, "constraint %s WITHOUT OVERLAPS", i.Name)
		u.since(v17, i.Exclusion && r.Kind == partitioned && (i.Constraint == nil || !i.Constraint.Temporal),
			"exclusion constraint %s of a partitioned table", i.Name)
	}
}

func (u *unsupported) foreignKeys(r catalog.Relation) {
	for _, k := range r.ForeignKeys {
		u.since(v15, len(k.SetColumns) > 0, "foreign key %s with a list of columns to set", k.Name)
		u.since(v18, !k.Enforced, "foreign key %s, which is NOT ENFORCED", k.Name)
		u.since(v18, k.Period, "foreign key %s with PERIOD", k.Name)
		u.since(v18, !k.Valid && k.Enforced && r.Kind == partitioned, "foreign key %s of a partitioned table, which is NOT VALID", k.Name)
	}
}
