package logical

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/repave-pg/repave/sqltmpl"
)

// A MisfitError names a row that the other side can't hold, as it is now.
type MisfitError struct {
	Table sqltmpl.Table
	Key   string
	Err   error
}

func (e *MisfitError) Error() string {
	return fmt.Sprintf("the row of %s with key %s does not fit the other side: %v", e.Table.Plain(), e.Key, e.Err)
}

func (e *MisfitError) Unwrap() error { return e.Err }

// converts reports whether some value, or key, of a row can be none of the other side's.
func (t *target) converts() bool {
	return slices.Contains(t.m.Plain, "") ||
		slices.ContainsFunc(t.m.Key, func(k MappedKey) bool { return k.FromType != k.ToType })
}

// A step applies entries that are staged.
type step struct {
	do []sqltmpl.Statement
	// alone says what becomes of an entry that can't be applied: another one, or none.
	alone func(ctx context.Context, e entry, cause error) (*entry, error)
}

// carefully applies a table's part of which some rows, or keys, are none of the
// other side's. A stream brings what has been as well as what is: a key that
// can't be there need not be deleted there, and a row that does not fit counts
// only if it is still there. It does nothing that the
// set-based way would not have done, but in halves until it knows which rows they are.
func (w *writer) carefully(ctx context.Context, t *target, entries []entry) error {
	var live []entry
	for _, e := range entries {
		if e.op != gone {
			live = append(live, e)
		}
	}
	pass := func(_ context.Context, _ entry, _ error) (*entry, error) { return nil, nil }
	// All deletes come first: unique values may have moved between rows.
	if err := w.halves(ctx, t, entries, step{[]sqltmpl.Statement{t.staging.DeleteStaged()}, pass}); err != nil {
		return err
	}
	again := func(ctx context.Context, e entry, cause error) (*entry, error) { return w.again(ctx, t, e, cause) }
	return w.halves(ctx, t, live, step{[]sqltmpl.Statement{t.staging.InsertStaged()}, again})
}

// halves applies entries in one go or, if the data of some stands in the way, each half for itself.
func (w *writer) halves(ctx context.Context, t *target, entries []entry, s step) error {
	if len(entries) == 0 {
		return nil
	}
	cause := w.attempt(ctx, t, entries, s.do)
	if cause == nil || !sqltmpl.IsBadData(cause) {
		return cause
	}
	if len(entries) > 1 {
		half := len(entries) / 2
		if err := w.halves(ctx, t, entries[:half], s); err != nil {
			return err
		}
		return w.halves(ctx, t, entries[half:], s)
	}
	now, err := s.alone(ctx, entries[0], cause)
	if now == nil || err != nil {
		return err
	}
	if err := w.attempt(ctx, t, []entry{*now}, s.do); err != nil {
		return w.misfit(t, entries[0], err)
	}
	return nil
}

// attempt stages entries and runs statements on them, or nothing if one fails for its data.
func (w *writer) attempt(ctx context.Context, t *target, entries []entry, do []sqltmpl.Statement) error {
	conn := w.conn.PgConn()
	if _, err := sqltmpl.ExecEach(ctx, conn, t.staging.Savepoint()); err != nil {
		return err
	}
	_, err := w.stage(ctx, t, entries)
	if err == nil {
		_, err = sqltmpl.ExecEach(ctx, conn, do...)
	}
	end := []sqltmpl.Statement{t.staging.Release()}
	if err != nil {
		end = append([]sqltmpl.Statement{t.staging.RollbackTo()}, end...)
	}
	if err != nil && !sqltmpl.IsBadData(err) {
		return err
	}
	_, endErr := sqltmpl.ExecEach(ctx, conn, end...)
	return errors.Join(err, endErr)
}

// again reads a row that does not fit as it is now; nil if there is none any more.
func (w *writer) again(ctx context.Context, t *target, e entry, cause error) (*entry, error) {
	if w.o.Reread == nil {
		return nil, w.misfit(t, e, cause)
	}
	now, found, err := w.o.Reread(ctx, *t.m, e.key.values(nil))
	if err != nil {
		return nil, fmt.Errorf("reading a row again: %w", err)
	}
	if !found {
		return nil, nil
	}
	return &entry{op: written, key: e.key, image: appendImage(nil, now)}, nil
}

func (w *writer) misfit(t *target, e entry, cause error) error {
	var key []string
	for _, v := range e.key.values(nil) {
		key = append(key, string(v.Text))
	}
	return &MisfitError{Table: t.m.From, Key: strings.Join(key, ", "), Err: cause}
}
