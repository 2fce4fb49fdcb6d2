package stages

import (
	"context"

	"github.com/repave-pg/repave/internal/preflight"
	"github.com/repave-pg/repave/registry"
)

// replicaRole reports whether changes that go to the side other than the live one need
// its triggers, rules and foreign keys kept still, and refuses if our role may not do that. Those of the target's
// are off until it is opened; those of the source's are what its writers will need again, and stay as they are.
// It changes nothing.
func (env *Env) replicaRole(ctx context.Context, job registry.Job) (bool, error) {
	if live(job) == registry.Forward {
		return false, nil
	}
	oids := make([]uint32, len(job.Tables))
	for i, t := range job.Tables {
		oids[i] = t.SourceOID
	}
	needed, findings, err := preflight.ReplicaRole(ctx, env.Source, oids)
	for _, f := range findings {
		return needed, &StateError{Problem: "on the source " + f.Problem, Advice: f.Cure}
	}
	return needed, err
}
