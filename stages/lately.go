package stages

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/repave-pg/repave/internal/compare"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/strategies/logical"
)

// maxLately is how many keys that changed since verify are remembered: what both sides can compare within
// a fraction of a second, as writes are refused meanwhile.
const maxLately = 20_000

// lately remembers keys that were applied since the snapshot of the last verify, which has looked at
// all that was there before. nil remembers nothing.
type lately struct {
	mu     sync.Mutex
	keys   map[int]map[string][]string // by number of the table
	count  int                         // of keys remembered
	missed int64                       // changes to keys for which there was no room
}

func newLately() *lately { return &lately{keys: map[int]map[string][]string{}} }

// add remembers a key.
func (l *lately) add(m *logical.Mapping, key []logical.Value) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var name []byte
	for _, v := range key {
		name = append(append(name, v.Text...), 0)
	}
	of := l.keys[m.Number]
	if _, known := of[string(name)]; known {
		return
	}
	if l.count >= maxLately {
		l.missed++
		return
	}
	if of == nil {
		of = map[string][]string{}
		l.keys[m.Number] = of
	}
	texts := make([]string, len(key))
	for i, v := range key {
		texts[i] = string(v.Text)
	}
	of[string(name)], l.count = texts, l.count+1
}

// lookAgain compares the rows that have changed since verify looked at them, as far as
// they are remembered. It does so behind the barrier, when nobody writes to either side.
func (c *crossing) lookAgain(ctx context.Context) error {
	l := c.env.Ends.lately
	if l == nil {
		return nil
	}
	looked, skipped := 0, 0
	for _, t := range c.job.Tables {
		var keys [][]string
		for _, key := range l.keys[t.Number] {
			keys = append(keys, key)
		}
		if len(keys) == 0 {
			continue
		}
		if !compare.Findable(t.Blueprint) {
			skipped += len(keys)
			continue
		}
		err := compare.Some(ctx, c.env.Source, c.env.Target, pair(c.job, t), keys)
		if different, ok := errors.AsType[*compare.DifferentError](err); ok {
			return asDifferent(different, c.job)
		}
		if err != nil {
			return err
		}
		looked += len(keys)
	}
	not := l.missed + int64(skipped)
	c.env.Stats.lookedAgain(looked, not)
	if looked > 0 || not > 0 {
		c.env.Logger.InfoContext(ctx, "rows changed since verify were compared", slog.Int("rows", looked), slog.Int64("changes_not_compared", not))
	}
	return nil
}

// pair is what is compared of a table.
func pair(job registry.Job, t registry.Table) compare.Pair {
	return compare.Pair{
		Title: t.Name.Plain(), Blueprint: t.Blueprint, Source: t.Name, Target: t.Name, TargetOID: t.ShadowOID, Swapped: job.Swapped,
	}
}

func asDifferent(e *compare.DifferentError, job registry.Job) *DifferentError {
	return &DifferentError{Table: e.Table, Differences: e.Differences, More: e.More, Swapped: job.Swapped}
}
