package sqltmpl

import "github.com/jackc/pgx/v5"

// A StoredColumn is how a column is stored.
type StoredColumn struct {
	Name     string `db:"name"`
	Type     string `db:"type"`
	Length   int    `db:"length"`
	Align    int    `db:"align"`
	Packable bool   `db:"packable"`
	NotNull  bool   `db:"not_null"`
	Dropped  bool   `db:"dropped"`
	Absent   bool   `db:"absent"` // dropped or virtual
}

// ReadStoredColumns reads the StoredColumns of one table, by attnum.
type ReadStoredColumns struct {
	OID uint32
}

// Statement renders layout/read_columns.sql.
func (p ReadStoredColumns) Statement() Statement {
	return render("layout/read_columns.sql", p, pgx.StrictNamedArgs{"oid": p.OID})
}

// A SampleValue says how to learn what a row takes in one column. Without any
// of the flags it is what the column of that name takes in the table.
type SampleValue struct {
	Column Ident
	Absent bool // always null
	Fixed  bool // the width is known: only whether it is null
	Text   bool // as much as its text form
	Guess  bool // nothing is known of it
}

// SampleRows reads sizes of the values of some rows.
type SampleRows struct {
	Table   Rows
	Values  []SampleValue
	Percent float64
	Limit   int
	Guess   int // the size of what nothing is known of
}

// Statement renders layout/sample_rows.sql.
func (p SampleRows) Statement() Statement {
	return render("layout/sample_rows.sql", p, pgx.StrictNamedArgs{
		"percent": p.Percent, "limit": p.Limit, "guess": p.Guess,
	})
}

// A RowCount is how large a table is.
type RowCount struct {
	Pages int64 `db:"pages"`
	Rows  int64 `db:"rows"` // -1: unknown
}

// CountRows estimates the RowCount of one table.
type CountRows struct {
	OID uint32
}

// Statement renders layout/row_count.sql.
func (p CountRows) Statement() Statement {
	return render("layout/row_count.sql", p, pgx.StrictNamedArgs{"oid": p.OID})
}
