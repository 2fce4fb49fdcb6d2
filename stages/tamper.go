package stages

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies"
)

// tableState is what tells rewrites and DDL by others.
type tableState struct {
	OID      uint32 `db:"oid"`
	Filenode uint32
	Shape    string
	Triggers int64
}

// stateOf reads a table's state; the caller has locked it. A table that is gone
// has a zero state.
func stateOf(ctx context.Context, db sqltmpl.DB, name sqltmpl.Table, triggers []string) (tableState, error) {
	state, err := sqltmpl.One[tableState](ctx, db, sqltmpl.TableState{
		Name: name.String(), Triggers: triggers,
	}.Statement())
	if errors.Is(err, pgx.ErrNoRows) {
		return tableState{}, nil
	}
	return state, err
}

// checkIntact compares the live table, the standby and the capture with what
// the registry has of them, completely. Any difference is somebody else's
// doing, and refused with a *ChangedError.
func checkIntact(ctx context.Context, env *Env, db sqltmpl.DB, job registry.Job, t registry.Table) error {
	found, err := catalog.LoadAll(ctx, db, liveOIDs(env, job, t), env.Registry.Schema())
	if err != nil {
		return err
	}
	return checkFound(ctx, env, db, job, t, found)
}

// checkFound is checkIntact with the definitions that were found of what
// liveOIDs lists; nil if they have been compared before, and still read the same.
func checkFound(
	ctx context.Context, env *Env, db sqltmpl.DB, job registry.Job, t registry.Table, found catalog.Relations,
) error {
	differences, err := liveDifferences(ctx, env, db, job, t, found)
	if err != nil {
		return err
	}
	link := env.link(job, t)
	standby, err := sqltmpl.Scalar[uint32](ctx, db, sqltmpl.RelationOID{Name: link.Standby.String()}.Statement())
	if err != nil {
		return err
	}
	if standby != standbyOID(job, t) {
		differences = append(differences, fmt.Sprintf("repave's table %s is gone", link.Standby.Plain()))
	}
	if t.Capture == registry.CaptureNone {
		if job.Swapped || Setup.Before(Name(job.Stage)) {
			differences = append(differences, "an unfinished reset or cleanup has taken repave's triggers off")
		}
	} else {
		problem, err := captureProblem(ctx, db, liveOID(job, t), env.capture(job, t).Triggers(), link.Log)
		if err != nil {
			return err
		}
		differences = append(differences, problem...)
		if len(problem) == 0 {
			broken, err := env.capture(job, t).Broken(ctx, db)
			if err != nil {
				return err
			}
			if broken {
				differences = append(differences, strategies.ErrBroken.Error())
			}
		}
	}
	if len(differences) > 0 {
		return &ChangedError{Table: t.Name, Differences: differences, Swapped: job.Swapped}
	}
	return nil
}

// liveOIDs are the live relations of tables of a job whose definitions must be as recorded.
func liveOIDs(env *Env, job registry.Job, tables ...registry.Table) []uint32 {
	var out []uint32
	for _, t := range tables {
		out = append(out, liveOID(job, t))
		for _, n := range sourcePartitions(env, t) {
			out = append(out, n.live(job.Swapped))
		}
	}
	return out
}

// liveDifferences compares the live table with its recorded definition.
func liveDifferences(
	ctx context.Context, env *Env, db sqltmpl.DB, job registry.Job, t registry.Table, found catalog.Relations,
) ([]string, error) {
	now, err := sqltmpl.Scalar[uint32](ctx, db, sqltmpl.RelationOID{Name: t.Name.String()}.Statement())
	if err != nil {
		return nil, err
	}
	if now != liveOID(job, t) {
		return []string{"another relation has its name, or none has"}, nil
	}
	if found == nil {
		return nil, nil
	}
	got, err := found.Get(now)
	if err != nil {
		return nil, err
	}
	want, got := expected(job, t), withoutPartitionKeys(job, withoutHelper(got, t))
	// Partitions of tables that refer to it may come and go: the swap looks which there are.
	want.ReferencedBy, got.ReferencedBy = roots(want.ReferencedBy), roots(got.ReferencedBy)
	differences := catalog.Diff(want, got)
	if len(differences) > 0 {
		return differences, nil
	}
	return leafDifferences(env, job, t, found), nil
}

// expected is the live table's definition as recorded.
func expected(job registry.Job, t registry.Table) catalog.Relation {
	if job.Swapped {
		return t.Blueprint.Shadow
	}
	return t.Blueprint.Source
}

// captureProblem reports triggers that are gone or off, or a log that is gone.
func captureProblem(
	ctx context.Context, db sqltmpl.DB, live uint32, triggers []string, log sqltmpl.Table,
) ([]string, error) {
	var out []string
	n, err := sqltmpl.Scalar[int64](ctx, db, sqltmpl.CaptureState{Relation: live, Triggers: triggers}.Statement())
	if err != nil {
		return nil, err
	}
	if n != int64(len(triggers)) {
		out = append(out, "repave's triggers were dropped or switched off, so changes were missed")
	}
	oid, err := sqltmpl.Scalar[uint32](ctx, db, sqltmpl.RelationOID{Name: log.String()}.Statement())
	if err != nil {
		return nil, err
	}
	if oid == 0 {
		out = append(out, fmt.Sprintf("repave's change log %s is gone", log.Plain()))
	}
	return out, nil
}

// filenodes reads which files the two tables are in; the caller has locked them.
func filenodes(
	ctx context.Context, db sqltmpl.DB, job registry.Job, t registry.Table,
) (live, standby uint32, err error) {
	live, err = sqltmpl.Scalar[uint32](ctx, db, sqltmpl.Filenode{Relation: liveOID(job, t)}.Statement())
	if err != nil {
		return 0, 0, err
	}
	standby, err = sqltmpl.Scalar[uint32](ctx, db, sqltmpl.Filenode{Relation: standbyOID(job, t)}.Statement())
	return live, standby, err
}
