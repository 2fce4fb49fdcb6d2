package logical

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/sqltmpl"
)

// ReadRow reads a row of m.From as it is now, its columns in the order of
// m.Columns; false if there is none. The session's settings must be those of
// the sessions that apply, so that text means the same there.
func ReadRow(ctx context.Context, db sqltmpl.DB, m Mapping, key []Value) ([]Value, bool, error) {
	read := sqltmpl.ReadRow{Table: m.From}
	for _, c := range m.Columns {
		read.Columns = append(read.Columns, c.Name)
	}
	for i, k := range m.Key {
		read.Key = append(read.Key, sqltmpl.RowKey{Name: k.From, Type: k.FromType})
		read.Values = append(read.Values, string(key[i].Text))
	}
	rows, err := sqltmpl.Scalars[[]*string](ctx, db, read.Statement())
	if err != nil {
		return nil, false, fmt.Errorf("reading a row of %s again: %w", m.From.Plain(), err)
	}
	if len(rows) == 0 {
		return nil, false, nil
	}
	out := make([]Value, len(rows[0]))
	for i, text := range rows[0] {
		if out[i] = (Value{Kind: Null}); text != nil {
			out[i] = Value{Kind: Text, Text: []byte(*text)}
		}
	}
	return out, true, nil
}
