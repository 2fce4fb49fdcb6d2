package compare

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
)

// inSnapshot runs fn in a transaction that reads one side as of its snapshot,
// with all tables locked and found to be still those of the snapshot.
func (c *comparison) inSnapshot(ctx context.Context, source bool, fn func(pgx.Tx) error) error {
	pool, snapshot := c.sides.Target, c.sides.TargetSnapshot
	if source {
		pool, snapshot = c.sides.Source, c.sides.SourceSnapshot
	}
	return pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		if c.sides.Watch != nil {
			c.sides.Watch(source, tx.Conn())
		}
		setup := []sqltmpl.Statement{
			sqltmpl.ImportSnapshot{Snapshot: sqltmpl.Literal(snapshot)}.Statement(),
			sqltmpl.SetLocal{Name: "idle_in_transaction_session_timeout", Value: "0"}.Statement(),
		}
		var oids []uint32
		for _, p := range c.pairs {
			table, oid := p.Target, p.TargetOID
			if source {
				table, oid = p.Source, p.Blueprint.Source.OID
			}
			setup = append(setup, sqltmpl.PinSource{Source: sqltmpl.Rows{Of: table, Partitioned: true}}.Statement())
			oids = append(oids, oid)
		}
		if err := sqltmpl.ExecAll(ctx, tx, setup...); err != nil {
			return err
		}
		rewritten, err := sqltmpl.Scalars[string](ctx, tx, sqltmpl.ListRewritten{OIDs: oids}.Statement())
		if err != nil {
			return err
		}
		if len(rewritten) > 0 {
			return &RewrittenError{Table: rewritten[0]}
		}
		return fn(tx)
	})
}
