// Package compare tells whether every row of one table is, through the job's
// transforms, a row of another, by hashes of ranges of pages that any session may
// compute in any order; across clusters it does so itself.
package compare

// A Bucket sums up the rows whose hash ends alike: how many, and the exclusive
// or of their hashes. Keys are unique on both sides, so no row can cancel
// another.
type Bucket struct {
	Bucket int32
	Rows   int64
	Hash   int64
}

// Buckets sum up a table. Sums do not depend on the order of rows, so ranges
// may come from any session in any order.
type Buckets [256]struct{ rows, hash int64 }

// Add adds the sums of a range.
func (b *Buckets) Add(got []Bucket) {
	for _, g := range got {
		b[g.Bucket].rows += g.Rows
		b[g.Bucket].hash ^= g.Hash
	}
}

// Rows returns how many rows were added.
func (b *Buckets) Rows() (n int64) {
	for _, one := range b {
		n += one.rows
	}
	return n
}

// Differing returns the buckets that are not equal.
func (b *Buckets) Differing(other Buckets) (which []int32) {
	for i, one := range b {
		if one != other[i] {
			which = append(which, int32(i)) //nolint:gosec // below 256
		}
	}
	return which
}
