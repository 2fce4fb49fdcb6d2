// Package catalog reads what PostgreSQL knows of one table, completely enough
// to build an equal one and to tell whether somebody changed it meanwhile.
package catalog

import "github.com/repave-pg/repave/sqltmpl"

// A Relation is the definition of one table as the catalogs have it. All SQL
// in it was deparsed by the server with an empty search_path, so every name in
// it is qualified.
type Relation struct {
	OID          uint32        `json:"oid"`
	Table        sqltmpl.Table `json:"table"`
	Kind         string        `json:"kind"`        // pg_class.relkind
	Persistence  string        `json:"persistence"` // p, u or t
	Owner        sqltmpl.Ident `json:"owner"`
	AccessMethod sqltmpl.Ident `json:"access_method"`
	Tablespace   sqltmpl.Ident `json:"tablespace"` // "" is the database's default
	Options      []string      `json:"options"`    // name=value; those of the TOAST table begin with toast.
	Comment      string        `json:"comment"`
	Grants       []Grant       `json:"grants"` // on the table, in the order of its access control list; nil: never granted or revoked, the owner has all
	Columns      []Column      `json:"columns"`
	Indexes      []Index       `json:"indexes"` // by OID
	Checks       []Check       `json:"checks"`
	NotNulls     []NotNull     `json:"not_nulls"`     // PostgreSQL 18 and later: named not-null constraints
	ForeignKeys  []ForeignKey  `json:"foreign_keys"`  // of this table, to itself or others
	ReferencedBy []ForeignKey  `json:"referenced_by"` // of other tables, to this one
	Sequences    []Sequence    `json:"sequences"`     // owned by a column of this table
	// Uses are sequences that defaults read and no column of this table owns. Load leaves them out.
	Uses        []Sequence `json:"uses,omitempty"`
	Triggers    []Trigger  `json:"triggers"` // all but those that implement foreign keys and constraints
	Others      []Other    `json:"others"`   // whatever else the catalogs tie to this table
	RowSecurity bool       `json:"row_security"`
	ForceRLS    bool       `json:"force_row_security"`
	ReplIdent   string     `json:"replica_identity"` // d, n, f or i
	Partition   bool       `json:"partition"`        // is itself a partition
	// PartitionKey is what a partitioned table is partitioned by, and Partitions are those directly
	// below it, by name; empty for other tables.
	PartitionKey sqltmpl.Fragment `json:"partition_key"`
	Partitions   []Partition      `json:"partitions"`
}

// A Partition is one partition of a partitioned table.
type Partition struct {
	OID   uint32           `json:"oid"`
	Table sqltmpl.Table    `json:"table"`
	Kind  string           `json:"kind"`  // relkind
	Bound sqltmpl.Fragment `json:"bound"` // as the server deparses it
	// Options and Tablespace are its own: it has neither from its table. A Diff leaves them out.
	Options    []string      `json:"partition_options,omitempty"`
	Tablespace sqltmpl.Ident `json:"partition_tablespace,omitempty"`
	// Attached is the transaction that made it a partition: another one if it was detached and
	// attached again. A Diff leaves it out.
	Attached int64 `json:"attached,omitempty"`
	// Above says the same of the partitions that it is below, from the whole table's on, with what
	// they are called; Parent is the last of them. Load, and hence a Diff, leaves them out.
	Above  string        `json:"above,omitempty"`
	Parent sqltmpl.Table `json:"parent,omitzero"`
	// File is the file that it was in when its pages were counted.
	File uint32 `json:"file,omitempty"`
}

// A Grant is one privilege that one role has.
type Grant struct {
	Grantor   sqltmpl.Ident `json:"grantor"`
	Grantee   sqltmpl.Ident `json:"grantee"` // "" is PUBLIC
	Privilege string        `json:"privilege"`
	Grantable bool          `json:"grantable"`
}

// A Column is one live column.
type Column struct {
	Num           int16            `json:"num"` // attnum
	Name          sqltmpl.Ident    `json:"name"`
	Type          sqltmpl.Fragment `json:"type"` // format_type, with modifiers
	TypeOID       uint32           `json:"type_oid"`
	BaseType      uint32           `json:"base_type"`     // what TypeOID is a domain over, else TypeOID itself
	TypeKind      string           `json:"type_kind"`     // pg_type.typtype of the base type: b, c, d, e, p, r, m
	Category      string           `json:"category"`      // pg_type.typcategory of the base type
	Collation     sqltmpl.Fragment `json:"collation"`     // qualified and quoted; "" if the type has none
	Deterministic bool             `json:"deterministic"` // of its collation; true if it has none
	NotNull       bool             `json:"not_null"`
	Default       sqltmpl.Fragment `json:"default"`   // of a generated column: its expression
	Generated     string           `json:"generated"` // "", s (stored) or v (virtual)
	Identity      string           `json:"identity"`  // "", a (ALWAYS) or d (BY DEFAULT)
	Storage       string           `json:"storage"`
	Compression   string           `json:"compression"`
	StatsTarget   int              `json:"stats_target"` // -1 is the default
	Options       []string         `json:"options"`
	Comment       string           `json:"comment"`
	Grants        []Grant          `json:"grants"`
}

