package stages

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// With --order-by the backfill walks along an index in place of the pages. Why
// no row is lost, whatever is written meanwhile:
//
// The ranges (pos, bound] cut the order of the columns into pieces without gap
// or overlap: each begins where the one before it ends, the first and the last
// are open, no column is ever null, and all is compared by the same operators.
// So any key is in exactly one range, and a range is walked in steps (pos, step]
// that are ticked off in the transaction that copies them: any key is in exactly
// one step. Where the cuts are does not matter.
//
// A row that nobody has written since the capture was installed has the same
// key in every snapshot since, and is visible in every one: the step that its
// key is in copies it, once. Any other row is in the log by its primary key.
// Its versions may have been copied never, once, or twice (it moved ahead of
// the walk), and be old: sync_schema deletes all logged keys, replay inserts
// them as they are. That is the argument for page ranges, with keys for pages.
//
// A rewrite by others moves no key, but may change values (ALTER TYPE) and empty
// the table (TRUNCATE): the comparison of files in pin applies here as well.

// rangesOf is the table that holds the ranges.
func (env *Env) rangesOf(t registry.Table) sqltmpl.Table { return env.names(t).Object("order") }

// orderOf are the columns walked along.
func orderOf(t registry.Table) sqltmpl.Columns {
	var out sqltmpl.Columns
	for _, name := range t.Blueprint.Change.OrderBy {
		out = append(out, sqltmpl.Ident(name))
	}
	return out
}

// boundPages is how many pages are read to find out where to cut, about.
const boundPages = 1000

// planRanges cuts the order into ranges, one for each batch. To progress each
// counts as its share of the pages.
func planRanges(
	ctx context.Context, env *Env, tx pgx.Tx, job registry.Job, t registry.Table, filenode uint32, count pageCount,
) error {
	ranges := env.rangesOf(t)
	drop := sqltmpl.DropTable{Table: ranges}.Statement()
	if err := env.Registry.AddArtifact(ctx, tx, t, "table", ranges.String(), drop.SQL); err != nil {
		return err
	}
	percent := min(max(100*boundPages/max(count.Pages, 1), 1), 100)
	most := min(int64(max(env.Options.Workers, 1)*rangesPerWorker), max(count.Pages/minRange, 1))
	err := exec(ctx, tx, drop, sqltmpl.CreateRanges{
		Ranges: ranges, Source: env.link(job, t).LiveRows(), Columns: orderOf(t), Percent: sqltmpl.Number(percent), Count: sqltmpl.Number(most),
	}.Statement())
	if err != nil {
		return err
	}
	err = sqltmpl.ForeignGrants{
		Schema: string(ranges.Schema), Tables: []string{string(ranges.Name)}, Functions: []string{},
	}.Revoke(ctx, tx)
	if err != nil {
		return err
	}
	n, err := sqltmpl.Scalar[int64](ctx, tx, sqltmpl.CountRanges{Ranges: ranges}.Statement())
	if err != nil {
		return err
	}
	size := max(count.Pages/n, 1)
	return env.Registry.PlanBatches(ctx, tx, t, filenode, count.Rows, registry.Files{n * size}, size)
}

// copyOrdered copies about size rows of the next range. The error wraps
// pgx.ErrNoRows once nothing is left to take. Rows with equal keys are never
// torn apart, so a step is as long as the most frequent key.
func (c *copier) copyOrdered(ctx context.Context, size int64) (done, rows int64, err error) {
	var step sqltmpl.CopyStep
	err = inTx(ctx, c.env.Target, func(tx pgx.Tx) error {
		batch, err := c.env.Registry.ClaimBatch(ctx, tx, c.table)
		if err != nil {
			return err
		}
		if err := c.pin(ctx, tx); err != nil {
			return err
		}
		var more bool
		if step, more, err = c.step(ctx, tx, batch.Number, size); err != nil {
			return err
		}
		if rows, err = step.Statement().Exec(ctx, tx); err != nil {
			return err
		}
		next := batch.End
		if more {
			next = batch.Next
			err = exec(ctx, tx, sqltmpl.TakeStep{
				Ranges: step.Ranges, Columns: step.Columns, Range: step.Range,
			}.Statement())
			if err != nil {
				return err
			}
		}
		return c.env.Registry.AdvanceBatch(ctx, tx, c.table, batch.Number, next, rows)
	})
	if sqltmpl.IsBadData(err) {
		err = c.blameStep(ctx, err, step.Range, size)
	}
	return size, rows, err
}

// step finds the next step through a range, and whether the range goes on
// behind it. The planner can't know how little a step reads: it must take the index.
func (c *copier) step(ctx context.Context, tx pgx.Tx, number int, size int64) (step sqltmpl.CopyStep, more bool, err error) {
	for _, way := range []string{"enable_seqscan", "enable_bitmapscan"} {
		if err := exec(ctx, tx, sqltmpl.SetLocal{Name: way, Value: "off"}.Statement()); err != nil {
			return step, false, err
		}
	}
	ranges := c.env.rangesOf(c.table)
	ends, err := sqltmpl.One[sqltmpl.RangeEnds](ctx, tx, sqltmpl.ReadRange{Ranges: ranges, Range: number}.Statement())
	if err != nil {
		return step, false, err
	}
	step = sqltmpl.CopyStep{
		Ranges: ranges, Source: c.link.LiveRows(), Shadow: c.link.Standby, Columns: orderOf(c.table), Insert: c.link.Insert,
		Values: c.link.Values, Lower: ends.Lower, Upper: ends.Upper, End: sqltmpl.AtBound, Range: number,
	}
	more, err = sqltmpl.Scalar[bool](ctx, tx, sqltmpl.SetStep{
		Ranges: ranges, Source: step.Source, Columns: step.Columns, Lower: ends.Lower, Upper: ends.Upper, Range: number,
		Size: size,
	}.Statement())
	if more {
		step.Upper, step.End = true, sqltmpl.AtStep
	}
	return step, more, err
}

// A stepRow is where a row is, and its key.
type stepRow struct {
	Ctid string
	Key  string
}

// blameStep finds, by halves, the row that made a step fail and names its key. It returns
// cause unchanged if the row can't be found.
func (c *copier) blameStep(ctx context.Context, cause error, number int, size int64) error {
	var rows []stepRow
	err := inTx(ctx, c.env.Target, func(tx pgx.Tx) error {
		step, _, err := c.step(ctx, tx, number, size)
		if err != nil {
			return err
		}
		if rows, err = sqltmpl.All[stepRow](ctx, tx, sqltmpl.ListStep{CopyStep: step, Keys: c.link.Keys}.Statement()); err != nil {
			return err
		}
		return errProbe
	})
	if err != nil && len(rows) == 0 {
		return cause
	}
	fails := func(part []stepRow) bool {
		places := make([]string, len(part))
		for i, r := range part {
			places[i] = r.Ctid
		}
		return c.fails(ctx, sqltmpl.CopyRows{
			Source: c.link.LiveRows(), Shadow: c.link.Standby, Insert: c.link.Insert, Values: c.link.Values, Rows: places,
		}.Statement())
	}
	for len(rows) > 1 {
		if half := rows[:len(rows)/2]; fails(half) {
			rows = half
		} else {
			rows = rows[len(rows)/2:]
		}
	}
	if len(rows) == 0 || !fails(rows) {
		return cause
	}
	return &RowError{Table: c.table.Name, Key: rows[0].Key, Err: cause}
}
