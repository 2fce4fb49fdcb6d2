package preflight

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// checkMoved looks at each table on the source.
func checkMoved(ctx context.Context, in AcrossInput) ([]Finding, error) {
	var findings []Finding
	var failed error
	for i, r := range in.Relations {
		one := Input{DB: in.Source, Relation: r, RegistrySchema: in.RegistrySchema}
		if i < len(in.Trees) {
			tree := in.Trees[i]
			one.Partitions, one.OnPartitions, one.PartitionBy, one.OrderBy = tree.Partitions, tree.Bound, tree.PartitionBy, tree.OrderBy
		}
		checks := []check{checkKind, checkWhole}
		if (r.Kind == "r" || r.Kind == partitioned) && r.OID >= firstNormalOID {
			checks = append(checks, checkKey, checkReplicaIdentity, checkLogged, checkWidth, checkInvalidIndexes, checkRowSecurity, checkChildren,
				checkMovedLeaves, checkLeafIdentities)
		}
		for _, look := range checks {
			found, err := look(ctx, one)
			findings = append(findings, found...)
			failed = errors.Join(failed, err)
		}
	}
	return findings, failed
}

// checkWhole refuses partitions: what is written by way of their table is not
// kept out by a fence on them.
func checkWhole(_ context.Context, in Input) ([]Finding, error) {
	if !in.Relation.Partition {
		return nil, nil
	}
	return []Finding{in.finding("kind", "name the whole table, with which it moves; or detach the partition first", "is a partition of a partitioned table")}, nil
}

// checkLeafIdentities refuses partitions whose changes do not say which row they
// are about, and tables whose partitions to come would be such.
func checkLeafIdentities(_ context.Context, in Input) ([]Finding, error) {
	key, ok := catalog.KeyOf(in.Relation)
	if in.Relation.Kind != partitioned || !ok {
		return nil, nil
	}
	if !key.Primary {
		columns := columnsOf(in.Relation, key)
		return []Finding{in.finding("replica_identity", in.alter("ADD PRIMARY KEY (%s)", columns),
			"is partitioned and has no primary key: in partitions to come UPDATE and DELETE would fail")}, nil
	}
	var findings []Finding
	for _, leaf := range in.Partitions {
		one := Input{Relation: leaf}
		if in.looksAt(leaf.OID) {
			findings = append(findings, in.unsentIdentity(leaf)...)
		}
		at := slices.IndexFunc(leaf.Indexes, func(i catalog.Index) bool { return i.Primary })
		if leaf.Kind == "r" && in.looksAt(leaf.OID) && (at < 0 || !carries(leaf, leaf.Indexes[at])) {
			findings = append(findings, in.finding("replica_identity", one.alter("REPLICA IDENTITY DEFAULT"),
				"the replica identity of partition %s does not carry the key", leaf.Table.Plain()))
		}
	}
	return findings, nil
}

// checkReplicaIdentity refuses tables whose changes do not say which row they
// are about: UPDATE and DELETE of a published table without one fail.
func checkReplicaIdentity(_ context.Context, in Input) ([]Finding, error) {
	key, ok := catalog.KeyOf(in.Relation)
	if !ok || carries(in.Relation, key) {
		return nil, nil
	}
	cure := in.alter("REPLICA IDENTITY USING INDEX %s", key.Name)
	switch {
	case !key.Immediate && generatedAt(in.Relation) >= 0: // nor may it be FULL, see unsentIdentity
		cure = in.uniqueIdentity(key)
	case !key.Immediate: // can't be one
		cure = in.alter("REPLICA IDENTITY FULL")
	case key.Primary:
		cure = in.alter("REPLICA IDENTITY DEFAULT")
	}
	return []Finding{in.finding("replica_identity", cure, "the replica identity does not carry the key (%s)", key.Name)}, nil
}

// uniqueIdentity is the cure that makes an index of the key's columns the replica identity.
func (in Input) uniqueIdentity(key catalog.Index) string {
	const name = sqltmpl.Ident("repave_identity")
	return fmt.Sprintf("CREATE UNIQUE INDEX CONCURRENTLY %s ON %s (%s); %s", name, in.Relation.Table, columnsOf(in.Relation, key), in.alter("REPLICA IDENTITY USING INDEX %s", name))
}

func columnsOf(r catalog.Relation, index catalog.Index) (columns sqltmpl.Columns) {
	for _, num := range index.Columns {
		at := slices.IndexFunc(r.Columns, func(c catalog.Column) bool { return c.Num == num })
		columns = append(columns, r.Columns[at].Name)
	}
	return columns
}

