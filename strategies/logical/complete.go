package logical

import (
	"context"
	"errors"
	"fmt"
)

// ErrIncomplete says that the stream did not send all of a row, the other side
// does not have the rest, and nobody can read it again.
var ErrIncomplete = errors.New("a row's large values are known neither here nor there")

// complete finds what is missing of rows: large values that their updates left
// unchanged. It looks at the row that the other side has, and else asks for it to be read
// again where it comes from. A row that is gone there will be deleted by a
// change yet to come, and is left out until then.
func (w *writer) complete(ctx context.Context, t *target, entries []entry) error {
	for i := range entries {
		e := &entries[i]
		if e.image == nil {
			continue
		}
		values := e.image.values(w.scratch[:0])
		w.scratch = values
		if !hasUnchanged(values) {
			continue
		}
		if e.op == updated {
			var ok bool
			if w.flags, ok = t.keeps(values, w.flags); ok {
				continue // UPDATE leaves them as they are
			}
		}
		if err := w.completeRow(ctx, t, e, values); err != nil {
			return err
		}
	}
	return nil
}

// completeRow completes one row.
func (w *writer) completeRow(ctx context.Context, t *target, e *entry, values []Value) error {
	origin := e.origin
	if origin == nil {
		origin = e.key
	}
	if len(t.staging.Plain) > 0 {
		var args [][]byte
		for _, k := range origin.values(nil) {
			args = append(args, k.Text)
		}
		row, found, err := t.staging.ReadKept().TextRow(ctx, w.conn.PgConn(), args)
		if err != nil {
			return err
		}
		for i := range values {
			if found && values[i].Kind == Unchanged && t.plain[i] >= 0 {
				values[i] = given(row[t.plain[i]])
			}
		}
	}
	if hasUnchanged(values) {
		if w.o.Reread == nil {
			return fmt.Errorf("%w: table %s", ErrIncomplete, t.m.From.Plain())
		}
		var key []Value
		for _, at := range t.keys {
			key = append(key, Value{Kind: Text, Text: append([]byte(nil), values[at].Text...)})
		}
		now, found, err := w.o.Reread(ctx, *t.m, key)
		if err != nil {
			return fmt.Errorf("reading a row again: %w", err)
		}
		if !found {
			e.op, e.image, e.origin = gone, nil, nil
			return nil
		}
		if len(now) != len(values) {
			return fmt.Errorf("reading a row again: %d columns, should be %d", len(now), len(values))
		}
		for i := range values {
			if values[i].Kind == Unchanged {
				values[i] = now[i]
			}
		}
	}
	e.image, e.origin = appendImage(nil, values), nil
	return nil
}

// given is a value as the server gave it, nil for NULL.
func given(text []byte) Value {
	if text == nil {
		return Value{Kind: Null}
	}
	return Value{Kind: Text, Text: text}
}
