package stages

import "time"

// A pace is how fast rounds apply changes, and whether they gain on the writers.
type pace struct {
	rate   float64 // changes per second, of the last round that tells
	untidy int64   // changes taken since the log was vacuumed
	fence  time.Duration
	last   int64
	grown  int
}

// newPace begins with the time that nobody should notice.
func newPace() *pace { return &pace{fence: fencedTime} }

// note adds a round. Rounds of a few changes tell nothing of the rate.
func (p *pace) note(changes int64, took time.Duration) {
	p.untidy += changes
	if changes >= fencedMin || p.rate == 0 {
		p.rate = float64(changes) / max(took.Seconds(), 1e-3)
	}
}

// limit is how many changes fit into the time that writers may be kept out.
func (p *pace) limit() int64 {
	return min(max(int64(p.rate*p.fence.Seconds()), fencedMin), fencedMax)
}

// growing reports, once in a while, that rounds do not gain on the writers; then
// writers may be kept out for twice as long, up to most.
func (p *pace) growing(left int64, most time.Duration) bool {
	if p.last > 0 && left >= p.last*3/4 {
		p.grown++
	}
	p.last = left
	if p.grown < growingRounds {
		return false
	}
	p.grown = 0
	p.fence = min(2*p.fence, max(most, fencedTime))
	return true
}
