package sqltmpl

import (
	"time"

	"github.com/jackc/pgx/v5"
)

// A Publication says which tables' changes are published, and under which name.
type Publication struct {
	Name   Ident
	Tables []Table
}

// Create renders logical/create_publication.sql.
func (p Publication) Create() Statement { return render("logical/create_publication.sql", p, nil) }

// Drop renders logical/drop_publication.sql.
func (p Publication) Drop() Statement { return render("logical/drop_publication.sql", p, nil) }

// MadeBy renders logical/publication_mark.sql.
func (p Publication) MadeBy() Statement {
	return render("logical/publication_mark.sql", p, pgx.StrictNamedArgs{"name": string(p.Name)})
}

// A PublicationMark is a comment on a publication.
type PublicationMark struct {
	Name Ident
	Mark Literal
}

// Statement renders logical/mark_publication.sql.
func (p PublicationMark) Statement() Statement {
	return render("logical/mark_publication.sql", p, nil)
}

// A PublicationWhole asks if a publication of tables is as it was marked.
type PublicationWhole struct {
	Name Ident
	Mark string // what the mark begins with
	OIDs []uint32
}

// Statement renders logical/publication_whole.sql.
func (p PublicationWhole) Statement() Statement {
	return render("logical/publication_whole.sql", p, pgx.StrictNamedArgs{"name": string(p.Name), "mark": p.Mark, "oids": p.OIDs})
}

// A ReplicationSlot is named in statements about a slot.
type ReplicationSlot struct{ Name string }

// State renders logical/slot_state.sql.
func (p ReplicationSlot) State() Statement { return p.statement("logical/slot_state.sql") }

// Drop renders logical/drop_slot.sql.
func (p ReplicationSlot) Drop() Statement { return p.statement("logical/drop_slot.sql") }

// Advance renders logical/advance_slot.sql.
func (p ReplicationSlot) Advance(position string) Statement {
	return render("logical/advance_slot.sql", p, pgx.StrictNamedArgs{"name": p.Name, "position": position})
}

func (p ReplicationSlot) statement(name string) Statement {
	return render(name, p, pgx.StrictNamedArgs{"name": p.Name})
}

// SlotLockTimeout bounds the waits of a session that makes a slot.
type SlotLockTimeout struct{ Timeout time.Duration }

// Milliseconds is the timeout as the server wants it: at least one, as 0 means for ever.
func (p SlotLockTimeout) Milliseconds() int64 { return max(p.Timeout.Milliseconds(), 1) }

// Statement renders logical/lock_timeout.sql.
func (p SlotLockTimeout) Statement() Statement { return render("logical/lock_timeout.sql", p, nil) }

// EmitBarrier puts a message into the WAL.
type EmitBarrier struct{ Token string }

// Statement renders logical/emit_barrier.sql.
func (p EmitBarrier) Statement() Statement {
	return render("logical/emit_barrier.sql", p, pgx.StrictNamedArgs{"token": p.Token})
}

// Identify reads which cluster and database a session is connected to.
type Identify struct{}

// Statement renders logical/identify.sql.
func (p Identify) Statement() Statement { return render("logical/identify.sql", p, nil) }

// WALEnd reads the end of a cluster's WAL.
type WALEnd struct{}

// Statement renders logical/wal_end.sql.
func (p WALEnd) Statement() Statement { return render("logical/wal_end.sql", p, nil) }

// TypeNames reads what types are called.
type TypeNames struct {
	OIDs      []uint32
	Modifiers []int32
}

// Statement renders logical/type_names.sql.
func (p TypeNames) Statement() Statement {
	return render("logical/type_names.sql", p, pgx.StrictNamedArgs{"oids": p.OIDs, "modifiers": p.Modifiers})
}

// StageTypes reads which types to stage values of types in.
type StageTypes struct{ Types []string }

// Statement renders logical/stage_types.sql.
func (p StageTypes) Statement() Statement {
	return render("logical/stage_types.sql", p, pgx.StrictNamedArgs{"types": p.Types})
}

// IsReferenced asks whether foreign keys refer to a table.
type IsReferenced struct{ Table Table }

// Statement renders logical/is_referenced.sql.
func (p IsReferenced) Statement() Statement {
	return render("logical/is_referenced.sql", p, pgx.StrictNamedArgs{
		"schema": string(p.Table.Schema), "name": string(p.Table.Name),
	})
}

// DeferConstraints defers what is deferrable.
type DeferConstraints struct{}

// Statement renders logical/defer_constraints.sql.
func (p DeferConstraints) Statement() Statement {
	return render("logical/defer_constraints.sql", p, nil)
}
