package stages

import (
	"cmp"
	"slices"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// involved lists every relation that the swap locks: views first, as queries
// on them do; the tables of the job, and those that refer to them or that they
// refer to. Applications may take their
// locks in the order of foreign keys (a child's insert looks at its parent) or
// against it (a parent is inserted before its children, a delete cascades), so
// attempts take turns with both; the order does not depend on anything else.
func (swap) involved(env *Env, job registry.Job, attempt int) (oids []uint32, locks []lockable) {
	var live, standby, children, parents []lockable
	var partitions []uint32
	seen := map[uint32]bool{}
	for _, t := range job.Tables {
		// Only: its partitions and children have locks of their own.
		own := sqltmpl.LockTable{Table: t.Name, Only: true}.Statement()
		live = append(live, lockable{liveOID(job, t), t.Name, own})
		standby = append(standby, tableLock(standbyOID(job, t), env.link(job, t).Standby)) // as writers do: after the live one
		seen[t.SourceOID], seen[t.ShadowOID] = true, true
	}
	add := func(to *[]lockable, l lockable) {
		if !seen[l.oid] && !slices.ContainsFunc(slices.Concat(live, standby), func(o lockable) bool { return o.name == l.name }) {
			seen[l.oid] = true
			*to = append(*to, l)
		}
	}
	for _, n := range env.nodesBelow(job) {
		seen[n.blueprint.Source.OID], seen[n.shadow] = true, true
	}
	var trees []lockable
	family := familyLocks(job)
	for _, l := range family.trees {
		add(&trees, l)
	}
	for _, l := range family.children {
		add(&children, l)
	}
	for _, l := range family.parents {
		add(&parents, l)
	}
	for _, n := range env.allNodes(job) {
		for _, fk := range slices.Concat(n.blueprint.Source.ReferencedBy, n.blueprint.ReferencedBy) {
			if fk.Inherited {
				partitions = append(partitions, fk.FromOID) // locked with their table, and may come and go
				continue
			}
			add(&children, tableLock(fk.FromOID, fk.From))
		}
	}
	for _, n := range env.allNodes(job) {
		for _, fk := range slices.Concat(n.blueprint.Source.ForeignKeys, n.blueprint.ForeignKeys) {
			add(&parents, tableLock(fk.ToOID, fk.To))
		}
	}
	views, above, heirs, others := bindingLocks(job)
	for _, l := range others {
		add(&children, l)
	}
	leaves := partitionLocks(job)
	heirs = slices.DeleteFunc(heirs, func(l lockable) bool { return seen[l.oid] })
	order := [][]lockable{live, leaves, heirs, standby, children, parents}
	if attempt%2 == 0 {
		order = [][]lockable{children, live, leaves, heirs, standby, parents}
	}
	locks = slices.Concat(views, trees, aboveLocks(job), above)
	for _, group := range order {
		slices.SortFunc(group, func(a, b lockable) int { return cmp.Compare(a.oid, b.oid) })
		if attempt%2 == 0 {
			slices.Reverse(group) // the job's own tables refer to each other, too
		}
		locks = append(locks, group...)
	}
	for _, l := range locks {
		oids = append(oids, l.oid)
	}
	return slices.Concat(oids, partitions, family.members), locks
}
