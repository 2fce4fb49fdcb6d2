package logical

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
)

// A writer writes chunks in one session of the other cluster.
type writer struct {
	o       *ApplyOptions
	conn    *pgx.Conn
	targets map[*Mapping]*target
	scratch []Value
	flags   []bool
}

// write applies a chunk in a transaction of the session.
func (w *writer) write(ctx context.Context, c *chunk) error {
	// Before any rows: partitions may have one table on the other side.
	emptied := map[sqltmpl.Table]bool{}
	for _, t := range c.order {
		if !t.truncated || emptied[t.mapping.To] {
			continue
		}
		emptied[t.mapping.To] = true
		if err := w.truncate(ctx, w.targets[t.mapping]); err != nil {
			return fmt.Errorf("applying changes of %s: %w", t.mapping.From.Plain(), err)
		}
	}
	for _, t := range c.order {
		if err := w.table(ctx, t); err != nil {
			return fmt.Errorf("applying changes of %s: %w", t.mapping.From.Plain(), err)
		}
	}
	return nil
}

// told tells of what a chunk has written.
func (w *writer) told(ctx context.Context, c *chunk) {
	if w.o.Wrote == nil {
		return
	}
	for _, part := range c.order {
		for i := range part.entries {
			w.scratch = part.entries[i].key.values(w.scratch[:0])
			w.o.Wrote(ctx, part.mapping, w.scratch)
		}
	}
}

// prepare makes the stages that a chunk needs, outside the transaction: they
// outlive it.
func (w *writer) prepare(ctx context.Context, c *chunk) error {
	for _, part := range c.order {
		if w.targets[part.mapping] == nil {
			t, err := newTarget(ctx, w.conn, part.mapping)
			if err != nil {
				return err
			}
			w.targets[part.mapping] = t
		}
	}
	return nil
}

// began forgets what the stages held: a transaction's end has emptied them.
func (w *writer) began() {
	for _, t := range w.targets {
		t.filled = false
	}
}

// table applies what a chunk has of one table.
func (w *writer) table(ctx context.Context, part *tableChunk) error {
	t := w.targets[part.mapping]
	if len(part.entries) == 0 {
		return nil
	}
	update := !t.refused && t.noUpdate == 0
	if t.noUpdate > 0 {
		t.noUpdate--
	}
	if update && len(t.staging.Updates) > 0 && hasUpdates(part.entries) {
		done, err := w.tryUpdate(ctx, t, part)
		if done || err != nil {
			return err
		}
	}
	for i := range part.entries {
		if part.entries[i].op == updated {
			part.entries[i].op = written
		}
	}
	if err := w.complete(ctx, t, part.entries); err != nil {
		return err
	}
	steps := []sqltmpl.Statement{t.staging.DeleteStaged(), t.staging.InsertStaged()}
	if t.converts() {
		err := w.attempt(ctx, t, part.entries, steps)
		if sqltmpl.IsBadData(err) {
			err = w.carefully(ctx, t, part.entries)
		}
		return err
	}
	if _, err := w.stage(ctx, t, part.entries); err != nil {
		return err
	}
	_, err := sqltmpl.ExecEach(ctx, w.conn.PgConn(), steps...)
	return err
}

func hasUpdates(entries []entry) bool {
	for i := range entries {
		if entries[i].op == updated {
			return true
		}
	}
	return false
}

// truncate empties a table.
func (w *writer) truncate(ctx context.Context, t *target) error {
	statement := t.staging.Truncate()
	if w.o.Replica || t.referenced {
		statement = t.staging.DeleteAll()
	}
	_, err := sqltmpl.ExecEach(ctx, w.conn.PgConn(), statement)
	return err
}

