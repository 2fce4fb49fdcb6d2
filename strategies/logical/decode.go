package logical

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pglogrepl"
)

// take decodes one message into s.change and reports whether there is one now.
func (s *Stream) take(ctx context.Context, data []byte) (what, error) {
	if len(data) == 0 {
		return nothing, errTuple
	}
	switch kind := pglogrepl.MessageType(data[0]); kind {
	case pglogrepl.MessageTypeInsert, pglogrepl.MessageTypeUpdate, pglogrepl.MessageTypeDelete:
		if s.skip {
			return nothing, nil
		}
		return s.row(Op(kind), data[1:])
	case pglogrepl.MessageTypeType, pglogrepl.MessageTypeOrigin:
		return nothing, nil
	default:
	}
	message, err := pglogrepl.Parse(data)
	if err != nil {
		return nothing, err
	}
	switch m := message.(type) {
	case *pglogrepl.BeginMessage:
		s.inside, s.commitAt, s.commitTime = true, m.FinalLSN, m.CommitTime
		// The server begins at From by itself; applied twice a transaction would bring old rows back.
		s.skip = m.FinalLSN < s.o.From
		if s.skip {
			return nothing, nil
		}
		return begin, nil
	case *pglogrepl.CommitMessage:
		s.inside = false
		s.received = max(s.received, m.TransactionEndLSN)
		s.change = Change{Op: Commit, End: m.TransactionEndLSN}
		if s.skip {
			return nothing, nil
		}
		return change, nil
	case *pglogrepl.RelationMessage:
		return nothing, s.describe(ctx, m)
	case *pglogrepl.TruncateMessage:
		s.change = Change{Op: Truncate}
		for _, oid := range m.RelationIDs {
			r, err := s.known(oid)
			if err != nil {
				return nothing, err
			}
			if r.mapping != nil {
				s.change.Relations = append(s.change.Relations, oid)
			}
		}
		if err := s.truncated(s.change.Relations); err != nil {
			return nothing, err
		}
	case *pglogrepl.LogicalDecodingMessage:
		if m.Prefix != barrierPrefix || !m.Transactional {
			return nothing, nil
		}
		s.change = Change{Op: Barrier, Token: string(m.Content)}
	default:
		return nothing, fmt.Errorf("the server sent a message of kind %q", data[0])
	}
	if s.skip {
		return nothing, nil
	}
	return change, nil
}

// truncated refuses a TRUNCATE of some of the partitions whose rows are in one
// table on the other side: which rows are theirs is not known there.
func (s *Stream) truncated(relations []uint32) error {
	for _, oid := range relations {
		one := s.relations[oid].mapping
		if !one.Shared {
			continue
		}
		for other, m := range s.mappings {
			if m.Shared && m.To == one.To && !slices.Contains(relations, other) {
				return &ChangedError{Table: one.From, What: "it was truncated alone, and on the other side it is no table of its own"}
			}
		}
	}
	return nil
}

// row decodes an insert, update or delete into s.change, unless it is to be skipped.
func (s *Stream) row(op Op, data []byte) (what, error) {
	if err := s.rows.parse(data); err != nil {
		return nothing, err
	}
	r, err := s.known(s.rows.relation)
	if err != nil || r.mapping == nil {
		return nothing, err
	}
	return change, s.values(op, r)
}

// values makes s.change of the values that were read.
func (s *Stream) values(op Op, r *relation) error {
	before, after, width := s.rows.old, s.rows.new, len(r.mapping.Columns)
	if (len(before) != 0 && len(before) != width) || (len(after) != 0 && len(after) != width) ||
		(op == Delete) != (len(after) == 0) || (op == Delete && len(before) == 0) {
		return fmt.Errorf("%w of table %s", errTuple, r.table.Plain())
	}
	s.change = Change{Op: op, Relation: s.rows.relation}
	if len(before) != 0 {
		// Of a key too large for its place the new row does not say what it is, but the old one
		// does; with FULL that holds for all values.
		for i := range after {
			if after[i].Kind == Unchanged && before[i].Kind == Text {
				after[i] = before[i]
			}
		}
		s.old = s.old[:0]
		for _, i := range r.key {
			if before[i].Kind != Text {
				return fmt.Errorf("%w of table %s: no key", errTuple, r.table.Plain())
			}
			s.old = append(s.old, before[i])
		}
		s.change.Old = s.old
	}
	if op == Delete {
		return nil
	}
	for _, i := range r.key {
		if after[i].Kind != Text {
			return fmt.Errorf("%w of table %s: no key", errTuple, r.table.Plain())
		}
	}
	s.change.New = after
	return nil
}
