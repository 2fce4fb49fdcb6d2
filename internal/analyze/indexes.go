package analyze

import (
	"context"
	"fmt"
	"math"

	"github.com/repave-pg/repave/internal/layout"
	"github.com/repave-pg/repave/sqltmpl"
)

// An Index is compared with what it would be if it were built anew.
type Index struct {
	Name   string `json:"name"`
	Method string `json:"method"`
	Bytes  int64  `json:"bytes"`
	Needed *int64 `json:"needed_bytes"` // nil: there is no estimate for this method
	Bloat  *int64 `json:"bloat_bytes"`
}

// What a b-tree is made of.
const (
	treeHeader  = 8   // of an index tuple
	treeSpecial = 16  // at the end of each page
	treePosting = 812 // the largest tuple that CREATE INDEX merges equal keys into
	treeItem    = 6   // a row's address in such a tuple
)

func (r *Report) indexes(
	ctx context.Context, db sqltmpl.DB, oid uint32, sample layout.Rows,
) error {
	found, err := sqltmpl.All[sqltmpl.IndexStats](ctx, db, sqltmpl.ReadIndexStats{OID: oid}.Statement())
	if err != nil {
		return fmt.Errorf("analyzing indexes: %w", err)
	}
	stats, err := columnStats(ctx, db, oid)
	if err != nil {
		return err
	}
	for _, index := range found {
		line := Index{Name: index.Name, Method: index.Method, Bytes: index.Bytes}
		rows := index.Rows
		if rows < 0 {
			rows = r.Rows
		}
		if index.Method == "btree" && rows >= 0 {
			keys, err := keysOf(ctx, db, index, sample, stats)
			if err != nil {
				return err
			}
			needed := keys.tree(rows, index)
			bloat := max(index.Bytes-needed, 0)
			line.Needed, line.Bloat = &needed, &bloat
		}
		r.Indexes = append(r.Indexes, line)
	}
	return nil
}

func columnStats(ctx context.Context, db sqltmpl.DB, oid uint32) (map[int16]sqltmpl.ColumnStats, error) {
	found, err := sqltmpl.All[sqltmpl.ColumnStats](ctx, db, sqltmpl.ReadColumnStats{OID: oid}.Statement())
	if err != nil {
		return nil, fmt.Errorf("reading statistics: %w", err)
	}
	out := map[int16]sqltmpl.ColumnStats{}
	for _, s := range found {
		out[s.Number] = s
	}
	return out, nil
}

// keys are what is in an index.
type keys struct {
	columns  []layout.Column
	rows     [][]layout.Value
	distinct func(rows float64) float64 // how many different keys there are
}

// keysOf takes the values of an index from the sample of its table, and those of
// expressions from the statistics.
func keysOf(
	ctx context.Context, db sqltmpl.DB, index sqltmpl.IndexStats, sample layout.Rows,
	stats map[int16]sqltmpl.ColumnStats,
) (keys, error) {
	stored, err := layout.Load(ctx, db, index.OID)
	if err != nil {
		return keys{}, err
	}
	own, err := columnStats(ctx, db, index.OID)
	if err != nil {
		return keys{}, err
	}
	k := keys{columns: stored, rows: make([][]layout.Value, max(len(sample.Rows), 1))}
	var found []sqltmpl.ColumnStats
	for i, num := range index.Columns {
		s, known := stats[num]
		if num == 0 {
			s, known = own[int16(i+1)] //nolint:gosec // an index has at most 32 columns
		}
		if known {
			found = append(found, s)
		}
		typical := layout.Typical(stored)[i]
		if known && stored[i].Length < 0 {
			typical.Size = max(s.Width, 1)
		}
		for n := range k.rows {
			value := typical
			if num > 0 && n < len(sample.Rows) {
				value = sample.Rows[n][num-1]
				// What the table has moved out of the row the index compresses, if it can hold it at all.
				value.Size = min(value.Size, layout.PageBytes/3)
			}
			k.rows[n] = append(k.rows[n], value)
		}
	}
	k.distinct = func(rows float64) float64 {
		different := 1.0
		for _, s := range found {
			n := s.Distinct
			if n < 0 {
				n *= -rows
			}
			different *= max(n, 1)
		}
		if len(found) < len(index.Columns) {
			return rows
		}
		return min(different, rows)
	}
	return k, nil
}

// tree is the size of a b-tree that was just built.
func (k keys) tree(rows int64, index sqltmpl.IndexStats) int64 {
	tuple := 0.0
	for _, row := range k.rows {
		t := layout.Row(k.columns, row)
		header := treeHeader
		for _, v := range row {
			if v.Null {
				header = 2 * treeHeader // with the null bitmap
			}
		}
		tuple += math.Ceil(float64(header+t.Data)/treeHeader) * treeHeader / float64(len(k.rows))
	}
	bytes := float64(rows) * (tuple + layout.LinePointer)
	if different := k.distinct(float64(rows)); index.Merges && different > 0 && float64(rows) > different {
		equal := float64(rows) / different
		postings := math.Ceil(equal / max(math.Floor((treePosting-tuple)/treeItem), 1))
		if equal > 1.5 {
			bytes = different * (equal*treeItem + postings*(tuple+layout.LinePointer))
		}
	}
	room := float64(layout.PageBytes-layout.PageHeader-treeSpecial) -
		float64(layout.PageBytes*(100-index.Fillfactor))/100 - tuple - layout.LinePointer
	leaves := math.Ceil(bytes / (math.Floor(room/(tuple+layout.LinePointer)) * (tuple + layout.LinePointer)))
	inner, level := 0.0, leaves
	perPage := max(math.Floor(float64(layout.PageBytes)*0.7/(tuple+layout.LinePointer)), 2)
	for level > 1 {
		level = math.Ceil(level / perPage)
		inner += level
	}
	return int64(leaves+inner+1) * layout.PageBytes
}
