package sqltmpl

import "strings"

// DropPlainView drops a view if it is there.
type DropPlainView struct {
	View Table
}

// Statement renders define/drop_plain_view.sql.
func (p DropPlainView) Statement() Statement { return render("define/drop_plain_view.sql", p, nil) }

// DropRoutine drops a function or procedure if it is there.
type DropRoutine struct {
	Routine Fragment // with the types of its arguments, as the server identifies it
}

// Statement renders define/drop_routine.sql.
func (p DropRoutine) Statement() Statement { return render("define/drop_routine.sql", p, nil) }

// IsUnfit reports whether err says that a definition does not fit the database
// that it was sent to: what it names is missing there or of another type, or
// the server's version does not know such a thing. Names that are taken and
// privileges that are missing are something else.
func IsUnfit(err error) bool {
	switch c := code(err); c {
	case codeInsufficient, codeDuplicateTable, "42710", "42723":
		return false
	case codeUnsupported, codeInvalidParameter, codeInvalidSchema:
		return true
	default:
		return strings.HasPrefix(c, "42")
	}
}
