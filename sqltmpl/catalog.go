package sqltmpl

import "github.com/jackc/pgx/v5"

// LoadRelations reads all that the catalogs say about some relations: a row with
// its OID and one JSON document for each of them that exists, in no order.
type LoadRelations struct {
	OIDs     []uint32
	Registry Ident // objects that repave made there are left out
}

// Statement renders catalog/load_relations.sql.
func (p LoadRelations) Statement() Statement {
	return render("catalog/load_relations.sql", p, pgx.StrictNamedArgs{
		"oids":     p.OIDs,
		"registry": string(p.Registry),
	})
}

// A FoundRelation is a relation that has a name somebody asked for.
type FoundRelation struct {
	OID    uint32 `db:"oid"`
	Schema Ident  `db:"schema"`
	Name   Ident  `db:"name"`
}

// FindRelations looks for relations by exact name, in all schemas.
type FindRelations struct {
	Names []string
}

// Statement renders catalog/find_relations.sql.
func (p FindRelations) Statement() Statement {
	return render("catalog/find_relations.sql", p, pgx.StrictNamedArgs{"names": p.Names})
}

// FindSimilar looks for relations whose name differs from a given one in case
// at most, in all schemas.
type FindSimilar struct {
	Name string
}

// Statement renders catalog/find_similar.sql.
func (p FindSimilar) Statement() Statement {
	return render("catalog/find_similar.sql", p, pgx.StrictNamedArgs{"name": p.Name})
}

// LoadDependents reads what is tied to tables and has to follow their names:
// rows of catalog.Dependent.
type LoadDependents struct {
	OIDs     []uint32
	Apart    []uint32 // of them, partitions: that they are is left out
	Registry Ident    // objects that repave made there are left out
	Filters  bool     // publications have row filters and column lists: PostgreSQL 15
}

// Statement renders catalog/load_dependents.sql.
func (p LoadDependents) Statement() Statement {
	return render("catalog/load_dependents.sql", p, pgx.StrictNamedArgs{
		"oids": p.OIDs, "apart": p.Apart, "registry": string(p.Registry),
	})
}

// ListTables lists the tables of some schemas, or of all.
type ListTables struct {
	Registry string // left out
	Schemas  []string
	All      bool
}

// Statement renders catalog/list_tables.sql.
func (p ListTables) Statement() Statement {
	return render("catalog/list_tables.sql", p, pgx.StrictNamedArgs{"registry": p.Registry, "schemas": p.Schemas, "all": p.All})
}
