// Package stages rewrites tables: an ordered list of resumable steps and one
// loop over them. A job that stopped at any point goes on when its command is
// run again; whatever a stage has done is recorded in the transaction that did
// it, or found by looking first.
package stages

import (
	"context"
	"slices"
	"time"

	"github.com/repave-pg/repave/registry"
)

// Name names a stage, in the registry, in logs and on the command line.
type Name string

// The stages, in their order.
const (
	Preflight  Name = "preflight"
	Setup      Name = "setup"
	Backfill   Name = "backfill"
	SyncSchema Name = "sync_schema"
	Replay     Name = "replay"
	Verify     Name = "verify"
	Swap       Name = "swap"
	Cleanup    Name = "cleanup"
)

// Order returns all stages in their order.
func Order() []Name {
	return []Name{Preflight, Setup, Backfill, SyncSchema, Replay, Verify, Swap, Cleanup}
}

// Index returns n's place in the order, -1 if there is no such stage.
func (n Name) Index() int { return slices.Index(Order(), n) }

// Before reports whether n comes before other.
func (n Name) Before(other Name) bool { return n.Index() < other.Index() }

// Next returns the stage after n; Cleanup is its own.
func (n Name) Next() Name {
	order := Order()
	return order[min(n.Index()+1, len(order)-1)]
}

// A Stage is one step of a job. Run may be called again after it failed or
// was killed at any point, and returns the number of rows it wrote or read.
type Stage interface {
	Name() Name
	Run(ctx context.Context, env *Env, job registry.Job) (rows int64, err error)
}

// An Event tells how a stage comes along. Unknown numbers are 0.
type Event struct {
	Job      int64
	Table    string
	Stage    Name
	Phase    Phase
	Done     int64
	Total    int64
	Unit     string
	Rows     int64  // written so far
	Backlog  int64  // changes captured but not yet applied
	Waiting  string // why nothing moves, if so
	Elapsed  time.Duration
	Backward bool // part of revert-swap
}

// Phase says whether a stage begins, goes on or is done.
type Phase int

// The phases of a stage.
const (
	Began Phase = iota
	Going
	Finished
)
