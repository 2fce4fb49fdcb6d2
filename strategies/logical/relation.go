package logical

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pglogrepl"

	"github.com/repave-pg/repave/sqltmpl"
)

// A ChangedError says that a table is not any more what its Mapping was made
// for: its changes can't be applied.
type ChangedError struct {
	Table sqltmpl.Table
	What  string
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("table %s has changed while its rows were moved: %s", e.Table.Plain(), e.What)
}

// Hint says what to do.
func (e *ChangedError) Hint() string {
	return "undo that on the table if nothing was written since; else reset the job and begin again"
}

// An UnknownError says that a table is published that no Mapping is for: a
// partition that is new, or has another name now.
type UnknownError struct {
	Table sqltmpl.Table
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("%s is published, but not a table of the job: a partition that was not there before, or not under this name", e.Table.Plain())
}

// Hint says what to do.
func (e *UnknownError) Hint() string {
	return "run the same command again: the partition is made on the other cluster, too"
}

// Replica identities, as relation messages name them.
const (
	identityNothing = 'n'
	identityFull    = 'f'
)

// A relation is a table of the stream as the server described it last.
type relation struct {
	mapping *Mapping
	table   sqltmpl.Table
	key     []int // of each key column, the place among the columns
}

// describe takes a relation message. It asks the source what types are called.
func (s *Stream) describe(ctx context.Context, m *pglogrepl.RelationMessage) error {
	table := sqltmpl.Table{Schema: sqltmpl.Ident(m.Namespace), Name: sqltmpl.Ident(m.RelationName)}
	mapping := s.mappings[m.RelationID]
	if mapping == nil {
		s.relations[m.RelationID] = &relation{table: table}
		return nil
	}
	if table != mapping.From && mapping.Part > 0 {
		return &UnknownError{Table: table}
	}
	fail := func(format string, args ...any) error {
		return &ChangedError{Table: mapping.From, What: fmt.Sprintf(format, args...)}
	}
	if table != mapping.From {
		return fail("it is called %s now", table.Plain())
	}
	if what := compareNames(mapping, m); what != "" {
		return fail("%s", what)
	}
	names := sqltmpl.TypeNames{}
	for _, c := range m.Columns {
		names.OIDs = append(names.OIDs, c.DataType)
		names.Modifiers = append(names.Modifiers, c.TypeModifier)
	}
	types, err := s.source.typeNames(ctx, names)
	if err != nil {
		return err
	}
	for i, c := range mapping.Columns {
		if types[i] != string(c.Type) {
			return fail("column %s is of type %s, it was %s", c.Name, types[i], c.Type)
		}
	}
	r := &relation{mapping: mapping, table: table}
	for _, k := range mapping.Key {
		for i, c := range mapping.Columns {
			if c.Name != k.From {
				continue
			}
			if m.ReplicaIdentity == identityNothing || m.ReplicaIdentity != identityFull && m.Columns[i].Flags&1 == 0 {
				return fail("its replica identity does not have the key column %s", k.From)
			}
			r.key = append(r.key, i)
		}
	}
	if len(r.key) != len(mapping.Key) {
		return fail("its columns are not those of the key")
	}
	s.relations[m.RelationID] = r
	return nil
}

// known returns the relation that a change is of.
func (s *Stream) known(oid uint32) (*relation, error) {
	r := s.relations[oid]
	switch {
	case r == nil:
		return nil, fmt.Errorf("the server sent a change of relation %d without describing it", oid)
	case r.mapping == nil && !s.o.SkipUnknown:
		return nil, &UnknownError{Table: r.table}
	}
	return r, nil
}

// compareNames says how the columns differ from the Mapping's; "" if they don't.
func compareNames(m *Mapping, got *pglogrepl.RelationMessage) string {
	has, had := map[string]bool{}, map[string]bool{}
	for _, c := range m.Columns {
		had[string(c.Name)] = true
	}
	var said []string
	for _, c := range got.Columns {
		has[c.Name] = true
		if !had[c.Name] {
			said = append(said, fmt.Sprintf("column %s is new", sqltmpl.Ident(c.Name)))
		}
	}
	for _, c := range m.Columns {
		if !has[string(c.Name)] {
			said = append(said, fmt.Sprintf("column %s is gone", c.Name))
		}
	}
	if len(said) == 0 {
		for i, c := range m.Columns {
			if got.Columns[i].Name != string(c.Name) {
				return "its columns are in another order: it has been made anew"
			}
		}
	}
	return strings.Join(said, ", ")
}
