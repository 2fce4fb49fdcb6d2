package sqltmpl

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// Keep runs fn in a savepoint of tx. If fn fails, all that it did is undone and
// the transaction goes on. It returns fn's error.
func Keep(ctx context.Context, tx pgx.Tx, fn func() error) error {
	if _, err := (savepoint{}).Statement().Exec(ctx, tx); err != nil {
		return err
	}
	failed := fn()
	steps := []Statement{release{}.Statement()}
	if failed != nil {
		steps = []Statement{rollbackTo{}.Statement(), release{}.Statement()}
	}
	for _, s := range steps {
		if _, err := s.Exec(ctx, tx); err != nil {
			return errors.Join(failed, err)
		}
	}
	return failed
}

// A Named is something that exists.
type Named struct {
	Kind string `db:"kind"` // role, tablespace, access method or schema
	Name string `db:"name"`
}

// Existing looks for roles, tablespaces, access methods and schemas.
type Existing struct {
	Names []string
}

// Statement renders define/existing.sql.
func (p Existing) Statement() Statement {
	return render("define/existing.sql", p, pgx.StrictNamedArgs{"names": p.Names})
}

// CreateSequence makes a sequence.
type CreateSequence struct {
	SetSequenceOptions
	Unlogged bool // PostgreSQL 15
}

// Statement renders define/create_sequence.sql.
func (p CreateSequence) Statement() Statement { return render("define/create_sequence.sql", p, nil) }

// LogSequence says whether a sequence survives a crash.
type LogSequence struct {
	Sequence Table
	Unlogged bool
}

// Statement renders define/log_sequence.sql.
func (p LogSequence) Statement() Statement { return render("define/log_sequence.sql", p, nil) }

// DefinePartition makes a partition with a bound that the server deparsed.
type DefinePartition struct {
	Table      Table
	Parent     Table
	Bound      Fragment
	Options    Options
	Tablespace Ident
}

// Statement renders define/create_partition.sql.
func (p DefinePartition) Statement() Statement { return render("define/create_partition.sql", p, nil) }

// A UsedSequence is one that defaults read.
type UsedSequence struct {
	Schema    Ident
	Name      Ident
	Unlogged  bool
	Owner     Ident
	Type      Fragment
	Start     int64
	Min       int64
	Max       int64
	Increment int64
	Cache     int64
	Cycle     bool
	Comment   string
	Grants    string // JSON, as catalog.Load has it
}

// UsedSequences lists the sequences that a table's defaults read and that it does not own.
type UsedSequences struct {
	Relation uint32
}

// Statement renders define/used_sequences.sql.
func (p UsedSequences) Statement() Statement {
	return render("define/used_sequences.sql", p, pgx.StrictNamedArgs{"relation": p.Relation})
}

// DescribeTypes describes types and what they are made of.
type DescribeTypes struct {
	Types []uint32
	Names []string
}

// A DescribedType is one type.
type DescribedType struct {
	Name       string
	Schema     string
	Kind       string
	Extension  string
	Definition string
}

// Statement renders define/describe_types.sql.
func (p DescribeTypes) Statement() Statement {
	return render("define/describe_types.sql", p, pgx.StrictNamedArgs{"types": p.Types, "names": p.Names})
}

// UsedObjects lists what a table's definition uses.
type UsedObjects struct {
	Relation uint32
	Registry Ident
}

// A UsedObject is one of them.
type UsedObject struct {
	Type      string // as pg_identify_object has it
	Identity  string
	TypeOID   uint32 `db:"type_oid"` // 0 for what is not a type
	Extension string
}

// Statement renders define/used_objects.sql.
func (p UsedObjects) Statement() Statement {
	return render("define/used_objects.sql", p, pgx.StrictNamedArgs{
		"relation": p.Relation, "registry": string(p.Registry),
	})
}

// firstUserOID is the lowest OID of what is not PostgreSQL's own.
const firstUserOID = 16384

// PresentObjects lists which of some functions, operators and the like there are.
type PresentObjects struct {
	Names []string // as pg_identify_object has them
}

// Statement renders define/present_objects.sql.
func (p PresentObjects) Statement() Statement {
	return render("define/present_objects.sql", p, pgx.StrictNamedArgs{
		"names": p.Names, "first_user_oid": uint32(firstUserOID),
	})
}

// DescribeCollations says what collations are.
type DescribeCollations struct {
	Names []string
}

// A DescribedCollation is one collation.
type DescribedCollation struct {
	Name       string
	Definition string
}

// Statement renders define/describe_collations.sql.
func (p DescribeCollations) Statement() Statement {
	return render("define/describe_collations.sql", p, pgx.StrictNamedArgs{"names": p.Names})
}

// SetIndexOptions sets an index's storage parameters.
type SetIndexOptions struct {
	Index   Table
	Options Options
}

// Statement renders define/set_index_options.sql.
func (p SetIndexOptions) Statement() Statement { return render("define/set_index_options.sql", p, nil) }
