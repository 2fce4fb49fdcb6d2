package define

import (
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// byOwner lists grants as if another role owned the object, and had granted them all.
func byOwner(grants []catalog.Grant, owner, other sqltmpl.Ident) []catalog.Grant {
	if grants == nil {
		return nil
	}
	out := make([]catalog.Grant, 0, len(grants))
	for _, g := range grants {
		g.Grantor = other
		if g.Grantee == owner {
			g.Grantee = other
		}
		if !slices.Contains(out, g) {
			out = append(out, g)
		}
	}
	return out
}

// renumbered is r with columns counted without gaps, as those of a new table are.
func renumbered(r catalog.Relation) catalog.Relation {
	now := map[int16]int16{}
	r.Columns = slices.Clone(r.Columns)
	for i := range r.Columns {
		now[r.Columns[i].Num] = int16(i + 1) //nolint:gosec // at most 1600
		r.Columns[i].Num = int16(i + 1)      //nolint:gosec // at most 1600
	}
	nums := func(list []int16) []int16 {
		out := make([]int16, len(list))
		for i, n := range list {
			out[i] = now[n] // of an expression 0
		}
		return out
	}
	r.Indexes, r.Checks, r.NotNulls = slices.Clone(r.Indexes), slices.Clone(r.Checks), slices.Clone(r.NotNulls)
	for i := range r.Indexes {
		r.Indexes[i].Columns = nums(r.Indexes[i].Columns)
	}
	for i := range r.Checks {
		r.Checks[i].Columns = nums(r.Checks[i].Columns)
	}
	for i := range r.NotNulls {
		r.NotNulls[i].Column = now[r.NotNulls[i].Column]
	}
	return r
}
