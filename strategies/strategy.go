// Package strategies holds the ways in which concurrent writes reach the
// counterpart of a table. What differs between them is one seam: how changes
// are captured and drained.
package strategies

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
)

// A Capture is one direction of synchronisation between two tables: changes of
// the live one reach the standby. Methods that take a transaction leave it to
// the caller to commit their effect together with its record.
type Capture interface {
	// Prepare makes what Install needs and takes no lock on users' tables. May run twice.
	Prepare(ctx context.Context, tx pgx.Tx) error
	// Install begins to capture. It takes SHARE ROW EXCLUSIVE on the live table, and so waits for
	// running writers. From its commit on every change is captured.
	Install(ctx context.Context, tx pgx.Tx) error
	// Round applies all changes that are visible in one snapshot. Only while changes are logged.
	// record runs inside its transaction if it wrote anything.
	Round(ctx context.Context, conn *pgx.Conn, record func(pgx.Tx) error) (Applied, error)
	// DeleteLogged deletes from the standby what a later Round will write, so that what remains is
	// a subset of one consistent state.
	DeleteLogged(ctx context.Context, tx pgx.Tx) (int64, error)
	// Fence keeps writers out until the transaction ends, readers not.
	Fence(ctx context.Context, tx pgx.Tx) error
	// Switch applies the last changes and makes writers write both tables. Writers must be kept
	// out: by Fence or a stronger lock.
	Switch(ctx context.Context, tx pgx.Tx) (Applied, error)
	// Drain applies some changes that writers could not write themselves, while they go on.
	Drain(ctx context.Context, conn *pgx.Conn, limit int64, record func(pgx.Tx) error) (Applied, error)
	// DrainFenced applies all changes; writers must be kept out.
	DrainFenced(ctx context.Context, tx pgx.Tx) (Applied, error)
	// Backlog counts captured changes not yet applied, up to limit.
	Backlog(ctx context.Context, db Querier, limit int64) (int64, error)
	// Keys counts the different keys among captured changes, of which it looks at up to limit:
	// what applying them now would cost.
	Keys(ctx context.Context, db Querier, limit int64) (int64, error)
	// Misfits names captured keys whose rows the standby can't hold, up to limit.
	Misfits(ctx context.Context, db Querier, limit int) ([]Misfit, error)
	// Discard forgets captured keys that the standby can't have and the live table has no more,
	// and returns how many.
	Discard(ctx context.Context, db Querier) (int64, error)
	// Broken reports whether a change could not be captured, because the key was renamed.
	Broken(ctx context.Context, db Querier) (bool, error)
	// Tidy frees what applied changes leave behind.
	Tidy(ctx context.Context, db Querier) error
	// Remove stops capturing, and guarding. The live table must be locked ACCESS EXCLUSIVE.
	Remove(ctx context.Context, tx pgx.Tx) error
	// Guard makes writers whose snapshot is older than this transaction fail with 40001, whether they
	// name the live table or one of those above it. All must be locked ACCESS EXCLUSIVE.
	Guard(ctx context.Context, tx pgx.Tx, above []sqltmpl.Table) error
	// Triggers are the names of the triggers that must be in place on the live table.
	Triggers() []string
	// Direct reports whether the two tables allow writers to write both.
	Direct() bool
	// Artifacts are the objects that Prepare and Install make, in the order to make them.
	Artifacts() []Artifact
}
