package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
)

// The session that holds the advisory locks is pinged: it is all that keeps
// another repave away.
const (
	pingEvery   = time.Second
	pingTimeout = 10 * time.Second
)

// A lockLostError is why work was cancelled when that session was lost.
type lockLostError struct{ err error }

func (e *lockLostError) Error() string {
	return fmt.Sprintf("the session that holds the advisory lock was lost: %v", e.err)
}

func (e *lockLostError) Unwrap() error { return e.err }

// Hint says what to do about it.
func (e *lockLostError) Hint() string {
	return "run the same command again: it goes on where it stopped, nothing is lost"
}

// A holding is the advisory locks of some tables.
type holding struct {
	conn   *pgx.Conn
	cancel context.CancelCauseFunc
	done   chan struct{}
}

// hold takes the advisory locks of t's tables. The context it returns is
// cancelled with a *lockLostError when they are lost.
func (d *database) hold(ctx context.Context, t target) (context.Context, *holding, error) {
	conn, err := d.session(ctx)
	if err != nil {
		return ctx, nil, err
	}
	// In one order for all, so that of two that ask for the same tables one gets them.
	order := make([]int, len(t.oids))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(t.oids[a], t.oids[b]) })
	for _, i := range order {
		if err := registry.TryLock(ctx, conn, t.tables[i], t.oids[i]); err != nil {
			closeSession(ctx, conn)
			return ctx, nil, err
		}
	}
	workCtx, cancel := context.WithCancelCause(ctx)
	h := &holding{conn: conn, cancel: cancel, done: make(chan struct{})}
	go h.watch(workCtx)
	return workCtx, h, nil
}

// watch pings until its context ends.
func (h *holding) watch(ctx context.Context) {
	defer close(h.done)
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		// Not with ctx: cancelling it would break the connection, and the lock must
		// last until the work has stopped.
		pingCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingTimeout)
		err := h.conn.Ping(pingCtx)
		cancel()
		if err != nil {
			h.cancel(&lockLostError{err})
			return
		}
	}
}

// release gives the locks back.
func (h *holding) release(ctx context.Context) {
	h.cancel(nil)
	<-h.done
	closeSession(ctx, h.conn)
}

func closeSession(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingTimeout)
	defer cancel()
	conn.Close(ctx)
}
