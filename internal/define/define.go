// Package define makes tables on another server from the definitions that the
// source's own server deparsed, under their own names, equal in everything that
// the target can have; what it can't have is named, never lost silently.
//
// All of it runs on sessions with an empty search_path. Tables that it makes
// are expected to be out of everybody's reach until Open.
package define

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// Notes say what could not be carried and why, each in a line for a person.
type Notes []string

func (n *Notes) add(format string, args ...any) { *n = append(*n, fmt.Sprintf(format, args...)) }

// Load is catalog.Load with the sequences that defaults read, wherever they
// are. It locks nothing.
func Load(ctx context.Context, db sqltmpl.DB, oid uint32, registry sqltmpl.Ident) (catalog.Relation, error) {
	r, err := catalog.Load(ctx, db, oid, registry)
	if err != nil {
		return r, err
	}
	r.Uses, err = uses(ctx, db, oid)
	return r, err
}

// uses reads the sequences that a table's defaults read and that it does not own.
func uses(ctx context.Context, db sqltmpl.DB, oid uint32) ([]catalog.Sequence, error) {
	found, err := sqltmpl.All[sqltmpl.UsedSequence](ctx, db, sqltmpl.UsedSequences{Relation: oid}.Statement())
	if err != nil {
		return nil, err
	}
	var out []catalog.Sequence
	for _, s := range found {
		sequence := catalog.Sequence{
			Table: sqltmpl.Table{Schema: s.Schema, Name: s.Name}, Owner: s.Owner, Type: s.Type, Start: s.Start,
			Min: s.Min, Max: s.Max, Increment: s.Increment, Cache: s.Cache, Cycle: s.Cycle, Comment: s.Comment,
			Persistence: "p",
		}
		if s.Unlogged {
			sequence.Persistence = unlogged
		}
		if err := json.Unmarshal([]byte(s.Grants), &sequence.Grants); err != nil {
			return nil, fmt.Errorf("reading the catalogs: %w", err)
		}
		out = append(out, sequence)
	}
	return out, nil
}

// Letters in the catalogs.
const (
	unlogged    = "u" // pg_class.relpersistence
	partitioned = "p" // pg_class.relkind
	exclusion   = "x" // pg_constraint.contype
	disabled    = sqltmpl.FiringState("D")
)

// First versions of PostgreSQL to have something.
const (
	v15 = 15
	v17 = 17
	v18 = 18
)

// found tells what exists on the target.
type found map[sqltmpl.Named]bool

func (f found) role(name sqltmpl.Ident) bool {
	return f[sqltmpl.Named{Kind: "role", Name: string(name)}]
}

func (f found) tablespace(name sqltmpl.Ident) bool {
	return f[sqltmpl.Named{Kind: "tablespace", Name: string(name)}]
}

func (f found) accessMethod(name sqltmpl.Ident) bool {
	return f[sqltmpl.Named{Kind: "access method", Name: string(name)}]
}

func (f found) schema(name sqltmpl.Ident) bool {
	return f[sqltmpl.Named{Kind: "schema", Name: string(name)}]
}

// look finds out which of some names exist, as whatever.
func look(ctx context.Context, db sqltmpl.DB, names ...sqltmpl.Ident) (found, error) {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	list, err := sqltmpl.All[sqltmpl.Named](ctx, db, sqltmpl.Existing{Names: texts}.Statement())
	if err != nil {
		return nil, err
	}
	out := found{}
	for _, n := range list {
		out[n] = true
	}
	return out, nil
}

// oidOf is which relation has a name, 0 if none has.
func oidOf(ctx context.Context, db sqltmpl.DB, table sqltmpl.Table) (uint32, error) {
	return sqltmpl.Scalar[uint32](ctx, db, sqltmpl.RelationOID{Name: table.String()}.Statement())
}

func version(tx pgx.Tx) int { return catalog.Major(tx.Conn()) }
