package stages

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/changelog"
)

// related says what becomes of the foreign keys of the tables above a partition,
// and of those to them; and what validate reads for that.
func (r *PlanReport) related(ctx context.Context, tx pgx.Tx, partition catalog.Relation) error {
	family, err := catalog.LoadFamily(ctx, tx, []uint32{partition.OID}, nil)
	if err != nil {
		return err
	}
	seen := map[sqltmpl.Table]bool{}
	const how = "made again in the swap NOT VALID, validated right after it"
	for _, fk := range family.Roots() {
		name := fmt.Sprintf("foreign key %s from %s to %s", fk.Name, fk.From.Plain(), fk.To.Plain())
		r.Carried = append(r.Carried, name+": "+how)
		r.carriedOutline.add(how, name)
		for _, other := range []sqltmpl.Table{fk.From, fk.To} {
			if seen[other] {
				continue
			}
			seen[other] = true
			r.Locks = append(r.Locks, "ACCESS EXCLUSIVE on "+other.Plain()+" with all of its partitions: milliseconds, in setup and in the swap, for "+name)
			r.locksOutline.add("ACCESS EXCLUSIVE for milliseconds, in setup and in the swap, with all of their partitions, for their foreign keys", other.Plain())
		}
		if !fk.Valid {
			continue
		}
		leaves, err := leavesOf(ctx, tx, fk.FromOID)
		if err != nil {
			return err
		}
		pages := int64(0)
		for _, leaf := range leaves {
			pages += leaf.Pages
		}
		what := fk.From.Plain() + " is"
		if len(leaves) > 1 {
			what = fmt.Sprintf("all %d partitions of %s are", len(leaves), fk.From.Plain())
		}
		r.Notes = append(r.Notes, fmt.Sprintf("right after the swap %s read to validate foreign key %s "+
			"(%d pages; blocks nobody but DDL and VACUUM of one table at a time)", what, fk.Name, pages))
	}
	return nil
}

// guarded says what becomes of the tables above one that stays on the log.
func (r *PlanReport) guarded(ctx context.Context, tx pgx.Tx, b *shadow.Blueprint) error {
	if !changelog.StaysOnLog(b) {
		return nil
	}
	above, err := sqltmpl.All[sqltmpl.Ancestor](ctx, tx, sqltmpl.ListAncestors{OIDs: []uint32{b.Source.OID}}.Statement())
	if err != nil {
		return err
	}
	for _, a := range above {
		name := a.Table().Plain()
		const how = "milliseconds, in setup, in the swap and in cleanup, for a trigger that fails transactions with an older snapshot (40001)"
		r.Locks = append(r.Locks, "ACCESS EXCLUSIVE on "+name+": "+how)
		r.locksOutline.add("ACCESS EXCLUSIVE for "+how, name)
	}
	return nil
}
