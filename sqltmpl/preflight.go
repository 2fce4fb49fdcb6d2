package sqltmpl

import "github.com/jackc/pgx/v5"

// A Server is what ReadServer returns.
type Server struct {
	Version    int   `db:"version"` // server_version_num
	InRecovery bool  `db:"in_recovery"`
	ReadOnly   bool  `db:"read_only"` // default_transaction_read_only
	Database   Ident `db:"database"`
	Role       Ident `db:"role"`
}

// ReadServer reads what kind of server and session this is.
type ReadServer struct{}

// Statement renders preflight/read_server.sql.
func (p ReadServer) Statement() Statement { return render("preflight/read_server.sql", p, nil) }

// A Shortcoming is something that is in the way, with the SQL that would cure it.
type Shortcoming struct {
	What string `db:"what"`
	Cure string `db:"cure"`
}

// MissingPrivileges lists, as Shortcomings, the privileges a job on one table
// needs and the session's role lacks.
type MissingPrivileges struct {
	OID         uint32
	Referencing []uint32 // tables with foreign keys to it
	Referenced  []uint32 // tables its foreign keys point to
	Registry    Ident
}

// Statement renders preflight/missing_privileges.sql.
func (p MissingPrivileges) Statement() Statement {
	return render("preflight/missing_privileges.sql", p, pgx.StrictNamedArgs{
		"oid":         p.OID,
		"referencing": append([]uint32{}, p.Referencing...), // not nil, which would be NULL
		"referenced":  append([]uint32{}, p.Referenced...),
		"registry":    string(p.Registry),
	})
}

// FindChildProblems finds, as Shortcomings, what keeps tables that inherit from
// one from being given another parent of its name.
type FindChildProblems struct {
	Parent   Table
	OID      uint32 // the parent's
	Children []uint32
}

// Statement renders preflight/find_child_problems.sql.
func (p FindChildProblems) Statement() Statement {
	return render("preflight/find_child_problems.sql", p, pgx.StrictNamedArgs{"parent": p.Parent.Plain(), "oid": p.OID, "children": p.Children})
}

// FindWholeRows finds, as Shortcomings, indexes and checks of one table that
// use the row as a whole.
type FindWholeRows struct {
	OID uint32
}

// Statement renders preflight/find_whole_rows.sql.
func (p FindWholeRows) Statement() Statement {
	return render("preflight/find_whole_rows.sql", p, pgx.StrictNamedArgs{"oid": p.OID})
}

// A Size is what EstimateSpace returns.
type Size struct {
	Table        int64 `db:"table_bytes"` // with TOAST
	Indexes      int64 `db:"index_bytes"`
	LargestIndex int64 `db:"largest_index_bytes"`
	Rows         int64 `db:"rows"` // -1: unknown
}

// EstimateSpace reads the Size of one table.
type EstimateSpace struct {
	OID uint32
}

// Statement renders preflight/estimate_space.sql.
func (p EstimateSpace) Statement() Statement {
	return render("preflight/estimate_space.sql", p, pgx.StrictNamedArgs{"oid": p.OID})
}

// FindLeftovers finds, as Shortcomings, what a job left on one table that the
// registry has forgotten.
type FindLeftovers struct {
	OID      uint32
	Registry string
}

// Statement renders preflight/find_leftovers.sql.
func (p FindLeftovers) Statement() Statement {
	return render("preflight/find_leftovers.sql", p, pgx.StrictNamedArgs{"oid": p.OID, "registry": p.Registry})
}

// HiddenFrom names the session's role, quoted, if row security may hide rows of
// a table from it.
type HiddenFrom struct {
	OID uint32
}

// Statement renders preflight/hidden_from.sql.
func (p HiddenFrom) Statement() Statement {
	return render("preflight/hidden_from.sql", p, pgx.StrictNamedArgs{"oid": p.OID})
}

// ForeignOwners lists relations whose owner the session's role can't act for:
// rows of Shortcoming.
type ForeignOwners struct {
	OIDs []uint32
}

// Statement renders preflight/foreign_owners.sql.
func (p ForeignOwners) Statement() Statement {
	return render("preflight/foreign_owners.sql", p, pgx.StrictNamedArgs{"oids": p.OIDs})
}

// PublicationsOfPartitions lists the publications of a table that would publish
// the changes of its partitions under their names.
type PublicationsOfPartitions struct {
	OID uint32
}

// Statement renders preflight/publications_of_partitions.sql.
func (p PublicationsOfPartitions) Statement() Statement {
	return render("preflight/publications_of_partitions.sql", p, pgx.StrictNamedArgs{"oid": p.OID})
}
