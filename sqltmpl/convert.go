package sqltmpl

import "github.com/jackc/pgx/v5"

// CreateTry makes a function that tries to assign a value to a type.
type CreateTry struct {
	Function Ident
	From     Fragment
	To       Fragment
}

// Statement renders convert/create_try.sql.
func (p CreateTry) Statement() Statement { return render("convert/create_try.sql", p, nil) }

// CreateTryUsing makes a function that tries to compute a value of a type.
type CreateTryUsing struct {
	Function Ident
	Source   Table
	Using    Fragment
	To       Fragment
}

// Statement renders convert/create_try_using.sql.
func (p CreateTryUsing) Statement() Statement { return render("convert/create_try_using.sql", p, nil) }

// Tried is what became of some rows.
type Tried struct {
	Rows     int64    `db:"rows"`
	Failures int64    `db:"failures"`
	Keys     []string `db:"keys"`     // of the first rows that failed
	Problems []string `db:"problems"` // of the same
}

// TryRows calls the function for each row of some pages, and returns Tried.
type TryRows struct {
	Function Ident
	Source   Rows
	Column   Ident // "": the function takes the row
	Keys     Columns
	First    int64
	Next     int64
	Limit    int
}

// Statement renders convert/try_rows.sql.
func (p TryRows) Statement() Statement {
	return render("convert/try_rows.sql", p, pgx.StrictNamedArgs{"first": p.First, "next": p.Next, "limit": p.Limit})
}
