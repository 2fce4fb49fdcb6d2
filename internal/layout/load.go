package layout

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/sqltmpl"
)

// Load reads how the columns of a table are stored, dropped ones included. It
// looks at the catalogs only.
func Load(ctx context.Context, db sqltmpl.DB, oid uint32) ([]Column, error) {
	stored, err := sqltmpl.All[sqltmpl.StoredColumn](ctx, db, sqltmpl.ReadStoredColumns{OID: oid}.Statement())
	if err != nil {
		return nil, fmt.Errorf("reading how columns are stored: %w", err)
	}
	columns := make([]Column, len(stored))
	for i, c := range stored {
		columns[i] = Column{
			Name: c.Name, Type: c.Type, Length: c.Length, Align: c.Align, Packable: c.Packable,
			NotNull: c.NotNull, Dropped: c.Dropped, Absent: c.Absent,
		}
	}
	return columns, nil
}

// A Rows is a sample of a table's rows.
type Rows struct {
	Rows  [][]Value
	Pages int64 // of the table, now
	Total int64 // of the table, estimated
}

// Permuted returns the sampled rows with their columns in another order.
func (r Rows) Permuted(order []int) [][]Value {
	out := make([][]Value, len(r.Rows))
	for i, row := range r.Rows {
		out[i] = Permute(row, order)
	}
	return out
}

// What a sample reads at most.
const (
	samplePages = 100
	sampleRows  = 40000
)

// Sample reads what some rows take in each column: of about 100 pages, spread
// over the table. It takes ACCESS SHARE on it, and reads nothing of its TOAST
// table. The same rows are chosen each time.
func Sample(
	ctx context.Context, db sqltmpl.DB, oid uint32, table sqltmpl.Rows, values []sqltmpl.SampleValue,
) (Rows, error) {
	count, err := sqltmpl.One[sqltmpl.RowCount](ctx, db, sqltmpl.CountRows{OID: oid}.Statement())
	if err != nil {
		return Rows{}, fmt.Errorf("counting rows of %s: %w", table.Of.Plain(), err)
	}
	percent := min(100*samplePages/float64(max(count.Pages, 1)), 100)
	sizes, err := sqltmpl.Scalars[[]*int32](ctx, db, sqltmpl.SampleRows{
		Table: table, Values: values, Percent: percent, Limit: sampleRows, Guess: typical,
	}.Statement())
	if err != nil {
		return Rows{}, fmt.Errorf("sampling rows of %s: %w", table.Of.Plain(), err)
	}
	out := Rows{Pages: count.Pages, Total: count.Rows}
	if out.Total < 0 && len(sizes) < sampleRows { // never analyzed
		out.Total = int64(float64(len(sizes)) * 100 / percent)
	}
	for _, row := range sizes {
		line := make([]Value, len(row))
		for i, size := range row {
			line[i] = value(size, values[i])
		}
		out.Rows = append(out.Rows, line)
	}
	return out, nil
}

// value makes a Value of what the server said: null, a size, or the negated
// size of a value that is compressed in place.
func value(size *int32, how sqltmpl.SampleValue) Value {
	switch {
	case size == nil:
		return Value{Null: true}
	case *size < 0:
		return Value{Size: int(-*size), Aligned: true}
	case how.Text && *size > shortMax:
		return Value{Size: int(*size) + 3} // the header has four bytes then
	default:
		return Value{Size: int(*size)}
	}
}
