package sqltmpl

import (
	"time"

	"github.com/jackc/pgx/v5"
)

// A PartitionMethod is RANGE, LIST or HASH.
type PartitionMethod string

// String returns m in SQL.
func (m PartitionMethod) String() string {
	switch m {
	case "LIST", "HASH":
		return string(m)
	default:
		return "RANGE"
	}
}

// CreatePartitioned makes a partitioned table of the shape of a plain one.
type CreatePartitioned struct {
	Table      Table
	Like       Table
	By         Fragment // as in HASH (id)
	Tablespace Ident
}

// Statement renders shadow/create_partitioned.sql.
func (p CreatePartitioned) Statement() Statement {
	return render("shadow/create_partitioned.sql", p, nil)
}

// CreatePartition makes a partition.
type CreatePartition struct {
	Table      Table
	Parent     Table
	Bound      PartitionBound
	Options    Options
	Tablespace Ident
}

// Statement renders shadow/create_partition.sql.
func (p CreatePartition) Statement() Statement { return render("shadow/create_partition.sql", p, nil) }

// CreateIndexOn builds an index of a partition, or of a partitioned table.
type CreateIndexOn struct {
	Unique bool
	Index  Ident
	Only   bool // a partitioned table's own, which the indexes of its partitions are attached to
	Table  Table
	Tail   Fragment
}

// Statement renders shadow/create_index_on.sql.
func (p CreateIndexOn) Statement() Statement { return render("shadow/create_index_on.sql", p, nil) }

// A TimesFound is what TimeSpan returns; First and Last are nil if there is no row.
type TimesFound struct {
	First *time.Time `db:"first"`
	Last  *time.Time `db:"last"`
	Now   time.Time  `db:"now"`
}

// TimeSpan reads the first and the last value of a column of times.
type TimeSpan struct {
	Value  Fragment
	Source Table
	UTC    bool
}

// Statement renders shadow/time_span.sql.
func (p TimeSpan) Statement() Statement { return render("shadow/time_span.sql", p, nil) }

// A NumbersFound is what NumberSpan returns; both are nil if there is no row.
type NumbersFound struct {
	First *string `db:"first"`
	Last  *string `db:"last"`
}

// NumberSpan reads the least and the greatest value of a column of numbers.
type NumberSpan struct {
	Value    Fragment
	Source   Table
	Infinite bool // the type has infinities
}

// Statement renders shadow/number_span.sql.
func (p NumberSpan) Statement() Statement { return render("shadow/number_span.sql", p, nil) }

// ListValues reads the different values of a column, NULL as nil.
type ListValues struct {
	Value  Fragment
	Source Table
	Limit  int
}

// Statement renders shadow/list_values.sql.
func (p ListValues) Statement() Statement {
	return render("shadow/list_values.sql", p, pgx.StrictNamedArgs{"limit": p.Limit})
}

// PartitionIndexes lists the indexes of partitions that belong to one of their table's.
type PartitionIndexes struct{ Relation uint32 }

// A PartitionIndex is one that PartitionIndexes lists.
type PartitionIndex struct {
	Relation uint32 `db:"relation"` // the partition
	Root     Ident  `db:"root"`     // the index of the partitioned table
	Name     Ident  `db:"name"`
	Same     bool   `db:"same"` // it is defined as that one is
}

// Statement renders shadow/partition_indexes.sql.
func (p PartitionIndexes) Statement() Statement {
	return render("shadow/partition_indexes.sql", p, pgx.StrictNamedArgs{"relation": p.Relation})
}

// A Leaf is a table that holds rows: a partition, or a plain table itself.
type Leaf struct {
	OID    uint32 `db:"oid"`
	Schema Ident  `db:"schema"`
	Name   Ident  `db:"name"`
	Pages  int64  `db:"pages"`
}

// Table is what the leaf is called.
func (l Leaf) Table() Table { return Table{Schema: l.Schema, Name: l.Name} }

// ListLeaves lists the tables that hold a table's rows.
type ListLeaves struct {
	Relation uint32
	More     []uint32 // that are listed too, if they exist: partitions may have been detached
}

// Statement renders backfill/list_leaves.sql.
func (p ListLeaves) Statement() Statement {
	return render("backfill/list_leaves.sql", p, pgx.StrictNamedArgs{"relation": p.Relation, "more": p.More})
}

// PartitionTriggers lists the triggers that partitioned tables can't have, and
// those that might send a row elsewhere.
type PartitionTriggers struct {
	OID     uint32
	Columns []string // of the partition key
}

// Statement renders shadow/partition_triggers.sql.
func (p PartitionTriggers) Statement() Statement {
	return render("shadow/partition_triggers.sql", p, pgx.StrictNamedArgs{"oid": p.OID, "columns": p.Columns})
}

// AttachIndex makes the index of a partition part of that of its table.
type AttachIndex struct{ Index, Partition Table }

// Statement renders shadow/attach_index.sql.
func (p AttachIndex) Statement() Statement { return render("shadow/attach_index.sql", p, nil) }

// DropIdentity makes an identity column an ordinary one.
type DropIdentity struct {
	Table  Table
	Column Ident
}

// Statement renders shadow/drop_identity.sql.
func (p DropIdentity) Statement() Statement { return render("shadow/drop_identity.sql", p, nil) }

// DropSequence drops a sequence.
type DropSequence struct{ Sequence Table }

// Statement renders shadow/drop_sequence.sql.
func (p DropSequence) Statement() Statement { return render("shadow/drop_sequence.sql", p, nil) }
