package compare_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/compare"
)

func TestBucketsDoNotDependOnOrder(t *testing.T) {
	t.Parallel()
	var a, b compare.Buckets
	a.Add([]compare.Bucket{{1, 2, 5}, {3, 1, 9}})
	a.Add([]compare.Bucket{{1, 1, 6}})
	b.Add([]compare.Bucket{{1, 1, 6}, {3, 1, 9}})
	b.Add([]compare.Bucket{{1, 2, 5}})
	require.Empty(t, a.Differing(b))
	b.Add([]compare.Bucket{{7, 1, 1}})
	require.Equal(t, []int32{7}, a.Differing(b))
	require.EqualValues(t, 4, a.Rows())
}
