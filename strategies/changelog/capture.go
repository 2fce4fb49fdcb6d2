package changelog

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies"
)

// A Capture is the change log of one Link.
type Capture struct {
	link   sqltmpl.Link
	direct bool
	guard  sqltmpl.Table
}

var _ strategies.Capture = (*Capture)(nil)

// New returns the change log of a link. With direct, writers may at last write
// both tables.
func New(link sqltmpl.Link, direct bool) *Capture {
	guard := link.Capture
	guard.Name += "_guard"
	return &Capture{link: link, direct: direct, guard: guard}
}

// exec runs statements one after the other.
func exec(ctx context.Context, db sqltmpl.DB, statements ...sqltmpl.Statement) error {
	for _, s := range statements {
		if _, err := s.Exec(ctx, db); err != nil {
			return err
		}
	}
	return nil
}

// Direct implements strategies.Capture.
func (c *Capture) Direct() bool { return c.direct }

// Triggers implements strategies.Capture.
func (c *Capture) Triggers() []string { return []string{string(c.link.Row), string(c.link.Truncate)} }

// Artifacts implements strategies.Capture.
func (c *Capture) Artifacts() []strategies.Artifact {
	function := func(f sqltmpl.Table, signature sqltmpl.Fragment) strategies.Artifact {
		return strategies.Artifact{
			Kind: "function", Name: f.String(),
			Undo: sqltmpl.DropFunction{Function: f, Signature: signature}.Statement().SQL,
		}
	}
	trigger := func(name sqltmpl.Ident) strategies.Artifact {
		return strategies.Artifact{
			Kind: "trigger", Name: string(name),
			Undo: sqltmpl.DropTrigger{Table: c.link.Live, Trigger: name}.Statement().SQL,
		}
	}
	return []strategies.Artifact{
		{Kind: "table", Name: c.link.Log.String(), Undo: sqltmpl.DropTable{Table: c.link.Log}.Statement().SQL},
		function(c.link.Resync, c.link.Signature()),
		function(c.link.Guarded, c.link.Signature()),
		function(c.link.Fits, c.link.KeySignature()),
		function(c.link.Castable, c.link.KeySignature()),
		function(c.link.Capture, "()"),
		function(c.guard, "()"),
		trigger(c.link.Row),
		trigger(c.link.Truncate),
		trigger(c.guardTrigger()),
	}
}

// Prepare implements strategies.Capture: the log and the functions.
func (c *Capture) Prepare(ctx context.Context, tx pgx.Tx) error {
	l := c.link
	found, err := sqltmpl.Scalar[uint32](ctx, tx, sqltmpl.RelationOID{Name: l.Log.String()}.Statement())
	if err != nil {
		return err
	}
	if found == 0 {
		if err := exec(ctx, tx, l.CreateLog()); err != nil {
			return fmt.Errorf("creating change log: %w", err)
		}
	}
	err = exec(ctx, tx, l.CreateResync(), l.CreateCastable(), l.CreateCaptureLog())
	if err == nil {
		err = c.createWaiting(ctx, tx)
	}
	if err == nil {
		err = c.secure(ctx, tx)
	}
	if err != nil {
		return fmt.Errorf("creating capture: %w", err)
	}
	return nil
}

// createWaiting makes the functions that may wait for a lock, for less than
// the server's deadlock_timeout. May run twice.
func (c *Capture) createWaiting(ctx context.Context, tx pgx.Tx) error {
	timeout, err := sqltmpl.Scalar[string](ctx, tx, sqltmpl.ShortLockTimeout{Most: lockTimeout}.Statement())
	if err != nil {
		return err
	}
	link := c.link
	link.LockTimeout = sqltmpl.Literal(timeout)
	return exec(ctx, tx, link.CreateGuarded(), link.CreateFits())
}

// secure leaves nobody else any right on the log and the functions, which run
// with our rights, neither by default nor by ALTER DEFAULT PRIVILEGES.
func (c *Capture) secure(ctx context.Context, tx pgx.Tx) error {
	l := c.link
	for _, f := range []sqltmpl.RevokeFunction{
		{Function: l.Resync, Signature: l.Signature()},
		{Function: l.Guarded, Signature: l.Signature()},
		{Function: l.Fits, Signature: l.KeySignature()},
		{Function: l.Castable, Signature: l.KeySignature()},
		{Function: l.Capture, Signature: "()"},
	} {
		if err := exec(ctx, tx, f.Statement()); err != nil {
			return err
		}
	}
	return sqltmpl.ForeignGrants{
		Schema: string(l.Log.Schema), Tables: []string{string(l.Log.Name)},
		Functions: []string{
			string(l.Resync.Name), string(l.Guarded.Name), string(l.Fits.Name), string(l.Castable.Name),
			string(l.Capture.Name),
		},
	}.Revoke(ctx, tx)
}

