package sqltmpl

import "github.com/jackc/pgx/v5"

// FindOrderProblems finds, as Shortcomings, what keeps a table from being read
// in the order of some columns: the first thing to cure, if any.
type FindOrderProblems struct {
	OID     uint32
	Columns []string
}

// Statement renders ordered/find_problems.sql.
func (p FindOrderProblems) Statement() Statement {
	return render("ordered/find_problems.sql", p, pgx.StrictNamedArgs{"oid": p.OID, "columns": p.Columns})
}

// CreateRanges cuts the order of a table into ranges, Count at most.
type CreateRanges struct {
	Ranges  Table
	Source  Rows
	Columns Columns
	Percent Number // of the pages, to look for bounds in
	Count   Number
}

// Statement renders ordered/create_ranges.sql.
func (p CreateRanges) Statement() Statement { return render("ordered/create_ranges.sql", p, nil) }

// CountRanges counts them.
type CountRanges struct {
	Ranges Table
}

// Statement renders ordered/count_ranges.sql.
func (p CountRanges) Statement() Statement { return render("ordered/count_ranges.sql", p, nil) }

// RangeEnds is what ReadRange returns: whether a range has a lower and an upper
// end, or goes on to wherever the rows do.
type RangeEnds struct {
	Lower bool `db:"lower"`
	Upper bool `db:"upper"`
}

// ReadRange reads the RangeEnds of one range.
type ReadRange struct {
	Ranges Table
	Range  int
}

// Statement renders ordered/read_range.sql.
func (p ReadRange) Statement() Statement {
	return render("ordered/read_range.sql", p, pgx.StrictNamedArgs{"range": p.Range})
}

// SetStep finds where the next step through a range ends. It returns whether
// that is before the range does.
type SetStep struct {
	Ranges  Table
	Source  Rows
	Columns Columns
	Lower   bool
	Upper   bool
	Range   int
	Size    int64 // rows, about
}

// Statement renders ordered/set_step.sql.
func (p SetStep) Statement() Statement {
	return render("ordered/set_step.sql", p, pgx.StrictNamedArgs{"range": p.Range, "size": p.Size})
}

// A StepEnd says which columns of the ranges a step ends at.
type StepEnd Fragment

// The ends of a step.
const (
	AtStep  StepEnd = "step"
	AtBound StepEnd = "bound"
)

// CopyStep copies the rows of a step.
type CopyStep struct {
	Ranges  Table
	Source  Rows
	Shadow  Table
	Columns Columns
	Insert  Columns
	Values  []Fragment
	Lower   bool
	Upper   bool
	End     StepEnd
	Range   int
}

func (p CopyStep) args() pgx.StrictNamedArgs {
	if !p.Lower && !p.Upper {
		return nil
	}
	return pgx.StrictNamedArgs{"range": p.Range}
}

// Statement renders ordered/copy_step.sql.
func (p CopyStep) Statement() Statement { return render("ordered/copy_step.sql", p, p.args()) }

// ListStep lists the rows that a CopyStep copies.
type ListStep struct {
	CopyStep
	Keys []Key
}

// Statement renders ordered/list_step.sql.
func (p ListStep) Statement() Statement { return render("ordered/list_step.sql", p, p.args()) }

// CopyRows copies rows by where they are.
type CopyRows struct {
	Source Rows
	Shadow Table
	Insert Columns
	Values []Fragment
	Rows   []string
}

// Statement renders ordered/copy_rows.sql.
func (p CopyRows) Statement() Statement {
	return render("ordered/copy_rows.sql", p, pgx.StrictNamedArgs{"rows": p.Rows})
}

// TakeStep ticks a step off.
type TakeStep struct {
	Ranges  Table
	Columns Columns
	Range   int
}

// Statement renders ordered/take_step.sql.
func (p TakeStep) Statement() Statement {
	return render("ordered/take_step.sql", p, pgx.StrictNamedArgs{"range": p.Range})
}
