package stages

import (
	"context"
	"fmt"
	"time"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// snapshotPoll is how often we look whether old snapshots are gone.
const snapshotPoll = 50 * time.Millisecond

type snapshotRow struct {
	Virtualxid string
	sessionRow
}

// waitSnapshots waits until no transaction is left that may hold a snapshot
// older than xid, the last that wrote rows for others. Only those that are
// there now matter: a snapshot taken later shows xid.
func waitSnapshots(ctx context.Context, env *Env, job registry.Job, xid string) error {
	if xid == "" {
		return nil
	}
	began := time.Now()
	first, err := olderSnapshots(ctx, env, xid)
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, row := range first {
		wanted[row.Virtualxid] = true
	}
	told := ""
	for len(wanted) > 0 {
		if err := sleep(ctx, snapshotPoll); err != nil {
			return err
		}
		rows, err := olderSnapshots(ctx, env, xid)
		if err != nil {
			return err
		}
		left := map[string]bool{}
		var who []Session
		for _, row := range rows {
			if wanted[row.Virtualxid] {
				left[row.Virtualxid] = true
				who = append(who, row.session())
			}
		}
		wanted = left
		if len(who) == 0 {
			break
		}
		if time.Since(began) > env.Options.SnapshotWait {
			return &GaveUpError{For: "old snapshots to end", After: time.Since(began), Who: who[:min(len(who), 3)]}
		}
		if name := fmt.Sprintf("snapshot of pid %d (%s) to end", who[0].PID, who[0].Application); name != told {
			told = name
			env.waiting(ctx, job, name)
		}
	}
	if told != "" {
		env.waiting(ctx, job, "")
	}
	return nil
}

// olderSnapshots reads the transactions that may not see xid.
func olderSnapshots(ctx context.Context, env *Env, xid string) ([]snapshotRow, error) {
	return sqltmpl.All[snapshotRow](ctx, env.Source, sqltmpl.OlderSnapshots{XID: xid}.Statement())
}
