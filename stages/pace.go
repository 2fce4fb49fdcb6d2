package stages

import "time"

// A pace is how fast rounds apply changes, and whether they gain on the writers.
type pace struct {
	rate   float64 // changes per second, of the last round that tells
	untidy int64   // changes taken since the log was vacuumed
	last   int64
	grown  int
}

func newPace() *pace { return &pace{} }

// note adds a round. Rounds of a few changes tell nothing of the rate.
func (p *pace) note(changes int64, took time.Duration) {
	p.untidy += changes
	if changes >= fencedMin || p.rate == 0 {
		p.rate = float64(changes) / max(took.Seconds(), 1e-3)
	}
}

// limit is how many changes fit into the time that writers may be kept out.
func (p *pace) limit() int64 {
	return min(max(int64(p.rate*fencedTime.Seconds()), fencedMin), fencedMax)
}

// growing reports, once in a while, that the backlog keeps growing.
func (p *pace) growing(left int64) bool {
	if p.last > 0 && left >= p.last {
		p.grown++
	} else {
		p.grown = 0
	}
	p.last = left
	return p.grown > 0 && p.grown%growingRounds == 0
}
