package stages

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// The indexes of a partitioned shadow are built on its partitions, several at a
// time; those of the shadow itself then only take them in.

// builds lists the indexes to build at length: those of the shadow, or of each
// of its partitions.
func (syncSchema) builds(env *Env, t registry.Table, indexes []shadow.Index) []indexBuild {
	var out []indexBuild
	for _, index := range indexes {
		title := fmt.Sprintf("index %s of %s", index.Name, t.Name.Plain())
		if !t.Blueprint.Partitioned() {
			out = append(out, indexBuild{
				name: sqltmpl.Table{Schema: env.Registry.Schema(), Name: index.BuildName}, title: title,
				table: env.names(t).Object("shadow"), btree: index.Btree,
				statement: sqltmpl.CreateIndex{Def: index.Def}.Statement(), tablespace: index.Tablespace,
			})
		}
		for _, p := range t.Blueprint.Partitions {
			name := sqltmpl.Table{Schema: env.Registry.Schema(), Name: partitionIndex(env.names(t), p, index)}
			table := sqltmpl.Table{Schema: name.Schema, Name: p.BuildName}
			out = append(out, indexBuild{
				name: name, table: table, btree: index.Btree, title: title + " on partition " + string(p.Name), tablespace: index.Tablespace,
				statement: sqltmpl.CreateIndexOn{
					Unique: index.Unique, Index: name.Name, Tail: index.Tail,
					Table: table,
				}.Statement(),
			})
		}
	}
	return out
}

// partitionIndex names the index of a partition that belongs to one of its
// table, until cleanup: repave_7_1_p3_i2.
func partitionIndex(names shadow.Names, p shadow.Partition, index shadow.Index) sqltmpl.Ident {
	return p.BuildName + "_" + sqltmpl.Ident(strings.TrimPrefix(string(index.BuildName), names.Prefix))
}

// buildTable makes the indexes of a partitioned shadow of those of its
// partitions. May run twice.
func (s syncSchema) buildTable(ctx context.Context, env *Env, run runner, t registry.Table) error {
	b := t.Blueprint
	if !b.Partitioned() {
		return nil
	}
	for _, p := range b.Partitions {
		for _, index := range b.Indexes {
			if err := s.attachPartition(ctx, env, run, t, p, index); err != nil {
				return err
			}
		}
	}
	for _, index := range b.Indexes {
		if index.Constraint != nil {
			continue // attach adds it
		}
		build := indexBuild{
			name:  sqltmpl.Table{Schema: env.Registry.Schema(), Name: index.BuildName},
			title: fmt.Sprintf("index %s of %s", index.Name, t.Name.Plain()), tablespace: index.Tablespace,
			statement: sqltmpl.CreateIndex{Def: index.Def}.Statement(),
		}
		err := run(func(tx pgx.Tx) error { return s.createIn(ctx, env, tx, build) })
		if err != nil {
			return err
		}
	}
	return nil
}

// attachPartition makes an index of a partition what that of its table is to be,
// in one transaction, looking first.
func (s syncSchema) attachPartition(
	ctx context.Context, env *Env, run runner, t registry.Table, p shadow.Partition, index shadow.Index,
) error {
	index.BuildName = partitionIndex(env.names(t), p, index)
	schema := env.Registry.Schema()
	table := sqltmpl.Table{Schema: schema, Name: p.BuildName}
	return run(func(tx pgx.Tx) error {
		if index.Constraint != nil {
			there, err := sqltmpl.Scalar[bool](ctx, tx, sqltmpl.ConstraintExists{
				Table: table.String(), Name: string(index.BuildName),
			}.Statement())
			if err != nil || there {
				return err
			}
			if err := s.constrain(ctx, env, tx, table, index); err != nil {
				return fmt.Errorf("adding constraint %s of partition %s: %w", index.Name, p.Name, err)
			}
		}
		if index.Name == t.Blueprint.Clustered {
			err := exec(ctx, tx, sqltmpl.ClusterOn{Table: table, Index: index.BuildName}.Statement())
			if err != nil {
				return err
			}
		}
		return setIndexStatistics(ctx, tx, sqltmpl.Table{Schema: schema, Name: index.BuildName}, index)
	})
}

// constrainPartitioned adds a constraint that takes in those of the partitions.
func (syncSchema) constrainPartitioned(
	ctx context.Context, _ *Env, tx pgx.Tx, table sqltmpl.Table, index shadow.Index,
) error {
	err := exec(ctx, tx, sqltmpl.SetLocal{Name: "default_tablespace", Value: string(index.Tablespace)}.Statement())
	if err != nil {
		return err
	}
	return exec(ctx, tx, sqltmpl.AddConstraint{Table: table, Name: index.BuildName, Def: index.Constraint.Def}.Statement())
}
