package sqltmpl

import "github.com/jackc/pgx/v5"

// Awake lists what acts on changes that are applied as a replica's.
type Awake struct{ OIDs []uint32 }

// Statement renders cutover/list_awake.sql.
func (p Awake) Statement() Statement {
	return render("cutover/list_awake.sql", p, pgx.StrictNamedArgs{"oids": p.OIDs})
}

// An Actor is a trigger or rule of a table.
type Actor struct {
	Kind     string // trigger or rule
	Object   uint32
	Schema   Ident
	Relation Ident
	Name     Ident
	State    FiringState
}

// Table is what it is on.
func (a Actor) Table() Table { return Table{Schema: a.Schema, Name: a.Relation} }

// Switch switches it to its state. It locks the table SHARE ROW EXCLUSIVE for a trigger, ACCESS EXCLUSIVE for a rule.
func (a Actor) Switch() Statement {
	if a.Kind == "rule" {
		return SetRule{Table: a.Table(), Name: a.Name, State: a.State}.Statement()
	}
	return SetTrigger{Table: a.Table(), Name: a.Name, State: a.State}.Statement()
}

// Stilled is the table that keeps how triggers and rules are switched when they are not kept still.
type Stilled struct{ Table Table }

// Make returns the statements that make the table, unless it is there.
func (p Stilled) Make() []Statement {
	return []Statement{render("cutover/create_stilled.sql", p, nil), render("cutover/close_stilled.sql", p, nil)}
}

// Keep renders cutover/keep_stilled.sql.
func (p Stilled) Keep(a Actor) Statement {
	switched := a.Switch()
	return render("cutover/keep_stilled.sql", p, pgx.StrictNamedArgs{
		"kind": a.Kind, "object": a.Object, "state": string(a.State), "restore": switched.SQL,
	})
}

// List renders cutover/list_stilled.sql.
func (p Stilled) List() Statement { return render("cutover/list_stilled.sql", p, nil) }

// Drop renders cutover/drop_stilled.sql.
func (p Stilled) Drop() Statement { return render("cutover/drop_stilled.sql", p, nil) }
