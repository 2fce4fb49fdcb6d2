package sqltmpl

import "github.com/jackc/pgx/v5"

// Bind runs a statement that the server deparsed of an object bound to a table.
type Bind struct {
	SQL Fragment
}

// Statement renders swap/bind.sql.
func (p Bind) Statement() Statement { return render("swap/bind.sql", p, nil) }

// LockView locks a view ACCESS EXCLUSIVE, and not the tables under it as LOCK
// TABLE would: its owner stays who it is.
type LockView struct {
	View  Table
	Owner Ident
}

// Statement renders swap/lock_view.sql.
func (p LockView) Statement() Statement { return render("swap/lock_view.sql", p, nil) }

// RenameColumn renames a column.
type RenameColumn struct {
	Table  Table
	Column Ident
	To     Ident
}

// Statement renders swap/rename_column.sql.
func (p RenameColumn) Statement() Statement { return render("swap/rename_column.sql", p, nil) }

// CreateStatistics makes an extended statistics object.
type CreateStatistics struct {
	Statistics Table
	Def        Fragment // kinds and columns, from the server
	Table      Table
}

// Statement renders swap/create_statistics.sql.
func (p CreateStatistics) Statement() Statement { return render("swap/create_statistics.sql", p, nil) }

// TargetStatistics sets a statistics object's target.
type TargetStatistics struct {
	Statistics Table
	Target     int
}

// Statement renders swap/target_statistics.sql.
func (p TargetStatistics) Statement() Statement { return render("swap/target_statistics.sql", p, nil) }

// DropStatistics drops a statistics object if it is there.
type DropStatistics struct {
	Statistics Table
}

// Statement renders swap/drop_statistics.sql.
func (p DropStatistics) Statement() Statement { return render("swap/drop_statistics.sql", p, nil) }

// RenameStatistics renames a statistics object.
type RenameStatistics struct {
	Statistics Table
	To         Ident
}

// Statement renders swap/rename_statistics.sql.
func (p RenameStatistics) Statement() Statement { return render("swap/rename_statistics.sql", p, nil) }

// MoveStatistics moves a statistics object to a schema.
type MoveStatistics struct {
	Statistics Table
	Schema     Ident
}

// Statement renders swap/move_statistics.sql.
func (p MoveStatistics) Statement() Statement { return render("swap/move_statistics.sql", p, nil) }

// A StatisticsObject is one of repave's own.
type StatisticsObject struct {
	Name Ident
	Def  Fragment // pg_get_statisticsobjdef
}

// OwnStatistics lists the statistics objects of a table that are in a schema.
type OwnStatistics struct {
	Relation uint32
	Schema   string
}

// Statement renders swap/own_statistics.sql.
func (p OwnStatistics) Statement() Statement {
	return render("swap/own_statistics.sql", p, pgx.StrictNamedArgs{"relation": p.Relation, "schema": p.Schema})
}

// RenameView renames a materialized view.
type RenameView struct {
	View Table
	To   Ident
}

// Statement renders swap/rename_view.sql.
func (p RenameView) Statement() Statement { return render("swap/rename_view.sql", p, nil) }

// MoveView moves a materialized view to a schema.
type MoveView struct {
	View   Table
	Schema Ident
}

// Statement renders swap/move_view.sql.
func (p MoveView) Statement() Statement { return render("swap/move_view.sql", p, nil) }

// RefreshView fills a materialized view.
type RefreshView struct {
	View Table
}

// Statement renders swap/refresh_view.sql.
func (p RefreshView) Statement() Statement { return render("swap/refresh_view.sql", p, nil) }

// AnalyzeView analyzes a materialized view.
type AnalyzeView struct {
	View Table
}

// Statement renders swap/analyze_view.sql.
func (p AnalyzeView) Statement() Statement { return render("swap/analyze_view.sql", p, nil) }

// DropView drops a materialized view if it is there.
type DropView struct {
	View Table
}

// Statement renders swap/drop_view.sql.
func (p DropView) Statement() Statement { return render("swap/drop_view.sql", p, nil) }

// OwnViews lists the views in a schema whose names begin alike, as OwnView, each
// before those that it reads.
type OwnViews struct {
	Schema string
	Prefix string
}

// An OwnView is a view of a job's own.
type OwnView struct {
	Name         Ident `db:"name"`
	Materialized bool  `db:"materialized"`
}

// Statement renders swap/own_views.sql.
func (p OwnViews) Statement() Statement {
	return render("swap/own_views.sql", p, pgx.StrictNamedArgs{"schema": p.Schema, "prefix": p.Prefix})
}

// LacksTreeStatistics returns whether a table that has children lacks the
// statistics of all their rows, which the parked one has.
type LacksTreeStatistics struct {
	Live, Parked uint32
}

// Statement renders swap/lacks_tree_statistics.sql.
func (p LacksTreeStatistics) Statement() Statement {
	return render("swap/lacks_tree_statistics.sql", p, pgx.StrictNamedArgs{"live": p.Live, "parked": p.Parked})
}

// LeafIdentities lists the partitions of a table that lack its replica identity,
// as LeafIdentity.
type LeafIdentities struct {
	Relation uint32
}

// A LeafIdentity is the replica identity that a partition should have: by an
// index, full, or none.
type LeafIdentity struct {
	Schema Ident `db:"schema"`
	Name   Ident `db:"name"`
	Full   bool  `db:"full"`
	Index  Ident `db:"index"`
}

// Statement renders swap/leaf_identities.sql.
func (p LeafIdentities) Statement() Statement {
	return render("swap/leaf_identities.sql", p, pgx.StrictNamedArgs{"relation": p.Relation})
}
