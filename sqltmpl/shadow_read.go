package sqltmpl

import "github.com/jackc/pgx/v5"

// FindTable returns the OID of a table.
type FindTable struct {
	Table Table
}

// Statement renders shadow/find_table.sql.
func (p FindTable) Statement() Statement {
	return render("shadow/find_table.sql", p, pgx.StrictNamedArgs{
		"schema": string(p.Table.Schema), "name": string(p.Table.Name),
	})
}

// A ResolvedTable is what a name means.
type ResolvedTable struct {
	OID    uint32 `db:"oid"`
	Schema Ident  `db:"schema"`
	Name   Ident  `db:"name"`
	Kind   string `db:"kind"`
}

// ResolveTable looks a name up as the search_path says.
type ResolveTable struct {
	Name string // quoted where need be
}

// Statement renders shadow/resolve_table.sql.
func (p ResolveTable) Statement() Statement {
	return render("shadow/resolve_table.sql", p, pgx.StrictNamedArgs{"name": p.Name})
}

// TakenNames looks for names that a schema has already, but on some relations.
type TakenNames struct {
	Schema Ident
	Names  []string
	Except []uint32
}

// Statement renders shadow/taken_names.sql.
func (p TakenNames) Statement() Statement {
	if p.Except == nil {
		p.Except = []uint32{}
	}
	return render("shadow/taken_names.sql", p, pgx.StrictNamedArgs{
		"schema": string(p.Schema), "names": p.Names, "except": p.Except,
	})
}

// An IndexForm is what makes an index what it is, its name apart.
type IndexForm struct {
	OID   uint32 `db:"oid"`
	Name  Ident  `db:"name"`
	Form  string `db:"form"`
	Plain bool   `db:"plain"` // a b-tree with default operator classes and the columns' own collations
}

// IndexForms reads the forms of a table's indexes, by OID.
type IndexForms struct {
	Table uint32
}

// Statement renders shadow/index_forms.sql.
func (p IndexForms) Statement() Statement {
	return render("shadow/index_forms.sql", p, pgx.StrictNamedArgs{"table": p.Table})
}

// IndexHead writes what pg_get_indexdef begins with.
type IndexHead struct {
	Unique bool
	Name   Ident
	Only   bool // of a partitioned table
	Table  Table
}

// Statement renders shadow/index_head.sql.
func (p IndexHead) Statement() Statement {
	return render("shadow/index_head.sql", p, pgx.StrictNamedArgs{
		"unique": p.Unique, "only": p.Only, "name": string(p.Name), "schema": string(p.Table.Schema), "table": string(p.Table.Name),
	})
}

// DefaultOfSequence writes the default of a serial column.
type DefaultOfSequence struct {
	Sequence Table
}

// Statement renders shadow/default_of_sequence.sql.
func (p DefaultOfSequence) Statement() Statement {
	return render("shadow/default_of_sequence.sql", p, pgx.StrictNamedArgs{
		"schema": string(p.Sequence.Schema), "name": string(p.Sequence.Name),
	})
}

// ReadSetting reads a setting.
type ReadSetting struct {
	Name string
}

// Statement renders shadow/read_setting.sql.
func (p ReadSetting) Statement() Statement {
	return render("shadow/read_setting.sql", p, pgx.StrictNamedArgs{"name": p.Name})
}

// A CurrentRole is who runs this.
type CurrentRole struct {
	Name    Ident `db:"name"`
	Allowed bool  `db:"allowed"` // the owner asked about may create tables in the schema
}

// CurrentOwner reads who we are and what an owner may do.
type CurrentOwner struct {
	Owner  Ident
	Schema Ident
}

// Statement renders shadow/current_owner.sql.
func (p CurrentOwner) Statement() Statement {
	return render("shadow/current_owner.sql", p, pgx.StrictNamedArgs{
		"owner": string(p.Owner), "schema": string(p.Schema),
	})
}
