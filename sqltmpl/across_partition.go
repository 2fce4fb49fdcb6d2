package sqltmpl

import "github.com/jackc/pgx/v5"

// ListPartitions lists the partitions of a table, at every depth.
type ListPartitions struct{ Relation uint32 }

// A FoundPartition is one of them.
type FoundPartition struct {
	OID        uint32
	Schema     Ident
	Name       Ident
	Kind       string
	Bound      Fragment
	Attached   int64 // the transaction that made it a partition
	Above      string
	Options    []string
	Tablespace Ident
	// What it is directly below.
	ParentSchema Ident `db:"parent_schema"`
	ParentName   Ident `db:"parent_name"`
}

// Statement renders across/list_partitions.sql.
func (p ListPartitions) Statement() Statement {
	return render("across/list_partitions.sql", p, pgx.StrictNamedArgs{"relation": p.Relation})
}

// SnapshotLeaves lists as a Leaf each what held a table's rows in a snapshot.
type SnapshotLeaves struct{ Relation uint32 }

// Statement renders across/snapshot_leaves.sql.
func (p SnapshotLeaves) Statement() Statement {
	return render("across/snapshot_leaves.sql", p, pgx.StrictNamedArgs{"relation": p.Relation})
}

// PartitionColumns lists the columns that a table is partitioned by.
type PartitionColumns struct{ Relation uint32 }

// Statement renders across/partition_columns.sql.
func (p PartitionColumns) Statement() Statement {
	return render("across/partition_columns.sql", p, pgx.StrictNamedArgs{"relation": p.Relation})
}
