package stages

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// An exchangePair is the two sides of one table of a job: the one that gives up
// the name, and the one that gets it.
type exchangePair struct {
	table    registry.Table
	from, to side
	at       map[sqltmpl.Table]position // where from's own sequences stood when it was parked
}

// pairs returns the sides of all tables of a job, in the job's order. A foreign
// key between two of them is on the side of the table that has it alone, so it
// is dropped once and added once.
func (env *Env) pairs(job registry.Job) []exchangePair {
	between := func(fk catalog.ForeignKey) bool {
		return slices.ContainsFunc(job.Tables, func(t registry.Table) bool { return t.Name == fk.From })
	}
	out := make([]exchangePair, len(job.Tables))
	for i, t := range job.Tables {
		from, to := sides(env, job, t)
		from.referencedBy = slices.DeleteFunc(slices.Clone(from.referencedBy), between)
		to.referencedBy = slices.DeleteFunc(slices.Clone(to.referencedBy), between)
		out[i] = exchangePair{table: t, from: from, to: to}
	}
	return out
}

// tie adds the foreign keys into and out of tables that all have their names by
// now, NOT VALID, without a scan: in the order in which they were first made,
// since that is the order in which their triggers fire.
func tie(ctx context.Context, tx pgx.Tx, pairs []exchangePair) error {
	var all []catalog.ForeignKey
	var steps []sqltmpl.Statement
	for _, p := range pairs {
		if len(p.to.partitions) > 0 {
			// Its partitions get them, until validate gives them to the table.
			for _, fk := range p.to.foreignKeys {
				for _, one := range p.to.partitions {
					if !one.own {
						steps = append(steps, shadow.ForeignKeyStatement(one.relation.Table, fk))
					}
				}
			}
			all = append(append(all, p.to.referencedBy...), partKeys(p.to)...)
			continue
		}
		for _, fk := range p.to.foreignKeys {
			fk.From = p.to.relation.Table
			all = append(all, fk)
		}
		all = append(all, p.to.referencedBy...)
	}
	slices.SortStableFunc(all, func(a, b catalog.ForeignKey) int { return cmp.Compare(a.OID, b.OID) })
	for _, fk := range roots(all) {
		if fk.FromKind == partitioned {
			steps = append(steps, memberSteps(all, fk)...)
			if late(tx, fk) {
				continue
			}
			steps = append(steps, crownSteps(all, fk, false)...)
			continue
		}
		steps = append(steps, addForeignKey(fk.From, fk)...)
	}
	return sqltmpl.ExecAll(ctx, tx, steps...)
}

// partKeys are the foreign keys of a table's partitions that hold rows, whether
// they have them from it or of their own, and those to them alone.
func partKeys(s side) []catalog.ForeignKey {
	var out []catalog.ForeignKey
	for _, p := range s.partitions {
		if !p.own {
			continue
		}
		for _, fk := range p.foreignKeys {
			if p.relation.Kind != partitioned {
				fk.From, fk.FromKind, fk.Inherited, fk.ParentOID = p.relation.Table, p.relation.Kind, false, 0
				out = append(out, fk)
			}
		}
		out = append(append(out, p.referencedBy...), partKeys(p)...)
	}
	return out
}
