package shadow

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// strip gives the shadow, its indexes and sequences the names they bear until
// the swap, records what the indexes are, and drops them.
func (b *builder) strip(ctx context.Context) error {
	if err := b.helper(ctx); err != nil {
		return err
	}
	if err := b.rename(ctx); err != nil {
		return err
	}
	built, err := b.load(ctx)
	if err != nil {
		return err
	}
	for i := range b.plan.Indexes {
		if err := b.deparse(ctx, &b.plan.Indexes[i], b.altered.Indexes[i], built); err != nil {
			return err
		}
	}
	return b.dropIndexes(ctx, built)
}

// dropIndexes drops the shadow's indexes, as they are in r.
func (b *builder) dropIndexes(ctx context.Context, r catalog.Relation) error {
	for _, index := range r.Indexes {
		drop := sqltmpl.DropIndex{Index: b.inSchema(index.Name)}.Statement()
		if index.Constraint != nil {
			drop = sqltmpl.DropConstraint{Table: b.table, Name: index.Name}.Statement()
		}
		if err := b.quietly(ctx, drop); err != nil {
			return err
		}
	}
	return nil
}

// helper adds a unique index on the key if the operator's actions left none
// that replay can use.
func (b *builder) helper(ctx context.Context) error {
	if b.in != nil {
		return b.helperAbove(ctx)
	}
	source, ok := catalog.KeyOf(b.src)
	if !ok {
		return refuse("add a primary key, or a unique index on columns that are NOT NULL",
			"%s has no key", b.src.Table.Plain())
	}
	var columns sqltmpl.Columns
	var nums []int16
	for _, num := range source.Columns {
		column, ok := b.counterpart(num)
		if !ok {
			lost, _ := columnByNum(b.src.Columns, num)
			return refuse("leave it until the job is done, then drop it with ALTER TABLE",
				"column %s is part of the key and can't be dropped", lost.Name)
		}
		columns, nums = append(columns, column.Name), append(nums, column.Num)
	}
	forms, err := b.indexForms(ctx, b.oid)
	if err != nil {
		return err
	}
	key := -1
	for i, index := range b.altered.Indexes {
		temporal := index.Constraint != nil && index.Constraint.Temporal
		plain := slices.ContainsFunc(forms, func(f sqltmpl.IndexForm) bool { return f.OID == index.OID && f.Plain })
		if index.Unique && !index.Partial && !temporal && plain && sameColumns(index.Columns, nums) &&
			(key < 0 || index.Immediate && !b.altered.Indexes[key].Immediate) {
			key = i
		}
	}
	name := b.names.Object("key").Name
	if key < 0 {
		err := b.quietly(ctx, sqltmpl.CreateHelper{
			Unique: !b.partitioned(), Table: b.table, Index: name, Columns: columns,
		}.Statement())
		if err != nil {
			return err
		}
		if b.altered, err = b.load(ctx); err != nil {
			return err
		}
		key = slices.IndexFunc(b.altered.Indexes, func(index catalog.Index) bool { return index.Name == name })
		if key < 0 {
			return fmt.Errorf("index %s vanished", name)
		}
	}
	return b.list(ctx, key, name)
}

// list lists the indexes under their final names; the one at key serves replay.
func (b *builder) list(ctx context.Context, key int, helper sqltmpl.Ident) error {
	forms, err := b.indexForms(ctx, b.oid)
	if err != nil {
		return err
	}
	b.forms = map[sqltmpl.Ident]string{}
	for i, index := range b.altered.Indexes {
		listed := Index{
			Name: b.finalName(index), BuildName: b.names.Object("i" + strconv.Itoa(i+1)).Name,
			Tablespace: index.Tablespace, Constraint: index.Constraint, Primary: index.Primary,
			Clustered: index.Clustered, Comment: index.Comment, StatsTargets: index.StatsTargets,
			Key: i == key, Helper: index.Name == helper, Unique: index.Unique, Btree: len(index.KeyOps) > 0,
		}
		if listed.Helper {
			listed.BuildName = helper
		}
		source, ok := b.copyOf(index.OID)
		if !ok && !listed.Helper {
			if listed.Name, err = b.nameBelow(ctx, listed.Name); err != nil {
				return err
			}
		}
		if ok {
			listed.SourceName = source.Name
			if len(listed.StatsTargets) == 0 { // a change of type makes a new index, without them
				listed.StatsTargets = source.StatsTargets
			}
		}
		for _, form := range forms {
			if form.OID == index.OID {
				b.forms[listed.BuildName] = form.Form
			}
		}
		b.plan.Indexes = append(b.plan.Indexes, listed)
	}
	return nil
}

// deparse records the definition of one index. As found in built, it is named
// as it will be until the swap.
func (b *builder) deparse(ctx context.Context, index *Index, altered catalog.Index, built catalog.Relation) error {
	at := slices.IndexFunc(built.Indexes, func(i catalog.Index) bool { return i.OID == altered.OID })
	if at < 0 {
		return fmt.Errorf("index %s vanished", altered.Name)
	}
	found := built.Indexes[at]
	index.Constraint = found.Constraint
	if found.Constraint == nil || found.Constraint.Type != "x" && !found.Constraint.Temporal {
		index.Def = found.Def
	}
	if !b.partitioned() {
		return nil
	}
	head, err := b.head(ctx, found, found.Name, b.table)
	if err != nil {
		return err
	}
	tail, ok := strings.CutPrefix(string(found.Def), head)
	if !ok {
		return fmt.Errorf("index definition does not begin with %q: %s", head, found.Def)
	}
	// Without ONLY, it takes the indexes in that the partitions have by then; those that stand for others are attached.
	def := sqltmpl.CreateIndexOn{
		Unique: found.Unique, Index: found.Name, Only: b.src.Kind == "p", Table: b.table, Tail: sqltmpl.Fragment(tail),
	}
	if found.Constraint != nil {
		constraint := *found.Constraint
		constraint.Def = withOptions(found)
		index.Constraint = &constraint
	}
	index.Tail, index.Def = def.Tail, sqltmpl.Fragment(uncommented(def.Statement().SQL))
	return nil
}

// rename gives everything its build name.
func (b *builder) rename(ctx context.Context) error {
	for i, index := range b.plan.Indexes {
		if b.altered.Indexes[i].Name == index.BuildName {
			continue
		}
		err := b.quietly(ctx, sqltmpl.RenameIndex{
			Index: b.inSchema(b.altered.Indexes[i].Name), To: index.BuildName,
		}.Statement())
		if err != nil {
			return err
		}
	}
	if to := b.names.Object("shadow"); to != b.table {
		if err := b.quietly(ctx, sqltmpl.RenameTable{Table: b.table, To: to.Name}.Statement()); err != nil {
			return err
		}
		b.table = to
	}
	return b.sequences(ctx)
}
