package sqltmpl

import "github.com/jackc/pgx/v5"

// TableStats is what ReadTableStats returns.
type TableStats struct {
	Kind       string `db:"kind"` // relkind
	HeapBytes  int64  `db:"heap_bytes"`
	ToastBytes int64  `db:"toast_bytes"` // with its index
	DeadRows   int64  `db:"dead_rows"`   // as the statistics collector knows
	Fillfactor int    `db:"fillfactor"`
}

// ReadTableStats reads the TableStats of one table.
type ReadTableStats struct {
	OID uint32
}

// Statement renders analyze/table_stats.sql.
func (p ReadTableStats) Statement() Statement {
	return render("analyze/table_stats.sql", p, pgx.StrictNamedArgs{"oid": p.OID})
}

// IndexStats is what ReadIndexStats returns.
type IndexStats struct {
	OID        uint32  `db:"oid"`
	Name       string  `db:"name"`
	Method     string  `db:"method"`
	Bytes      int64   `db:"bytes"`
	Rows       int64   `db:"rows"` // -1: unknown
	Fillfactor int     `db:"fillfactor"`
	Columns    []int16 `db:"columns"` // attnums of the table; 0 is an expression
	Merges     bool    `db:"merges"`  // equal keys are stored once
}

// ReadIndexStats reads the IndexStats of one table.
type ReadIndexStats struct {
	OID uint32
}

// Statement renders analyze/index_stats.sql.
func (p ReadIndexStats) Statement() Statement {
	return render("analyze/index_stats.sql", p, pgx.StrictNamedArgs{"oid": p.OID})
}

// ColumnStats is what ANALYZE found in one column.
type ColumnStats struct {
	Number       int16   `db:"number"`
	NullFraction float64 `db:"null_fraction"`
	Width        int     `db:"width"`
	Distinct     float64 `db:"distinct_values"` // negative: a fraction of the rows
}

// ReadColumnStats reads the ColumnStats of one table or index.
type ReadColumnStats struct {
	OID uint32
}

// Statement renders analyze/column_stats.sql.
func (p ReadColumnStats) Statement() Statement {
	return render("analyze/column_stats.sql", p, pgx.StrictNamedArgs{"oid": p.OID})
}
