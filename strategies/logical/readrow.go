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
	rows, err := read.Statement().Rows(ctx, db)
	if err != nil {
		return nil, false, fmt.Errorf("reading a row of %s again: %w", m.From.Plain(), err)
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, false, rows.Err()
	}
	texts := make([]*string, len(m.Columns))
	into := make([]any, len(texts))
	for i := range texts {
		into[i] = &texts[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, false, fmt.Errorf("reading a row of %s again: %w", m.From.Plain(), err)
	}
	out := make([]Value, len(texts))
	for i, text := range texts {
		if out[i] = (Value{Kind: Null}); text != nil {
			out[i] = Value{Kind: Text, Text: []byte(*text)}
		}
	}
	return out, true, nil
}
