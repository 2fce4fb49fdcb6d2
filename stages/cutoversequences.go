package stages

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
)

// sequences sets the sequences of the side that opens to exactly where those of
// the side that closes are. Whoever still calls nextval there gets numbers that it can't insert.
func (c *crossing) sequences(ctx context.Context) error {
	from, to := c.env.from(c.from).pool, c.env.to(c.from).pool
	return inTx(ctx, to, func(tx pgx.Tx) error {
		for _, t := range c.job.Tables {
			for _, name := range treeOf(t).Sequences() {
				at, err := sqltmpl.One[position](ctx, from, sqltmpl.SequenceState{Sequence: name}.Statement())
				if sqltmpl.IsMissing(err) {
					continue // it comes with a column that was added
				}
				if err != nil {
					return err
				}
				err = exec(ctx, tx, sqltmpl.SetSequence{
					Sequence: name.String(), LastValue: at.LastValue, IsCalled: at.IsCalled,
				}.Statement())
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
}
