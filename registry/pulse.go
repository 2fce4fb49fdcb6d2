package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
)

// A Pulse is what whoever applies a stream says of it, about once a second.
type Pulse struct {
	Age        time.Duration // how long ago it was said; negative: never
	Received   pglogrepl.LSN // everything before it was read
	Applied    pglogrepl.LSN // everything before it was applied
	LagBytes   int64
	Lag        *time.Duration // nil: unknown
	BytesIn    float64        // of WAL, each second, that the cluster writes
	BytesOut   float64        // and that is dealt with
	ChangesOut float64        // applied each second
	Idle       time.Duration  // for which nothing has been applied though there was something to
	Warning    string         // "" if all is well
	Slot       string         // what is wrong with the slot, "" if nothing is
}

type pulseRow struct {
	Age         *float64
	Received    string
	Applied     string
	LagBytes    int64    `db:"lag_bytes"`
	LagSeconds  *float64 `db:"lag_seconds"`
	BytesIn     float64  `db:"bytes_in"`
	BytesOut    float64  `db:"bytes_out"`
	ChangesOut  float64  `db:"changes_out"`
	IdleSeconds float64  `db:"idle_seconds"`
	Warning     string
	SlotWarning string `db:"slot_warning"`
}

// Beat records a pulse; it does nothing once the stream has ended. May run again.
func (r *Registry) Beat(ctx context.Context, db sqltmpl.DB, job int64, d Direction, p Pulse) error {
	beat := sqltmpl.Beat{
		StreamKey: r.streamKey(job, d), Received: p.Received.String(), Applied: p.Applied.String(), LagBytes: p.LagBytes,
		BytesIn: p.BytesIn, BytesOut: p.BytesOut, ChangesOut: p.ChangesOut, IdleSeconds: p.Idle.Seconds(), Warning: p.Warning,
	}
	if p.Lag != nil {
		seconds := p.Lag.Seconds()
		beat.LagSeconds = &seconds
	}
	return exec(ctx, db, beat.Statement())
}

// WarnSlot records what is wrong with a stream's slot, "" for nothing. May run again.
func (r *Registry) WarnSlot(ctx context.Context, db sqltmpl.DB, job int64, d Direction, warning string) error {
	return exec(ctx, db, sqltmpl.WarnSlot{StreamKey: r.streamKey(job, d), Warning: warning}.Statement())
}

// Pulse returns the last pulse of a stream, or an error wrapping ErrNotFound.
func (r *Registry) Pulse(ctx context.Context, db sqltmpl.DB, job int64, d Direction) (Pulse, error) {
	row, err := sqltmpl.One[pulseRow](ctx, db, sqltmpl.ReadPulse{StreamKey: r.streamKey(job, d)}.Statement())
	if errors.Is(err, pgx.ErrNoRows) {
		return Pulse{}, fmt.Errorf("%s stream of job %d: %w", d, job, ErrNotFound)
	}
	if err != nil {
		return Pulse{}, fmt.Errorf("reading registry: %w", err)
	}
	span := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	out := Pulse{
		Age: -1, LagBytes: row.LagBytes, BytesIn: row.BytesIn, BytesOut: row.BytesOut, ChangesOut: row.ChangesOut,
		Idle: span(row.IdleSeconds), Warning: row.Warning, Slot: row.SlotWarning,
	}
	if row.Age != nil {
		out.Age = max(span(*row.Age), 0)
	}
	if row.LagSeconds != nil {
		lag := span(*row.LagSeconds)
		out.Lag = &lag
	}
	if out.Received, err = pglogrepl.ParseLSN(row.Received); err != nil {
		return out, fmt.Errorf("reading registry: %w", err)
	}
	out.Applied, err = pglogrepl.ParseLSN(row.Applied)
	return out, err
}
