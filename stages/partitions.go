package stages

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/partitioning"
	"github.com/repave-pg/repave/internal/preflight"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/changelog"
)

// refusal makes findings of what keeps a table from being partitioned, or a
// partition from being replaced, which is known only once its shadow has been built.
func refusal(err error) (*RefusedError, bool) {
	var table sqltmpl.Table
	var problems []shadow.Problem
	if found, ok := errors.AsType[*RefusedError](err); ok {
		return found, true
	}
	if found, ok := errors.AsType[*shadow.UnpartitionableError](err); ok {
		table, problems = found.Table, found.Problems
	} else if found, ok := errors.AsType[*shadow.MemberError](err); ok {
		table, problems = found.Table, found.Problems
	} else {
		return nil, false
	}
	out := &RefusedError{Table: table.Plain()}
	for _, p := range problems {
		out.Findings = append(out.Findings, preflight.Finding{
			Check: "partition", Table: out.Table, Problem: p.What, Cure: p.Remedy,
		})
	}
	return out, true
}

// manyPartitions is when their number begins to show in the swap. Measured: 155 with a foreign
// key, 200 ms.
const manyPartitions = 30

// partitions says what partitions the table gets, and what that means.
func (r *PlanReport) partitions(b *shadow.Blueprint) {
	if !b.Partitioned() {
		return
	}
	r.listPartitions(b)
	note := func(format string, args ...any) { r.Notes = append(r.Notes, fmt.Sprintf(format, args...)) }
	if changelog.StaysOnLog(b) {
		note("writers only log until the swap: looking into so many partitions for a row, or a deferrable constraint, " +
			"keeps them from writing both tables; the last changes are applied under the swap's lock")
	}
	if b.Clustered != "" {
		note("a partitioned table can't have a CLUSTER mark: the copies of index %s on the partitions have it", b.Clustered)
	}
	if len(b.Source.Options) > 0 {
		note("a partitioned table has no storage parameters: its partitions have them, and later ones need them given")
	}
	if len(b.ForeignKeys) > 0 {
		note("foreign keys of the table are added to the partitions in the swap, validated after it, and then added to the table without a scan")
	}
	for _, c := range b.Shadow.Columns {
		if c.Identity != "" {
			note("column %s: before PostgreSQL 17, INSERT into a partition by its own name has to give the identity a value", c.Name)
		}
	}
	for _, name := range b.Change.DropConstraints {
		note("without %s, ON CONFLICT (columns) that relies on it fails, and nothing keeps its values apart", name)
	}
	if len(b.Source.Triggers) > 0 && b.Source.Kind != partitioned {
		note("an UPDATE that moves a row to another partition fires its row triggers for DELETE and INSERT too")
	}
	if n := len(b.Below()); n > manyPartitions {
		each := "a millisecond"
		if b.Source.Kind == partitioned { // measured: 60 partitions with a foreign key, about 0.2 s
			each = "four milliseconds"
		}
		note("%d partitions make the swap longer: it holds its locks for about %s for each", n, each)
	}
	if b.Source.Kind != partitioned {
		note("indexes of partitions get their names in cleanup")
	}
}

func (r *PlanReport) listPartitions(b *shadow.Blueprint) {
	for _, p := range b.Shadow.Partitions {
		r.Partitions = append(r.Partitions, p.Table.Plain()+" "+string(p.Bound))
		for _, part := range b.Partitions {
			if part.Own != nil && part.Own.Source.Table == p.Table {
				r.listPartitions(part.Own)
			}
		}
	}
}

// partitionsOf are the partitions that the job made.
func partitionsOf(t registry.Table) []uint32 {
	if t.Blueprint == nil {
		return nil
	}
	var out []uint32
	for _, p := range t.Blueprint.Below() {
		out = append(out, p.OID)
	}
	return out
}

// sourcePartitionsOf are the partitions of the source at setup.
func sourcePartitionsOf(t registry.Table) []uint32 {
	if t.Blueprint == nil {
		return nil
	}
	var out []uint32
	for _, p := range t.Blueprint.Below() {
		if p.Own != nil {
			out = append(out, p.Own.Source.OID)
		}
	}
	return out
}

// namePartitionIndexes gives the indexes of a rewritten table's partitions names
// like those of their table's, where they are still there; each rename takes
// SHARE UPDATE EXCLUSIVE on the index. It is part of cleanup: until then they
// bear ours, since renaming them in the swap would make it longer.
func namePartitionIndexes(ctx context.Context, env *Env, tx pgx.Tx, job registry.Job, t registry.Table) error {
	if !job.Swapped || t.Blueprint == nil {
		return nil
	}
	for _, n := range env.nodes(t)[1:] {
		if err := dropHelper(ctx, tx, n); err != nil {
			return err
		}
	}
	for _, p := range t.Blueprint.Partitions {
		if p.Own != nil {
			continue // its indexes have their names since the swap
		}
		schema := t.Blueprint.PartitionTable(p).Schema
		for _, index := range t.Blueprint.Indexes {
			now := sqltmpl.Table{Schema: schema, Name: partitionIndex(env.names(t), p, index)}
			if index.Helper { // gone with that of its table, but where the partition was detached
				if err := exec(ctx, tx, sqltmpl.DropIndex{Index: now}.Statement()); err != nil {
					return err
				}
				continue
			}
			there, err := sqltmpl.Scalar[uint32](ctx, tx, sqltmpl.RelationOID{Name: now.String()}.Statement())
			if err != nil {
				return err
			}
			if there == 0 {
				continue // with its partition
			}
			to, err := freeName(ctx, tx, schema, p.Name, partitionSuffix(t.Name.Name, index.Name))
			if err != nil {
				return err
			}
			if err := exec(ctx, tx, sqltmpl.RenameIndex{Index: now, To: to}.Statement()); err != nil {
				return fmt.Errorf("naming index %s: %w", to, err)
			}
		}
	}
	return nil
}

// dropHelper drops the index that served replay from a partition that was
// detached since: elsewhere it has gone with that of its table.
func dropHelper(ctx context.Context, tx pgx.Tx, n node) error {
	for _, index := range n.blueprint.Indexes {
		if !index.Helper {
			continue
		}
		name := sqltmpl.Table{Schema: n.blueprint.Source.Table.Schema, Name: index.BuildName}
		if err := exec(ctx, tx, sqltmpl.DropIndex{Index: name}.Statement()); err != nil {
			return err
		}
	}
	return nil
}

// partitionSuffix is what tells an index of a table from the others: events_pkey
// has pkey.
func partitionSuffix(table, index sqltmpl.Ident) string {
	if rest, ok := strings.CutPrefix(string(index), string(table)+"_"); ok && rest != "" {
		return rest
	}
	return string(index)
}

// freeName returns <partition>_<suffix>, or the like with a number.
func freeName(ctx context.Context, tx pgx.Tx, schema, partition sqltmpl.Ident, suffix string) (sqltmpl.Ident, error) {
	for n := 0; ; n++ {
		name := partitioning.Join(partition, suffix)
		if n > 0 {
			name = partitioning.Join(name, strconv.Itoa(n))
		}
		taken, err := sqltmpl.Scalars[string](ctx, tx, sqltmpl.TakenNames{Schema: schema, Names: []string{string(name)}}.Statement())
		if err != nil || len(taken) == 0 {
			return name, err
		}
	}
}
