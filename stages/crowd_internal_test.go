package stages

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLaw1ABusyServerStillGetsAJobDone: rest is in proportion to the crowd, and
// never so long that a job does not get on.
func TestLaw1ABusyServerStillGetsAJobDone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		load float64
		busy bool
		want time.Duration
	}{{0, false, 0}, {3.9, false, 0}, {4, true, time.Second}, {8, true, 3 * time.Second}, {1000, true, 4 * time.Second}} {
		c := &crowd{most: 4, load: test.load, busy: test.busy}
		require.Equal(t, test.want, c.rest(time.Second), test.load)
	}
}
