package logical

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pglogrepl"
)

const (
	// idleTick is how often a stream without changes is asked how far it is.
	idleTick = 50 * time.Millisecond
	// retryTick is how soon a batch is offered again that the applier was too busy for.
	retryTick = 5 * time.Millisecond
)

// A batch is what the applier gets at a time.
type batch struct {
	chunk        *chunk // nil: there is nothing to apply
	ends         bool   // with a commit; else more of the same transaction follows
	end          pglogrepl.LSN
	commitAt     pglogrepl.LSN // of the last transaction
	commitTime   time.Time
	transactions int64
	barriers     []string
	reply        bool // the server wants to know that this has been applied
	reached      bool // the goal is, once this has been applied
}

// A gatherer reads changes into a chunk while the one before is applied. What
// it holds when it is stopped it goes on with.
type gatherer struct {
	s       *Stream
	o       *ApplyOptions
	free    chan *chunk // to be used again
	current batch
	began   time.Time // of the current batch: when its first change was read
	open    bool      // changes of the transaction being read have been taken in
	told    pglogrepl.LSN
	pending *batch // the applier has not taken it
	stop    chan struct{}
	out     chan *batch
}

func newGatherer(s *Stream, o *ApplyOptions) *gatherer {
	g := &gatherer{s: s, o: o, free: make(chan *chunk, 3)}
	g.renew()
	return g
}

// renew begins a batch.
func (g *gatherer) renew() {
	g.current = batch{commitAt: g.current.commitAt}
	select {
	case g.current.chunk = <-g.free:
	default:
		g.current.chunk = newChunk()
	}
}

// whole reports whether the current batch holds transactions and no part of one.
func (g *gatherer) whole() bool { return g.current.transactions > 0 && !g.open }

// full reports whether the current batch shall not grow any more.
func (g *gatherer) full() bool {
	return g.current.chunk.size() >= g.o.MaxBytes || g.current.chunk.changes >= g.o.MaxChanges
}

// run reads until the goal is reached or it is told to stop.
func (g *gatherer) run(ctx context.Context, goal Goal) error {
	if b := g.pending; b != nil {
		g.pending = nil
		b.reached = b.ends && goal.Barrier != "" && slices.Contains(b.barriers, goal.Barrier)
		if !g.send(b) || b.reached {
			return nil
		}
	}
	for g.pending == nil && !g.s.stopped.Load() { // what is pending comes before all that is read
		if g.behind(goal) {
			g.hand(true)
			return nil
		}
		tick := time.Now().Add(idleTick)
		if g.whole() {
			tick = g.began.Add(g.o.Linger)
			if now := time.Now(); tick.Before(now) {
				tick = now.Add(retryTick)
			}
		}
		got, err := g.s.next(ctx, tick)
		if err != nil {
			return err
		}
		done, err := g.step(ctx, got, goal)
		if done || err != nil {
			return err
		}
	}
	return nil
}

// behind reports whether all that committed before the goal has been read.
func (g *gatherer) behind(goal Goal) bool {
	if goal.Behind == 0 || g.open {
		return false
	}
	if g.s.inside {
		return !g.s.skip && g.s.commitAt >= goal.Behind
	}
	return g.s.received >= goal.Behind
}

// step deals with what was read, and reports whether that is all.
func (g *gatherer) step(ctx context.Context, got what, goal Goal) (bool, error) {
	switch got {
	case change:
		return g.change(goal), nil
	case nothing:
		if g.whole() {
			g.offer()
			return false, nil
		}
		return false, g.s.ask(ctx)
	case keepalive:
		if g.current.transactions == 0 && !g.s.inside && (g.s.received > g.told || g.s.reply || goal.CaughtUp != nil) {
			g.told = g.s.received
			g.send(&batch{ends: true, end: g.s.received, commitAt: g.current.commitAt, reply: g.s.reply})
			g.s.reply = false
		}
	default:
	}
	return false, nil
}

// change takes in a change, and reports whether the goal is reached with it.
func (g *gatherer) change(goal Goal) bool {
	b, c := &g.current, &g.s.change
	switch c.Op {
	case Commit:
		if b.transactions == 0 && b.chunk.changes == 0 {
			g.began = time.Now()
		}
		g.open = false
		b.transactions++
		b.end, b.commitAt, b.commitTime = c.End, g.s.commitAt, g.s.commitTime
		if goal.Barrier != "" && slices.Contains(b.barriers, goal.Barrier) {
			g.hand(true)
			return true
		}
		if g.full() {
			g.hand(false)
		} else if time.Since(g.began) >= g.o.Linger {
			g.offer()
		}
	case Barrier:
		g.open = true
		b.barriers = append(b.barriers, c.Token)
	default:
		if b.chunk.changes == 0 && b.transactions == 0 {
			g.began = time.Now()
		}
		g.open = true
		b.chunk.add(c, g.s.relations)
		if g.full() {
			g.hand(false)
		}
	}
	return false
}

// take returns the current batch and begins another. A batch that ends in the
// middle of a transaction keeps from its successor what is known at the commit only.
func (g *gatherer) take(reached bool) *batch {
	b := g.current
	b.ends, b.reached, b.reply = !g.open, reached, g.s.reply
	if b.ends && b.transactions == 0 {
		b.end = g.s.received
	}
	g.s.reply = false
	g.renew()
	if g.open {
		// Transactions that are complete in this part count when all is committed.
		g.current.transactions, g.current.barriers = b.transactions, b.barriers
	}
	return &b
}

// hand gives the current batch to the applier when that is ready for it.
func (g *gatherer) hand(reached bool) { g.send(g.take(reached)) }

// send reports false, and keeps b for later, if it was told to stop.
func (g *gatherer) send(b *batch) bool {
	select {
	case g.out <- b:
		return true
	case <-g.stop:
		g.pending = b
		return false
	}
}

// offer gives the current batch to the applier if that is waiting for it.
func (g *gatherer) offer() {
	next := g.take(false)
	select {
	case g.out <- next:
	default:
		// Not now: it goes on as it was.
		g.recycle(g.current.chunk)
		g.current = *next
		g.s.reply = next.reply
	}
}

// recycle takes back a chunk that is of no use any more.
func (g *gatherer) recycle(c *chunk) {
	c.reset()
	select {
	case g.free <- c:
	default:
	}
}
