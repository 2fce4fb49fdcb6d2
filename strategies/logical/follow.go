package logical

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"
)

// A follower is one call of Follow.
type follower struct {
	a        *Applier
	s        *Stream
	w        *writer
	goal     Goal
	tx       pgx.Tx // of the batches of a large transaction; nil between transactions
	changes  int64  // in it
	recorded time.Time
	read     bool // the gatherer has ended
}

// loop applies batches as they come.
func (f *follower) loop(ctx context.Context, batches <-chan *batch, reading <-chan error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-reading:
			f.read = true
			if err == nil {
				err = errors.New("reading has ended") // only behind a goal, which ends this loop first
			}
			return err
		case b := <-batches:
			if err := f.apply(ctx, b); err != nil {
				return err
			}
			if b.reached {
				return nil
			}
			if done, err := f.caughtUp(ctx, b); done || err != nil {
				return err
			}
		}
	}
}

// apply applies a batch and, if it ends with a commit, commits.
func (f *follower) apply(ctx context.Context, b *batch) error {
	if b.chunk != nil && !b.chunk.empty() {
		if err := f.write(ctx, b.chunk); err != nil {
			return err
		}
	}
	if b.chunk != nil {
		f.changes += int64(b.chunk.changes)
		f.s.gathered.recycle(b.chunk)
		if !b.ends {
			f.a.tell(func(p *Progress) { p.Pending = f.changes })
		}
	}
	if !b.ends {
		return nil
	}
	if f.tx == nil && !b.reached && !b.reply && time.Since(f.recorded) < recordInterval {
		// Nothing for these tables: that will be recorded with what comes next.
		f.settle(b, 0)
		return nil
	}
	if err := f.commit(ctx, b.end); err != nil {
		return err
	}
	f.settle(b, b.end)
	return nil
}

// begin begins a transaction of the target's.
func (f *follower) begin(ctx context.Context) error {
	tx, err := f.w.conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("applying changes: %w", err)
	}
	f.tx = tx
	f.w.began()
	for _, s := range f.a.settings() {
		if _, err := s.Exec(ctx, tx); err != nil {
			return fmt.Errorf("applying changes: %w", err)
		}
	}
	return nil
}

// write applies a chunk in the transaction, which it begins if need be.
func (f *follower) write(ctx context.Context, c *chunk) error {
	if err := f.w.prepare(ctx, c); err != nil {
		return err
	}
	if f.tx == nil {
		if err := f.begin(ctx); err != nil {
			return err
		}
	}
	if err := f.w.write(ctx, c); err != nil {
		return err
	}
	f.w.told(ctx, c)
	return nil
}

// commit records the position and commits.
func (f *follower) commit(ctx context.Context, at pglogrepl.LSN) error {
	if f.tx == nil {
		if err := f.begin(ctx); err != nil {
			return err
		}
	}
	if f.a.o.Record != nil {
		if err := f.a.o.Record(ctx, f.tx, at); err != nil {
			return fmt.Errorf("recording the position: %w", err)
		}
	}
	if err := f.tx.Commit(ctx); err != nil {
		return fmt.Errorf("committing changes: %w", err)
	}
	f.tx, f.recorded = nil, time.Now()
	f.s.confirm(at)
	return nil
}

// settle tells of a batch that has been applied, recorded at a position or,
// with 0, still to be recorded.
func (f *follower) settle(b *batch, recorded pglogrepl.LSN) {
	f.a.barriers = append(f.a.barriers, b.barriers...)
	const remembered = 64
	if n := len(f.a.barriers); n > remembered {
		f.a.barriers = f.a.barriers[n-remembered:]
	}
	changes := f.changes
	f.changes = 0
	f.a.tell(func(p *Progress) {
		f.a.settled = max(f.a.settled, b.end)
		p.Received = max(p.Received, b.end)
		p.Applied = max(p.Applied, recorded)
		p.Confirmed = pglogrepl.LSN(f.s.confirmed.Load())
		p.Changes, p.Pending = p.Changes+changes, 0
		p.Transactions += b.transactions
		if !b.commitTime.IsZero() {
			p.LastCommit = b.commitTime
		}
	})
}

// caughtUp asks whether that is near enough.
func (f *follower) caughtUp(ctx context.Context, b *batch) (bool, error) {
	if f.goal.CaughtUp == nil || !b.ends {
		return false, nil
	}
	if err := f.a.sample(ctx, f.s); err != nil {
		return false, err
	}
	f.a.mu.Lock()
	bytes, lag := f.a.lag()
	f.a.mu.Unlock()
	return f.goal.CaughtUp(bytes, lag), nil
}

// end leaves the session as it was found. What is confirmed is told at once.
func (f *follower) end(ctx context.Context, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	if f.tx != nil {
		_ = f.tx.Rollback(ctx) // the cause is what counts; without a session nothing is left either
	}
	if cause != nil {
		// Whatever state it is in, nobody shall get it.
		_ = f.w.conn.Close(ctx)
		return nil
	}
	for _, t := range f.w.targets {
		if _, err := t.staging.Drop().Exec(ctx, f.w.conn); err != nil {
			return err
		}
	}
	return f.s.status(ctx, false)
}
