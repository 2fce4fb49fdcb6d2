package compare

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
)

// maxDifferences is how many keys are named.
const maxDifferences = 20

// different names the keys of a pair that differ. Each side sends the keys and
// hashes of its rows in the buckets that do, in one order; a row of each is in memory.
func (c *comparison) different(ctx context.Context, pair int, which []int32) error {
	found := &DifferentError{Table: c.pairs[pair].Title}
	err := c.inSnapshot(ctx, true, func(source pgx.Tx) error {
		return c.inSnapshot(ctx, false, func(target pgx.Tx) error {
			reading, enough := context.WithCancel(ctx)
			a := pull(reading, source, sqltmpl.ListSourceKeys{Compare: c.compare[pair], Buckets: which}.Statement())
			defer a.stop()
			b := pull(reading, target, sqltmpl.ListShadowKeys{Compare: c.compare[pair], Buckets: which}.Statement())
			defer b.stop()
			defer enough() // the servers need not send the rest
			if err := found.merge(a, b); err != nil {
				return err
			}
			return errFound
		})
	})
	if !errors.Is(err, errFound) {
		return fmt.Errorf("naming the differences: %w", err)
	}
	return found
}

// errFound ends the two transactions.
var errFound = errors.New("the differences are known")

// merge finds the keys that are on one side only, or with another hash.
func (e *DifferentError) merge(a, b *keys) error {
	a.advance()
	b.advance()
	for a.err == nil && b.err == nil && (a.ok || b.ok) {
		order := bytes.Compare(a.row.Key, b.row.Key)
		problem, key := "", a.row.Key
		switch {
		case !b.ok || a.ok && order < 0:
			problem = "missing on the target"
			a.advance()
		case !a.ok || order > 0:
			problem, key = "only on the target", b.row.Key
			b.advance()
		default:
			if a.row.Hash != b.row.Hash {
				problem = "differs"
			}
			a.advance()
			b.advance()
		}
		if problem == "" {
			continue
		}
		if e.More = len(e.Differences) == maxDifferences; e.More {
			return nil
		}
		e.Differences = append(e.Differences, Difference{Key: string(key), Problem: problem})
	}
	return errors.Join(a.err, b.err)
}

// keys are the keys of one side, read one by one.
type keys struct {
	row  sqltmpl.KeyHash
	ok   bool
	err  error
	next func() (sqltmpl.KeyHash, bool)
	stop func()
}

func (k *keys) advance() { k.row, k.ok = k.next() }

// pull runs a statement whose rows are asked for one by one.
func pull(ctx context.Context, tx pgx.Tx, s sqltmpl.Statement) *keys {
	k := &keys{}
	k.next, k.stop = iter.Pull(func(yield func(sqltmpl.KeyHash) bool) {
		err := sqltmpl.Each(ctx, tx, s, func(row sqltmpl.KeyHash) error {
			if !yield(row) {
				return errFound
			}
			return nil
		})
		if !errors.Is(err, errFound) {
			k.err = err
		}
	})
	return k
}
