package stages

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOrderOfStages(t *testing.T) {
	t.Parallel()
	require.Equal(t, []Name{Preflight, Setup, Backfill, SyncSchema, Replay, Verify, Swap, Cleanup}, Order())
	var ran []Name
	for _, s := range (inPlace{}).forward() {
		ran = append(ran, s.Name())
	}
	require.Equal(t, []Name{Setup, Backfill, SyncSchema, Replay, Verify, Swap}, ran)
	require.True(t, Setup.Before(Swap))
	require.Equal(t, Cleanup, Cleanup.Next())
}

func TestBatchesFollowTheTimeTheyTake(t *testing.T) {
	t.Parallel()
	want := 500 * time.Millisecond
	require.EqualValues(t, 50, nextSize(100, time.Second, want))
	require.EqualValues(t, 400, nextSize(100, time.Millisecond, want), "grows fourfold at most")
	require.EqualValues(t, 1, nextSize(1, time.Hour, want), "never nothing")
	require.EqualValues(t, maxRange, nextSize(maxRange, time.Millisecond, want))
}

func TestPaceAllowsMoreTimeWhenRoundsDoNotGain(t *testing.T) {
	t.Parallel()
	p := newPace()
	p.note(10_000, time.Second)
	require.EqualValues(t, 500, p.limit(), "50 ms at 10,000 a second")
	told := false
	for range growingRounds + 1 {
		told = p.growing(1000, 500*time.Millisecond) || told
	}
	require.True(t, told)
	require.EqualValues(t, 1000, p.limit())
	for range 20 * growingRounds {
		p.growing(1000, 500*time.Millisecond)
	}
	require.EqualValues(t, 5000, p.limit(), "not beyond the lock timeout")
}