// Discard implements strategies.Capture.
func (c *Capture) Discard(ctx context.Context, db strategies.Querier) (int64, error) {
	return c.link.DiscardUncastable().Exec(ctx, db)
}

// Broken implements strategies.Capture.
func (c *Capture) Broken(ctx context.Context, db strategies.Querier) (bool, error) {
	return sqltmpl.Scalar[bool](ctx, db, c.link.LogIsBroken())
}

// Install implements strategies.Capture: the triggers, in log mode.
func (c *Capture) Install(ctx context.Context, tx pgx.Tx) error {
	l := c.link
	steps := []sqltmpl.Statement{l.CreateRowTrigger(), l.CreateTruncateTrigger(), l.EnableTriggers()}
	for _, p := range l.Partitions {
		steps = append(steps, l.OnPartition(p)...)
	}
	if err := sqltmpl.ExecAll(ctx, tx, steps...); err != nil {
		return fmt.Errorf("installing capture: %w", err)
	}
	return nil
}

// Remove implements strategies.Capture. The log and the functions stay until
// they are used again or cleaned up.
func (c *Capture) Remove(ctx context.Context, tx pgx.Tx) error {
	l := c.link
	steps := []sqltmpl.Statement{
		sqltmpl.DropTrigger{Table: l.Live, Trigger: l.Row}.Statement(),
		sqltmpl.DropTrigger{Table: l.Live, Trigger: l.Truncate}.Statement(),
		sqltmpl.DropTrigger{Table: l.Live, Trigger: c.guardTrigger()}.Statement(),
	}
	for _, p := range l.Partitions {
		steps = append(steps,
			sqltmpl.DropTrigger{Table: p, Trigger: l.Truncate}.Statement(),
			sqltmpl.DropTrigger{Table: p, Trigger: c.guardTrigger()}.Statement())
	}
	return sqltmpl.ExecAll(ctx, tx, steps...)
}

// Fence implements strategies.Capture.
func (c *Capture) Fence(ctx context.Context, tx pgx.Tx) error {
	return exec(ctx, tx, c.link.LockLive())
}

// Misfits implements strategies.Capture.
func (c *Capture) Misfits(ctx context.Context, db strategies.Querier, limit int) ([]strategies.Misfit, error) {
	return sqltmpl.All[strategies.Misfit](ctx, db, c.link.ListMisfits(limit))
}

// Backlog implements strategies.Capture.
func (c *Capture) Backlog(ctx context.Context, db strategies.Querier, limit int64) (int64, error) {
	return sqltmpl.Scalar[int64](ctx, db, c.link.CountLog(limit))
}

// Keys implements strategies.Capture.
func (c *Capture) Keys(ctx context.Context, db strategies.Querier, limit int64) (int64, error) {
	return sqltmpl.Scalar[int64](ctx, db, c.link.CountKeys(limit))
}

// Tidy implements strategies.Capture. It must run outside a transaction.
func (c *Capture) Tidy(ctx context.Context, db strategies.Querier) error {
	return exec(ctx, db, c.link.VacuumLog())
}

// guardTrigger sorts before users' triggers, and so refuses before they run.
func (c *Capture) guardTrigger() sqltmpl.Ident { return c.guard.Name }

// GuardName is what the guard's triggers are called.
func (c *Capture) GuardName() sqltmpl.Ident { return c.guardTrigger() }

// Guard implements strategies.Capture.
func (c *Capture) Guard(ctx context.Context, tx pgx.Tx, above []sqltmpl.Table) error {
	xid, err := sqltmpl.Scalar[string](ctx, tx, sqltmpl.CurrentXID{}.Statement())
	if err != nil {
		return err
	}
	steps := []sqltmpl.Statement{
		sqltmpl.CreateGuard{Guard: c.guard, Transaction: sqltmpl.Literal(xid)}.Statement(),
		sqltmpl.RevokeFunction{Function: c.guard, Signature: "()"}.Statement(),
	}
	// A statement's triggers are those of the table it names.
	for _, live := range slices.Concat([]sqltmpl.Table{c.link.Live}, c.link.Partitions, above) {
		steps = append(steps, sqltmpl.CreateGuardTrigger{Guard: c.guard, Trigger: c.guardTrigger(), Live: live}.Statement())
	}
	return exec(ctx, tx, steps...)
}
