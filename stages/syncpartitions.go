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
	add := func(names shadow.Names, index shadow.Index, title string) {
		out = append(out, indexBuild{
			name: sqltmpl.Table{Schema: names.Schema, Name: index.BuildName}, title: title,
			table: names.Object("shadow"), btree: index.Btree,
			statement: sqltmpl.CreateIndex{Def: index.Def}.Statement(), tablespace: index.Tablespace,
		})
	}
	for _, index := range indexes {
		title := fmt.Sprintf("index %s of %s", index.Name, t.Name.Plain())
		if !t.Blueprint.Partitioned() {
			add(env.names(t), index, title)
		}
		for _, p := range t.Blueprint.Partitions {
			if p.Own != nil {
				continue // has its own
			}
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
	for _, n := range env.nodes(t)[1:] {
		for _, index := range n.blueprint.Indexes {
			if index.Def != "" && !n.blueprint.Partitioned() {
				add(n.names, index, fmt.Sprintf("index %s of partition %s", index.Name, n.blueprint.Source.Table.Plain()))
			}
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
			if p.Own != nil {
				break
			}
			if err := s.attachPartition(ctx, env, run, t, p, index); err != nil {
				return err
			}
		}
	}
	if len(env.nodes(t)) > 1 {
		return s.buildTree(ctx, env, run, node{env.names(t), b, t.ShadowOID})
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

// buildTree finishes the indexes of a node of a tree, from the bottom up: those
// of a partitioned table are made empty and take in those of its partitions.
func (s syncSchema) buildTree(ctx context.Context, env *Env, run runner, n node) error {
	schema := n.names.Schema
	for _, p := range n.blueprint.Partitions {
		if err := s.buildTree(ctx, env, run, node{partNames(schema, p), p.Own, p.OID}); err != nil {
			return err
		}
	}
	for _, index := range n.blueprint.Indexes {
		if err := run(func(tx pgx.Tx) error { return s.attach(ctx, env, tx, n, index) }); err != nil {
			return err
		}
		for _, p := range n.blueprint.Partitions {
			for _, part := range p.Own.Indexes {
				if part.Above != index.BuildName {
					continue
				}
				err := run(func(tx pgx.Tx) error {
					return exec(ctx, tx, sqltmpl.AttachIndex{
						Index:     sqltmpl.Table{Schema: schema, Name: index.BuildName},
						Partition: sqltmpl.Table{Schema: schema, Name: part.BuildName},
					}.Statement())
				})
				if err != nil {
					return fmt.Errorf("attaching index %s of partition %s: %w", part.Name, p.Own.Source.Table.Plain(), err)
				}
			}
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

// constrainPartitioned adds a constraint that takes in those of the partitions,
// or with only will have them attached.
func (syncSchema) constrainPartitioned(ctx context.Context, tx pgx.Tx, table sqltmpl.Table, index shadow.Index, only bool) error {
	err := exec(ctx, tx, sqltmpl.SetLocal{Name: "default_tablespace", Value: string(index.Tablespace)}.Statement())
	if err != nil {
		return err
	}
	return exec(ctx, tx, sqltmpl.AddConstraint{Table: table, Name: index.BuildName, Def: index.Constraint.Def, Only: only}.Statement())
}
