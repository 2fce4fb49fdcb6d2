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

// A Direction says which way the changes of a stream go.
type Direction string

// The directions.
const (
	Forward  Direction = "forward"  // from the source to the target, before the cutover
	Backward Direction = "backward" // from the target to the source, after it
)

// A Stream is one direction of changes between two clusters.
type Stream struct {
	Direction   Direction
	Slot        string
	Publication string
	SystemID    string // of the cluster that the changes come from
	Database    string
	// Began is where its slot begins; 0: there is none yet.
	Began pglogrepl.LSN
	// Applied: all transactions that ended at or before it are on the other side.
	Applied   pglogrepl.LSN
	AppliedAt *time.Time
	// Copied is behind the end of a mixed copy; 0: it has not ended, or is not mixed.
	Copied pglogrepl.LSN
	// Mixed: the copy went on after its snapshot was lost.
	Mixed bool
	Copy  Copy // the last attempt at it
}

type streamRow struct {
	Direction   string
	Slot        string
	Publication string
	SystemID    string `db:"system_id"`
	Database    string
	Began       string
	Applied     string
	AppliedAt   *time.Time `db:"applied_at"`
	Copied      string
	Mixed       bool
	CopyName    string `db:"copy_name"`
	CopyVersion string `db:"copy_version"`
	Snapshot    string
}

func (r *Registry) streamKey(job int64, d Direction) sqltmpl.StreamKey {
	return sqltmpl.StreamKey{Schema: r.schema, JobID: job, Direction: string(d)}
}

// BeginStream records a stream before its slot is made. May run twice: what is
// recorded stays.
func (r *Registry) BeginStream(ctx context.Context, db sqltmpl.DB, job int64, s Stream) error {
	return exec(ctx, db, sqltmpl.BeginStream{
		StreamKey: r.streamKey(job, s.Direction), Slot: s.Slot, Publication: s.Publication, SystemID: s.SystemID,
		Database: s.Database,
	}.Statement())
}

// Stream returns a stream of a job, or an error wrapping ErrNotFound.
func (r *Registry) Stream(ctx context.Context, db sqltmpl.DB, job int64, d Direction) (Stream, error) {
	row, err := sqltmpl.One[streamRow](ctx, db, sqltmpl.ReadStream{StreamKey: r.streamKey(job, d)}.Statement())
	if errors.Is(err, pgx.ErrNoRows) {
		return Stream{}, fmt.Errorf("%s stream of job %d: %w", d, job, ErrNotFound)
	}
	if err != nil {
		return Stream{}, fmt.Errorf("reading registry: %w", err)
	}
	out := Stream{
		Direction: d, Slot: row.Slot, Publication: row.Publication, SystemID: row.SystemID, Database: row.Database,
		AppliedAt: row.AppliedAt, Mixed: row.Mixed, Copy: Copy{Name: row.CopyName, Version: row.CopyVersion, Snapshot: row.Snapshot},
	}
	for _, position := range []struct {
		text string
		to   *pglogrepl.LSN
	}{{row.Began, &out.Began}, {row.Applied, &out.Applied}, {row.Copied, &out.Copied}} {
		if position.text == "" {
			continue
		}
		if *position.to, err = pglogrepl.ParseLSN(position.text); err != nil {
			return out, fmt.Errorf("reading registry: %w", err)
		}
	}
	return out, nil
}

// StartStream records where a stream's slot begins, in the transaction that
// makes the other side what the slot's snapshot is, or plans to copy it, as c.
func (r *Registry) StartStream(ctx context.Context, tx pgx.Tx, job int64, d Direction, at pglogrepl.LSN, c Copy) error {
	return exec(ctx, tx, sqltmpl.StartStream{StreamKey: r.streamKey(job, d), Began: at.String(), Copy: c.key()}.Statement())
}

// AdvanceStream records what has been applied, in the transaction that applied
// it. It refuses to go back: somebody else has applied more.
func (r *Registry) AdvanceStream(ctx context.Context, tx pgx.Tx, job int64, d Direction, to pglogrepl.LSN) error {
	n, err := sqltmpl.AdvanceStream{StreamKey: r.streamKey(job, d), Applied: to.String()}.Statement().Exec(ctx, tx)
	if err == nil && n == 0 {
		err = fmt.Errorf("the %s stream of job %d is beyond %s already, or has ended", d, job, to)
	}
	return err
}

// MixStream records that the copy goes on, as c, under other snapshots than the slot's, in a transaction that has
// locked the last one.
func (r *Registry) MixStream(ctx context.Context, db sqltmpl.DB, job int64, d Direction, c Copy) error {
	return exec(ctx, db, sqltmpl.MixStream{StreamKey: r.streamKey(job, d), Copy: c.key()}.Statement())
}

// EndCopy records a position behind the end of a mixed copy.
func (r *Registry) EndCopy(ctx context.Context, db sqltmpl.DB, job int64, d Direction, at pglogrepl.LSN) error {
	return exec(ctx, db, sqltmpl.EndCopy{StreamKey: r.streamKey(job, d), Copied: at.String()}.Statement())
}

// EndStream forgets a stream. May run twice.
func (r *Registry) EndStream(ctx context.Context, db sqltmpl.DB, job int64, d Direction) error {
	return exec(ctx, db, sqltmpl.EndStream{StreamKey: r.streamKey(job, d)}.Statement())
}