// tryUpdate applies a table's part with an UPDATE of the rows that were only
// updated. It reports false, and has done nothing, if that can't be: unique
// values have moved between rows, or a row to update isn't there.
func (w *writer) tryUpdate(ctx context.Context, t *target, part *tableChunk) (bool, error) {
	if err := w.complete(ctx, t, part.entries); err != nil {
		return false, err
	}
	count, err := w.stage(ctx, t, part.entries)
	if err != nil {
		return false, err
	}
	steps := []sqltmpl.Statement{t.staging.Savepoint()}
	updates := map[int]int64{} // by step: rows that it has to update
	add := func(s sqltmpl.Statement, rows int64) {
		updates[len(steps)] = rows
		steps = append(steps, s)
	}
	if count[gone]+count[written] > 0 {
		steps = append(steps, t.staging.DeleteStaged())
	}
	if count[updated] > 0 {
		add(t.staging.UpdateStaged(), count[updated])
	}
	if count[kept] > 0 {
		add(t.staging.UpdateKept(), count[kept])
	}
	if count[written] > 0 {
		steps = append(steps, t.staging.InsertStaged())
	}
	affected, err := sqltmpl.ExecEach(ctx, w.conn.PgConn(), steps...)
	refused := sqltmpl.IsUpdateRefused(err) || t.converts() && sqltmpl.IsBadData(err)
	if err != nil && !refused {
		return false, err
	}
	done := err == nil
	for step, rows := range updates {
		done = done && affected[step] == rows
	}
	end := t.staging.Release()
	if !done {
		end = t.staging.RollbackTo()
		t.noUpdate, t.refused = pauseUpdates, sqltmpl.IsGeneratedAlways(err)
	}
	if _, endErr := sqltmpl.ExecEach(ctx, w.conn.PgConn(), end); endErr != nil {
		return false, errors.Join(err, endErr)
	}
	return done, nil
}

// stage copies entries to the stage and returns how many there are of each kind.
func (w *writer) stage(ctx context.Context, t *target, entries []entry) (count map[byte]int64, err error) {
	conn := w.conn.PgConn()
	if t.filled {
		if _, err := sqltmpl.ExecEach(ctx, conn, t.staging.Empty()); err != nil {
			return nil, err
		}
	}
	t.filled = true
	count = map[byte]int64{}
	reader := &stageReader{entries: entries, row: func(out []byte, e *entry) []byte {
		return w.row(out, t, e, count)
	}}
	loaded, err := t.staging.Fill().LoadText(ctx, conn, reader)
	if err == nil && loaded != int64(len(entries)) {
		err = fmt.Errorf("%d of %d rows were staged", loaded, len(entries))
	}
	return count, err
}

// row appends an entry as a row of the stage.
func (w *writer) row(out []byte, t *target, e *entry, count map[byte]int64) []byte {
	if e.op == gone {
		count[gone]++
		w.scratch = e.key.values(w.scratch[:0])
		out = append(out, gone, '\t')
		out = append(out, nullField...)
		for at := range t.m.Columns {
			out = append(out, '\t')
			value := Value{Kind: Null}
			for i, place := range t.keys {
				if place == at {
					value = w.scratch[i]
				}
			}
			out = appendValue(out, value)
		}
		return append(out, '\n')
	}
	w.scratch = e.image.values(w.scratch[:0])
	op, partly := e.op, e.op == updated && hasUnchanged(w.scratch)
	if partly {
		op = kept
	}
	count[op]++
	out = append(out, op, '\t')
	if partly {
		w.flags, _ = t.keeps(w.scratch, w.flags)
		out = appendFlags(out, w.flags)
	} else {
		out = append(out, nullField...)
	}
	for _, v := range w.scratch {
		out = append(out, '\t')
		out = appendValue(out, v)
	}
	return append(out, '\n')
}

// appendFlags appends a boolean array.
func appendFlags(out []byte, flags []bool) []byte {
	out = append(out, '{')
	for i, f := range flags {
		if i > 0 {
			out = append(out, ',')
		}
		if f {
			out = append(out, 't')
		} else {
			out = append(out, 'f')
		}
	}
	return append(out, '}')
}
