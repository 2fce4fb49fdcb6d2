package sqltmpl

// MakePartition makes a partition that has nothing of its own.
type MakePartition struct {
	Table  Table
	Parent Table
	Bound  Fragment
	By     Fragment // what it is partitioned by itself; "" if it is not
}

// Statement renders cutover/make_partition.sql.
func (p MakePartition) Statement() Statement { return render("cutover/make_partition.sql", p, nil) }

// EmptyPartition deletes all rows of a partition.
type EmptyPartition struct{ Table Table }

// Statement renders cutover/empty_partition.sql.
func (p EmptyPartition) Statement() Statement { return render("cutover/empty_partition.sql", p, nil) }

// HasRows asks whether a table has any.
type HasRows struct{ Table Table }

// Statement renders cutover/has_rows.sql.
func (p HasRows) Statement() Statement { return render("cutover/has_rows.sql", p, nil) }
