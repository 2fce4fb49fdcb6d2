package define

import (
	"context"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// A granted is something with an owner and privileges.
type granted struct {
	object   sqltmpl.Table
	sequence bool
	owner    sqltmpl.Ident   // on the source
	has      []catalog.Grant // on the target
	want     []catalog.Grant // on the source
}

// grants makes owner and privileges those of the source, whatever ALTER DEFAULT
// PRIVILEGES gave on the target.
func (f *finisher) grants(ctx context.Context) error {
	there, err := look(ctx, f.tx, f.roles()...)
	if err != nil {
		return err
	}
	if err := f.owners(ctx, there); err != nil {
		return err
	}
	now, err := Load(ctx, f.tx, f.oid, f.bound.Registry)
	if err != nil {
		return err
	}
	all := []granted{{object: f.r.Table, owner: f.r.Owner, has: now.Grants, want: f.r.Grants}}
	pair := func(wanted, made []catalog.Sequence) {
		for _, s := range wanted {
			for _, m := range made {
				if m.Table == s.Table {
					all = append(all, granted{object: s.Table, sequence: true, owner: s.Owner, has: m.Grants, want: s.Grants})
				}
			}
		}
	}
	pair(f.r.Sequences, now.Sequences)
	pair(f.r.Uses, now.Uses)
	var steps []sqltmpl.Statement
	for _, g := range all {
		steps = append(steps, f.set(g, there)...)
	}
	for _, column := range f.r.Columns {
		for _, grant := range column.Grants {
			steps = append(steps, f.grant(granted{object: f.r.Table, owner: f.r.Owner}, column.Name, grant, there)...)
		}
	}
	if err := f.do(ctx, steps...); err != nil {
		return err
	}
	for _, p := range f.r.Partitions {
		err := sqltmpl.ForeignGrants{Schema: string(p.Table.Schema), Tables: []string{string(p.Table.Name)}}.Revoke(ctx, f.tx)
		if err != nil {
			return err
		}
	}
	return nil
}

// roles are all that privileges mention.
func (f *finisher) roles() []sqltmpl.Ident {
	out := []sqltmpl.Ident{f.r.Owner}
	add := func(grants []catalog.Grant) {
		for _, g := range grants {
			out = append(out, g.Grantee)
		}
	}
	add(f.r.Grants)
	for _, c := range f.r.Columns {
		add(c.Grants)
	}
	for _, list := range [][]catalog.Sequence{f.r.Sequences, f.r.Uses} {
		for _, s := range list {
			out = append(out, s.Owner)
			add(s.Grants)
		}
	}
	return out
}

// owners sets who owns what. Sequences of a table's columns follow it.
func (f *finisher) owners(ctx context.Context, there found) error {
	if !there.role(f.r.Owner) {
		f.notes.add("table %s belongs to who made it: the target lacks role %s", f.r.Table.Plain(), f.r.Owner)
		return nil
	}
	for _, table := range tables(f.r) {
		if err := f.do(ctx, sqltmpl.SetOwner{Table: table, Owner: f.r.Owner}.Statement()); err != nil {
			return err
		}
	}
	for _, s := range f.r.Uses {
		if !there.role(s.Owner) {
			f.notes.add("sequence %s belongs to who made it: the target lacks role %s", s.Table.Plain(), s.Owner)
			continue
		}
		err := sqltmpl.Keep(ctx, f.tx, func() error {
			return f.do(ctx, sqltmpl.SetOwner{Table: s.Table, Owner: s.Owner}.Statement())
		})
		// A column of another table has it, and it follows that.
		if err != nil && !sqltmpl.IsUnsupported(err) {
			return err
		}
	}
	return nil
}

// set lists what makes the privileges on one object those of the source. Nil
// means the default: all to the owner and nothing to others.
func (f *finisher) set(g granted, there found) []sqltmpl.Statement {
	if g.has == nil && g.want == nil {
		return nil
	}
	var steps []sqltmpl.Statement
	owned := there.role(g.owner)
	revoked := map[sqltmpl.Ident]bool{}
	for _, grant := range g.has {
		// An owner who is not the source's keeps what owners have.
		mine := grant.Grantee == grant.Grantor && grant.Grantee != ""
		if revoked[grant.Grantee] || mine {
			continue
		}
		revoked[grant.Grantee] = true
		steps = append(steps, sqltmpl.RevokeAll{
			Sequence: g.sequence, Object: g.object, Grantee: sqltmpl.Grantee(grant.Grantee),
		}.Statement())
	}
	if owned && g.want != nil {
		steps = append(steps, sqltmpl.RevokeAll{
			Sequence: g.sequence, Object: g.object, Grantee: sqltmpl.Grantee(g.owner),
		}.Statement())
	}
	if owned && g.want == nil {
		steps = append(steps, sqltmpl.GrantAll{
			Sequence: g.sequence, Object: g.object, Grantee: sqltmpl.Grantee(g.owner),
		}.Statement())
	}
	for _, grant := range g.want {
		steps = append(steps, f.grant(g, "", grant, there)...)
	}
	return steps
}

// grant lists what grants one privilege, if there is whom to give it, and such
// a privilege.
func (f *finisher) grant(g granted, column sqltmpl.Ident, grant catalog.Grant, there found) []sqltmpl.Statement {
	isOwner := grant.Grantee == g.owner
	switch {
	case grant.Grantee != "" && !there.role(grant.Grantee):
		if !isOwner {
			f.notes.add("privilege %s on %s: the target lacks role %s", grant.Privilege, g.object.Plain(), grant.Grantee)
		}
		return nil
	case grant.Privilege == "MAINTAIN" && version(f.tx) < v17:
		if !isOwner {
			f.notes.add("privilege MAINTAIN on %s for role %s: since PostgreSQL 17", g.object.Plain(), grant.Grantee)
		}
		return nil
	case grant.Grantor != g.owner:
		f.notes.add("privilege %s on %s for %s is granted by the owner, not by %s",
			grant.Privilege, g.object.Plain(), sqltmpl.Grantee(grant.Grantee), grant.Grantor)
	}
	return []sqltmpl.Statement{sqltmpl.Grant{
		Privileges: sqltmpl.Privilege{Name: grant.Privilege, Column: column},
		Sequence:   g.sequence, Object: g.object, Grantee: sqltmpl.Grantee(grant.Grantee), Grantable: grant.Grantable,
	}.Statement()}
}
