package stages

import (
	"context"
	"fmt"
	"time"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// throttle waits while a standby is further behind than allowed. A lag that
// this role may not see counts as too long.
func throttle(ctx context.Context, env *Env, job registry.Job) error {
	if env.Options.MaxLag <= 0 {
		return nil
	}
	for waited := false; ; waited = true {
		ms, err := sqltmpl.Scalar[*float64](ctx, env.Target, sqltmpl.StandbyLag{}.Statement())
		if err != nil {
			return fmt.Errorf("reading the standbys' lag: %w", err)
		}
		why := "there are standbys, and this role may not see how far behind they are (GRANT pg_monitor, or --max-lag 0)"
		if ms != nil {
			lag := time.Duration(*ms) * time.Millisecond
			if lag <= env.Options.MaxLag {
				if waited {
					env.waiting(ctx, job, "")
				}
				return nil
			}
			why = fmt.Sprintf("a standby is %s behind (--max-lag %s)", lag.Round(time.Millisecond), env.Options.MaxLag)
		}
		env.waiting(ctx, job, why)
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}
