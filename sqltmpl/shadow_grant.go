package sqltmpl

// SetOwner changes a table's owner.
type SetOwner struct {
	Table Table
	Owner Ident
}

// Statement renders shadow/set_owner.sql.
func (p SetOwner) Statement() Statement { return render("shadow/set_owner.sql", p, nil) }

// GrantCreate lets a role own tables in a schema.
type GrantCreate struct {
	Schema Ident
	Role   Ident
}

// Statement renders shadow/grant_create.sql.
func (p GrantCreate) Statement() Statement { return render("shadow/grant_create.sql", p, nil) }

// RevokeCreate undoes GrantCreate.
type RevokeCreate struct {
	Schema Ident
	Role   Ident
}

// Statement renders shadow/revoke_create.sql.
func (p RevokeCreate) Statement() Statement { return render("shadow/revoke_create.sql", p, nil) }

// A Privilege is one that aclexplode may name, perhaps on one column.
type Privilege struct {
	Name   string
	Column Ident // "" for the whole
}

// String returns p for GRANT. A name that is not plain words gives what the
// server refuses.
func (p Privilege) String() string {
	for _, r := range p.Name {
		if (r < 'A' || r > 'Z') && r != ' ' {
			return Ident(p.Name).String()
		}
	}
	if p.Column == "" {
		return p.Name
	}
	return p.Name + " (" + p.Column.String() + ")"
}

// Grant grants a privilege on a table or sequence.
type Grant struct {
	Privileges Privilege
	Sequence   bool // what Object is
	Object     Table
	Grantee    Grantee
	Grantable  bool
}

// Statement renders shadow/grant.sql.
func (p Grant) Statement() Statement { return render("shadow/grant.sql", p, nil) }

// GrantAll grants what an owner has by default.
type GrantAll struct {
	Sequence bool
	Object   Table
	Grantee  Grantee
}

// Statement renders shadow/grant_all.sql.
func (p GrantAll) Statement() Statement { return render("shadow/grant_all.sql", p, nil) }

// RevokeAll revokes all that a role has.
type RevokeAll struct {
	Sequence bool
	Object   Table
	Grantee  Grantee
}

// Statement renders shadow/revoke_all.sql.
func (p RevokeAll) Statement() Statement { return render("shadow/revoke_all.sql", p, nil) }
