package sqltmpl

import "github.com/jackc/pgx/v5"

// An End is what ReadEnd returns of one cluster.
type End struct {
	WALLevel    string `db:"wal_level"`
	Slots       int    `db:"slots"` // that there may be
	UsedSlots   int    `db:"used_slots"`
	IdleSlots   string `db:"idle_slots"` // names
	Senders     int    `db:"senders"`    // that there may be
	UsedSenders int    `db:"used_senders"`
	KeepSize    string `db:"keep_size"` // max_slot_wal_keep_size
	Encoding    string `db:"encoding"`
	Database    Ident  `db:"database"`
	Identity    string `db:"identity"` // of server and database
	Role        Ident  `db:"role"`
	Replication bool   `db:"replication"` // the role may replicate
	Version     int    `db:"version"`
}

// ReadEnd reads what a cluster has for logical decoding.
type ReadEnd struct{}

// Statement renders across/read_end.sql.
func (p ReadEnd) Statement() Statement { return render("across/read_end.sql", p, nil) }

// ListLongTransactions lists, as Shortcomings, transactions that making a slot
// would wait for.
type ListLongTransactions struct {
	Seconds float64
}

// Statement renders across/list_long_transactions.sql.
func (p ListLongTransactions) Statement() Statement {
	return render("across/list_long_transactions.sql", p, pgx.StrictNamedArgs{"seconds": p.Seconds})
}

// MissingOnSource lists, as Shortcomings, privileges on the source.
type MissingOnSource struct {
	OIDs     []uint32
	Registry Ident
}

// Statement renders across/missing_on_source.sql.
func (p MissingOnSource) Statement() Statement {
	return render("across/missing_on_source.sql", p, pgx.StrictNamedArgs{"oids": p.OIDs, "registry": string(p.Registry)})
}

// MissingOnTarget lists, as Shortcomings, privileges on the target.
type MissingOnTarget struct {
	Schemas  []string // of the tables
	Owners   []string // of the tables on the source, in the same order
	Registry Ident
}

// Statement renders across/missing_on_target.sql.
func (p MissingOnTarget) Statement() Statement {
	return render("across/missing_on_target.sql", p, pgx.StrictNamedArgs{
		"schemas": p.Schemas, "owners": p.Owners, "registry": string(p.Registry),
	})
}

// A Place is what FindOnTarget returns.
type Place struct {
	SchemaExists bool   `db:"schema_exists"`
	Kind         string `db:"kind"` // what has the name, as DROP calls it; "" if nothing has
}

// FindOnTarget looks at the place where a table is to be.
type FindOnTarget struct {
	Table Table
}

// Statement renders across/find_on_target.sql.
func (p FindOnTarget) Statement() Statement {
	return render("across/find_on_target.sql", p, pgx.StrictNamedArgs{"schema": string(p.Table.Schema), "name": string(p.Table.Name)})
}

// React asks whether triggers, foreign keys or rules act on changes of tables.
type React struct{ OIDs []uint32 }

// Statement renders across/react.sql.
func (p React) Statement() Statement {
	return render("across/react.sql", p, pgx.StrictNamedArgs{"oids": p.OIDs})
}

// ReadSurroundings reads what a database has around its tables.
type ReadSurroundings struct{}

// A Surrounding is an extension with its version, or a setting with its value.
type Surrounding struct {
	Kind  string
	Name  string
	Value string
}

// Statement renders across/read_surroundings.sql.
func (p ReadSurroundings) Statement() Statement {
	return render("across/read_surroundings.sql", p, nil)
}
