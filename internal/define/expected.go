package define

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
)

// An Expected says how a table on the target comes to differ from its final
// form on the source, as a rehearsal found out. It can be recorded as JSON.
type Expected struct {
	// Dependents are what is on the table once it is open, as that reads on the target.
	Dependents []catalog.Dependent `json:"dependents"`
	UntilOpen  []string            `json:"until_open"` // differences before Open
	Lasting    []string            `json:"lasting"`    // and after it
}

// A state is a table on the target with what is on it.
type state struct {
	relation   catalog.Relation
	dependents []catalog.Dependent
}

// observe reads a table on the target. It locks nothing.
func observe(ctx context.Context, tx pgx.Tx, r catalog.Relation, bound Bound) (s state, err error) {
	oid, err := oidOf(ctx, tx, r.Table)
	if err != nil {
		return s, err
	}
	if oid == 0 {
		return s, catalog.ErrGone
	}
	if s.relation, err = Load(ctx, tx, oid, bound.Registry); err != nil {
		return s, err
	}
	all, err := catalog.LoadDependents(ctx, tx, []uint32{oid}, bound.Registry)
	s.dependents = slices.DeleteFunc(all, func(d catalog.Dependent) bool { return !d.OnTable || d.Kind == "publication" })
	return s, err
}

// Lacking says what the table on the target lacks of r, its final form on the
// source, and of what is bound to it there, or has otherwise; with bound.Expected
// also how that should read. More is what it has besides. It locks nothing.
func Lacking(ctx context.Context, tx pgx.Tx, r catalog.Relation, bound Bound) (lacking, more []string, err error) {
	now, err := observe(ctx, tx, r, bound)
	if err != nil {
		return nil, nil, fmt.Errorf("comparing %s: %w", r.Table.Plain(), err)
	}
	lacking, more = now.differences(r, bound)
	return lacking, more, nil
}

// differences compares s with the source's table.
func (s state) differences(r catalog.Relation, bound Bound) (lacking, more []string) {
	source, target, owner := alike(r, s.relation)
	lacking, more = catalog.Compare(source, target)
	if owner != "" {
		lacking = append([]string{owner}, lacking...)
	}
	find := func(list []catalog.Dependent, name string) *catalog.Dependent {
		at := slices.IndexFunc(list, func(d catalog.Dependent) bool { return d.Name == name })
		if at < 0 {
			return nil
		}
		return &list[at]
	}
	for _, d := range bound.Dependents {
		has := find(s.dependents, d.Name)
		switch {
		case d.Kind == "publication":
		case has == nil:
			lacking = append(lacking, d.Name+" is missing")
		case bound.Expected == nil || slices.Equal(has.Create, d.Create):
		default:
			want := find(bound.Expected.Dependents, d.Name)
			if want == nil || slices.Equal(has.Create, want.Create) {
				continue
			}
			problem := "is different"
			if (d.Kind == "trigger" || d.Kind == "rule") && slices.Equal(has.Create[:1], want.Create[:1]) {
				problem = "does not fire as on the source"
			}
			lacking = append(lacking, d.Name+" "+problem)
		}
	}
	// What is of most consequence comes first: each privilege is a line of its own.
	isPrivilege := func(line string) bool { return strings.HasPrefix(line, "privilege ") }
	return slices.Concat(slices.DeleteFunc(slices.Clone(lacking), isPrivilege), slices.DeleteFunc(slices.Clone(lacking), func(line string) bool {
		return !isPrivilege(line)
	})), more
}

// alike makes tables of two clusters comparable: what differs between any two
// is left out, or said once, as who owns it is.
func alike(source, target catalog.Relation) (r, has catalog.Relation, owner string) {
	r, has = renumbered(source), target
	for _, side := range []*catalog.Relation{&r, &has} {
		side.Others = slices.DeleteFunc(slices.Clone(side.Others), func(o catalog.Other) bool {
			return o.Kind == "publication" || o.Kind == "subscription" || o.Kind == "inheritance" || o.Kind == catalog.Child
		})
		side.ReferencedBy = nil // they are other tables'
		side.Sequences = slices.Concat(side.Sequences, side.Uses)
		for i := range side.Sequences {
			s := &side.Sequences[i]
			s.Dependents = nil
			s.Grants = byOwner(s.Grants, s.Owner, target.Owner)
			s.Owner = target.Owner
		}
		side.Grants = byOwner(side.Grants, side.Owner, target.Owner)
		side.Columns = slices.Clone(side.Columns)
		for i := range side.Columns {
			side.Columns[i].Grants = byOwner(side.Columns[i].Grants, side.Owner, target.Owner)
		}
	}
	if r.Partition { // see Part.create
		r.Columns, has.Columns = withoutIdentity(r.Columns), withoutIdentity(has.Columns)
	}
	if r.Owner != has.Owner {
		owner = fmt.Sprintf("owner of the table is %s, on the source %s", has.Owner, r.Owner)
		r.Owner = has.Owner
	}
	if len(r.NotNulls) == 0 || len(has.NotNulls) == 0 { // before PostgreSQL 18 they have no names
		r.NotNulls, has.NotNulls = nil, nil
	}
	return r, has, owner
}
