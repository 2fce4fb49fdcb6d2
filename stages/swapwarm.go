package stages

import (
	"context"
	"maps"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/registry"
)

// warm compares all definitions and fills the session's caches, so that the
// checks under the locks are short. It returns what it has compared.
func (swap) warm(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job) (catalog.Documents, error) {
	seen, err := catalog.Read(ctx, tx, liveOIDs(env, job, job.Tables...), env.Registry.Schema())
	if err != nil {
		return nil, err
	}
	found, err := seen.Relations()
	if err != nil {
		return nil, err
	}
	for _, t := range job.Tables {
		if err := checkFound(ctx, env, tx, job, t, found); err != nil {
			return nil, err
		}
	}
	if _, err := catalog.Read(ctx, tx, standbyOIDs(env, job), env.Registry.Schema()); err != nil {
		return nil, err
	}
	_, err = bound(ctx, env, tx, job)
	return seen, err
}

// unseen are the definitions of the live tables if they do not read as they did
// before the locks; then they have to be compared again.
func unseen(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job, seen catalog.Documents) (catalog.Relations, error) {
	now, err := catalog.Read(ctx, tx, liveOIDs(env, job, job.Tables...), env.Registry.Schema())
	if err != nil || maps.Equal(now, seen) {
		return nil, err
	}
	return now.Relations()
}
