package sqltmpl

// CreateIndex builds an index by its definition.
type CreateIndex struct {
	Def Fragment
}

// Statement renders shadow/create_index.sql.
func (p CreateIndex) Statement() Statement { return render("shadow/create_index.sql", p, nil) }

// AttachConstraint makes a unique index a constraint, and gives it its name.
type AttachConstraint struct {
	Table      Table
	Name       Ident
	Primary    bool // else UNIQUE
	Index      Ident
	Deferrable bool
	Deferred   bool
}

// Statement renders shadow/attach_constraint.sql.
func (p AttachConstraint) Statement() Statement {
	return render("shadow/attach_constraint.sql", p, nil)
}

// AddConstraint adds a constraint by its definition.
type AddConstraint struct {
	Table Table
	Name  Ident
	Def   Fragment
	Only  bool // not on its partitions
}

// Statement renders shadow/add_constraint.sql.
func (p AddConstraint) Statement() Statement { return render("shadow/add_constraint.sql", p, nil) }

// DropConstraint drops a constraint.
type DropConstraint struct {
	Table Table
	Name  Ident
}

// Statement renders shadow/drop_constraint.sql.
func (p DropConstraint) Statement() Statement { return render("shadow/drop_constraint.sql", p, nil) }

// ValidateConstraint validates a constraint.
type ValidateConstraint struct {
	Table Table
	Name  Ident
}

// Statement renders shadow/validate_constraint.sql.
func (p ValidateConstraint) Statement() Statement {
	return render("shadow/validate_constraint.sql", p, nil)
}

// A ReferentialAction is what a foreign key does, by its letter in the catalogs.
type ReferentialAction string

// String returns a in SQL.
func (a ReferentialAction) String() string {
	switch a {
	case "r":
		return "RESTRICT"
	case "c":
		return "CASCADE"
	case "n":
		return "SET NULL"
	case "d":
		return "SET DEFAULT"
	default:
		return "NO ACTION"
	}
}

// A MatchType is how a foreign key takes nulls, by its letter in the catalogs.
type MatchType string

// String returns m in SQL.
func (m MatchType) String() string {
	if m == "f" {
		return "FULL"
	}
	return "SIMPLE"
}

// KeyColumns are the columns of a foreign key, the last of which may be a period.
type KeyColumns struct {
	Names  Columns
	Period bool
}

// String returns k quoted for SQL.
func (k KeyColumns) String() string {
	last := len(k.Names) - 1
	switch {
	case !k.Period:
		return k.Names.String()
	case last == 0:
		return "PERIOD " + k.Names.String()
	default:
		return k.Names[:last].String() + ", PERIOD " + k.Names[last].String()
	}
}

// AddForeignKey adds a foreign key that is not validated yet.
type AddForeignKey struct {
	Table       Table
	Name        Ident
	From        KeyColumns
	To          Table
	ToColumns   KeyColumns
	ToPrimary   bool // these are the primary key's columns, and that is what it refers to
	Match       MatchType
	OnUpdate    ReferentialAction
	OnDelete    ReferentialAction
	SetColumns  Columns // ON DELETE SET NULL or DEFAULT of these only
	Deferrable  bool
	Deferred    bool
	NotEnforced bool // PostgreSQL 18
	Valid       bool // look at the rows, which partitions with the same valid key spare
}

// Statement renders shadow/add_foreign_key.sql.
func (p AddForeignKey) Statement() Statement { return render("shadow/add_foreign_key.sql", p, nil) }

// SetIndexStatistics sets the statistics target of one column of an index.
type SetIndexStatistics struct {
	Index  Table
	Number int
	Target int
}

// Statement renders shadow/set_index_statistics.sql.
func (p SetIndexStatistics) Statement() Statement {
	return render("shadow/set_index_statistics.sql", p, nil)
}

// ClusterOn marks an index as the one that CLUSTER follows.
type ClusterOn struct {
	Table Table
	Index Ident
}

// Statement renders shadow/cluster_on.sql.
func (p ClusterOn) Statement() Statement { return render("shadow/cluster_on.sql", p, nil) }
