package sqltmpl

import "github.com/jackc/pgx/v5"

// CopyOut sends the rows of a range of pages to the other cluster.
type CopyOut struct {
	From   Table
	Values []Fragment // over a row aliased s
	Binary bool
	First  int64
	Next   int64
}

// Statement renders across/copy_out.sql.
func (p CopyOut) Statement() Statement { return render("across/copy_out.sql", p, nil) }

// CopyIn takes rows from the other cluster.
type CopyIn struct {
	To     Table
	Insert Columns
	Binary bool
}

// Statement renders across/copy_in.sql.
func (p CopyIn) Statement() Statement { return render("across/copy_in.sql", p, nil) }

// DescribeValues reads no rows, but the types of their values.
type DescribeValues struct {
	From   Table
	Values []Fragment // over a row aliased s
}

// Statement renders across/describe_values.sql.
func (p DescribeValues) Statement() Statement { return render("across/describe_values.sql", p, nil) }

// BaseTypes returns what types are, or are domains over: an OID for each, 0 for
// one that the database does not have.
type BaseTypes struct {
	Types []string
}

// Statement renders across/base_types.sql.
func (p BaseTypes) Statement() Statement {
	return render("across/base_types.sql", p, pgx.StrictNamedArgs{"types": p.Types})
}
