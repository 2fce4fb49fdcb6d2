package compare

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// Findable reports whether both sides know a key by the same text.
func Findable(b *shadow.Blueprint) bool {
	integer := map[sqltmpl.Fragment]bool{"smallint": true, "integer": true, "bigint": true}
	for _, k := range b.Key {
		if k.SourceBase != k.ShadowBase && (!integer[k.SourceBase] || !integer[k.ShadowBase]) {
			return false
		}
	}
	return true
}

// Some compares the rows of some keys, in the sides' snapshots or, without, as they are now, while nobody writes to either side: those that one side
// has and the other has not, too. Keys are the text of their columns, of a Findable table. If they
// are not the same the error is a *DifferentError. It reads just these rows where the key's index serves.
func Some(ctx context.Context, s Sides, p Pair, keys [][]string) error {
	list := sqltmpl.ListOf{Compare: p.statement(), Values: make([][]string, len(p.Blueprint.Key))}
	for i, k := range p.Blueprint.Key {
		list.Of = append(list.Of, sqltmpl.OfKey{
			Source: k.Source, Shadow: k.Shadow, SourceEq: k.SourceEq, ShadowEq: k.ShadowEq,
			SourceType: k.SourceType, ShadowType: k.ShadowType,
		})
		for _, key := range keys {
			list.Values[i] = append(list.Values[i], key[i])
		}
	}
	found := &DifferentError{Table: p.Title}
	c := &comparison{sides: s, pairs: []Pair{p}}
	in := c.inSnapshot
	if s.SourceSnapshot == "" {
		in = c.now
	}
	err := in(ctx, true, func(there pgx.Tx) error {
		return in(ctx, false, func(here pgx.Tx) error {
			reading, enough := context.WithCancel(ctx)
			a, b := pull(reading, there, list.OnSource()), pull(reading, here, list.OnShadow())
			defer a.stop()
			defer b.stop()
			defer enough()
			if err := found.merge(a, b); err != nil {
				return err
			}
			return errFound
		})
	})
	switch {
	case !errors.Is(err, errFound):
		return fmt.Errorf("comparing %d rows of %s: %w", len(keys), p.Title, err)
	case len(found.Differences) > 0:
		return found
	}
	return nil
}

// now runs fn in a transaction that reads one side as it is.
func (c *comparison) now(ctx context.Context, source bool, fn func(pgx.Tx) error) error {
	if source {
		return pgx.BeginFunc(ctx, c.sides.Source, fn)
	}
	return pgx.BeginFunc(ctx, c.sides.Target, fn)
}
