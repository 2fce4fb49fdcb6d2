package stages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// To make a table a partition, PostgreSQL reads it from end to end, and the
// default partition as well, with the whole table locked; unless valid checks
// say the same as the partition constraints. Such a check is a guard. One is on
// the standby, the other on the default partition, where it could be in the way
// of applications if somebody detached our partition: so they are made just
// before the swap, and the swap drops them.

// A wantedGuard is a guard that the next swap needs.
type wantedGuard struct {
	oid   uint32
	table sqltmpl.Table
	check sqltmpl.Ident
	def   sqltmpl.Fragment
}

func (w wantedGuard) is(g sqltmpl.Guard) bool {
	return w.oid == g.OID && w.check == g.Check && w.def == g.Def
}

// memberTables are the tables of a job that are partitions of others.
func memberTables(job registry.Job) []registry.Table {
	return slices.DeleteFunc(slices.Clone(job.Tables), func(t registry.Table) bool {
		return t.Blueprint == nil || !t.Blueprint.Source.Partition
	})
}

// foundGuards finds the guards of a job that are there.
func foundGuards(ctx context.Context, env *Env, db sqltmpl.DB, job registry.Job) ([]sqltmpl.Guard, error) {
	var names []string
	for _, t := range memberTables(job) {
		names = append(names, string(env.names(t).Object("member").Name), string(env.names(t).Object("others").Name))
	}
	if len(names) == 0 {
		return nil, nil
	}
	return sqltmpl.All[sqltmpl.Guard](ctx, db, sqltmpl.FindGuards{Names: names, Registry: string(env.Registry.Schema())}.Statement())
}

// wantedGuards says what guards the next swap needs, as partitions are now.
func wantedGuards(ctx context.Context, env *Env, job registry.Job) ([]wantedGuard, error) {
	var out []wantedGuard
	for _, t := range memberTables(job) {
		levels, err := sqltmpl.All[sqltmpl.Membership](ctx, env.Target, sqltmpl.ReadMembership{OID: liveOID(job, t)}.Statement())
		if err != nil {
			return nil, err
		}
		if len(levels) == 0 {
			continue // detached: the swap refuses
		}
		m := levels[0]
		if m.Constraint != "" {
			out = append(out, wantedGuard{standbyOID(job, t), env.link(job, t).Standby, env.names(t).Object("member").Name, m.Constraint})
		}
		if m.DefaultOID == 0 {
			continue
		}
		own, err := ownConstraint(ctx, env, t, m)
		if err != nil {
			return nil, err
		}
		out = append(out, wantedGuard{m.DefaultOID, m.Default(), env.names(t).Object("others").Name, shadow.Not(own)})
	}
	return out, nil
}

// ownConstraint reads what the rows of a partition satisfy apart from what those
// of its parent do: that is what the default partition's must not.
func ownConstraint(ctx context.Context, env *Env, t registry.Table, m sqltmpl.Membership) (own sqltmpl.Fragment, err error) {
	err = inTx(ctx, env.Target, func(tx pgx.Tx) error {
		if err := setLockTimeout(ctx, tx, env.Options.LockTimeout); err != nil {
			return err
		}
		if own, err = (shadow.Trial{Schema: env.names(t)}).Make(ctx, tx, m); err != nil {
			return err
		}
		return errProbe
	})
	if !errors.Is(err, errProbe) {
		return "", err
	}
	return own, nil
}

// ensureGuards makes the guards that the next swap needs, and drops others of
// the job. It locks the tables they are on ACCESS EXCLUSIVE for a moment, and
// reads them under SHARE UPDATE EXCLUSIVE. May run twice.
func ensureGuards(ctx context.Context, env *Env, job registry.Job) error {
	if len(memberTables(job)) == 0 {
		return nil
	}
	wanted, err := wantedGuards(ctx, env, job)
	if err != nil {
		return err
	}
	found, err := dropGuards(ctx, env, job, wanted)
	if err != nil {
		return err
	}
	for _, w := range wanted {
		at := slices.IndexFunc(found, w.is)
		if at < 0 {
			err := onTable(ctx, env, job, w.oid, w.table, func(ctx context.Context, tx pgx.Tx) error {
				return sqltmpl.ExecAll(ctx, tx,
					sqltmpl.AddConstraint{Table: w.table, Name: w.check, Def: shadow.Satisfies(w.def) + " NOT VALID"}.Statement(),
					sqltmpl.CommentConstraint{
						Table: w.table, Name: w.check, Comment: sqltmpl.GuardComment(env.Registry.Schema(), w.def),
					}.Statement())
			})
			if err != nil {
				return err
			}
		}
		if at < 0 || !found[at].Valid {
			if err := validateGuard(ctx, env, job, w); err != nil {
				return err
			}
		}
	}
	return nil
}

func validateGuard(ctx context.Context, env *Env, job registry.Job, w wantedGuard) error {
	env.Report(Event{
		Job: job.ID, Table: job.Title(), Stage: Swap, Phase: Going, Unit: "checking what partition the rows of " + w.table.Plain() + " belong to",
	})
	return withLocks(ctx, env, job, lockJob{
		weak: true, what: "validate a check of " + w.table.Plain(), tables: []uint32{w.oid}, lock: setLockTimeout,
		work: func(ctx context.Context, tx pgx.Tx) error {
			return exec(ctx, tx, sqltmpl.ValidateConstraint{Table: w.table, Name: w.check}.Statement())
		},
	})
}

