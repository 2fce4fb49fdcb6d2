package strategies

import (
	"errors"

	"github.com/repave-pg/repave/sqltmpl"
)

// ErrBroken says that changes could not be captured, because somebody renamed
// a key column.
var ErrBroken = errors.New("a column of the key was renamed, so changes were missed")

// Querier runs statements: a connection, a pool or a transaction.
type Querier = sqltmpl.DB

// Applied says what a round or drain did.
type Applied struct {
	Changes int64 // taken from the log
	PutBack int64 // of these, not applicable now
	// NeedsFence: a TRUNCATE that the writer could only log can be applied while writers are kept
	// out; nothing was done.
	NeedsFence bool
}

// An Artifact is an object of ours in the database and the statement that
// undoes it.
type Artifact struct {
	Kind string
	Name string
	Undo string
}

// A Misfit is a key whose row the standby can't hold.
type Misfit struct {
	Key     string
	Problem string
}
