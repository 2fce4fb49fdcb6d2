// Package analyze says how the bytes of a table are spent, and what rewriting
// it would save. It only reads: catalogs, statistics and a sample of the rows.
package analyze

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/internal/layout"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Report is about one table. Everything in it but sizes is an estimate.
type Report struct {
	Table       string   `json:"table"`
	Rows        int64    `json:"rows"`         // -1: unknown
	SampledRows int      `json:"sampled_rows"` // widths, nulls and padding are averages over these
	Columns     []Column `json:"columns"`
	Row         Row      `json:"row"`
	Heap        Heap     `json:"heap"`
	Indexes     []Index  `json:"indexes"`
	Best        Best     `json:"optimize_columns"`
	// PlainSaves is what a job without options saves, in the table and its indexes.
	PlainSaves int64 `json:"plain_saves_bytes"`
}

// A Column is one column, in the order of the table.
type Column struct {
	Name         string  `json:"name"`
	Type         string  `json:"type"`
	Align        int     `json:"align"`
	Length       int     `json:"length"`         // -1: it varies
	Before       float64 `json:"padding_before"` // bytes lost in front of it
	Bytes        float64 `json:"average_bytes"`  // of values that are not null
	NullFraction float64 `json:"null_fraction"`
	NotNull      bool    `json:"not_null"`
	Dropped      bool    `json:"dropped"`
}

// A Row is what one takes on average.
type Row struct {
	Bytes   float64 `json:"bytes"`         // on its page, all included but the line pointer
	Padding float64 `json:"padding_bytes"` // between columns and after the last
}

// A Heap says what is in the main file of the table.
type Heap struct {
	Bytes      int64 `json:"bytes"`
	ToastBytes int64 `json:"toast_bytes"`
	Needed     int64 `json:"needed_bytes"` // for the live rows, at the table's fillfactor
	DeadRows   int64 `json:"dead_rows"`
	Dead       int64 `json:"dead_bytes"`
	Bloat      int64 `json:"bloat_bytes"` // dead rows, free space and what can't be used
	Fillfactor int   `json:"fillfactor"`
}

// Best is what --optimize-columns saves besides.
type Best struct {
	Order       []string `json:"order"`
	Row         Row      `json:"row"`
	SavedPerRow float64  `json:"saved_bytes_per_row"`
	Saved       int64    `json:"saved_bytes"`
}

// Table reports on one table or materialized view. It takes ACCESS SHARE on it
// and reads about 100 of its pages.
func Table(ctx context.Context, db sqltmpl.DB, oid uint32, table sqltmpl.Table) (Report, error) {
	r := Report{Table: table.Plain(), Columns: []Column{}, Indexes: []Index{}}
	stats, err := sqltmpl.One[sqltmpl.TableStats](ctx, db, sqltmpl.ReadTableStats{OID: oid}.Statement())
	if err != nil {
		return r, fmt.Errorf("analyzing %s: %w", r.Table, err)
	}
	if stats.Kind != "r" && stats.Kind != "m" {
		return r, &KindError{Table: r.Table}
	}
	columns, err := layout.Load(ctx, db, oid)
	if err != nil {
		return r, err
	}
	values := make([]sqltmpl.SampleValue, len(columns))
	for i, c := range columns {
		values[i] = sqltmpl.SampleValue{Column: sqltmpl.Ident(c.Name), Absent: c.Absent, Fixed: c.Length > 0}
	}
	sample, err := layout.Sample(ctx, db, oid, sqltmpl.Rows{Of: table}, values)
	if err != nil {
		return r, err
	}
	r.Rows, r.SampledRows = sample.Total, len(sample.Rows)
	r.layout(columns, sample)
	r.heap(stats, columns, sample)
	if err := r.indexes(ctx, db, oid, sample); err != nil {
		return r, err
	}
	r.PlainSaves = max(r.Heap.Bytes-r.Heap.Needed, 0)
	for _, index := range r.Indexes {
		if index.Bloat != nil {
			r.PlainSaves += *index.Bloat
		}
	}
	return r, nil
}

// layout fills in the columns.
func (r *Report) layout(columns []layout.Column, sample layout.Rows) {
	mean := layout.Average(columns, sample.Rows)
	r.Row = Row{Bytes: mean.OnPage, Padding: mean.Padding}
	for i, c := range columns {
		line := Column{
			Name: c.Name, Type: c.Type, Align: c.Align, Length: c.Length, Before: mean.Before[i],
			NotNull: c.NotNull, Dropped: c.Dropped,
		}
		nulls, bytes := 0, 0
		for _, row := range sample.Rows {
			switch {
			case row[i].Null:
				nulls++
			case c.Length > 0:
				bytes += c.Length
			default:
				bytes += row[i].Size
			}
		}
		if n := len(sample.Rows); n > 0 {
			line.NullFraction = float64(nulls) / float64(n)
			line.Bytes = float64(bytes) / float64(max(n-nulls, 1))
		}
		r.Columns = append(r.Columns, line)
	}
}

// A KindError says that something has no layout to speak of.
type KindError struct {
	Table string
}

func (e *KindError) Error() string { return e.Table + " is not a table with rows of its own" }

// Hint says what to do about it.
func (e *KindError) Hint() string {
	return "name a table, a partition or a materialized view"
}
