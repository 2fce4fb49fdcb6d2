package catalog

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
)

// A Dependent is an object that is bound to a table and has to follow its name
// to another one. Its SQL was deparsed by the server with an empty search_path.
type Dependent struct {
	Kind string `json:"kind"` // trigger, policy, rule, statistics, publication, view, function, ...
	Name string `json:"name"` // kind and qualified name, as a person would say it; unique
	OID  uint32 `json:"oid" db:"oid"`
	// Relation is what a trigger, policy or rule is on, or a view itself; 0 if there is none.
	Relation       uint32        `json:"relation"`
	RelationSchema sqltmpl.Ident `json:"relation_schema" db:"relation_schema"`
	RelationName   sqltmpl.Ident `json:"relation_name" db:"relation_name"`
	RelationOwner  sqltmpl.Ident `json:"relation_owner" db:"relation_owner"`
	OnTable        bool          `json:"on_table" db:"on_table"` // belongs to one of the tables themselves
	OnView         bool          `json:"on_view" db:"on_view"`   // belongs to a view, or is one
	Direct         bool          `json:"direct"`                 // mentions one of the tables itself
	Signature      bool          `json:"signature"`              // has a table's row type among its arguments or results
	Uses           []string      `json:"uses"`                   // names of other dependents that it mentions
	// Drop takes it away, Create makes it again with owner, grants, comment and state; both empty
	// if that can't be done. Replace binds it anew where it stands.
	Drop    []sqltmpl.Fragment `json:"drop"`
	Create  []sqltmpl.Fragment `json:"create"`
	Replace []sqltmpl.Fragment `json:"replace"`
	// Of a partition: what its rows satisfy (its parents' constraints included), which may depend on
	// other partitions, and the default partition beside it, if any.
	Constraint    sqltmpl.Fragment `json:"partition_constraint,omitempty" db:"partition_constraint"`
	DefaultOID    uint32           `json:"default_oid,omitempty" db:"default_oid"`
	DefaultSchema sqltmpl.Ident    `json:"default_schema,omitempty" db:"default_schema"`
	DefaultName   sqltmpl.Ident    `json:"default_name,omitempty" db:"default_name"`
	// Of a child: the columns and constraints that it has from its parents alone.
	Inherited []string `json:"inherited,omitempty"`
	// Of a materialized view: whether it holds data, and what its indexes are called.
	Populated bool            `json:"populated"`
	Indexes   []sqltmpl.Ident `json:"indexes"`
	// Of a statistics object: its name, and what its definition says between that and the table.
	Schema           sqltmpl.Ident    `json:"schema"`
	StatisticsName   sqltmpl.Ident    `json:"statistics_name" db:"statistics_name"`
	Statistics       sqltmpl.Fragment `json:"statistics"`
	StatisticsTarget int              `json:"statistics_target" db:"statistics_target"`
}

// firstFilters is the first version whose publications have row filters.
const firstFilters = 15

// LoadDependents reads the dependents of tables, each after those that it uses,
// in one round trip. It locks nothing. The session's search path must be empty.
// It leaves out that those of them in apart are partitions: they are swapped with
// their tables.
func LoadDependents(
	ctx context.Context, tx pgx.Tx, oids []uint32, registrySchema sqltmpl.Ident, apart ...uint32,
) ([]Dependent, error) {
	found, err := sqltmpl.All[Dependent](ctx, tx, sqltmpl.LoadDependents{
		OIDs: oids, Apart: append([]uint32{}, apart...), Registry: registrySchema, Filters: Major(tx.Conn()) >= firstFilters,
	}.Statement())
	if err != nil {
		return nil, fmt.Errorf("reading the catalogs: %w", err)
	}
	return inOrder(found), nil
}

// Major is the server's major version; it asks nobody.
func Major(conn *pgx.Conn) int {
	text := conn.PgConn().ParameterStatus("server_version")
	digits := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if digits >= 0 {
		text = text[:digits]
	}
	n, _ := strconv.Atoi(text)
	return n
}

// inOrder puts each dependent after those that it uses. Functions and views may
// mention each other in a circle; there, the order is that of their OIDs.
func inOrder(found []Dependent) []Dependent {
	out := make([]Dependent, 0, len(found))
	visited := map[string]bool{}
	var visit func(d Dependent)
	visit = func(d Dependent) {
		if visited[d.Name] {
			return
		}
		visited[d.Name] = true
		for _, other := range found {
			if slices.Contains(d.Uses, other.Name) {
				visit(other)
			}
		}
		out = append(out, d)
	}
	for _, d := range found {
		visit(d)
	}
	return out
}
