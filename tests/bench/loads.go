package main

import (
	"context"
	"fmt"
	"time"
)

const (
	warmUp    = 5 * time.Second
	loadAlone = 10 * time.Second
	loadAfter = 5 * time.Second
)

// A loadResult is the same load without and with a job.
type loadResult struct {
	name        string
	without     float64 // transactions per second
	with        float64
	seconds     float64 // of the job
	longest     []stall // during the job, besides lock waits that were given up
	longestIdle time.Duration
	stages      string
	misses      int
	hold        float64 // longest, in ms, says repave
}

// loads measures both loads: one that leaves room, and one that leaves none.
func (b *bench) loads(ctx context.Context) error {
	err := execAll(ctx, b.conn,
		"CREATE TABLE payments (id bigserial PRIMARY KEY, order_id bigint, amount int, at timestamptz DEFAULT now())")
	if err != nil {
		return err
	}
	for _, l := range []struct {
		name string
		rate int
	}{{fmt.Sprintf("%d tx/s", b.rate), b.rate}, {"saturating", 0}} {
		if err := b.underLoad(ctx, l.name, l.rate); err != nil {
			return fmt.Errorf("load of %s: %w", l.name, err)
		}
	}
	return nil
}

// underLoad counts transactions before, while, and after a job runs, cleanup
// included. What counts as without is before and after together: right after
// a checkpoint everything is slower.
func (b *bench) underLoad(ctx context.Context, name string, rate int) error {
	if err := b.settle(ctx, table); err != nil {
		return err
	}
	l, err := b.startLoad(ctx, rate)
	if err != nil {
		return err
	}
	r, err := b.phases(ctx, l)
	if stopErr := l.stop(); err == nil {
		err = stopErr
	}
	if err != nil {
		return err
	}
	r.name = name
	b.load = append(b.load, r)
	b.say("load of %s: %.0f tx/s without, %.0f with (%.0f %%), job took %.1f s, longest statement %s without, %s with",
		name, r.without, r.with, 100*r.with/r.without, r.seconds, ms(r.longestIdle), longest(r.longest))
	b.say("  %s", r.stages)
	for _, s := range r.longest[:min(len(r.longest), 8)] {
		b.say("  %s", s)
	}
	return nil
}

func (b *bench) phases(ctx context.Context, l *load) (r loadResult, err error) {
	wait(ctx, warmUp)
	began, count := time.Now(), l.count.Load()
	wait(ctx, loadAlone)
	idle, before := time.Since(began), l.count.Load()-count
	r.longestIdle = longestOf(l.slowIn(began, time.Now()))

	began, count = time.Now(), l.count.Load()
	trace := l.trace(ctx)
	j, err := b.runUntil(ctx, table, "cleanup")
	marks := trace()
	if err != nil {
		return r, err
	}
	ended, during := time.Now(), l.count.Load()-count
	r.seconds = ended.Sub(began).Seconds()

	count = l.count.Load()
	wait(ctx, loadAfter)
	idle, before = idle+time.Since(ended), before+l.count.Load()-count
	r.longestIdle = max(r.longestIdle, longestOf(l.slowIn(ended, time.Now())))
	r.without, r.with = float64(before)/idle.Seconds(), float64(during)/r.seconds
	r.stages = byStage(j, marks)
	r.longest = attribute(l.slowIn(began, ended), j)
	r.misses, r.hold = j.report.LockMisses, j.report.LongestLockHold
	return r, nil
}
