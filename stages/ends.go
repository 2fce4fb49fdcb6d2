package stages

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/strategies/logical"
)

// sameEnds is what to do about another source, or another target.
const sameEnds = "give the same --source and --target as when the job began"

// sourceSetting is where a job keeps which cluster and database its tables come from: with the settings of
// its sessions, to which it means nothing.
const sourceSetting = "repave.source"

func (across) settings(ctx context.Context, env *Env) (map[string]string, error) {
	who, err := logical.Identify(ctx, env.Source)
	if err != nil {
		return nil, err
	}
	settings := maps.Clone(env.Operator.Conversions)
	settings[sourceSetting] = sourceOf(who)
	return settings, nil
}

// sourceOf is what a job keeps of its source.
func sourceOf(who logical.Identity) string { return who.System + "/" + who.Database }

// checkStream makes sure that a stream comes from the cluster on which it was
// begun: a slot of the same name elsewhere has other changes.
func (env *Env) checkStream(ctx context.Context, job registry.Job, s registry.Stream) error {
	e := env.from(s.Direction)
	now, err := logical.Identify(ctx, e.pool)
	if err != nil {
		return err
	}
	if now.System != s.SystemID || now.Database != s.Database {
		return &StateError{
			Problem: fmt.Sprintf("the changes of job %d come from database %s of cluster %s, but %s is database %s of cluster %s",
				job.ID, s.Database, s.SystemID, e.place(), now.Database, now.System),
			Advice: sameEnds,
		}
	}
	return nil
}

// checkEnds makes sure that both ends are those that a job was begun with, before anything is done to either: a fence of the
// target that is taken for one of the source would be opened, and what is left on the source would be forgotten.
func (env *Env) checkEnds(ctx context.Context, job registry.Job) error {
	now, err := logical.Identify(ctx, env.Source)
	if err != nil {
		return err
	}
	if was := job.Settings[sourceSetting]; was != "" && was != sourceOf(now) {
		return &StateError{
			Problem: fmt.Sprintf("the tables of job %d come from cluster %s, but %s is %s", job.ID, was, env.from(registry.Forward).place(), sourceOf(now)),
			Advice:  sameEnds,
		}
	}
	for _, d := range []registry.Direction{registry.Forward, registry.Backward} {
		s, err := env.Registry.Stream(ctx, env.Target, job.ID, d)
		if errors.Is(err, registry.ErrNotFound) {
			continue
		}
		if err == nil {
			err = env.checkStream(ctx, job, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
