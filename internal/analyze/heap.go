package analyze

import (
	"math"
	"slices"

	"github.com/repave-pg/repave/internal/layout"
	"github.com/repave-pg/repave/sqltmpl"
)

// heap compares the size of the table with what its live rows need, in the
// order that the columns have and in the best one.
func (r *Report) heap(stats sqltmpl.TableStats, columns []layout.Column, sample layout.Rows) {
	r.Heap = Heap{
		Bytes: stats.HeapBytes, ToastBytes: stats.ToastBytes, DeadRows: stats.DeadRows, Fillfactor: stats.Fillfactor,
	}
	// A rewritten table has no dropped columns.
	var live []int
	for i, c := range columns {
		if !c.Dropped {
			live = append(live, i)
		}
	}
	columns, rows := layout.Permute(columns, live), sample.Permuted(live)
	order := layout.Optimize(columns, rows)
	best := make([][]layout.Value, len(rows))
	for i, row := range rows {
		best[i] = layout.Permute(row, order)
	}
	moved := layout.Permute(columns, order)
	now, then := layout.Average(columns, rows), layout.Average(moved, best)
	for _, c := range moved {
		r.Best.Order = append(r.Best.Order, c.Name)
	}
	r.Best.Row = Row{Bytes: then.OnPage, Padding: then.Padding}
	r.Best.SavedPerRow = now.OnPage - then.OnPage
	if r.Rows < 0 {
		r.Heap.Needed = r.Heap.Bytes
		return
	}
	r.Heap.Needed = pages(r.Rows, columns, rows, stats.Fillfactor) * layout.PageBytes
	r.Heap.Dead = min(int64(float64(stats.DeadRows)*(r.Row.Bytes+layout.LinePointer)), r.Heap.Bytes)
	r.Heap.Bloat = max(r.Heap.Bytes-r.Heap.Needed, 0)
	r.Best.Saved = max(r.Heap.Needed-pages(r.Rows, moved, best, stats.Fillfactor)*layout.PageBytes, 0)
}

// pages is how many of them so many rows like those of the sample fill. Where
// rows differ in size, half a row of each page stays empty on average.
func pages(total int64, columns []layout.Column, rows [][]layout.Value, fillfactor int) int64 {
	if total == 0 {
		return 0
	}
	size := layout.Average(columns, rows).OnPage
	perPage := layout.RowsPerPage(size, fillfactor)
	same := !slices.ContainsFunc(rows, func(row []layout.Value) bool {
		return layout.Row(columns, row).OnPage() != int(size)
	})
	if same {
		perPage = math.Floor(perPage)
	} else {
		perPage = max(perPage-0.5, 1)
	}
	return int64(math.Ceil(float64(total) / perPage))
}
