package stages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

const (
	// caughtUpBytes and caughtUpTime are what a stream may be behind for the next stage to begin.
	caughtUpBytes = 1 << 20
	caughtUpTime  = time.Second
	// reconnectFirst and reconnectMost bound the pauses between attempts at a connection.
	reconnectFirst = 200 * time.Millisecond
	reconnectMost  = 15 * time.Second
	// stalledAfter is how long nothing may be applied, with something to apply, before we say so.
	stalledAfter = 30 * time.Second
)

// follow applies changes of the live side until it has caught up. It locks
// nothing of the live side's. If a connection is lost it tries again, with
// growing pauses, for as long as --snapshot-wait.
type follow struct{}

// Name implements Stage.
func (follow) Name() Name { return Replay }

// Run implements Stage.
func (follow) Run(ctx context.Context, env *Env, job registry.Job) (int64, error) {
	if err := env.Registry.SetProven(ctx, env.Target, job.ID, false); err != nil {
		return 0, err
	}
	return env.followTree(ctx, job, logical.Goal{CaughtUp: caughtUp})
}

func caughtUp(bytes int64, lag time.Duration) bool {
	return bytes <= caughtUpBytes && lag <= caughtUpTime
}

// A feed is a stream and what applies it.
type feed struct {
	env       *Env
	job       registry.Job
	direction registry.Direction
	mark      string
	stream    *logical.Stream
	applier   *logical.Applier

	changes  int64
	moved    pglogrepl.LSN
	movedAt  time.Time
	reported time.Time
}

// open opens the stream of a job's live side where it was left.
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
	s, err := env.stream(ctx, job, d, name)
	if err != nil {
		return nil, err
	}
	if err := env.checkStream(ctx, job, s); err != nil {
		return nil, err
	}
	if err := env.checkSlot(ctx, s); err != nil {
		return nil, err
	}
	if err := env.awaitReader(ctx, job, env.from(d).pool, s.Slot); err != nil {
		return nil, err
	}
	f := &feed{env: env, job: job, direction: d, mark: name, movedAt: time.Now()}
	f.stream, err = logical.Open(ctx, logical.StreamOptions{
		Config: env.from(d).config, Settings: job.Settings, Slot: s.Slot, Publication: s.Publication, From: s.Applied,
		Mappings: maps, SkipUnknown: skip,
	})
	if err != nil {
		return nil, err
	}
	f.applier = logical.NewApplier(logical.ApplyOptions{
		Pool: env.to(d).pool, Mappings: maps, Job: name, Replica: d == registry.Backward,
		Record: func(ctx context.Context, tx pgx.Tx, applied pglogrepl.LSN) error { return f.record(ctx, tx, applied) },
		Reread: func(ctx context.Context, m logical.Mapping, key []logical.Value) ([]logical.Value, bool, error) {
			return logical.ReadRow(ctx, env.from(d).pool, m, key)
		},
		Progress: f.progress,
	})
	return f, nil
}

// record keeps the position, in one transaction with the changes.
func (f *feed) record(ctx context.Context, tx pgx.Tx, applied pglogrepl.LSN) error {
	if f.direction == registry.Forward {
		return f.env.Registry.AdvanceStream(ctx, tx, f.job.ID, f.direction, applied)
	}
	return remember(ctx, tx, f.job, f.mark, applied)
}

func (f *feed) close(ctx context.Context) {
	ctx, cancel := detached(ctx)
	defer cancel()
	if err := f.stream.Close(ctx); err != nil {
		f.env.Logger.DebugContext(ctx, "closing the stream", slog.Any("error", err))
	}
}

// progress reports where the stream is, and says so if it does not move.
func (f *feed) progress(p logical.Progress) {
	now := time.Now()
	f.changes = p.Changes
	if p.Applied > f.moved || p.LagBytes == 0 {
		f.moved, f.movedAt = p.Applied, now
	}
	waiting := ""
	if stalled := now.Sub(f.movedAt); stalled > stalledAfter {
		waiting = fmt.Sprintf("%d bytes of WAL to be applied: nothing was for %s", p.LagBytes, stalled.Round(time.Second))
	}
	if now.Sub(f.reported) < progressEvery && waiting == "" {
		return
	}
	f.reported = now
	f.env.Report(Event{
		Job: f.job.ID, Table: f.job.Title(), Stage: Replay, Phase: Going, Rows: p.Changes, Backlog: p.LagBytes, Unit: "bytes",
		Waiting: waiting, Backward: f.job.Swapped,
	})
}

// follow applies the stream of a job's live side until a goal is reached. It
// returns how many changes that were.
func (env *Env) follow(ctx context.Context, job registry.Job, goal logical.Goal) (int64, error) {
	var sum int64
	err := env.persist(ctx, job, func() error {
		f, err := env.open(ctx, job)
		if err != nil {
			return err
		}
		defer f.close(ctx)
		err = f.applier.Follow(ctx, f.stream, goal)
		sum += f.changes
		return err
	})
	return sum, err
}

// persist runs fn, and again after a pause if a connection was lost: of either
// cluster, whose server may be restarting.
func (env *Env) persist(ctx context.Context, job registry.Job, fn func() error) error {
	began, pause := time.Now(), reconnectFirst
	for {
		tried := time.Now()
		err := fn()
		if err == nil || !sqltmpl.IsConnection(err) || ctx.Err() != nil {
			return err
		}
		if time.Since(tried) > reconnectMost {
			began, pause = time.Now(), reconnectFirst // it had worked for a while
		}
		if time.Since(began) > env.Options.SnapshotWait {
			return errors.Join(&GaveUpError{For: "the connection to come back", After: time.Since(began)}, err)
		}
		env.Logger.WarnContext(ctx, "a connection was lost, trying again", slog.Any("error", err), slog.Duration("pause", pause))
		env.Report(Event{
			Job: job.ID, Table: job.Title(), Stage: Replay, Phase: Going, Waiting: "a server to come back", Backward: job.Swapped,
		})
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, reconnectMost)
	}
}
