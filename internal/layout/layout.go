// Package layout knows where PostgreSQL puts the columns of a row: it predicts
// the size of a tuple to the byte, and finds an order of columns that wastes
// less on alignment. It is arithmetic only and asks no server.
package layout

// What a server built as usual has: the page, the fixed part of a tuple's
// header, the largest alignment, a line pointer, and where the toaster begins.
const (
	PageBytes    = 8192
	PageHeader   = 24
	LinePointer  = 4
	maxAlign     = 8
	tupleHeader  = 23
	toastFrom    = 2032 // TOAST_TUPLE_THRESHOLD
	toastPointer = 18
	shortMax     = 127 // the largest varlena with a header of one byte
)

// A Column is how one column is stored, from pg_attribute.
type Column struct {
	Name     string
	Type     string
	Length   int  // attlen: -1 is a varlena
	Align    int  // in bytes, from attalign
	Packable bool // a varlena that may have a header of one byte: any storage but PLAIN
	NotNull  bool
	Dropped  bool
	Absent   bool // dropped or virtual: a null in every row
}

// varlena reports whether values differ in size.
func (c Column) varlena() bool { return c.Length < 0 }

// A Value is what one row has in one column.
type Value struct {
	Null bool
	Size int // as stored, header of a varlena included
	// Aligned: a varlena with a header of four bytes however small, as compressed ones have.
	Aligned bool
}

// A Tuple says how the bytes of one row are spent.
type Tuple struct {
	Header  int   // with the null bitmap
	Data    int   // of the columns, padding between them included
	Padding int   // between columns
	Before  []int // padding before each column
}

// Bytes is what pg_column_size says of the row.
func (t Tuple) Bytes() int { return t.Header + t.Data }

// OnPage is what the row takes of a page, its line pointer left out.
func (t Tuple) OnPage() int { return align(t.Bytes(), maxAlign) }

// Tail is the padding after the last column.
func (t Tuple) Tail() int { return t.OnPage() - t.Bytes() }

func align(n, to int) int { return (n + to - 1) / to * to }

// Row lays a row out. Where it would be too long for a page, its largest
// values are moved out to the TOAST table, as far as that is predictable.
func Row(columns []Column, row []Value) Tuple {
	t := place(columns, row)
	if t.OnPage() <= toastFrom {
		return t
	}
	row = append([]Value{}, row...)
	for t.OnPage() > toastFrom {
		largest := -1
		for i, c := range columns {
			if c.varlena() && c.Packable && !row[i].Null && row[i].Size > toastPointer+maxAlign &&
				(largest < 0 || row[i].Size > row[largest].Size) {
				largest = i
			}
		}
		if largest < 0 {
			break
		}
		row[largest] = Value{Size: toastPointer}
		t = place(columns, row)
	}
	return t
}

// place is heap_compute_data_size and heap_form_tuple.
func place(columns []Column, row []Value) Tuple {
	t := Tuple{Header: tupleHeader, Before: make([]int, len(columns))}
	nulls := false
	for i, c := range columns {
		v := row[i]
		if v.Null || c.Absent {
			nulls = true
			continue
		}
		size := v.Size
		if !c.varlena() {
			size = c.Length
		}
		pad := align(t.Data, alignment(c, v)) - t.Data
		t.Before[i] = pad
		t.Padding += pad
		t.Data += pad + size
	}
	if nulls {
		t.Header += (len(columns) + 7) / 8
	}
	t.Header = align(t.Header, maxAlign)
	return t
}

// alignment is where a value may begin. A header of one byte needs none, and
// so has a pointer to the TOAST table.
func alignment(c Column, v Value) int {
	if c.varlena() && c.Packable && !v.Aligned && v.Size <= shortMax {
		return 1
	}
	return c.Align
}

// RowsPerPage is how many rows of so many bytes, line pointers left out, a
// page takes at a fillfactor.
func RowsPerPage(onPage float64, fillfactor int) float64 {
	room := float64(PageBytes-PageHeader) - float64(PageBytes*(100-fillfactor))/100
	return max(room/(onPage+LinePointer), 1)
}
