package stages

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// identifyLeaves gives the partitions of tables that become partitioned the
// replica identity of their table, which PostgreSQL has each say for itself.
// The caller holds all locks, and the new tables have the names by now.
func identifyLeaves(ctx context.Context, tx pgx.Tx, job registry.Job) error {
	if job.Swapped {
		return nil // back to plain tables
	}
	for _, t := range job.Tables {
		if !t.Blueprint.Partitioned() || t.Blueprint.Source.Kind == partitioned || t.Blueprint.Source.ReplIdent == "d" {
			continue
		}
		found, err := sqltmpl.All[sqltmpl.LeafIdentity](ctx, tx, sqltmpl.LeafIdentities{Relation: t.ShadowOID}.Statement())
		if err != nil {
			return err
		}
		var steps []sqltmpl.Statement
		for _, leaf := range found {
			steps = append(steps, sqltmpl.ReplicaIdentity{
				Table: sqltmpl.Table{Schema: leaf.Schema, Name: leaf.Name}, Index: leaf.Index, Full: leaf.Full,
			}.Statement())
		}
		if err := sqltmpl.ExecAll(ctx, tx, steps...); err != nil {
			return err
		}
	}
	return nil
}
