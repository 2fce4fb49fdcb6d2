package logical

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var errTuple = errors.New("the server sent a malformed row")

// tuple reads a row of a pgoutput message into values, which point into
// data, and returns what follows it. pglogrepl does the same with two
// allocations for each value.
func tuple(data []byte, values []Value) ([]Value, []byte, error) {
	if len(data) < 2 {
		return nil, nil, errTuple
	}
	columns := int(binary.BigEndian.Uint16(data))
	data = data[2:]
	for range columns {
		if len(data) < 1 {
			return nil, nil, errTuple
		}
		kind := ValueKind(data[0])
		data = data[1:]
		switch kind {
		case Null, Unchanged:
			values = append(values, Value{Kind: kind})
		case Text:
			if len(data) < 4 {
				return nil, nil, errTuple
			}
			size := binary.BigEndian.Uint32(data)
			data = data[4:]
			if uint64(size) > uint64(len(data)) {
				return nil, nil, errTuple
			}
			values = append(values, Value{Kind: Text, Text: data[:size:size]})
			data = data[size:]
		default:
			return nil, nil, fmt.Errorf("%w: a value of kind %q", errTuple, byte(kind))
		}
	}
	return values, data, nil
}

// rows are the tuples of an insert, update or delete message.
type rows struct {
	relation uint32
	old      []Value // of a key or a whole row; nil if there is none
	new      []Value // nil if there is none
}

// parseRows reads an insert, update or delete message behind its first byte,
// into the space that r has.
func (r *rows) parse(data []byte) error {
	r.old, r.new = r.old[:0], r.new[:0]
	if len(data) < 5 {
		return errTuple
	}
	r.relation = binary.BigEndian.Uint32(data)
	data = data[4:]
	var err error
	for len(data) > 0 {
		kind := data[0]
		switch {
		case (kind == 'K' || kind == 'O') && len(r.old)+len(r.new) == 0:
			r.old, data, err = tuple(data[1:], r.old)
		case kind == 'N' && len(r.new) == 0:
			r.new, data, err = tuple(data[1:], r.new)
		default:
			return fmt.Errorf("%w: a row of kind %q", errTuple, kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
