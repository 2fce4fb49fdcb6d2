package catalog

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// noise are fields that differ between equal tables, by their JSON names, or
// that say again what another field says, or that Dependents tell of.
var noise = []string{
	"oid", "from_oid", "to_oid", "type_oid", "base_type", "type_kind", "category", "from_nums", "to_nums", "to_primary", "parent_oid", "drop",
	"row_security", "force_row_security", "replica_identity", "partition_options", "partition_tablespace",
	"attached", "file", "above", "parent",
}

// Diff describes what differs between two states of one table, each difference
// as one line for a person. OIDs and what a sequence has handed out don't count.
func Diff(before, after Relation) []string {
	var d diff
	d.relation(before, after)
	return d.lines
}

// Compare is Diff for tables of two clusters: what the target's lacks or has
// otherwise, and what it has besides.
func Compare(source, target Relation) (lacking, more []string) {
	d := diff{clusters: true}
	d.relation(source, target)
	return d.lines, d.more
}

func (d *diff) relation(before, after Relation) {
	d.fields("the table", before, after)
	grants(d, "", tableGrants(before), tableGrants(after))
	list(d, "column", before.Columns, after.Columns, func(c Column) string { return fmt.Sprint(c.Num) },
		func(c Column) string { return string(c.Name) })
	for _, b := range before.Columns {
		for _, a := range after.Columns {
			if a.Num == b.Num {
				grants(d, " on column "+string(a.Name), b.Grants, a.Grants)
			}
		}
	}
	named(d, "index", before.Indexes, after.Indexes, func(i Index) string { return string(i.Name) })
	named(d, "check", before.Checks, after.Checks, func(c Check) string { return string(c.Name) })
	named(d, "not-null constraint", before.NotNulls, after.NotNulls, func(n NotNull) string { return string(n.Name) })
	foreignKey := func(k ForeignKey) string { return string(k.Name) + " of " + k.From.Plain() + " to " + k.To.Plain() }
	named(d, "foreign key", before.ForeignKeys, after.ForeignKeys, foreignKey)
	named(d, "foreign key", before.ReferencedBy, after.ReferencedBy, foreignKey)
	sequence := func(s Sequence) string { return s.Table.Plain() }
	named(d, "sequence", before.Sequences, after.Sequences, sequence)
	for _, b := range before.Sequences {
		for _, a := range after.Sequences {
			if sequence(a) == sequence(b) {
				grants(d, " on sequence "+sequence(a), sequenceGrants(b), sequenceGrants(a))
			}
		}
	}
	named(d, "partition", before.Partitions, after.Partitions, func(p Partition) string { return p.Table.Plain() })
	named(d, "", otherThanChildren(before.Others), otherThanChildren(after.Others), func(o Other) string { return o.Description })
}

// otherThanChildren leaves out the tables that inherit from one: they may come
// and go, and Dependents tell of them.
func otherThanChildren(list []Other) []Other {
	return slices.DeleteFunc(slices.Clone(list), func(o Other) bool { return o.Kind == Child })
}

type diff struct {
	lines []string
	// clusters: these are tables of two clusters, so nothing was dropped or added; more is what the second has besides.
	clusters bool
	more     []string
}

func (d *diff) add(format string, args ...any) {
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// lost says that only the first table has something.
func (d *diff) lost(what, how string) {
	if d.clusters {
		how = "is missing"
	}
	d.add("%s %s", what, how)
}

// found says that only the second table has something.
func (d *diff) found(what, how string) {
	if d.clusters {
		d.more = append(d.more, what+" is not on the source")
		return
	}
	d.add("%s %s", what, how)
}

// differs says that a field has two values.
func (d *diff) differs(field, what, before, after string) {
	if d.clusters {
		d.add("%s of %s is %s, on the source %s", field, what, after, before)
		return
	}
	d.add("%s of %s changed from %s to %s", field, what, before, after)
}

// fields compares two structs of one type field by field, but for their lists
// of structs.
func (d *diff) fields(what string, before, after any) {
	b, a := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range b.NumField() {
		tag, _, _ := strings.Cut(b.Type().Field(i).Tag.Get("json"), ",")
		x, y := b.Field(i), a.Field(i)
		switch {
		case slices.Contains(noise, tag), structs(x.Type()):
		case reflect.DeepEqual(x.Interface(), y.Interface()): // to show them takes long, and the swap compares under its locks
		case x.Kind() == reflect.Pointer:
			d.pointers(tag+" of "+what, x, y)
		case show(x) != show(y):
			d.differs(strings.ReplaceAll(tag, "_", " "), what, show(x), show(y))
		}
	}
}

// pointers compares structs that may be absent.
func (d *diff) pointers(what string, before, after reflect.Value) {
	switch {
	case before.IsNil() && after.IsNil():
	case before.IsNil():
		d.found(what, "was added")
	case after.IsNil():
		d.lost(what, "was dropped")
	default:
		d.fields(what, before.Elem().Interface(), after.Elem().Interface())
	}
}

func structs(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct
}

// show returns a value as a difference states it. Equal values look equal.
func show(v reflect.Value) string {
	if text := fmt.Sprint(v.Interface()); text != "" && text != "[]" && text != "map[]" {
		return text
	}
	return "nothing"
}

func named[T any](d *diff, what string, before, after []T, name func(T) string) {
	list(d, what, before, after, name, name)
}

// list compares two lists of things that key tells apart.
func list[T any](d *diff, what string, before, after []T, key, name func(T) string) {
	title := func(item T) string { return strings.TrimSpace(what + " " + name(item)) }
	find := func(items []T, item T) int {
		return slices.IndexFunc(items, func(other T) bool { return key(other) == key(item) })
	}
	for _, b := range before {
		if at := find(after, b); at >= 0 {
			d.fields(title(b), b, after[at])
			continue
		}
		d.lost(title(b), "was dropped")
	}
	for _, a := range after {
		if find(before, a) < 0 {
			d.found(title(a), "was added")
		}
	}
}
