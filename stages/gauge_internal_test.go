package stages

import (
	"testing"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/strategies/logical"
)

// run feeds a gauge with a stream's progress, second by second.
func (g *gauge) run(seconds int, at func(second int64) logical.Progress) (last registry.Pulse) {
	began := time.Unix(1_000_000, 0)
	for s := range seconds {
		p := at(int64(s))
		g.add(p, began.Add(time.Duration(s)*time.Second))
		last = g.pulse(p)
	}
	return last
}

func TestGaugeTellsWhetherAStreamCatchesUp(t *testing.T) {
	t.Parallel()
	const mb = 1_000_000
	stream := func(in, out, behind, changes int64) func(int64) logical.Progress {
		return func(s int64) logical.Progress {
			return logical.Progress{
				WALEnd: pglogrepl.LSN(100*mb + in*s), LagBytes: max(behind+(in-out)*s, 0), Changes: changes * s, Lag: logical.UnknownLag,
			}
		}
	}
	p := new(gauge).run(30, stream(8*mb, 3*mb, 2*mb, 500))
	require.Equal(t, "will not catch up at this rate: 8.0 MB/s of WAL in, 3.0 MB/s out (500 changes/s)", p.Warning)
	require.InDelta(t, 8*mb, p.BytesIn, 1)
	require.InDelta(t, 3*mb, p.BytesOut, 1)
	require.InDelta(t, 500, p.ChangesOut, 1)
	require.Equal(t, 29*time.Second, *p.Lag, "as long as it has been watched")
	require.Empty(t, new(gauge).run(30, stream(3*mb, 8*mb, 900*mb, 500)).Warning, "it gains on the writers")
	require.Empty(t, new(gauge).run(9, stream(8*mb, 3*mb, 2*mb, 500)).Warning, "too early to tell")
}

func TestGaugeTellsAStallFromALargeTransaction(t *testing.T) {
	t.Parallel()
	stalled := func(s int64) logical.Progress {
		return logical.Progress{WALEnd: pglogrepl.LSN(1000 + s), LagBytes: 500 + s, Changes: 7}
	}
	p := new(gauge).run(12, stalled)
	require.Equal(t, 11*time.Second, p.Idle)
	require.Equal(t, "nothing has been applied for 11s, with 511 bytes of WAL to be applied", p.Warning)
	p = new(gauge).run(60, func(s int64) logical.Progress {
		out := stalled(s)
		out.Pending = 1000 * s // of one transaction
		return out
	})
	require.Zero(t, p.Idle)
	require.Empty(t, p.Warning)
	require.InDelta(t, 1000, p.ChangesOut, 1)
	p = new(gauge).run(60, func(int64) logical.Progress { return logical.Progress{WALEnd: 1000, Changes: 7} })
	require.Empty(t, p.Warning, "there is nothing to apply")
}
