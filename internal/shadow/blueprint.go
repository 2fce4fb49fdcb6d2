// Package shadow builds the shadow of a table: an empty table equal to its
// source but for what was asked, without foreign keys, triggers and policies,
// together with the recipe (Blueprint) of all that is added to it later.
package shadow

import (
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// Names are what the objects of one table of a job are called.
type Names struct {
	Schema sqltmpl.Ident // the registry's schema, which holds them all
	Prefix string        // repave_<job>_<table>_
}

// Object returns the name of one object: repave_7_1_<what>.
func (n Names) Object(what string) sqltmpl.Table {
	return sqltmpl.Table{Schema: n.Schema, Name: sqltmpl.Ident(n.Prefix + what)}
}

// A Blueprint says how the shadow relates to its source and what it still
// lacks. It is recorded in the registry, so that a resumed job builds the same.
type Blueprint struct {
	Change  Change           `json:"change"` // what was asked for
	Source  catalog.Relation `json:"source"` // as it was at setup
	Shadow  catalog.Relation `json:"shadow"` // as it will be after the swap: final names, all indexes
	Key     []KeyColumn      `json:"key"`
	Columns []Column         `json:"columns"`
	Indexes []Index          `json:"indexes"`
	// LateChecks are checks NOT VALID: added in the swap, since older rows may break them.
	LateChecks []catalog.Check `json:"late_checks"`
	// LateNotNulls are not-null constraints NOT VALID (PostgreSQL 18): added in the swap, by
	// LateNotNull.
	LateNotNulls []catalog.NotNull `json:"late_not_nulls"`
	// ForeignKeys of the shadow (to itself too: then To is the source's name), with the
	// shadow's column names; added in the swap.
	ForeignKeys []catalog.ForeignKey `json:"foreign_keys"`
	// ReferencedBy are other tables' foreign keys, with the shadow's column names in To.
	ReferencedBy []catalog.ForeignKey `json:"referenced_by"`
	// Sequences are those the shadow's columns own after the swap.
	Sequences []Sequence `json:"sequences"`
	// Mismatches are foreign keys whose two sides come to have different types: they work, but
	// the operator will want to know.
	Mismatches []string `json:"mismatches"`
	// Layout says what the order of columns is worth; nil if it was not asked for.
	Layout *Layout `json:"layout,omitempty"`
	// Partitions of the shadow, if it is partitioned.
	Partitions []Partition `json:"partitions,omitempty"`
	// Clustered is the index whose copies on the partitions CLUSTER follows; the partitioned table
	// itself can't have that mark.
	Clustered sqltmpl.Ident `json:"clustered,omitempty"`
	DDL       []string      `json:"ddl"` // what was executed, for plan
}

// Partitioned reports whether the shadow is a partitioned table.
func (b *Blueprint) Partitioned() bool {
	return len(b.Partitions) > 0 || b.Source.Partition && b.Shadow.Kind == "p" // such a partition may have none itself
}

// Below lists the partitions at every depth, each before those that it has itself.
func (b *Blueprint) Below() []Partition {
	var out []Partition
	for _, p := range b.Partitions {
		out = append(out, p)
		if p.Own != nil {
			out = append(out, p.Own.Below()...)
		}
	}
	return out
}

// A Partition is one partition of the shadow.
type Partition struct {
	OID       uint32        `json:"oid"`
	Name      sqltmpl.Ident `json:"name"`       // final, in the source's schema
	BuildName sqltmpl.Ident `json:"build_name"` // until the swap, in the registry's
	// Own is how it relates to the partition of the source that it stands for, with all that this
	// has of its own; nil if the source is a plain table.
	Own *Blueprint `json:"own,omitempty"`
	// Prefix begins the names of its objects, as Names.Prefix does those of its table.
	Prefix string `json:"prefix,omitempty"`
}

// PartitionTable is what a partition is called after the swap.
func (b *Blueprint) PartitionTable(p Partition) sqltmpl.Table {
	if p.Own != nil {
		return p.Own.Source.Table
	}
	return sqltmpl.Table{Schema: b.Source.Table.Schema, Name: p.Name}
}

// A Sequence belongs to a column of the shadow.
type Sequence struct {
	Column sqltmpl.Ident `json:"column"` // the shadow's
	Name   sqltmpl.Ident `json:"name"`   // final, in the source's schema
	// BuildName is its name in the registry's schema until the swap; "" for a sequence of the
	// source's that is not copied but changes owners in the swap (serial columns).
	BuildName sqltmpl.Ident `json:"build_name"`
	// Source is the source's sequence of this column, whose position it takes over; "" if none.
	Source   sqltmpl.Ident `json:"source"`
	Identity bool          `json:"identity"`
	// Type is what the swap has to make of a sequence of the source's whose column outgrew it
	// (bigint); "" if nothing.
	Type sqltmpl.Fragment `json:"type"`
	// Default is the column's default once BuildName has become Name, where it names the sequence.
	Default sqltmpl.Fragment `json:"default"`
}

// A KeyColumn is one column of the key, on both sides.
type KeyColumn struct {
	Source          sqltmpl.Ident    `json:"source"`
	SourceType      sqltmpl.Fragment `json:"source_type"`
	SourceBase      sqltmpl.Fragment `json:"source_base"`      // SourceType, or what it is a domain over
	SourceCollation sqltmpl.Fragment `json:"source_collation"` // "" if none
	SourceEq        sqltmpl.Fragment `json:"source_eq"`        // OPERATOR(pg_catalog.=)
	Shadow          sqltmpl.Ident    `json:"shadow"`
	ShadowType      sqltmpl.Fragment `json:"shadow_type"`
	ShadowBase      sqltmpl.Fragment `json:"shadow_base"`
	ShadowCollation sqltmpl.Fragment `json:"shadow_collation"`
	ShadowEq        sqltmpl.Fragment `json:"shadow_eq"`
}

// A Column is one column of the shadow, or one that only the source has.
type Column struct {
	Source     sqltmpl.Ident    `json:"source"` // "" if added
	SourceType sqltmpl.Fragment `json:"source_type"`
	SourceBase sqltmpl.Fragment `json:"source_base"` // SourceType, or what it is a domain over
	Shadow     sqltmpl.Ident    `json:"shadow"`      // "" if dropped
	ShadowType sqltmpl.Fragment `json:"shadow_type"`
	Using      sqltmpl.Fragment `json:"using"` // the operator's expression, if any
	// SourceGenerated and ShadowGenerated columns are computed by the server, never written.
	SourceGenerated bool `json:"source_generated"`
	ShadowGenerated bool `json:"shadow_generated"`
	// Recomputed: the server computes the shadow column by another expression than the source's,
	// or whenever it is read (virtual, PostgreSQL 18), which may fail: verify leaves it out.
	Recomputed bool `json:"recomputed,omitempty"`
	// Reverse is the expression, over a row of the shadow's shape aliased s, that gives back the
	// source column: "" if there is none, or if there is a Using that does more than cast.
	Reverse sqltmpl.Fragment `json:"reverse"`
	// AsText: equality of the shadow column's type is not identity, or it has no hash; verify
	// compares its text.
	AsText bool `json:"as_text"`
	// Same: type and modifiers are equal on both sides and there is no Using.
	Same bool `json:"same"`
	// Safe: converting can't fail and does not depend on settings (same type, int2 -> int4 -> int8,
	// varchar -> text).
	Safe bool `json:"safe"`
}

// An Index is built on the shadow after the backfill.
type Index struct {
	Name      sqltmpl.Ident    `json:"name"`       // final
	BuildName sqltmpl.Ident    `json:"build_name"` // until the swap: repave_7_1_i<n>
	Def       sqltmpl.Fragment `json:"def"`        // CREATE INDEX under BuildName; "" for exclusion constraints
	// Tail is what follows the table's name in Def; of a partitioned shadow's indexes only, whose
	// partitions get the same under names of their own.
	Tail         sqltmpl.Fragment         `json:"tail,omitempty"`
	Unique       bool                     `json:"unique"`
	Btree        bool                     `json:"btree"`
	Tablespace   sqltmpl.Ident            `json:"tablespace"`
	Constraint   *catalog.IndexConstraint `json:"constraint"`
	Primary      bool                     `json:"primary"`
	Clustered    bool                     `json:"clustered"`
	Comment      string                   `json:"comment"`
	StatsTargets map[string]int           `json:"stats_targets"`
	// Helper: the shadow has no unique index on exactly the key, so this one serves replay
	// until cleanup drops it.
	Helper bool `json:"helper"`
	// Key: this index serves replay.
	Key bool `json:"key"`
	// SourceName is the index of the source it was copied from, "" if it is new.
	SourceName sqltmpl.Ident `json:"source_name"`
	// Above is the BuildName of the index of the table above that takes this one in; of partitions only.
	Above sqltmpl.Ident `json:"above,omitempty"`
}
