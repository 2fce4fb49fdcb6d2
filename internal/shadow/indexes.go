package shadow

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// A copiedIndex is an index of the shadow that was made after one of the source.
type copiedIndex struct {
	oid    uint32        // of the shadow's index
	name   sqltmpl.Ident // at present
	source catalog.Index
}

// pairIndexes finds out which index of the shadow is the copy of which index of
// the source, and gives the copies the originals' names. LIKE makes them in the
// order of the originals' OIDs; that each pair is alike is checked.
func (b *builder) pairIndexes(ctx context.Context) error {
	originals, err := b.indexForms(ctx, b.src.OID)
	if err != nil {
		return err
	}
	copies, err := b.indexForms(ctx, b.oid)
	if err != nil {
		return err
	}
	if len(originals) != len(copies) {
		return fmt.Errorf("the source has %d indexes, its copy %d", len(originals), len(copies))
	}
	for i, original := range originals {
		if copies[i].Form != original.Form {
			return fmt.Errorf("index %s was copied as %s", original.Form, copies[i].Form)
		}
		at := slices.IndexFunc(b.src.Indexes, func(index catalog.Index) bool { return index.OID == original.OID })
		if at < 0 {
			return fmt.Errorf("index %s appeared meanwhile", original.Name)
		}
		b.copied = append(b.copied, copiedIndex{oid: copies[i].OID, name: copies[i].Name, source: b.src.Indexes[at]})
	}
	return b.restoreNames(ctx)
}

func (b *builder) indexForms(ctx context.Context, table uint32) ([]sqltmpl.IndexForm, error) {
	return sqltmpl.All[sqltmpl.IndexForm](ctx, b.tx, sqltmpl.IndexForms{Table: table}.Statement())
}

// restoreNames names the copied indexes as the originals: by way of our own
// names, since what LIKE called one may be the name of another. A name that
// something else has in the registry's schema has to wait for the swap.
func (b *builder) restoreNames(ctx context.Context) error {
	wanted := make([]sqltmpl.Ident, len(b.copied))
	own := []uint32{b.oid}
	for i, index := range b.copied {
		wanted[i] = b.indexAbove(index.source.Name)
		own = append(own, index.oid)
	}
	taken, err := b.taken(ctx, b.names.Schema, wanted, own...)
	if err != nil {
		return err
	}
	for i := range b.copied {
		if err := b.renameIndex(ctx, &b.copied[i], b.waitingName(i)); err != nil {
			return err
		}
	}
	for i := range b.copied {
		// In another schema a partition may have an index by the name of one of the whole table.
		if taken[wanted[i]] || b.givesWay(b.copied[i].source.Name, wanted) {
			continue
		}
		if err := b.renameIndex(ctx, &b.copied[i], wanted[i]); err != nil {
			return err
		}
	}
	return nil
}

// givesWay reports whether a partition's own index has a name by which the
// operator's actions mean one of the whole table.
func (b *builder) givesWay(own sqltmpl.Ident, wanted []sqltmpl.Ident) bool {
	if b.in == nil || b.in.indexes[own] != "" {
		return false
	}
	first := slices.Index(wanted, own)
	return slices.Contains(wanted[first+1:], own)
}

// waitingName is what the nth copied index is called while its own name is
// taken. It can't be a build name: those are counted anew.
func (b *builder) waitingName(n int) sqltmpl.Ident {
	return b.names.Object("w" + strconv.Itoa(n)).Name
}

func (b *builder) renameIndex(ctx context.Context, index *copiedIndex, to sqltmpl.Ident) error {
	err := b.quietly(ctx, sqltmpl.RenameIndex{Index: b.inSchema(index.name), To: to}.Statement())
	index.name = to
	return err
}

// carryIndexes sets what LIKE leaves out of indexes, so that the operator's
// actions may change it like anything else.
func (b *builder) carryIndexes(ctx context.Context) error {
	for _, index := range b.copied {
		source, table := index.source, b.inSchema(index.name)
		var statements []sqltmpl.Statement
		for _, number := range slices.Sorted(maps.Keys(source.StatsTargets)) {
			n, err := strconv.Atoi(number)
			if err != nil {
				return err
			}
			statements = append(statements, sqltmpl.SetIndexStatistics{
				Index: table, Number: n, Target: source.StatsTargets[number],
			}.Statement())
		}
		if source.Clustered {
			statements = append(statements, sqltmpl.ClusterOn{Table: b.table, Index: index.name}.Statement())
		}
		if source.Constraint != nil && source.Constraint.Comment != "" {
			statements = append(statements, sqltmpl.CommentConstraint{
				Table: b.table, Name: index.name, Comment: sqltmpl.Literal(source.Constraint.Comment),
			}.Statement())
		}
		for _, s := range statements {
			if err := b.quietly(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// follow brings b.copied up to date after one list of the operator's actions.
// An index whose column changed type is a new one of the same name.
func (b *builder) follow(indexes []sqltmpl.IndexForm) {
	var left []copiedIndex
	for _, index := range b.copied {
		at := slices.IndexFunc(indexes, func(form sqltmpl.IndexForm) bool { return form.OID == index.oid })
		if at < 0 {
			at = slices.IndexFunc(indexes, func(form sqltmpl.IndexForm) bool { return form.Name == index.name })
		}
		if at < 0 {
			continue
		}
		index.oid, index.name = indexes[at].OID, indexes[at].Name
		left = append(left, index)
	}
	b.copied = left
}

// copyOf returns the source's index that one of the shadow was made after.
func (b *builder) copyOf(oid uint32) (catalog.Index, bool) {
	for _, index := range b.copied {
		if index.oid == oid {
			return index.source, true
		}
	}
	return catalog.Index{}, false
}

// finalName is what an index of the shadow will be called after the swap, given
// what the operator's actions left it called.
func (b *builder) finalName(index catalog.Index) sqltmpl.Ident {
	if source, ok := b.copyOf(index.OID); ok && b.in != nil {
		if _, above := b.in.indexes[source.Name]; above {
			return source.Name // whatever the whole table's is renamed to
		}
	}
	for n := range b.src.Indexes {
		if index.Name == b.waitingName(n) {
			if source, ok := b.copyOf(index.OID); ok {
				return source.Name
			}
		}
	}
	return b.plainName(index.Name)
}
