package stages

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/repave-pg/repave/sqltmpl"
)

const (
	// crowdPoll is how often others are counted at the most.
	crowdPoll = 100 * time.Millisecond
	// crowdMemory is how long a count has weight: one busy moment is nothing.
	crowdMemory = time.Second
	// mostRest is the longest rest, in terms of the work before it: at least a
	// fifth of the time is worked, so that a job ends on any server.
	mostRest = 4.0
)

// A crowd is the sessions of others that are at work on the server.
type crowd struct {
	env  *Env
	most int // so many are not too many for it; 0: any

	mu   sync.Mutex
	load float64 // how many there have been of late
	at   time.Time
	busy bool
}

// newCrowd finds out how many sessions the server can serve at once.
func newCrowd(ctx context.Context, env *Env) (*crowd, error) {
	c := &crowd{env: env, most: env.Options.MaxActive}
	if c.most != AutoActive {
		return c, nil
	}
	type parallelism struct {
		Local   bool
		Workers int
	}
	got, err := sqltmpl.One[parallelism](ctx, env.Target, sqltmpl.ReadParallelism{}.Statement())
	if err != nil {
		return nil, fmt.Errorf("reading how many sessions the server can serve: %w", err)
	}
	c.most = got.Workers
	if got.Local {
		c.most = runtime.NumCPU()
	}
	c.most = max(c.most, 1)
	return c, nil
}

// look counts those at work, unless it just did, and reports whether they are
// too many, and whether that has changed.
func (c *crowd) look(ctx context.Context) (busy, changed bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.most == 0 || time.Since(c.at) < crowdPoll {
		return c.busy, false, nil
	}
	n, err := sqltmpl.Scalar[int64](ctx, c.env.Target, sqltmpl.ActiveSessions{}.Statement())
	if err != nil {
		return c.busy, false, fmt.Errorf("counting the sessions at work: %w", err)
	}
	now, was := time.Now(), c.busy
	weight := 1.0
	if !c.at.IsZero() {
		weight = 1 - math.Exp(-now.Sub(c.at).Seconds()/crowdMemory.Seconds())
	}
	c.load += weight * (float64(n) - c.load)
	c.at = now
	c.busy = c.load >= float64(c.most)
	return c.busy, c.busy != was, nil
}

// rest is how long to rest after some work: as long as it took if the server can
// just serve the others, and ever longer the more they are.
func (c *crowd) rest(took time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.busy {
		return 0
	}
	return time.Duration(float64(took) * min(2*c.load/float64(c.most)-1, mostRest))
}
