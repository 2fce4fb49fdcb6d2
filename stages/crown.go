package stages

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// A keyReader reads the foreign keys among which roots and their members are, as
// they are now.
type keyReader func(context.Context, sqltmpl.DB) ([]catalog.ForeignKey, error)

// crownMembers adds the roots that the swap had to leave out: the leaves'
// members are validated one by one, then the root takes them in. For that it
// holds SHARE ROW EXCLUSIVE on the partitioned table, its partitions and the
// referenced table for a moment. It looks first, and may be run again at any
// time. A leaf that was made meanwhile has no member yet and gets one.
func crownMembers(ctx context.Context, env *Env, job registry.Job, want []catalog.ForeignKey, read keyReader) error {
	for _, root := range roots(want) {
		for root.FromKind == partitioned {
			got, err := read(ctx, env.Target)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(got, func(fk catalog.ForeignKey) bool {
				return fk.Name == root.Name && fk.From == root.From
			}) {
				break
			}
			if err := readyMembers(ctx, env, job, root, got); err != nil {
				return err
			}
			if err := crown(ctx, env, job, want, read, root); err != nil && err != errAgain { //nolint:errorlint // our own sentinel, never wrapped
				return err
			}
		}
	}
	return nil
}

// readyMembers makes every leaf have a valid member of a root.
func readyMembers(ctx context.Context, env *Env, job registry.Job, root catalog.ForeignKey, got []catalog.ForeignKey) error {
	leaves, err := leavesOf(ctx, env.Target, root.FromOID)
	if err != nil {
		return err
	}
	for _, leaf := range leaves {
		own := root
		own.From, own.FromOID, own.Comment = leaf.Table(), leaf.OID, ""
		at := memberOn(got, root, leaf.OID)
		if at < 0 {
			if err := addMember(ctx, env, job, own); err != nil {
				return err
			}
		} else {
			own = got[at]
		}
		if at < 0 || !own.Valid {
			if err := validateKey(ctx, env, job, leaf.Table(), own); err != nil {
				return err
			}
		}
	}
	return nil
}

// memberOn finds what can be taken in as a root's member on a leaf; -1 if there
// is none.
func memberOn(got []catalog.ForeignKey, root catalog.ForeignKey, leaf uint32) int {
	return slices.IndexFunc(got, func(fk catalog.ForeignKey) bool {
		return fk.FromOID == leaf && fk.To == root.To && !fk.Inherited &&
			slices.Equal(fk.FromColumns, root.FromColumns) && slices.Equal(fk.ToColumns, root.ToColumns) &&
			slices.Equal(fk.SetColumns, root.SetColumns) && fk.Match == root.Match &&
			fk.OnUpdate == root.OnUpdate && fk.OnDelete == root.OnDelete &&
			fk.Deferrable == root.Deferrable && fk.Deferred == root.Deferred
	})
}

func addMember(ctx context.Context, env *Env, job registry.Job, fk catalog.ForeignKey) error {
	return withLocks(ctx, env, job, lockJob{
		what:   fmt.Sprintf("add foreign key %s to %s", fk.Name, fk.From.Plain()),
		tables: []uint32{fk.FromOID, fk.ToOID},
		lock:   setLockTimeout,
		work: func(ctx context.Context, tx pgx.Tx) error {
			return exec(ctx, tx, shadow.ForeignKeyStatement(fk.From, fk))
		},
	})
}

// crown adds a root whose leaves all have a valid member, or returns errAgain.
func crown(
	ctx context.Context, env *Env, job registry.Job, keys []catalog.ForeignKey, read keyReader, root catalog.ForeignKey,
) error {
	return withLocks(ctx, env, job, lockJob{
		what:   fmt.Sprintf("add foreign key %s to %s", root.Name, root.From.Plain()),
		tables: []uint32{root.FromOID, root.ToOID},
		lock: func(ctx context.Context, tx pgx.Tx, d time.Duration) error {
			if err := setLockTimeout(ctx, tx, d); err != nil {
				return err
			}
			return exec(ctx, tx, sqltmpl.Link{Live: root.From}.LockLive())
		},
		work: func(ctx context.Context, tx pgx.Tx) error {
			got, err := read(ctx, tx)
			if err != nil {
				return err
			}
			leaves, err := leavesOf(ctx, tx, root.FromOID)
			if err != nil {
				return err
			}
			for _, leaf := range leaves {
				if at := memberOn(got, root, leaf.OID); at < 0 || !got[at].Valid {
					return errAgain // it was made just now
				}
			}
			return sqltmpl.ExecAll(ctx, tx, crownSteps(keys, root, true)...)
		},
	})
}

func leavesOf(ctx context.Context, db sqltmpl.DB, table uint32) ([]sqltmpl.Leaf, error) {
	return sqltmpl.All[sqltmpl.Leaf](ctx, db, sqltmpl.ListLeaves{Relation: table, More: []uint32{}}.Statement())
}
