package stages

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/internal/preflight"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// Partitions may have things of their own. What each has is found out when the
// final form of its table is, and compared before the fence: behind it there may be too many of them.

// partsAsKnown makes sure that nobody gave a partition of the source something of
// its own, which the target would lack.
func partsAsKnown(ctx context.Context, env *Env, job registry.Job, t registry.Table) error {
	if job.Swapped {
		return nil
	}
	return inTx(ctx, env.Source, func(tx pgx.Tx) error {
		var out []string
		var oids []uint32
		known := map[string]bool{}
		for _, p := range t.Blueprint.Below() {
			if p.Own == nil {
				continue
			}
			source := p.Own.Source
			got, err := catalog.Load(ctx, tx, source.OID, env.Registry.Schema())
			if errors.Is(err, catalog.ErrGone) {
				continue // the cutover looks
			}
			if err != nil {
				return err
			}
			oids = append(oids, source.OID)
			for _, line := range catalog.Diff(withoutOurs(source), withoutOurs(got)) {
				out = append(out, source.Table.Plain()+": "+line)
			}
			for _, d := range t.Bound.Parts[source.OID].Dependents {
				known[d.Name] = true
			}
		}
		if len(oids) > 0 {
			bound, err := catalog.LoadDependents(ctx, tx, oids, env.Registry.Schema())
			if err != nil {
				return err
			}
			for _, d := range bound {
				if d.OnTable && preflight.OfPartition(d) && !known[d.Name] && !strings.Contains(d.Name, "repave_") {
					out = append(out, d.Name+" is new")
				}
			}
		}
		return changedIf(t, out)
	})
}

// treeOf is the table on the target with its partitions.
func treeOf(t registry.Table) define.Tree { return define.NewTree(t.Blueprint, *t.Bound) }

// partitionedIn lists a partitioned source and its partitions that have some themselves.
func partitionedIn(b *shadow.Blueprint) []uint32 {
	if b.Source.Kind != partitioned {
		return nil
	}
	out := []uint32{b.Source.OID}
	for _, p := range b.Below() {
		if p.Own != nil && p.Own.Source.Kind == partitioned {
			out = append(out, p.Own.Source.OID)
		}
	}
	return out
}

// sameTree reports whether a blueprint has just the partitions that were found
// on the source, each where it is.
func sameTree(b *shadow.Blueprint, found []catalog.Partition) bool {
	where := map[uint32]string{}
	name := func(table, above sqltmpl.Table) string { return table.String() + " of " + above.String() }
	var grow func(above *shadow.Blueprint)
	grow = func(above *shadow.Blueprint) {
		for _, p := range above.Partitions {
			if p.Own != nil {
				where[p.Own.Source.OID] = name(p.Own.Source.Table, above.Source.Table)
				grow(p.Own)
			}
		}
	}
	grow(b)
	return len(where) == len(found) && !slices.ContainsFunc(found, func(p catalog.Partition) bool {
		return where[p.OID] != name(p.Table, p.Parent)
	})
}

// with is b with the partitions of more that it does not have. These name indexes of the table
// above as they were called while more was built.
func with(b, more shadow.Blueprint) shadow.Blueprint {
	b.Source.Partitions, b.Shadow.Partitions = slices.Clone(b.Source.Partitions), slices.Clone(b.Shadow.Partitions)
	b.Partitions = slices.Clone(b.Partitions)
	for _, p := range more.Partitions {
		oid := p.Own.Source.OID
		at := slices.IndexFunc(b.Partitions, func(o shadow.Partition) bool { return o.Own != nil && o.Own.Source.OID == oid })
		if at >= 0 {
			own := with(*b.Partitions[at].Own, *p.Own)
			b.Partitions[at].Own = &own
			continue
		}
		own := *p.Own
		own.Indexes = slices.Clone(own.Indexes)
		for i := range own.Indexes {
			own.Indexes[i].Above = builtAs(b, more, own.Indexes[i].Above)
		}
		p.Own = &own
		b.Partitions = append(b.Partitions, p)
		is := func(o catalog.Partition) bool { return o.Table == own.Source.Table }
		b.Source.Partitions = append(b.Source.Partitions, of(more.Source.Partitions, is)...)
		b.Shadow.Partitions = append(b.Shadow.Partitions, of(more.Shadow.Partitions, is)...)
	}
	return b
}

func of(list []catalog.Partition, is func(catalog.Partition) bool) []catalog.Partition {
	return slices.DeleteFunc(slices.Clone(list), func(p catalog.Partition) bool { return !is(p) })
}

// builtAs is what one blueprint calls an index that another one calls something else until the swap.
func builtAs(old, now shadow.Blueprint, name sqltmpl.Ident) sqltmpl.Ident {
	for _, n := range now.Indexes {
		for _, o := range old.Indexes {
			if n.BuildName == name && o.Name == n.Name {
				return o.BuildName
			}
		}
	}
	return ""
}

// without is b without partitions that have gone.
func without(b shadow.Blueprint, gone []catalog.Partition) shadow.Blueprint {
	is := func(table sqltmpl.Table) bool {
		return slices.ContainsFunc(gone, func(p catalog.Partition) bool { return p.Table == table })
	}
	left := func(list []catalog.Partition) []catalog.Partition {
		return of(list, func(p catalog.Partition) bool { return !is(p.Table) })
	}
	b.Source.Partitions, b.Shadow.Partitions = left(b.Source.Partitions), left(b.Shadow.Partitions)
	var parts []shadow.Partition
	for _, p := range b.Partitions {
		if p.Own != nil && !is(p.Own.Source.Table) {
			own := without(*p.Own, gone)
			p.Own = &own
			parts = append(parts, p)
		}
	}
	b.Partitions = parts
	return b
}

// sameBounds refuses a change after which a row could belong to another partition
// than before: its changes go to the partition of the same name.
func sameBounds(ctx context.Context, env *Env, t registry.Table, b *shadow.Blueprint) ([]preflight.Finding, error) {
	if b.Source.Kind != partitioned {
		return nil, nil
	}
	var by []sqltmpl.Ident
	for _, oid := range partitionedIn(b) {
		columns, err := sqltmpl.Scalars[sqltmpl.Ident](ctx, env.Source, sqltmpl.PartitionColumns{Relation: oid}.Statement())
		if err != nil {
			return nil, err
		}
		by = append(by, columns...)
	}
	var out []preflight.Finding
	for _, c := range b.Columns {
		if slices.Contains(by, c.Source) && (c.Using != "" || !c.Safe) {
			out = append(out, preflight.Finding{
				Check: "partition", Table: t.Name.Plain(), Cure: "change the column after cleanup, in place: repave run " + t.Name.Plain(),
				Problem: fmt.Sprintf("it is partitioned by column %s, whose change can put rows into other partitions", c.Source),
			})
		}
	}
	return out, nil
}