// dropGuards drops all guards of a job but those wanted, which it returns as
// they are.
func dropGuards(ctx context.Context, env *Env, job registry.Job, wanted []wantedGuard) (left []sqltmpl.Guard, err error) {
	found, err := foundGuards(ctx, env, env.Target, job)
	if err != nil {
		return nil, err
	}
	for _, g := range found {
		if slices.ContainsFunc(wanted, func(w wantedGuard) bool { return w.is(g) }) {
			left = append(left, g)
			continue
		}
		err := onTable(ctx, env, job, g.OID, g.Table(), func(ctx context.Context, tx pgx.Tx) error {
			return exec(ctx, tx, sqltmpl.DropConstraint{Table: g.Table(), Name: g.Check}.Statement())
		})
		if err != nil {
			return nil, err
		}
	}
	return left, nil
}

// dropStaleGuards drops the guards that are none any more, as partitions came
// and went: a row may have to pass that they refuse.
func dropStaleGuards(ctx context.Context, env *Env, job registry.Job) error {
	if found, err := foundGuards(ctx, env, env.Target, job); err != nil || len(found) == 0 {
		return err
	}
	wanted, err := wantedGuards(ctx, env, job)
	if err == nil {
		_, err = dropGuards(ctx, env, job, wanted)
	}
	return err
}

// removeGuards drops all guards inside the swap, which has the locks.
func removeGuards(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job) error {
	found, err := foundGuards(ctx, env, tx, job)
	if err != nil {
		return err
	}
	var steps []sqltmpl.Statement
	for _, g := range found {
		steps = append(steps, sqltmpl.DropConstraint{Table: g.Table(), Name: g.Check}.Statement())
	}
	return sqltmpl.ExecAll(ctx, tx, steps...)
}

// releaseGuards drops the guards after the swap failed, as far as that can be
// done now; if not, the next command on the job does.
func releaseGuards(ctx context.Context, env *Env, job registry.Job) {
	if len(memberTables(job)) == 0 {
		return
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	if _, err := dropGuards(ctx, env, job, nil); err != nil {
		env.Logger.WarnContext(ctx, "checks for the swap are left on partitions; the next command on the job drops them", slog.Any("error", err))
	}
}

// putAside takes default partitions out of their tables for the rehearsal: they
// would be read, as they have no guards yet.
func (r *rehearsal) putAside(ctx context.Context, tx pgx.Tx, from []catalog.Dependent) error {
	aside := map[uint32]bool{}
	for _, d := range from {
		if d.DefaultOID == 0 || aside[d.DefaultOID] {
			continue
		}
		aside[d.DefaultOID] = true
		err := exec(ctx, tx, sqltmpl.DetachPartition{
			Parent:    sqltmpl.Table{Schema: d.RelationSchema, Name: d.RelationName},
			Partition: sqltmpl.Table{Schema: d.DefaultSchema, Name: d.DefaultName},
		}.Statement())
		if err != nil {
			return err
		}
	}
	return nil
}

// beside says again which default partitions were put aside.
func beside(to, is []catalog.Dependent) {
	for i := range is {
		for _, d := range to {
			if d.Name == is[i].Name {
				is[i].DefaultOID, is[i].DefaultSchema, is[i].DefaultName = d.DefaultOID, d.DefaultSchema, d.DefaultName
			}
		}
	}
}

// onTable does something under ACCESS EXCLUSIVE on one table.
func onTable(
	ctx context.Context, env *Env, job registry.Job, oid uint32, table sqltmpl.Table, work func(context.Context, pgx.Tx) error,
) error {
	return withLocks(ctx, env, job, lockJob{
		what: "change a check of " + table.Plain(), tables: []uint32{oid}, work: work,
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
			return lockTables(ctx, tx, d, d, []lockable{tableLock(oid, table)})
		},
	})
}

// checkTogether refuses a job on a default partition and another one beside it:
// neither could be attached without reading the other under the swap's locks.
// It also refuses one on a partition and a table that its table's keys tie to it:
// both would change these over.
func checkTogether(ctx context.Context, tx pgx.Tx, job registry.Job) error {
	parents := map[uint32]int{}
	defaults := map[uint32]registry.Table{}
	for _, t := range job.Tables {
		levels, err := sqltmpl.All[sqltmpl.Membership](ctx, tx, sqltmpl.ReadMembership{OID: t.SourceOID}.Statement())
		if err != nil {
			return err
		}
		if len(levels) > 0 {
			parents[levels[0].ParentOID]++
			if levels[0].IsDefault {
				defaults[levels[0].ParentOID] = t
			}
		}
	}
	family, err := familyOf(ctx, tx, job)
	if err != nil {
		return err
	}
	for _, fk := range family.Roots() {
		for _, t := range job.Tables {
			if t.SourceOID == fk.FromOID || t.SourceOID == fk.ToOID {
				return &shadow.MemberError{Table: t.Name, Problems: []shadow.Problem{{
					What: fmt.Sprintf("foreign key %s from %s to %s ties it to a partition of the same job",
						fk.Name, fk.From.Plain(), fk.To.Plain()),
					Remedy: "make it a job of its own: repave run " + t.Name.Plain(),
				}}}
			}
		}
	}
	for parent, t := range defaults {
		if parents[parent] > 1 {
			return &shadow.MemberError{Table: t.Name, Problems: []shadow.Problem{{
				What:   fmt.Sprintf("%s is the default partition beside others of the same job", t.Name.Plain()),
				Remedy: "make it a job of its own: repave run " + t.Name.Plain(),
			}}}
		}
	}
	return nil
}
