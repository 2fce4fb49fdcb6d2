package stages

import (
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// A node is a table of a job, or a partition of a partitioned source: they are
// swapped together, and each takes along what it has of its own.
type node struct {
	names     shadow.Names
	blueprint *shadow.Blueprint
	shadow    uint32 // OID of the rewritten one
}

// nodes lists a table and its source's partitions at every depth, each after
// the one that it is a partition of.
func (env *Env) nodes(t registry.Table) []node {
	if t.Blueprint == nil {
		return nil
	}
	out := []node{{env.names(t), t.Blueprint, t.ShadowOID}}
	for _, p := range t.Blueprint.Below() {
		if p.Own != nil {
			out = append(out, node{partNames(env.Registry.Schema(), p), p.Own, p.OID})
		}
	}
	return out
}

// partNames are what the objects of a partition with a source of its own are called.
func partNames(schema sqltmpl.Ident, p shadow.Partition) shadow.Names {
	return shadow.Names{Schema: schema, Prefix: p.Prefix}
}

// live is the node's relation that has the name, standby the other one.
func (n node) live(swapped bool) uint32 {
	if swapped {
		return n.shadow
	}
	return n.blueprint.Source.OID
}

func (n node) standby(swapped bool) uint32 { return n.live(!swapped) }

// standbyName is what the standby is called.
func (n node) standbyName(swapped bool) sqltmpl.Table {
	if swapped {
		return n.names.Object("old")
	}
	return n.names.Object("shadow")
}

// expected is the live one's definition as recorded.
func (n node) expected(swapped bool) catalog.Relation {
	if swapped {
		return n.blueprint.Shadow
	}
	return n.blueprint.Source
}

// is reports whether a relation is one of the node's two.
func (n node) is(oid uint32) bool { return oid == n.blueprint.Source.OID || oid == n.shadow }

// allNodes lists the tables of a job and their partitions.
func (env *Env) allNodes(job registry.Job) []node {
	var out []node
	for _, t := range job.Tables {
		out = append(out, env.nodes(t)...)
	}
	return out
}

// nodesBelow lists the partitions of all tables of a job.
func (env *Env) nodesBelow(job registry.Job) []node {
	var out []node
	for _, t := range job.Tables {
		if nodes := env.nodes(t); len(nodes) > 0 {
			out = append(out, nodes[1:]...)
		}
	}
	return out
}
