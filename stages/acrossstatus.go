package stages

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pglogrepl"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// A StreamStatus says where the changes of a job across clusters are. Without
// the cluster that they come from, only what has been applied is known.
type StreamStatus struct {
	Direction string     `json:"direction"`
	Slot      string     `json:"slot"`
	Applied   string     `json:"applied"`
	AppliedAt *time.Time `json:"applied_at"` // when something was, last
	Confirmed string     `json:"confirmed"`  // to the slot; "" if unknown
	End       string     `json:"end"`        // of the WAL there; "" if unknown
	LagBytes  int64      `json:"lag_bytes"`
	Retained  int64      `json:"retained_bytes"` // of WAL that the slot keeps
	Mixed     bool       `json:"mixed"`
	Problem   string     `json:"problem"` // with the slot
}

// StreamOf looks where the changes of a job are; nil for a job in place, and before
// there is a stream. The databases are those of Env.Source, nil if unknown, and Env.Target. It only reads.
func StreamOf(ctx context.Context, source, target sqltmpl.DB, r *registry.Registry, job registry.Job) (*StreamStatus, error) {
	if job.Strategy != Logical {
		return nil, nil
	}
	d := live(job)
	s, err := r.Stream(ctx, target, job.ID, d)
	if errors.Is(err, registry.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := &StreamStatus{
		Direction: string(d), Slot: s.Slot, Applied: s.Applied.String(), AppliedAt: s.AppliedAt, Mixed: s.Mixed,
	}
	from := source
	if d == registry.Backward {
		from = target
		out.Applied, out.AppliedAt = "", nil // the source has it
	}
	if from == nil || s.Began == 0 {
		return out, nil
	}
	state, err := logical.SlotState(ctx, from, s.Slot)
	if err != nil {
		return nil, err
	}
	text, err := sqltmpl.Scalar[string](ctx, from, sqltmpl.WALPosition{}.Statement())
	if err != nil {
		return nil, err
	}
	end, err := pglogrepl.ParseLSN(text)
	if err != nil {
		return nil, err
	}
	out.Confirmed, out.End, out.Retained = state.Confirmed.String(), text, state.Retained
	out.LagBytes = int64(end - min(max(s.Applied, state.Confirmed), end))
	out.Problem = slotProblem(s, state)
	return out, nil
}

// slotProblem says why a slot is of no use any more; "" if it is.
func slotProblem(s registry.Stream, state logical.State) string {
	switch {
	case !state.Exists:
		return "replication slot " + s.Slot + " is gone"
	case !state.Ours:
		return "replication slot " + s.Slot + " is another database's"
	case state.Invalidation != "" || state.WALStatus == "lost":
		return "replication slot " + s.Slot + " has lost WAL that was not applied yet (" + state.Invalidation + ")"
	}
	return ""
}
