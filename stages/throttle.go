package stages

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// errLagHidden says that there are standbys whose lag this role may not see.
var errLagHidden = errors.New("this role may not see it (GRANT pg_monitor, or --max-lag 0)")

// throttle waits while a standby is further behind than allowed. A lag that
// can't be read counts as too long.
func throttle(ctx context.Context, env *Env, job registry.Job) error {
	if env.Options.MaxLag <= 0 {
		return nil
	}
	for waited := false; ; waited = true {
		ms, err := sqltmpl.Scalar[*float64](ctx, env.Target, sqltmpl.StandbyLag{}.Statement())
		var lag time.Duration
		switch {
		case err != nil:
		case ms == nil:
			err = errLagHidden
		default:
			lag = time.Duration(*ms) * time.Millisecond
		}
		if err == nil && lag <= env.Options.MaxLag {
			if waited {
				env.waiting(ctx, job, "")
			}
			return nil
		}
		why := fmt.Sprintf("a standby is %s behind (--max-lag %s)", lag.Round(time.Millisecond), env.Options.MaxLag)
		if err != nil {
			why = "the standbys' lag can't be read: " + err.Error()
		}
		env.waiting(ctx, job, why)
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}
