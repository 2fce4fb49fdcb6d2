package sqltmpl

import "github.com/jackc/pgx/v5"

// HoldCopy shows that a copy is being made.
type HoldCopy struct{ Name Literal }

// Statement renders logical/hold_copy.sql.
func (p HoldCopy) Statement() Statement { return render("logical/hold_copy.sql", p, nil) }

// CopyIsHeld asks whether a copy is being made.
type CopyIsHeld struct{ Name string }

// Statement renders logical/copy_is_held.sql.
func (p CopyIsHeld) Statement() Statement {
	return render("logical/copy_is_held.sql", p, pgx.StrictNamedArgs{"name": p.Name})
}

// InRecovery asks whether a server is a standby.
type InRecovery struct{}

// Statement renders logical/in_recovery.sql.
func (p InRecovery) Statement() Statement { return render("logical/in_recovery.sql", p, nil) }
