package stages

import (
	"context"
	"time"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

const (
	// heldUpFirst is after how long it is looked up what a slot waits for.
	heldUpFirst = 2 * time.Second
	// heldUpAgain is how often that is done again.
	heldUpAgain = 20 * time.Second
)

// awaitingSlot runs create, which makes a slot at an end once the transactions have ended that are running there, and says
// meanwhile, and if it gives up, which of them is in the way: it may well be one that was prepared and forgotten.
func (env *Env) awaitingSlot(ctx context.Context, job registry.Job, e end, what string, create func() error) error {
	env.waiting(ctx, job, what+": transactions that were running must end first")
	began := time.Now()
	telling, stop := context.WithCancel(ctx)
	told := make(chan struct{})
	go func() {
		defer close(told)
		for pause := heldUpFirst; sleep(telling, pause) == nil; pause = heldUpAgain {
			if who := heldUpBy(telling, e); who.What != "" {
				env.waiting(telling, job, what+", held up by "+who.What)
			}
		}
	}()
	err := create()
	stop()
	<-told
	switch {
	case err == nil:
		env.waiting(ctx, job, "")
	case sqltmpl.IsLockContention(err):
		gaveUp := &GaveUpError{For: what, After: time.Since(began), Err: err}
		if who := heldUpBy(ctx, e); who.What != "" {
			gaveUp.By, gaveUp.Cure = who.What, who.Cure
		}
		return gaveUp
	}
	return err
}

// heldUpBy is the transaction that the making of a slot may be waiting for; nothing if that can't be found out.
func heldUpBy(ctx context.Context, e end) sqltmpl.Shortcoming {
	found, err := sqltmpl.All[sqltmpl.Shortcoming](ctx, e.pool, sqltmpl.ListLongTransactions{Seconds: 1}.Statement())
	if err != nil || len(found) == 0 {
		return sqltmpl.Shortcoming{}
	}
	return found[0]
}
