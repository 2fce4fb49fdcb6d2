package stages

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// beatEvery is how often it is recorded where a stream is.
const beatEvery = time.Second

// A feed is a stream and what applies it.
type feed struct {
	env       *Env
	job       registry.Job
	direction registry.Direction
	mark      string
	stream    *logical.Stream
	applier   *logical.Applier
	stop      context.CancelFunc
	stopped   chan struct{}

	mu       sync.Mutex
	now      *logical.Progress // nil: nothing was heard yet
	gauge    gauge
	warning  string
	reported time.Time
}

// open opens the stream of a job's live side where it was left. Nobody else
// works on the job, so whoever still reads the slot is about to end: what is recorded and what
// the slot was told are only looked at after that.
func (env *Env) open(ctx context.Context, job registry.Job) (*feed, error) {
	return env.openFor(ctx, job, mappings(job, live(job)), false)
}

// openFor is open for some tables and partitions: other changes are passed over, or an error.
func (env *Env) openFor(ctx context.Context, job registry.Job, maps []logical.Mapping, skip bool) (*feed, error) {
	d := live(job)
	name, err := env.jobMark(ctx, job)
	if err != nil {
		return nil, err
	}
	if err := env.awaitSlot(ctx, job, d); err != nil {
		return nil, err
	}
	s, err := env.stream(ctx, job, d, name)
	if err != nil {
		return nil, err
	}
	if err := env.checkStream(ctx, job, s); err != nil {
		return nil, err
	}
	if err := env.checkSlot(ctx, job, s); err != nil {
		return nil, err
	}
	if d == registry.Backward {
		if err := env.still(ctx, job, name); err != nil {
			return nil, err
		}
	}
	replica, err := env.replicaRole(ctx, job)
	if err != nil {
		return nil, err
	}
	f := &feed{env: env, job: job, direction: d, mark: name, stopped: make(chan struct{})}
	f.stream, err = logical.Open(ctx, logical.StreamOptions{
		Config: env.from(d).config, Settings: job.Settings, Slot: s.Slot, Publication: s.Publication, From: s.Applied,
		Mappings: maps, SkipUnknown: skip,
	})
	if err != nil {
		return nil, err
	}
	f.applier = logical.NewApplier(logical.ApplyOptions{
		Pool: env.to(d).pool, Mappings: maps, Job: name, Replica: replica,
		Record: func(ctx context.Context, tx pgx.Tx, applied pglogrepl.LSN) error { return f.record(ctx, tx, applied) },
		Reread: func(ctx context.Context, m logical.Mapping, key []logical.Value) ([]logical.Value, bool, error) {
			return logical.ReadRow(ctx, env.from(d).pool, m, key)
		},
		Progress: f.progress,
		Wrote:    func(ctx context.Context, m *logical.Mapping, key []logical.Value) { env.Ends.lately.add(ctx, m, key) },
	})
	beating, stop := context.WithCancel(ctx)
	f.stop = stop
	go f.beat(beating)
	return f, nil
}

// record keeps the position, in one transaction with the changes.
func (f *feed) record(ctx context.Context, tx pgx.Tx, applied pglogrepl.LSN) error {
	if f.direction == registry.Forward {
		return f.env.Registry.AdvanceStream(ctx, tx, f.job.ID, f.direction, applied)
	}
	if err := unstirred(ctx, tx, f.job); err != nil {
		return err
	}
	return remember(ctx, tx, f.job, f.mark, applied)
}

func (f *feed) close(ctx context.Context) {
	f.stop()
	<-f.stopped
	ctx, cancel := detached(ctx)
	defer cancel()
	if err := f.stream.Close(ctx); err != nil {
		f.env.Logger.DebugContext(ctx, "closing the stream", slog.Any("error", err))
	}
}

// changes is how many changes have been applied.
func (f *feed) changes() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now == nil {
		return 0
	}
	return f.now.Changes
}

// applied is the position that was recorded last.
func (f *feed) applied() pglogrepl.LSN {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now == nil {
		return 0
	}
	return f.now.Applied
}

// progress takes in where the stream is, and reports it.
func (f *feed) progress(p logical.Progress) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = &p
	if now := time.Now(); now.Sub(f.reported) >= progressEvery {
		f.reported = now
		f.env.Report(Event{
			Job: f.job.ID, Table: f.job.Title(), Stage: Replay, Phase: Going, Rows: p.Changes, Backlog: p.LagBytes, Unit: "bytes",
			Waiting: f.warning, Backward: f.job.Swapped,
		})
	}
}

// beat records where the stream is, again and again, and says so if it does
// not move, or not fast enough.
func (f *feed) beat(ctx context.Context) {
	defer close(f.stopped)
	var said string
	var saidAt time.Time
	for sleep(ctx, beatEvery) == nil {
		pulse, pid, ok := f.pulse()
		if !ok {
			continue
		}
		if pulse.Idle >= stalledAfter {
			pulse.Warning += f.blockers(ctx, pid)
		}
		f.mu.Lock()
		f.warning = pulse.Warning
		f.mu.Unlock()
		if pulse.Warning != "" && (said == "" || time.Since(saidAt) >= warnAgain) {
			f.env.Logger.WarnContext(ctx, "the stream is in trouble", slog.String("stream", pulse.Warning))
			saidAt = time.Now()
		}
		said = pulse.Warning
		// If it can't be recorded that is seen from its age.
		if err := f.env.Registry.Beat(ctx, f.env.Target, f.job.ID, f.direction, pulse); err != nil {
			f.env.Logger.DebugContext(ctx, "recording where the stream is", slog.Any("error", err))
		}
	}
}

// pulse is what is to be said of the stream now; nothing before it moves.
func (f *feed) pulse() (out registry.Pulse, pid int32, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now == nil {
		return out, 0, false
	}
	f.gauge.add(*f.now, time.Now())
	return f.gauge.pulse(*f.now), f.now.PID, true
}

// blockers names who keeps the session that applies from a lock, if anybody does.
func (f *feed) blockers(ctx context.Context, pid int32) string {
	rows, err := sqltmpl.All[sessionRow](ctx, f.env.to(f.direction).pool, sqltmpl.Blocking{PID: pid}.Statement())
	if err != nil || len(rows) == 0 {
		return ""
	}
	return fmt.Sprintf(": a lock is held by %s", rows[0].session())
}