// generatedAt is the place of r's first generated column, or less than 0.
func generatedAt(r catalog.Relation) int {
	return slices.IndexFunc(r.Columns, func(c catalog.Column) bool { return c.Generated != "" })
}

// firstStrictIdentities is the first version in which UPDATE and DELETE fail on a published table whose
// replica identity has a generated column, which is not sent.
const firstStrictIdentities = 18

// unsentIdentity refuses a replica identity FULL with generated columns, of the table or a partition of it.
func (in Input) unsentIdentity(r catalog.Relation) []Finding {
	at := generatedAt(r)
	if r.Kind != "r" || r.ReplIdent != "f" || at < 0 {
		return nil
	}
	return []Finding{in.finding("replica_identity", Input{Relation: r}.alter("REPLICA IDENTITY DEFAULT"),
		"the replica identity of %s is FULL, with generated column %s: PostgreSQL %d refuses UPDATE and DELETE while it is published",
		r.Table.Plain(), r.Columns[at].Name, firstStrictIdentities)}
}

// carries reports whether changes come with all columns of key.
func carries(r catalog.Relation, key catalog.Index) bool {
	for _, index := range r.Indexes {
		chosen := r.ReplIdent == "i" && index.ReplIdent || r.ReplIdent == "d" && index.Primary
		if chosen && index.Valid && index.Immediate &&
			!slices.ContainsFunc(key.Columns, func(num int16) bool { return !slices.Contains(index.Columns, num) }) {
			return true
		}
	}
	return r.ReplIdent == "f"
}

// checkLogged refuses unlogged tables: WAL has nothing of their changes.
func checkLogged(_ context.Context, in Input) ([]Finding, error) {
	if in.Relation.Persistence != "u" {
		return nil, nil
	}
	return []Finding{in.finding("unlogged", in.alter("SET LOGGED")+"; -- rewrites the table", "is unlogged, so its changes can't be decoded")}, nil
}

// mostMoved is how many columns of a table can be moved: changes are staged in a table that has two
// more, and PostgreSQL allows 1600.
const mostMoved = 1598

// checkWidth refuses tables with more columns than their stage can have. Generated ones are not staged.
func checkWidth(_ context.Context, in Input) ([]Finding, error) {
	staged := 0
	for _, c := range in.Relation.Columns {
		if c.Generated == "" {
			staged++
		}
	}
	if staged <= mostMoved {
		return nil, nil
	}
	return []Finding{in.finding("columns", fmt.Sprintf("drop %d of them, or split the table", staged-mostMoved),
		"has %d columns, of which %d at most can be moved to another cluster", staged, mostMoved)}, nil
}

// checkChildren refuses tables that others inherit from: queries of such a table
// read the others' rows too, which are not moved with it.
func checkChildren(_ context.Context, in Input) ([]Finding, error) {
	var findings []Finding
	for _, other := range in.Relation.Others {
		if other.Kind == catalog.Child || other.Kind == carry.Inheritance {
			findings = append(findings, in.finding(carry.Inheritance, dependentCure(other), "%s can't be moved along", other.Description))
		}
	}
	return findings, nil
}

// checkPlaces looks at where the tables are to be on the target.
func checkPlaces(ctx context.Context, in AcrossInput) ([]Finding, error) {
	var findings []Finding
	var schemas []sqltmpl.Ident // missing, named once
	var tables []catalog.Relation
	for i, r := range in.Relations {
		tables = append(append(tables, r), in.partitionsOf(i)...)
	}
	for _, r := range tables {
		place, err := sqltmpl.One[sqltmpl.Place](ctx, in.Target, sqltmpl.FindOnTarget{Table: r.Table}.Statement())
		if err != nil {
			return findings, fmt.Errorf("looking at %s: %w", atTarget, err)
		}
		schema := r.Table.Schema
		if !place.SchemaExists && !slices.Contains(schemas, schema) {
			schemas = append(schemas, schema)
			findings = append(findings, at(atTarget, "schema", fmt.Sprintf("CREATE SCHEMA %s", schema), "there is no schema %s", schema))
		}
		if place.Kind != "" {
			one := Input{Relation: r}
			findings = append(findings, one.finding("exists",
				fmt.Sprintf("ALTER %s %s RENAME TO %s; -- on the target; or drop it", place.Kind, r.Table, r.Table.Name+"_before"),
				"the target has something of that name already (%s)", place.Kind))
		}
	}
	return findings, nil
}
