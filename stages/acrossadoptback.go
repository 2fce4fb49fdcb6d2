package stages

import (
	"context"
	"fmt"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// After the swap, partitions that come on the target come on the source, too, as its table has them: what they have of their own on the
// target stays there. Those that go are detached on the source, and not dropped: it had them before there was a job. As
// the registry is on the target, and the rows go to the source, it is done in three transactions, each of which may be done again:
//
//  1. on the source, partitions are detached and made, empty;
//  2. there, those that are new, or were detached and attached on the target, are fenced, emptied, and filled in the
//     snapshot up to whose position the stream has been applied;
//  3. on the target it is recorded which there are, from which on the stream has their changes.
//
// After a crash in between, the record still is that of before. So all is found again, with another snapshot: partitions that are
// there are made no more, and those that nobody knows of are emptied again, if they have our fence or no rows. What is done to the source
// is done only while it is closed, under the lock that its opening takes.

// A partsBack is what becomes of one table's partitions on the source.
type partsBack struct {
	t      registry.Table
	change treeChange
	was    []catalog.Partition                // on the source, before
	now    []catalog.Partition                // and after
	then   []catalog.Partition                // on the target, in the snapshot
	own    map[sqltmpl.Table]catalog.Relation // what has come, as it is on the target
	form   shadow.Blueprint
	bound  define.Bound
}

// stuck reports whether partitions that come and go on the live side keep the job where it is.
func stuck(job registry.Job, t registry.Table) bool {
	return job.Swapped && t.Blueprint.Source.Kind != partitioned
}

// adoptBack takes over what from, a snapshot at a position that the stream has been applied up to, shows of the target's
// partitions. It locks the source's tables, which are closed: ACCESS EXCLUSIVE for a moment, and SHARE ROW EXCLUSIVE while
// partitions are filled. May run again after a crash.
func (env *Env) adoptBack(ctx context.Context, job registry.Job, mark string, from pgx.Tx, at pglogrepl.LSN, changes []treeChange) error {
	var all []*partsBack
	for i, t := range job.Tables {
		if changes[i].any() {
			all = append(all, &partsBack{t: t, change: changes[i], own: map[sqltmpl.Table]catalog.Relation{}})
		}
	}
	for _, p := range all {
		if err := p.read(ctx, env, from); err != nil {
			return err
		}
	}
	err := env.amid(ctx, job, mark, "change partitions of "+job.Title(), func(ctx context.Context, tx pgx.Tx) error {
		if err := closed(ctx, tx, job, mark); err != nil {
			return err
		}
		for _, p := range all {
			if err := p.shape(ctx, env, tx, passable(job, mark)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := env.formsOf(ctx, job, from, all); err != nil {
		return err
	}
	replica, err := env.replicaRole(ctx, job)
	if err != nil {
		return err
	}
	err = env.amid(ctx, job, mark, "fill partitions of "+job.Title(), func(ctx context.Context, tx pgx.Tx) error {
		if err := closed(ctx, tx, job, mark); err != nil {
			return err
		}
		if err := exec(ctx, tx, sqltmpl.HoldPass{Pass: mark}.Statement()); err != nil {
			return err
		}
		// Who has taken the job from us may have gone on with the stream.
		if err := remember(ctx, tx, job, mark, at); err != nil {
			return err
		}
		if replica {
			if err := exec(ctx, tx, sqltmpl.SetLocal{Name: "session_replication_role", Value: "replica"}.Statement()); err != nil {
				return err
			}
		}
		for _, p := range all {
			a := &adoption{env: env, job: job, mark: mark, from: from, to: tx, t: p.t}
			a.t.Blueprint = &p.form
			for _, come := range p.change.come {
				err := exec(ctx, tx, passable(job, mark).On(come.Table)...)
				if err == nil && come.Kind != partitioned {
					if err = exec(ctx, tx, sqltmpl.EmptyPartition{Table: come.Table}.Statement()); err == nil {
						err = a.copy(ctx, come)
					}
				}
				if err != nil {
					return err
				}
			}
		}
		return unstirred(ctx, tx, job)
	})
	if err != nil {
		return err
	}
	return inTx(ctx, env.Target, func(tx pgx.Tx) error {
		if err := stillAt(ctx, env, tx, job); err != nil {
			return err
		}
		for _, p := range all {
			if err := env.Registry.SetShadow(ctx, tx, p.t, p.t.ShadowOID, p.form); err != nil {
				return err
			}
			if err := env.Registry.SetBound(ctx, tx, p.t, p.bound); err != nil {
				return err
			}
		}
		return nil
	})
}

// read reads what has come on the target, and refuses what can't come back.
func (p *partsBack) read(ctx context.Context, env *Env, from pgx.Tx) (err error) {
	for _, come := range p.change.come {
		r, err := catalog.Load(ctx, from, come.OID, env.Registry.Schema())
		if err != nil {
			return err
		}
		if r.Persistence != "p" || r.Kind != "r" && r.Kind != partitioned {
			return p.refused(fmt.Errorf("partition %s is foreign or unlogged: its changes are not in the stream", come.Table.Plain()))
		}
		what := ""
		if named(treeAt(p.t, registry.Backward), come.Table) < 0 { // what others have is off while changes go there
			if what, err = acting(ctx, env, from, r); err != nil {
				return err
			}
		}
		if what != "" {
			return p.refused(fmt.Errorf("partition %s has %s of its own, which would act on what goes there once more; drop it", come.Table.Plain(), what))
		}
		p.own[come.Table] = r
	}
	if p.then, err = attachedTo(ctx, from, p.t.ShadowOID); err != nil {
		return err
	}
	p.was, err = attachedTo(ctx, env.Source, p.t.SourceOID)
	return err
}

// acting is something that a partition of the target has of its own and that acts on changes; "" if nothing does.
func acting(ctx context.Context, env *Env, db sqltmpl.DB, r catalog.Relation) (string, error) {
	for _, key := range r.ForeignKeys {
		if !key.Inherited && key.ParentOID == 0 {
			return "foreign key " + key.Name.Plain(), nil
		}
	}
	own, err := sqltmpl.All[sqltmpl.FiringObject](ctx, db, sqltmpl.Firing{Relation: r.OID, Registry: env.Registry.Schema()}.Statement())
	if err != nil || len(own) == 0 {
		return "", err
	}
	return own[0].Kind + " " + own[0].Name.Plain(), nil
}

// refused says that the source's partitions can't be made what they are on the target.
func (p *partsBack) refused(err error) error {
	return &TreeError{Table: p.t.Name, Differences: append(p.change.lines(), err.Error()), Swapped: true}
}
