package stages

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/registry"
)

// The strategies that jobs can have.
const (
	ChangeLog = "changelog" // in place
	Logical   = "logical"   // onto another cluster
)

// A course is how the jobs of one strategy go: the machine is the same for all.
type course interface {
	// check runs preflight on all tables.
	check(ctx context.Context, env *Env, req Request) (*RefusedError, error)
	// settings are those that a new job keeps for its sessions.
	settings(ctx context.Context, env *Env) (map[string]string, error)
	// settle brings a job that a process left at some point into a state from which stages can go
	// on. It returns the stage to blame for an error.
	settle(ctx context.Context, env *Env, job registry.Job) (Name, error)
	// forward returns the stages between preflight and cleanup, in their order.
	forward() []Stage
	// help copies batches beside the process that runs the backfill until there is none left to take, and returns
	// how many rows that were, also with an error. errNotNow is for trying again: somebody else copies by now, or otherwise.
	help(ctx context.Context, env *Env, job registry.Job) (int64, error)
	// backward returns the stages of revert-swap.
	backward() []Stage
	// revertible refuses to go back where that can't work, before anything happens.
	revertible(ctx context.Context, env *Env, job registry.Job) error
	// comparing is the stage that compares the tables of a job.
	comparing() Stage
	// erase drops what a job made, and ends it: after its swap, or before. May run again.
	erase(ctx context.Context, env *Env, job registry.Job) error
}

// courseOf is the course of a job's strategy.
func courseOf(job registry.Job) course {
	if job.Strategy == Logical {
		return across{}
	}
	return inPlace{}
}

// inPlace is the course of jobs on one database.
type inPlace struct{}

func (inPlace) forward() []Stage {
	return []Stage{setup{}, backfill{}, syncSchema{}, replay{}, verify{}, swap{}}
}

// backward is the same, from replay on.
func (inPlace) backward() []Stage { return []Stage{replay{}, verify{}, swap{}} }

func (inPlace) settings(_ context.Context, env *Env) (map[string]string, error) {
	return env.Operator.Conversions, nil
}

func (inPlace) comparing() Stage { return verify{} }

func (inPlace) check(ctx context.Context, env *Env, req Request) (*RefusedError, error) {
	refused := &RefusedError{}
	for i, t := range req.job().Tables {
		findings, err := check(ctx, env, t.Name, t.SourceOID, req.Spec.Tables[i].Effective())
		if err != nil {
			return nil, err
		}
		refused.add(t.Name.Plain(), findings)
	}
	return refused, nil
}

func (inPlace) settle(ctx context.Context, env *Env, job registry.Job) (Name, error) {
	if err := awaitOrphans(ctx, env, job); err != nil {
		return Name(job.Stage), err
	}
	if _, err := dropGuards(ctx, env, job, nil); err != nil { // a process died just before its swap
		return Name(job.Stage), err
	}
	if job.Swapped || Name(job.Stage) == Replay {
		if err := validate(ctx, env, job); err != nil {
			return Swap, err
		}
	}
	return "", nil
}

func (inPlace) revertible(ctx context.Context, env *Env, job registry.Job) error {
	for _, t := range job.Tables {
		if err := sequencesFit(ctx, env, t); err != nil {
			// Rows that do not fit either are the better reason.
			if rows := listMisfits(ctx, env, job, t, err); rows != nil {
				err = rows
			}
			return err
		}
	}
	return nil
}

func (inPlace) erase(ctx context.Context, env *Env, job registry.Job) error {
	return erase(ctx, env, job)
}

// notYet says that a job can't be verified before its tables are alike.
func notYet(job registry.Job) error {
	return &StateError{
		Problem: fmt.Sprintf("%s can't be verified yet: the job is in %s", job.Title(), job.Stage),
		Advice:  fmt.Sprintf("go on with: repave run %s%s --until verify", job.Args(), job.Flags),
	}
}
