package shadow

import (
	"context"
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/layout"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Layout says what --optimize-columns is worth: in bytes per row, all
// included, on average over a sample of the source's rows.
type Layout struct {
	Order   sqltmpl.Columns `json:"order"` // the shadow's columns
	Changed bool            `json:"changed"`
	Before  float64         `json:"before_bytes_per_row"` // with the columns in the order they had
	After   float64         `json:"after_bytes_per_row"`
	Rows    int64           `json:"rows"` // estimated; -1: unknown
}

// Saved is how many bytes of the table the order saves.
func (l Layout) Saved() int64 { return int64((l.Before - l.After) * float64(max(l.Rows, 0))) }

// layout finds the best order of the shadow's columns, as positions in the
// list of those it has.
func (b *builder) layout(ctx context.Context) ([]int, error) {
	stored, err := layout.Load(ctx, b.tx, b.oid)
	if err != nil {
		return nil, err
	}
	// A column that --alter dropped would stay as a null in each row for ever.
	compact := slices.DeleteFunc(slices.Clone(stored), func(c layout.Column) bool { return c.Dropped })
	values := make([]sqltmpl.SampleValue, len(compact))
	for i, c := range compact {
		values[i] = b.sampleValue(c)
	}
	sample, err := layout.Sample(ctx, b.tx, b.src.OID, sqltmpl.Rows{Of: b.src.Table, Partitioned: b.src.Kind == "p"}, values)
	if err != nil {
		return nil, err
	}
	order := layout.Optimize(compact, sample.Rows)
	columns := layout.Permute(compact, order)
	found := &Layout{Rows: sample.Total}
	for _, c := range columns {
		found.Order = append(found.Order, sqltmpl.Ident(c.Name))
	}
	found.Before = layout.Average(stored, spread(stored, sample.Rows)).OnPage
	found.After = layout.Average(columns, sample.Permuted(order)).OnPage
	found.Changed = found.After < found.Before
	b.plan.Layout = found
	return order, nil
}

// spread puts nulls where dropped columns are.
func spread(stored []layout.Column, rows [][]layout.Value) [][]layout.Value {
	out := make([][]layout.Value, len(rows))
	for i, row := range rows {
		for _, c := range stored {
			if c.Dropped {
				out[i] = append(out[i], layout.Value{Null: true})
				continue
			}
			out[i] = append(out[i], row[0])
			row = row[1:]
		}
	}
	return out
}

// sampleValue says how to learn from the source's rows what the shadow's will
// take in one column. Expressions and casts are not run: they may fail.
func (b *builder) sampleValue(c layout.Column) sqltmpl.SampleValue {
	at := slices.IndexFunc(b.plan.Columns, func(p Column) bool { return string(p.Shadow) == c.Name })
	p := b.plan.Columns[at]
	shadow := columnByName(b.altered.Columns, p.Shadow)
	source := columnByName(b.src.Columns, p.Source)
	v := sqltmpl.SampleValue{Column: p.Source}
	switch {
	case c.Absent:
		v.Absent = true
	case p.Source != "" && p.Using == "" && c.Length > 0:
		v.Fixed = true
	case p.Source == "" && p.Using == "" && shadow.Default == "" && shadow.Identity == "":
		v.Absent = true // added without a default: null in every row there is
	case p.Source == "" || p.Using != "":
		v.Guess = true
	case source.BaseType == shadow.BaseType:
	default:
		v.Text = true
	}
	return v
}

// columnByName returns no column if there is none of that name.
func columnByName(columns []catalog.Column, name sqltmpl.Ident) catalog.Column {
	at := slices.IndexFunc(columns, func(c catalog.Column) bool { return c.Name == name })
	if at < 0 {
		return catalog.Column{}
	}
	return columns[at]
}
