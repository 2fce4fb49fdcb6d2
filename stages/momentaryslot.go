package stages

import (
	"context"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/strategies/logical"
)

// momentarySlot makes a temporary slot on the live side, for its snapshot and the position that this shows. It waits until
// transactions that run there have ended. Both end with release.
func (env *Env) momentarySlot(ctx context.Context, job registry.Job) (slot logical.Slot, release func(), err error) {
	d := live(job)
	name, err := env.jobMark(ctx, job)
	if err != nil {
		return logical.Slot{}, nil, err
	}
	conn, err := logical.Connect(ctx, env.from(d).config, job.Settings)
	if err != nil {
		return logical.Slot{}, nil, err
	}
	closed := func() {
		ctx, cancel := detached(ctx)
		defer cancel()
		_ = conn.Close(ctx) // the slot goes with it
	}
	defer func() {
		if err != nil {
			closed()
		}
	}()
	if err := env.awaitReader(ctx, job, env.from(d).pool, name+"_verify"); err != nil {
		return logical.Slot{}, nil, err
	}
	err = env.awaitingSlot(ctx, job, env.from(d), "a snapshot of the live side", func() (err error) {
		slot, err = logical.CreateSlot(ctx, conn, name+"_verify", true, slotPatience(env))
		return err
	})
	if err != nil {
		return logical.Slot{}, nil, err
	}
	return slot, closed, nil
}
