package sqltmpl

import "github.com/jackc/pgx/v5"

// A Membership is what a table is as a partition of another one.
type Membership struct {
	ParentOID     uint32   `db:"parent_oid"`
	ParentSchema  Ident    `db:"parent_schema"`
	ParentName    Ident    `db:"parent_name"`
	Hash          bool     `db:"hash"`
	Key           Fragment `db:"key"`   // of the parent, as in PARTITION BY
	Bound         Fragment `db:"bound"` // FOR VALUES ..., or DEFAULT
	IsDefault     bool     `db:"is_default"`
	Sibling       Fragment `db:"sibling"`     // the bound of a partition that is not the default; "" if there is none
	DefaultOID    uint32   `db:"default_oid"` // of the default partition beside it; 0 if there is none
	DefaultSchema Ident    `db:"default_schema"`
	DefaultName   Ident    `db:"default_name"`
	// Constraint is what the rows of the table that was asked for satisfy, "" if they may be anything.
	Constraint Fragment `db:"constraint"`
}

// Parent is what the partitioned table is called.
func (m Membership) Parent() Table { return Table{Schema: m.ParentSchema, Name: m.ParentName} }

// Default is what the default partition beside it is called.
func (m Membership) Default() Table { return Table{Schema: m.DefaultSchema, Name: m.DefaultName} }

// ReadMembership reads what a table is a partition of, and what that is a
// partition of in turn, nearest first: rows of Membership.
type ReadMembership struct {
	OID uint32
}

// Statement renders member/read_membership.sql.
func (p ReadMembership) Statement() Statement {
	return render("member/read_membership.sql", p, pgx.StrictNamedArgs{"oid": p.OID})
}

// FindMemberProblems lists, as Shortcomings, what keeps a partition from being
// replaced without a scan under the swap's locks.
type FindMemberProblems struct {
	OID uint32
}

// Statement renders member/find_problems.sql.
func (p FindMemberProblems) Statement() Statement {
	return render("member/find_problems.sql", p, pgx.StrictNamedArgs{"oid": p.OID})
}

// CreateTrialParent makes an empty table that is partitioned like another one.
type CreateTrialParent struct {
	Table Table
	Like  Table
	Key   Fragment
}

// Statement renders member/create_parent.sql.
func (p CreateTrialParent) Statement() Statement { return render("member/create_parent.sql", p, nil) }

// CreateTrialPartition makes a partition of such a table.
type CreateTrialPartition struct {
	Table  Table
	Parent Table
	Bound  Fragment
}

// Statement renders member/create_partition.sql.
func (p CreateTrialPartition) Statement() Statement {
	return render("member/create_partition.sql", p, nil)
}

// DetachPartition takes a partition out of its table.
type DetachPartition struct {
	Parent    Table
	Partition Table
}

// Statement renders member/detach.sql.
func (p DetachPartition) Statement() Statement { return render("member/detach.sql", p, nil) }

// AttachPartition makes a table a partition.
type AttachPartition struct {
	Parent    Table
	Partition Table
	Bound     Fragment
}

// Statement renders member/attach.sql.
func (p AttachPartition) Statement() Statement { return render("member/attach.sql", p, nil) }

// PartitionConstraint reads what the rows of a partition satisfy.
type PartitionConstraint struct {
	Name string
}

// Statement renders member/constraint_of.sql.
func (p PartitionConstraint) Statement() Statement {
	return render("member/constraint_of.sql", p, pgx.StrictNamedArgs{"name": p.Name})
}

// CountScans counts how often this transaction has read tables from end to end.
type CountScans struct {
	Names []string
}

// Statement renders member/count_scans.sql.
func (p CountScans) Statement() Statement {
	return render("member/count_scans.sql", p, pgx.StrictNamedArgs{"names": p.Names})
}

// A Guard is a check that lets ATTACH PARTITION do without reading a table.
type Guard struct {
	OID    uint32   `db:"oid"`
	Schema Ident    `db:"schema"`
	Name   Ident    `db:"table"`
	Check  Ident    `db:"name"`
	Valid  bool     `db:"valid"`
	Def    Fragment `db:"def"` // the expression, as it was given
}

// Table is what the table is called.
func (g Guard) Table() Table { return Table{Schema: g.Schema, Name: g.Name} }

// GuardComment marks a guard as one of a registry's, and keeps its expression.
func GuardComment(registry Ident, def Fragment) Literal {
	return Literal(string(registry) + ": " + string(def))
}

// FindGuards finds guards by their names: rows of Guard.
type FindGuards struct {
	Names    []string
	Registry string
}

// Statement renders member/find_guards.sql.
func (p FindGuards) Statement() Statement {
	return render("member/find_guards.sql", p, pgx.StrictNamedArgs{"names": p.Names, "registry": p.Registry})
}

// LoadFamily reads the foreign keys of the tables that some partitions belong
// to, and of other partitioned tables: a row with one JSON document.
type LoadFamily struct {
	OIDs  []uint32
	Above []uint32
}

// Statement renders member/load_family.sql.
func (p LoadFamily) Statement() Statement {
	return render("member/load_family.sql", p, pgx.StrictNamedArgs{"oids": p.OIDs, "above": p.Above})
}

// An Ancestor is a table that another one is a partition or a child of.
type Ancestor struct {
	OID    uint32 `db:"oid"`
	Schema Ident  `db:"schema"`
	Name   Ident  `db:"name"`
}

// Table is what the table is called.
func (a Ancestor) Table() Table { return Table{Schema: a.Schema, Name: a.Name} }

// ListAncestors lists the tables above some, the furthest first: rows of Ancestor.
type ListAncestors struct {
	OIDs []uint32
}

// Statement renders member/list_ancestors.sql.
func (p ListAncestors) Statement() Statement {
	return render("member/list_ancestors.sql", p, pgx.StrictNamedArgs{"oids": p.OIDs})
}

// ListTriggered lists the tables, but for some, that have triggers of given
// names and of a registry: rows of Ancestor.
type ListTriggered struct {
	Names    []string
	Except   []uint32
	Registry string
}

// Statement renders member/list_triggered.sql.
func (p ListTriggered) Statement() Statement {
	return render("member/list_triggered.sql", p, pgx.StrictNamedArgs{"names": p.Names, "except": p.Except, "registry": p.Registry})
}
