package stages

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pglogrepl"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// heardOf is how old the word of whoever applies a stream may be to count.
const heardOf = 10 * time.Second

// A StreamStatus says where the changes of a job across clusters are. Without
// the cluster that they come from, only what has been applied is known; rates, and the lag in
// time, only while somebody applies them.
type StreamStatus struct {
	Direction string     `json:"direction"`
	Slot      string     `json:"slot"`
	Received  string     `json:"received"` // "" if nobody applies them now
	Applied   string     `json:"applied"`
	AppliedAt *time.Time `json:"applied_at"` // when something was, last
	Confirmed string     `json:"confirmed"`  // to the slot; "" if unknown
	End       string     `json:"end"`        // of the WAL there; "" if unknown
	LagBytes  int64      `json:"lag_bytes"`
	Lag       *float64   `json:"lag_seconds"` // null if unknown
	Followed  bool       `json:"followed"`    // somebody applies them now
	BytesIn   float64    `json:"bytes_in_per_second"`
	BytesOut  float64    `json:"bytes_out_per_second"`
	Changes   float64    `json:"changes_per_second"`
	ETA       float64    `json:"eta_seconds"`     // until they are caught up with; 0 if unknown
	Stalled   float64    `json:"stalled_seconds"` // nothing was applied for so long, with something to apply
	Retained  int64      `json:"retained_bytes"`  // of WAL that the slot keeps
	WALStatus string     `json:"wal_status"`      // as pg_replication_slots has it
	SafeBytes *int64     `json:"safe_bytes"`      // that can be written before the slot may lose WAL; null: without limit
	Mixed     bool       `json:"mixed"`
	Problem   string     `json:"problem"`  // with the slot: it is of no use any more
	Warnings  []string   `json:"warnings"` // null if there is none
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
	pulse, err := r.Pulse(ctx, target, job.ID, d)
	if err != nil && !errors.Is(err, registry.ErrNotFound) {
		return nil, err
	}
	if err == nil {
		out.hear(pulse)
	}
	if from == nil || s.Began == 0 {
		return out, nil
	}
	if other, err := otherSource(ctx, source, job); err != nil || other != "" {
		out.warn(other)
		return out, err
	}
	return out, out.look(ctx, from, s, end{source: d == registry.Forward}.oidsAt(job), pulse.Slot)
}

// otherSource says that the tables of a job come from another database than this; "" if they don't, or that is not known.
func otherSource(ctx context.Context, source sqltmpl.DB, job registry.Job) (string, error) {
	was := job.Settings[sourceSetting]
	if source == nil || was == "" {
		return "", nil
	}
	who, err := logical.Identify(ctx, source)
	if err != nil || sourceOf(who) == was {
		return "", err
	}
	return fmt.Sprintf("its tables come from cluster %s, the source given is %s: %s", was, sourceOf(who), sameEnds), nil
}

// hear takes in what whoever applies the stream has said.
func (out *StreamStatus) hear(pulse registry.Pulse) {
	if out.Applied == "" && pulse.Age >= 0 {
		out.Applied = pulse.Applied.String()
	}
	out.warn(pulse.Slot)
	if pulse.Age < 0 || pulse.Age > heardOf {
		return
	}
	out.Followed, out.Received, out.LagBytes = true, pulse.Received.String(), pulse.LagBytes
	out.BytesIn, out.BytesOut, out.Changes = pulse.BytesIn, pulse.BytesOut, pulse.ChangesOut
	if pulse.Lag != nil {
		seconds := pulse.Lag.Seconds()
		out.Lag = &seconds
	}
	if gain := pulse.BytesOut - pulse.BytesIn; gain > 0 && pulse.LagBytes > caughtUpBytes {
		out.ETA = float64(pulse.LagBytes) / gain
	}
	if pulse.Idle >= stalledAfter {
		out.Stalled = pulse.Idle.Seconds()
	}
	out.warn(pulse.Warning)
}

// look asks the cluster that the changes come from.
func (out *StreamStatus) look(ctx context.Context, from sqltmpl.DB, s registry.Stream, oids []uint32, said string) error {
	state, err := logical.SlotState(ctx, from, s.Slot)
	if err != nil {
		return err
	}
	text, err := sqltmpl.Scalar[string](ctx, from, sqltmpl.WALPosition{}.Statement())
	if err != nil {
		return err
	}
	end, err := pglogrepl.ParseLSN(text)
	if err != nil {
		return err
	}
	out.Confirmed, out.End, out.Retained = state.Confirmed.String(), text, state.Retained
	out.WALStatus, out.SafeBytes = state.WALStatus, state.Safe
	out.LagBytes = int64(end - min(max(s.Applied, state.Confirmed), end)) //nolint:gosec // positions are below 2^63
	if out.Problem, err = streamProblem(ctx, from, s, state, oids); err != nil {
		return err
	}
	if out.Problem == "" && said == "" {
		out.warn(slotWarning(s, state))
	}
	return nil
}

func (out *StreamStatus) warn(text string) {
	if text != "" {
		out.Warnings = append(out.Warnings, text)
	}
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
