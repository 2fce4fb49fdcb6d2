package stages

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies"
)

// Sizes of the page ranges that workers claim.
const (
	minRange = 64
	maxRange = 32768
	// rangesPerWorker keeps all workers busy until the end.
	rangesPerWorker = 16
)

// setup makes the shadow and the capture, and plans the batches. The shadow is
// built first, under no lock that anybody feels; the triggers need SHARE ROW
// EXCLUSIVE on the source, for a few milliseconds. Where something is bound to
// the table, the swap is rehearsed, under the swap's own locks.
type setup struct{}

// Name implements Stage.
func (setup) Name() Name { return Setup }

// Run implements Stage.
func (s setup) Run(ctx context.Context, env *Env, job registry.Job) (int64, error) {
	if job.Tables[0].Blueprint == nil { // they are all made in one transaction
		if err := s.build(ctx, env, job); err != nil {
			return 0, err
		}
	}
	job, err := env.Registry.Get(ctx, env.Target, job.ID)
	if err != nil {
		return 0, err
	}
	if job, err = rehearseEarly(ctx, env, job); err != nil {
		return 0, err
	}
	for _, t := range job.Tables {
		if t.Capture == registry.CaptureNone {
			if err := s.install(ctx, env, job, t); err != nil {
				return 0, err
			}
			t.Capture = registry.CaptureLog
		}
		// Only after the capture's commit: every row version below this page count is either
		// untouched since, or logged.
		if err := planBatches(ctx, env, job, t); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// build makes the shadows, the logs and the functions of all tables, in one
// transaction with their record: what foreign keys between them become depends
// on all. Foreign keys that the operator adds make it lock the table they refer
// to for a moment.
func (s setup) build(ctx context.Context, env *Env, job registry.Job) error {
	var sources []uint32
	for _, t := range job.Tables {
		sources = append(sources, t.SourceOID)
	}
	return withLocks(ctx, env, job, lockJob{
		weak:   true,
		what:   "build the shadow of " + job.Title(),
		tables: sources,
		lock:   setLockTimeout,
		work: func(ctx context.Context, tx pgx.Tx) error {
			if _, err := env.Registry.Lock(ctx, tx, job.ID); err != nil {
				return err
			}
			blueprints, err := buildShadows(ctx, env, tx, job)
			if err != nil {
				return err
			}
			for i, t := range job.Tables {
				t.Blueprint = blueprints[i]
				if err := s.record(ctx, env, tx, job, t); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// buildShadows makes the shadows of a job's tables, and nothing else. Those of
// tables without OID are left out, and their blueprints nil.
func buildShadows(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job) ([]*shadow.Blueprint, error) {
	tables := make([]shadow.Asked, len(job.Tables))
	for i, t := range job.Tables {
		tables[i] = shadow.Asked{OID: t.SourceOID, Names: env.names(t), Change: job.Spec.Tables[i].Effective()}
	}
	if err := checkTogether(ctx, tx, job); err != nil {
		return nil, err
	}
	return shadow.BuildAll(ctx, tx, tables, env.Operator.SearchPath)
}

// record finishes the shadow of one table and makes its log and functions.
func (setup) record(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job, t registry.Table) error {
	b := t.Blueprint
	table := env.names(t).Object("shadow")
	if err := dropSerialDefaults(ctx, tx, rewritten(env.names(t), b)); err != nil {
		return err
	}
	oid, err := sqltmpl.Scalar[uint32](ctx, tx, sqltmpl.RelationOID{Name: table.String()}.Statement())
	if err != nil {
		return err
	}
	if err := env.Registry.SetShadow(ctx, tx, t, oid, *b); err != nil {
		return err
	}
	// After the swap the source is the one to drop, under its parked name.
	for _, parked := range []sqltmpl.Table{env.names(t).Object("old"), table} {
		undo := sqltmpl.DropTable{Table: parked}.Statement().SQL
		if err := env.Registry.AddArtifact(ctx, tx, t, "table", parked.String(), undo); err != nil {
			return err
		}
	}
	for _, index := range b.Indexes {
		if index.Helper {
			if err := env.Registry.AddArtifact(ctx, tx, t, "index", string(index.BuildName), ""); err != nil {
				return err
			}
		}
	}
	return prepareCapture(ctx, env, tx, t, env.captureOf(t, env.forwardLink(job, t)))
}

// prepareCapture makes a capture's log and functions and lists them.
func prepareCapture(
	ctx context.Context, env *Env, tx pgx.Tx, t registry.Table, capture strategies.Capture,
) error {
	if err := capture.Prepare(ctx, tx); err != nil {
		return err
	}
	for _, a := range capture.Artifacts() {
		if err := env.Registry.AddArtifact(ctx, tx, t, a.Kind, a.Name, a.Undo); err != nil {
			return err
		}
	}
	return nil
}

// dropSerialDefaults cuts the shadow's dependence on the source's sequences, so
// that nobody's DROP fails because of it. The swap sets the defaults again.
func dropSerialDefaults(ctx context.Context, tx pgx.Tx, s side) error {
	for _, column := range s.serials {
		if err := exec(ctx, tx, sqltmpl.DropDefault{Table: s.parked, Column: column.name}.Statement()); err != nil {
			return err
		}
	}
	for _, p := range s.partitions {
		if err := dropSerialDefaults(ctx, tx, p); err != nil {
			return err
		}
	}
	return nil
}

// install puts the triggers on the source, if it still is what the shadow was
// made from.
func (setup) install(ctx context.Context, env *Env, job registry.Job, t registry.Table) error {
	capture := env.capture(job, t)
	return withLocks(ctx, env, job, lockJob{
		what:   "put triggers on " + t.Name.Plain(),
		tables: []uint32{t.SourceOID},
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
			if err := setLockTimeout(ctx, tx, d); err != nil {
				return err
			}
			return capture.Fence(ctx, tx)
		},
		work: func(ctx context.Context, tx pgx.Tx) error {
			if err := checkIntact(ctx, env, tx, job, t); err != nil {
				return err
			}
			if err := capture.Install(ctx, tx); err != nil {
				return err
			}
			return env.Registry.SetCapture(ctx, tx, t, registry.CaptureLog)
		},
	})
}

type pageCount struct {
	Pages int64
	Rows  int64
}

// planBatches cuts the source into page ranges. It may run again: batches that
// were planned on the file that the source still is in are kept.
func planBatches(ctx context.Context, env *Env, job registry.Job, t registry.Table) error {
	return inTx(ctx, env.Target, func(tx pgx.Tx) error {
		if err := stillAt(ctx, env, tx, job); err != nil {
			return err
		}
		if err := exec(ctx, tx, sqltmpl.PinSource{Source: env.link(job, t).LiveRows()}.Statement()); err != nil {
			return err
		}
		state, err := stateOf(ctx, tx, t.Name, env.capture(job, t).Triggers())
		if err != nil {
			return err
		}
		if state.OID != t.SourceOID {
			return &ChangedError{Table: t.Name, Differences: []string{"another relation has its name"}}
		}
		if state.Filenode == t.Filenode {
			return nil
		}
		// The shadow may hold rows of batches that were planned on another file.
		if err := exec(ctx, tx, env.link(job, t).TruncateStandby()); err != nil {
			return err
		}
		var count pageCount
		var files registry.Files
		for _, leaf := range sourceFiles(t) {
			one, err := sqltmpl.One[pageCount](ctx, tx, sqltmpl.PageCount{Relation: leaf.OID}.Statement())
			if err != nil {
				return fmt.Errorf("counting pages: %w", err)
			}
			count.Rows, count.Pages = count.Rows+one.Rows, count.Pages+one.Pages
			files = append(files, one.Pages)
		}
		if len(t.Blueprint.Change.OrderBy) > 0 {
			return planRanges(ctx, env, tx, job, t, state.Filenode, count)
		}
		size := count.Pages / int64(max(env.Options.Workers, 1)*rangesPerWorker)
		size = min(max(size, minRange), maxRange)
		return env.Registry.PlanBatches(ctx, tx, t, state.Filenode, count.Rows, files, size)
	})
}