// An Index is one index with all that CREATE INDEX alone does not say.
type Index struct {
	OID        uint32           `json:"oid"`
	Name       sqltmpl.Ident    `json:"name"`
	Def        sqltmpl.Fragment `json:"def"`        // pg_get_indexdef
	Tablespace sqltmpl.Ident    `json:"tablespace"` // "" is the database's default
	Unique     bool             `json:"unique"`
	Primary    bool             `json:"primary"`
	Exclusion  bool             `json:"exclusion"`
	Valid      bool             `json:"valid"` // indisvalid and indisready and indislive
	Immediate  bool             `json:"immediate"`
	Partial    bool             `json:"partial"`
	Options    []string         `json:"options"` // storage parameters, which Def has too
	// NullsAlike: two nulls are the same value to it (NULLS NOT DISTINCT, PostgreSQL 15).
	NullsAlike   bool               `json:"nulls_alike"`
	Clustered    bool               `json:"clustered"`
	ReplIdent    bool               `json:"replica_identity"`
	Columns      []int16            `json:"columns"`       // key columns' attnums; 0 is an expression; without INCLUDE
	KeyOps       []sqltmpl.Fragment `json:"key_ops"`       // btree only: each key column's equality operator as OPERATOR(schema.=)
	StatsTargets map[string]int     `json:"stats_targets"` // by index column number, where set
	Comment      string             `json:"comment"`
	Constraint   *IndexConstraint   `json:"constraint"` // nil for a plain index
}

// An IndexConstraint is a primary key, unique or exclusion constraint. It has
// its index's name.
type IndexConstraint struct {
	Type       string           `json:"type"` // p, u or x
	Def        sqltmpl.Fragment `json:"def"`  // pg_get_constraintdef
	Deferrable bool             `json:"deferrable"`
	Deferred   bool             `json:"deferred"`
	Temporal   bool             `json:"temporal"` // WITHOUT OVERLAPS, PostgreSQL 18
	Comment    string           `json:"comment"`
}

// A Check is a check constraint.
type Check struct {
	Name      sqltmpl.Ident    `json:"name"`
	Def       sqltmpl.Fragment `json:"def"` // pg_get_constraintdef, NOT VALID included
	Columns   []int16          `json:"columns"`
	Valid     bool             `json:"valid"`
	Enforced  bool             `json:"enforced"` // true before PostgreSQL 18
	NoInherit bool             `json:"no_inherit"`
	Comment   string           `json:"comment"`
}

// A NotNull is a not-null constraint, which has a name since PostgreSQL 18.
type NotNull struct {
	Name      sqltmpl.Ident `json:"name"`
	Column    int16         `json:"column"`
	Valid     bool          `json:"valid"`
	NoInherit bool          `json:"no_inherit"`
	Comment   string        `json:"comment"`
}

// A ForeignKey is a foreign key, taken apart so that it can be put together
// again on other tables.
type ForeignKey struct {
	OID         uint32             `json:"oid"`
	Name        sqltmpl.Ident      `json:"name"`
	From        sqltmpl.Table      `json:"from"` // the referencing table
	FromOID     uint32             `json:"from_oid"`
	FromKind    string             `json:"from_kind"` // relkind
	FromColumns sqltmpl.Columns    `json:"from_columns"`
	FromTypes   []sqltmpl.Fragment `json:"from_types"`
	FromNums    []int16            `json:"from_nums"`
	To          sqltmpl.Table      `json:"to"` // the referenced table
	ToOID       uint32             `json:"to_oid"`
	ToKind      string             `json:"to_kind"`
	ToColumns   sqltmpl.Columns    `json:"to_columns"`
	ToTypes     []sqltmpl.Fragment `json:"to_types"`
	ToNums      []int16            `json:"to_nums"`
	Match       string             `json:"match"`     // confmatchtype: s, f
	OnUpdate    string             `json:"on_update"` // confupdtype: a, r, c, n, d
	OnDelete    string             `json:"on_delete"`
	SetColumns  sqltmpl.Columns    `json:"set_columns"` // ON DELETE SET NULL (these); PostgreSQL 15
	Deferrable  bool               `json:"deferrable"`
	Deferred    bool               `json:"deferred"`
	Valid       bool               `json:"valid"`
	Enforced    bool               `json:"enforced"` // true before PostgreSQL 18
	Period      bool               `json:"period"`   // temporal, PostgreSQL 18
	// ToPrimary says that the primary key is what it refers to, not another unique index on the same columns.
	ToPrimary bool   `json:"to_primary"`
	Inherited bool   `json:"inherited"`  // belongs to a foreign key of a partitioned table
	ParentOID uint32 `json:"parent_oid"` // that one; 0 if none
	Comment   string `json:"comment"`
}

// A Sequence is owned by one column, as serial and identity columns have them.
type Sequence struct {
	OID         uint32           `json:"oid"`
	Table       sqltmpl.Table    `json:"table"`
	Column      sqltmpl.Ident    `json:"column"`
	Identity    bool             `json:"identity"`
	Owner       sqltmpl.Ident    `json:"owner"`
	Type        sqltmpl.Fragment `json:"type"`
	Start       int64            `json:"start"`
	Min         int64            `json:"min"`
	Max         int64            `json:"max"`
	Increment   int64            `json:"increment"`
	Cache       int64            `json:"cache"`
	Cycle       bool             `json:"cycle"`
	Persistence string           `json:"persistence"`
	Grants      []Grant          `json:"grants"` // nil: never granted or revoked, the owner has all
	Comment     string           `json:"comment"`
	Dependents  []string         `json:"dependents"` // pg_describe_object of what uses it, but for this table's own default
}

// A Trigger is one of a user's triggers on the table.
type Trigger struct {
	Name    sqltmpl.Ident    `json:"name"`
	Def     sqltmpl.Fragment `json:"def"`
	Enabled string           `json:"enabled"`
}

// Child is the kind of an Other that is a table which inherits from this one.
const Child = "child"

// An Other is an object that the catalogs tie to the table in a way this
// package has no field for.
type Other struct {
	Kind        string `json:"kind"`        // view, policy, rule, publication, subscription, inheritance, statistics, function, ...
	Description string `json:"description"` // pg_describe_object or as near to it as can be
	Drop        string `json:"drop"`        // a statement that takes it away, for a person to judge
}
