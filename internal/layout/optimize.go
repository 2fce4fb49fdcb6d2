package layout

import (
	"cmp"
	"slices"
)

// typical is taken for the size of a varlena of which nothing is known.
const typical = 16

// Mean is what rows take on average.
type Mean struct {
	OnPage  float64 // all of it, but for the line pointer
	Padding float64 // between columns, and after the last
	Before  []float64
}

// Average lays all rows out. Of no rows at all it takes one with a value in
// every column.
func Average(columns []Column, rows [][]Value) Mean {
	if len(rows) == 0 {
		rows = [][]Value{Typical(columns)}
	}
	m := Mean{Before: make([]float64, len(columns))}
	n := float64(len(rows))
	for _, row := range rows {
		t := Row(columns, row)
		m.OnPage += float64(t.OnPage()) / n
		m.Padding += float64(t.Padding+t.Tail()) / n
		for i, pad := range t.Before {
			m.Before[i] += float64(pad) / n
		}
	}
	return m
}

// Typical is a row with a value in every column.
func Typical(columns []Column) []Value {
	row := make([]Value, len(columns))
	for i, c := range columns {
		row[i] = Value{Size: typical, Null: c.Absent}
		if !c.varlena() {
			row[i].Size = c.Length
		}
	}
	return row
}

// Permute returns items in another order.
func Permute[T any](items []T, order []int) []T {
	out := make([]T, len(order))
	for i, at := range order {
		out[i] = items[at]
	}
	return out
}

// Optimize returns the order of columns, by their positions, in which rows
// take the least: the given one if none is known to be better.
//
// Fixed widths come first, by descending alignment, and of equal ones those
// that are never null: then no padding is needed whatever is null, and the
// server knows most offsets without looking. What breaks the rhythm (a timetz
// is 12 bytes long, and aligned to 8) is followed by what fits behind it.
// Varlenas come last, the long ones first, since short ones need no alignment.
func Optimize(columns []Column, rows [][]Value) []int {
	given := make([]int, len(columns))
	for i := range given {
		given[i] = i
	}
	var fixed, variable []int
	for i, c := range columns {
		if c.varlena() {
			variable = append(variable, i)
		} else {
			fixed = append(fixed, i)
		}
	}
	wants := make([]int, len(columns)) // alignment that values need as a rule
	for _, i := range variable {
		wants[i] = usual(columns[i], i, rows)
	}
	slices.SortStableFunc(variable, func(a, b int) int { return cmp.Compare(wants[b], wants[a]) })
	order := append(fit(columns, fixed), variable...)
	if average(columns, rows, order) >= average(columns, rows, given) {
		return given
	}
	return order
}

func average(columns []Column, rows [][]Value, order []int) float64 {
	moved := make([][]Value, len(rows))
	for i, row := range rows {
		moved[i] = Permute(row, order)
	}
	return Average(Permute(columns, order), moved).OnPage
}

// usual is the alignment that most values of a varlena need.
func usual(c Column, at int, rows [][]Value) int {
	aligned, values := 0, 0
	for _, row := range rows {
		if row[at].Null {
			continue
		}
		values++
		if alignment(c, row[at]) > 1 {
			aligned++
		}
	}
	if !c.Packable || 2*aligned > values {
		return c.Align
	}
	return 1
}

// fit orders columns of fixed width: next comes whatever needs no padding, of
// these the one with the largest alignment.
func fit(columns []Column, left []int) []int {
	var order []int
	offset := 0
	left = slices.Clone(left)
	for len(left) > 0 {
		best := 0
		for i := range left {
			if before(columns[left[i]], columns[left[best]], offset) {
				best = i
			}
		}
		c := columns[left[best]]
		offset = align(offset, c.Align) + c.Length
		order = append(order, left[best])
		left = slices.Delete(left, best, best+1)
	}
	return order
}

// before reports whether a is a better next column than b.
func before(a, b Column, offset int) bool {
	rank := func(c Column) [4]int {
		odd, null := 0, 0
		if c.Length%c.Align != 0 {
			odd = 1
		}
		if !c.NotNull {
			null = 1
		}
		return [4]int{align(offset, c.Align) - offset, -c.Align, odd, null}
	}
	x, y := rank(a), rank(b)
	return slices.Compare(x[:], y[:]) < 0
}
