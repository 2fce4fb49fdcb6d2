package stages

import (
	"fmt"
	"time"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/strategies/logical"
)

const (
	// gaugeWindow is the stretch of time that the rates of a stream are taken over.
	gaugeWindow = 10 * time.Second
	// stalledAfter is how long nothing may be applied, with something to apply, before we say so.
	stalledAfter = 10 * time.Second
)

// A gauge tells how fast a stream comes in and is applied.
type gauge struct {
	samples []gaugeSample // of the last gaugeWindow, and one before that
	began   time.Time
	movedAt time.Time
}

type gaugeSample struct {
	at           time.Time
	end, settled int64 // of the WAL: where it ended, and what of it has been dealt with
	changes      int64 // applied and, of a large transaction, written
}

// add takes in where the stream is now.
func (g *gauge) add(p logical.Progress, at time.Time) {
	now := gaugeSample{at: at, end: int64(p.WALEnd), changes: p.Changes + p.Pending} //nolint:gosec // positions are below 2^63
	now.settled = now.end - p.LagBytes
	if g.began.IsZero() {
		g.began = at
	}
	if n := len(g.samples); n == 0 || p.LagBytes == 0 || now.settled > g.samples[n-1].settled || now.changes > g.samples[n-1].changes {
		g.movedAt = at
	}
	g.samples = append(g.samples, now)
	for len(g.samples) > 2 && at.Sub(g.samples[1].at) >= gaugeWindow {
		g.samples = g.samples[1:]
	}
}

// pulse says where the stream is, how fast, and what is wrong with that.
func (g *gauge) pulse(p logical.Progress) registry.Pulse {
	out := registry.Pulse{Received: p.Received, Applied: p.Applied, LagBytes: p.LagBytes}
	if p.Lag != logical.UnknownLag {
		out.Lag = &p.Lag
	}
	if out.Lag == nil && p.LagBytes > 0 {
		lag := g.samples[len(g.samples)-1].at.Sub(g.began) // at the least
		out.Lag = &lag
	}
	first, last := g.samples[0], g.samples[len(g.samples)-1]
	took := last.at.Sub(first.at)
	if took > 0 {
		out.BytesIn = max(float64(last.end-first.end)/took.Seconds(), 0)
		out.BytesOut = max(float64(last.settled-first.settled)/took.Seconds(), 0)
		out.ChangesOut = max(float64(last.changes-first.changes)/took.Seconds(), 0)
	}
	if p.LagBytes > 0 {
		out.Idle = last.at.Sub(g.movedAt)
	}
	switch lag := last.end - last.settled; {
	case out.Idle >= stalledAfter:
		out.Warning = fmt.Sprintf("nothing has been applied for %s, with %d bytes of WAL to be applied", out.Idle.Round(time.Second), p.LagBytes)
	case took >= gaugeWindow && lag > caughtUpBytes && lag >= first.end-first.settled && out.BytesIn >= out.BytesOut:
		out.Warning = fmt.Sprintf("will not catch up at this rate: %.1f MB/s of WAL in, %.1f MB/s out (%.0f changes/s)",
			out.BytesIn/1e6, out.BytesOut/1e6, out.ChangesOut)
	}
	return out
}
