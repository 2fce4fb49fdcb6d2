package stages

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/sqltmpl"
)

// sequences sets the sequences of the side that opens to exactly where those of
// the side that closes are. Whoever still calls nextval there gets numbers that it can't insert. One that
// is shared may serve tables that are in use on the side that opens: it never goes back there, or they would get
// numbers a second time.
func (c *crossing) sequences(ctx context.Context) error {
	from, to := c.env.from(c.from).pool, c.env.to(c.from).pool
	return inTx(ctx, to, func(tx pgx.Tx) error {
		for _, t := range c.job.Tables {
			for _, counter := range treeOf(t).Sequences() {
				at, err := sqltmpl.One[position](ctx, from, sqltmpl.SequenceState{Sequence: counter.Name}.Statement())
				if sqltmpl.IsMissing(err) {
					continue // it comes with a column that was added
				}
				if err != nil {
					return err
				}
				if counter.Shared {
					now, err := sqltmpl.One[position](ctx, tx, sqltmpl.SequenceState{Sequence: counter.Name}.Statement())
					if err != nil {
						return err
					}
					at = farther(counter, at, now)
				}
				err = exec(ctx, tx, sqltmpl.SetSequence{
					Sequence: counter.Name.String(), LastValue: at.LastValue, IsCalled: at.IsCalled,
				}.Statement())
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// farther is the one of two positions that is reached later; of one that comes round again the first.
func farther(c define.Counter, a, b position) position {
	ahead := b.LastValue > a.LastValue
	if c.Increment < 0 {
		ahead = b.LastValue < a.LastValue
	}
	if !c.Cycle && (ahead || b.LastValue == a.LastValue && b.IsCalled) {
		return b
	}
	return a
}
