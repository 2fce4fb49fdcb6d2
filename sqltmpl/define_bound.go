package sqltmpl

import "github.com/jackc/pgx/v5"

// LoadPolicies reads a table's policies.
type LoadPolicies struct {
	Relation uint32
}

// A LoadedPolicy is one policy.
type LoadedPolicy struct {
	Name       Ident
	Permissive bool
	Command    PolicyCommand
	Roles      []string // "" is PUBLIC
	Using      Fragment
	WithCheck  Fragment `db:"with_check"`
	Comment    string
}

// Statement renders define/load_policies.sql.
func (p LoadPolicies) Statement() Statement {
	return render("define/load_policies.sql", p, pgx.StrictNamedArgs{"relation": p.Relation})
}

// A PolicyCommand is what a policy is for.
type PolicyCommand string

// String returns c in SQL.
func (c PolicyCommand) String() string {
	switch c {
	case "SELECT", "INSERT", "UPDATE", "DELETE":
		return string(c)
	default:
		return "ALL"
	}
}

// CreatePolicy makes a policy.
type CreatePolicy struct {
	Name       Ident
	Table      Table
	Permissive bool
	Command    PolicyCommand
	Roles      []Grantee
	Using      Fragment
	WithCheck  Fragment
}

// Statement renders define/create_policy.sql.
func (p CreatePolicy) Statement() Statement { return render("define/create_policy.sql", p, nil) }

// CommentPolicy comments on a policy.
type CommentPolicy struct {
	Name    Ident
	Table   Table
	Comment Literal
}

// Statement renders define/comment_policy.sql.
func (p CommentPolicy) Statement() Statement { return render("define/comment_policy.sql", p, nil) }

// A FiringState says when a trigger or rule acts, by its letter in the catalogs.
type FiringState string

// String returns s in SQL.
func (s FiringState) String() string {
	switch s {
	case "D":
		return "DISABLE"
	case "R":
		return "ENABLE REPLICA"
	case "A":
		return "ENABLE ALWAYS"
	default:
		return "ENABLE"
	}
}

// SetTrigger says when a trigger fires.
type SetTrigger struct {
	Table Table
	Name  Ident
	State FiringState
}

// Statement renders define/set_trigger.sql.
func (p SetTrigger) Statement() Statement { return render("define/set_trigger.sql", p, nil) }

// SetRule says when a rule applies.
type SetRule struct {
	Table Table
	Name  Ident
	State FiringState
}

// Statement renders define/set_rule.sql.
func (p SetRule) Statement() Statement { return render("define/set_rule.sql", p, nil) }

// Firing reads when triggers and rules act.
type Firing struct {
	Relation uint32
	Registry Ident
}

// A FiringObject is a trigger or rule.
type FiringObject struct {
	Kind  string
	Name  Ident
	State FiringState
}

// Statement renders define/firing.sql.
func (p Firing) Statement() Statement {
	return render("define/firing.sql", p, pgx.StrictNamedArgs{"relation": p.Relation, "registry": string(p.Registry)})
}

// RowSecurity switches row security on.
type RowSecurity struct {
	Table   Table
	Force   bool // for the owner too; it does not switch it on by itself
	NoForce bool // not for the owner any more; it does not switch it off
}

// Statement renders define/row_security.sql.
func (p RowSecurity) Statement() Statement { return render("define/row_security.sql", p, nil) }

// ReplicaIdentity says what of an old row goes to subscribers: all, or an
// index's columns; else nothing.
type ReplicaIdentity struct {
	Table Table
	Full  bool
	Index Ident
}

// Statement renders define/replica_identity.sql.
func (p ReplicaIdentity) Statement() Statement { return render("define/replica_identity.sql", p, nil) }
