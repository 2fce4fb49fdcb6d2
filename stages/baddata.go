package stages

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
)

// errProbe ends the transaction of a probe, whose effect nobody wants.
var errProbe = errors.New("probe")

// blame finds the row that made a batch fail and names its key: by halves, down
// to a page, then row by row. It returns cause unchanged if the row can't be
// found (somebody corrected it meanwhile).
func (c *copier) blame(ctx context.Context, cause error, source sqltmpl.Table, first, next int64) error {
	for next-first > 1 {
		middle := first + (next-first)/2
		if c.fails(ctx, sqltmpl.CopyBatch{
			Source: source, Shadow: c.link.Standby, Insert: c.link.Insert, Values: c.link.Values,
			First: first, Next: middle,
		}.Statement()) {
			next = middle
		} else {
			first = middle
		}
	}
	type row struct {
		Ctid string
		Key  string
	}
	rows, err := sqltmpl.All[row](ctx, c.env.Target, sqltmpl.ListRows{
		Source: source, Keys: c.link.Keys, First: first, Next: next,
	}.Statement())
	if err != nil {
		return cause
	}
	for _, r := range rows {
		if c.fails(ctx, sqltmpl.CopyRow{
			Source: source, Shadow: c.link.Standby, Insert: c.link.Insert, Values: c.link.Values, Row: r.Ctid,
		}.Statement()) {
			return &RowError{Table: c.table.Name, Key: r.Key, Err: cause}
		}
	}
	return cause
}

// fails reports whether a copy can't be done for the sake of its data, and
// does not do it.
func (c *copier) fails(ctx context.Context, s sqltmpl.Statement) bool {
	err := inTx(ctx, c.env.Target, func(tx pgx.Tx) error {
		if _, err := s.Exec(ctx, tx); err != nil {
			return err
		}
		return errProbe
	})
	return sqltmpl.IsBadData(err)
}
