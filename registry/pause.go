package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
)

// Pause pauses a job, for whatever process works on it, and returns since when
// it is. May run twice: it stays paused since the first time.
func (r *Registry) Pause(ctx context.Context, db sqltmpl.DB, job int64) (time.Time, error) {
	at, err := sqltmpl.Scalar[*time.Time](ctx, db, sqltmpl.SetPaused{Schema: r.schema, JobID: job, Paused: true}.Statement())
	if err != nil || at == nil {
		return time.Time{}, pauseError("pausing", job, err)
	}
	return *at, nil
}

// Unpause lets a job go on. May run twice.
func (r *Registry) Unpause(ctx context.Context, db sqltmpl.DB, job int64) error {
	_, err := sqltmpl.Scalar[*time.Time](ctx, db, sqltmpl.SetPaused{Schema: r.schema, JobID: job}.Statement())
	return pauseError("resuming", job, err)
}

// PausedAt returns since when a job is paused; nil if it is not, or no more.
func (r *Registry) PausedAt(ctx context.Context, db sqltmpl.DB, job int64) (*time.Time, error) {
	at, err := sqltmpl.Scalar[*time.Time](ctx, db, sqltmpl.ReadPaused{Schema: r.schema, JobID: job}.Statement())
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return at, pauseError("looking whether it is paused,", job, err)
}

func pauseError(what string, job int64, err error) error {
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("job %d: %w", job, ErrNotFound)
	case err != nil:
		return fmt.Errorf("%s job %d: %w", what, job, err)
	}
	return nil
}
