package logical

import (
	"context"
	"fmt"

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
		return change, s.row(Op(kind), data[1:])
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
		s.change = Change{Op: Truncate, Relations: m.RelationIDs}
		for _, oid := range m.RelationIDs {
			if _, err := s.known(oid); err != nil {
				return nothing, err
			}
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

// row decodes an insert, update or delete into s.change.
func (s *Stream) row(op Op, data []byte) error {
	if err := s.rows.parse(data); err != nil {
		return err
	}
	r, err := s.known(s.rows.relation)
	if err != nil {
		return err
	}
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
