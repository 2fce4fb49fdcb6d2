package main

import (
	"fmt"
	"slices"
	"time"
)

// A result is one row of the table.
type result struct {
	What   string  `json:"what"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Target float64 `json:"target"` // 0: for information
	Least  bool    `json:"least,omitempty"`
	Pass   bool    `json:"pass"`

	detail string
}

// atMost adds a value that must not be larger than target.
func (b *bench) atMost(what string, value, target float64, unit, detail string) {
	b.results = append(b.results, result{
		What: what, Value: value, Unit: unit, Target: target, Pass: target == 0 || value <= target, detail: detail,
	})
}

// ratio adds how long one contestant takes in terms of another, if both ran.
func (b *bench) ratio(what, of, to string, target float64) {
	x, y := b.median(of), b.median(to)
	if x == 0 || y == 0 {
		return
	}
	b.atMost(what, x/y, target, "x", fmt.Sprintf("%.2f s to %.2f s", x, y))
}

// median is that of a contestant's times; 0 if it did not run. Of an even
// number it is the mean of the middle two.
func (b *bench) median(name string) float64 {
	var all []float64
	for _, s := range b.samples[name] {
		all = append(all, s.seconds)
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

const (
	most     = 0.85
	megabyte = 1 << 20
)

// judge holds what was measured against the targets of design.md.
func (b *bench) judge() {
	b.ratio("repack without verify / VACUUM FULL", repaveFast, vacuumFull, most)
	b.ratio("repack without verify / pg_repack", repaveFast, repack, most)
	b.ratio("repack without verify / pg_repack --jobs", repaveFast, repackJobs, 0)
	b.ratio("repack with verify / VACUUM FULL", repaveProof, vacuumFull, 1)
	b.ratio("repack with verify / pg_repack", repaveProof, repack, 1)
	b.ratio("repack with verify / pg_repack --jobs", repaveProof, repackJobs, 0)
	b.ratio("repack with verify / ALTER TYPE", repaveProof, alterType, 0)
	b.ratio("backfill / INSERT SELECT by hand", backfill, byHand, 1.1)
	for _, l := range b.load {
		b.results = append(b.results, result{
			What: "throughput with a job, " + l.name, Value: l.with / l.without, Unit: "x", Target: most, Least: true,
			Pass: l.with/l.without >= most, detail: fmt.Sprintf("%.0f of %.0f tx/s", l.with, l.without),
		})
		worst, where := 0.0, "nothing above "+ms(slowFrom)
		if len(l.longest) > 0 {
			worst, where = float64(l.longest[0].took)/float64(time.Millisecond), l.longest[0].String()
		}
		b.atMost("longest statement with a job, "+l.name, worst, 100, "ms",
			fmt.Sprintf("%s; %s without a job; %d locks given up", where, ms(l.longestIdle), l.misses))
	}
	for _, part := range []int64{5, 1} {
		if peak := float64(b.peak[b.rows/part]) / megabyte; peak > 0 {
			b.atMost(fmt.Sprintf("peak memory at %d rows", b.rows/part), peak, 150, "MB", "")
		}
	}
	b.ratio("across, ready for the cutover / pgcopydb", acrossRepave, acrossCopydb, 0.7)
	b.ratio("across, ready for the cutover / native subscription", acrossRepave, acrossNative, 0.5)
	b.ratio("across, verified / pgcopydb", acrossProof, acrossCopydb, 0)
	b.ratio("across, backfill / binary COPY pipes", acrossCopy, acrossPipe, 1.15)
	if b.acrossPeak > 0 {
		b.atMost("across, peak memory", float64(b.acrossPeak)/megabyte, 150, "MB", "")
	}
	b.ratio("10 x the rows / time", scaled(b.rows), scaled(b.rows/10), 10.5)
}
