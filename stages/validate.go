package stages

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// validate validates the foreign keys that changed over in the last swap and
// were valid before it. They hold, as the rows are equal; this only tells the
// server so. It takes SHARE UPDATE EXCLUSIVE on the referencing and ROW SHARE
// on the referenced table, scans, and may be run again at any time.
func validate(ctx context.Context, env *Env, job registry.Job) error {
	for _, t := range job.Tables {
		if t.Blueprint == nil {
			continue
		}
		got, err := catalog.Load(ctx, env.Target, liveOID(job, t), env.Registry.Schema())
		if errors.Is(err, catalog.ErrGone) {
			continue // dropped: cleanup and reset go on
		}
		if err != nil {
			return err
		}
		want := expected(job, t)
		if err := validatePartitions(ctx, env, job, t); err != nil {
			return err
		}
		if err := validateNodes(ctx, env, job, t); err != nil {
			return err
		}
		for _, fk := range pendingKeys(want.ForeignKeys, got.ForeignKeys) {
			if err := validateKey(ctx, env, job, t.Name, fk); err != nil {
				return err
			}
		}
		if err := crownMembers(ctx, env, job, want.ReferencedBy, referencing(env, got.OID)); err != nil {
			return err
		}
		for _, fk := range leavesFirst(pendingKeys(want.ReferencedBy, got.ReferencedBy)) {
			if err := validateKey(ctx, env, job, fk.From, fk); err != nil {
				return err
			}
		}
		if err := analyzeTree(ctx, env, job, t); err != nil {
			return err
		}
	}
	return validateFamily(ctx, env, job)
}

// referencing reads the foreign keys to a table.
func referencing(env *Env, table uint32) keyReader {
	return func(ctx context.Context, db sqltmpl.DB) ([]catalog.ForeignKey, error) {
		got, err := catalog.Load(ctx, db, table, env.Registry.Schema())
		return got.ReferencedBy, err
	}
}

// pendingKeys are the foreign keys that should be valid and are not.
func pendingKeys(want, got []catalog.ForeignKey) []catalog.ForeignKey {
	var out []catalog.ForeignKey
	for _, g := range got {
		for _, w := range want {
			if w.Name == g.Name && w.From == g.From && w.Valid && !g.Valid {
				out = append(out, g)
			}
		}
	}
	return out
}

func validateKey(
	ctx context.Context, env *Env, job registry.Job, from sqltmpl.Table, fk catalog.ForeignKey,
) error {
	env.Report(Event{
		Job: job.ID, Table: job.Title(), Stage: Swap, Phase: Going,
		Unit: fmt.Sprintf("validating foreign key %s of %s", fk.Name, from.Plain()),
	})
	return withLocks(ctx, env, job, lockJob{
		weak:   true,
		what:   fmt.Sprintf("validate foreign key %s of %s", fk.Name, from.Plain()),
		tables: []uint32{fk.FromOID, fk.ToOID},
		lock:   setLockTimeout,
		work: func(ctx context.Context, tx pgx.Tx) error {
			return exec(ctx, tx, sqltmpl.ValidateConstraint{Table: from, Name: fk.Name}.Statement())
		},
	})
}
