package sqltmpl

import "github.com/jackc/pgx/v5"

// PinSource keeps rewrites of a table out.
type PinSource struct {
	Source Rows
}

// Statement renders backfill/pin_source.sql.
func (p PinSource) Statement() Statement {
	return render("backfill/pin_source.sql", p, nil)
}

// TableState reads what tells rewrites and DDL by others.
type TableState struct {
	Name     string
	Triggers []string
}

// Statement renders backfill/table_state.sql.
func (p TableState) Statement() Statement {
	return render("backfill/table_state.sql", p, pgx.StrictNamedArgs{"name": p.Name, "triggers": p.Triggers})
}

// PageCount returns how many pages and about how many rows a table has.
type PageCount struct {
	Relation uint32
}

// Statement renders backfill/page_count.sql.
func (p PageCount) Statement() Statement {
	return render("backfill/page_count.sql", p, pgx.StrictNamedArgs{"relation": p.Relation})
}

// CopyBatch copies a range of pages.
type CopyBatch struct {
	Source Table
	Shadow Table
	Insert Columns
	Values []Fragment
	First  int64
	Next   int64
}

// Statement renders backfill/copy_batch.sql.
func (p CopyBatch) Statement() Statement {
	return render("backfill/copy_batch.sql", p, pgx.StrictNamedArgs{"first": p.First, "next": p.Next})
}

// ListRows lists the rows of a range of pages.
type ListRows struct {
	Source Table
	Keys   []Key
	First  int64
	Next   int64
}

// Statement renders backfill/list_rows.sql.
func (p ListRows) Statement() Statement {
	return render("backfill/list_rows.sql", p, pgx.StrictNamedArgs{"first": p.First, "next": p.Next})
}

// CopyRow copies one row.
type CopyRow struct {
	Source Table
	Shadow Table
	Insert Columns
	Values []Fragment
	Row    string
}

// Statement renders backfill/copy_row.sql.
func (p CopyRow) Statement() Statement {
	return render("backfill/copy_row.sql", p, pgx.StrictNamedArgs{"row": p.Row})
}

// VacuumShadow vacuums a shadow that has no indexes yet.
type VacuumShadow struct {
	Shadow Table
}

// Statement renders backfill/vacuum_shadow.sql.
func (p VacuumShadow) Statement() Statement {
	return render("backfill/vacuum_shadow.sql", p, nil)
}

// AnalyzeShadow gathers a shadow's statistics.
type AnalyzeShadow struct {
	Shadow Table
}

// Statement renders backfill/analyze_shadow.sql.
func (p AnalyzeShadow) Statement() Statement {
	return render("backfill/analyze_shadow.sql", p, nil)
}

// IndexEfforts estimates what each index of a table costs to build.
type IndexEfforts struct {
	OID uint32
}

// Statement renders backfill/index_efforts.sql.
func (p IndexEfforts) Statement() Statement {
	return render("backfill/index_efforts.sql", p, pgx.StrictNamedArgs{"oid": p.OID})
}

// SortMemory lowers maintenance_work_mem to what sorts the rows of a table fastest.
type SortMemory struct {
	Table string
}

// Statement renders backfill/sort_memory.sql.
func (p SortMemory) Statement() Statement {
	return render("backfill/sort_memory.sql", p, pgx.StrictNamedArgs{"table": p.Table})
}

// IndexExists returns whether an index is there and valid.
type IndexExists struct {
	Name string
}

// Statement renders backfill/index_exists.sql.
func (p IndexExists) Statement() Statement {
	return render("backfill/index_exists.sql", p, pgx.StrictNamedArgs{"name": p.Name})
}

// ConstraintExists returns whether a table has a constraint.
type ConstraintExists struct {
	Table string
	Name  string
}

// Statement renders backfill/constraint_exists.sql.
func (p ConstraintExists) Statement() Statement {
	return render("backfill/constraint_exists.sql", p, pgx.StrictNamedArgs{"table": p.Table, "name": p.Name})
}
