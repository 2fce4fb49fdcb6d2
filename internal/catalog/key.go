package catalog

import "slices"

// KeyOf returns the index whose columns identify a row of r: the primary key;
// else the unique index on not-null columns with the fewest columns, the oldest
// among equals; and only if none of them is checked at once, a deferrable one.
func KeyOf(r Relation) (Index, bool) {
	var best Index
	found := false
	for _, index := range r.Indexes {
		if identifies(r, index) && (!found || preferred(index, best)) {
			best, found = index, true
		}
	}
	return best, found
}

// identifies reports whether no two rows of r agree in the columns of index.
func identifies(r Relation, index Index) bool {
	if !index.Unique || !index.Valid || index.Partial || len(index.Columns) == 0 {
		return false
	}
	if index.Constraint != nil && index.Constraint.Temporal {
		return false
	}
	return !slices.ContainsFunc(index.Columns, func(num int16) bool { return !notNull(r, num) })
}

// notNull reports whether the column is proven to hold no nulls.
func notNull(r Relation, num int16) bool {
	for _, constraint := range r.NotNulls {
		if constraint.Column == num && !constraint.Valid {
			return false
		}
	}
	return slices.ContainsFunc(r.Columns, func(c Column) bool { return c.Num == num && c.NotNull })
}

// preferred reports whether a makes the better key.
func preferred(a, b Index) bool {
	switch {
	case a.Immediate != b.Immediate:
		return a.Immediate
	case a.Primary != b.Primary:
		return a.Primary
	case len(a.Columns) != len(b.Columns):
		return len(a.Columns) < len(b.Columns)
	default:
		return a.OID < b.OID
	}
}
