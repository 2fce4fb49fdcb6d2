package define

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// An Index is an index of a table on the target, with all that it is to be.
type Index struct {
	catalog.Index
	Table sqltmpl.Table
	// OfPartitioned: the table is partitioned, and the server makes the partitions' own.
	OfPartitioned bool
	// Only: it leaves the partitions alone, and takes in indexes that they have.
	Only  bool
	takes []sqltmpl.Table
}

// Indexes lists the indexes of r, for Build, several at a time, and then
// Attach, one after the other.
func Indexes(r catalog.Relation) []Index {
	var out []Index
	for _, i := range r.Indexes {
		out = append(out, Index{Index: i, Table: r.Table, OfPartitioned: r.Kind == partitioned})
	}
	return out
}

// Alone reports whether there is nothing to Build: Attach does it all, under
// ACCESS EXCLUSIVE. So it is for constraints that no existing index can be made
// one of.
func (i Index) Alone() bool {
	return i.Exclusion || i.Constraint != nil && (i.Constraint.Type == exclusion || i.Constraint.Temporal || i.OfPartitioned)
}

func (i Index) name() sqltmpl.Table { return sqltmpl.Table{Schema: i.Table.Schema, Name: i.Name} }

// Build builds the index under its final name, unless it is there, or Alone. It
// locks the table SHARE until tx ends: several can be built at a time, each in a
// transaction of its own, which must not go on to Attach.
func (i Index) Build(ctx context.Context, tx pgx.Tx) (Notes, error) {
	if i.Alone() {
		return nil, nil
	}
	there, err := sqltmpl.Scalar[bool](ctx, tx, sqltmpl.IndexExists{Name: i.name().String()}.Statement())
	if err != nil || there {
		return nil, err
	}
	notes, err := i.choose(ctx, tx)
	if err != nil {
		return nil, err
	}
	def := i.Def
	if i.OfPartitioned && !i.Only {
		if def, err = i.all(ctx, tx); err != nil {
			return nil, err
		}
	}
	if _, err := (sqltmpl.CreateIndex{Def: def}).Statement().Exec(ctx, tx); err != nil {
		return nil, fmt.Errorf("building index %s of %s: %w", i.Name, i.Table.Plain(), err)
	}
	return notes, nil
}

// choose has what is made next in tx go to the index's tablespace, if there is one of the name.
func (i Index) choose(ctx context.Context, tx pgx.Tx) (notes Notes, err error) {
	tablespace := i.Tablespace
	if tablespace != "" {
		names, err := look(ctx, tx, tablespace)
		if err != nil {
			return nil, err
		}
		if !names.tablespace(tablespace) {
			notes.add("index %s is in the default tablespace: there is no %s", i.Name, tablespace)
			tablespace = ""
		}
	}
	_, err = sqltmpl.SetLocal{Name: "default_tablespace", Value: string(tablespace)}.Statement().Exec(ctx, tx)
	return notes, err
}

// all is the definition without the ONLY that the server puts before a
// partitioned table's name: what has it leaves the partitions alone.
func (i Index) all(ctx context.Context, tx pgx.Tx) (sqltmpl.Fragment, error) {
	head := func(only bool) (string, error) {
		return sqltmpl.Scalar[string](ctx, tx, sqltmpl.IndexHead{
			Unique: i.Unique, Name: i.Name, Only: only, Table: i.Table,
		}.Statement())
	}
	only, err := head(true)
	if err != nil {
		return "", err
	}
	every, err := head(false)
	if err != nil {
		return "", err
	}
	if len(only) > len(i.Def) || string(i.Def)[:len(only)] != only {
		return "", fmt.Errorf("index definition does not begin with %q: %s", only, i.Def)
	}
	return sqltmpl.Fragment(every) + i.Def[len(only):], nil
}

// Attach makes the index a key, if it is one, and sets what CREATE INDEX has no
// clause for: comments, statistics targets, the mark that CLUSTER follows,
// replica identity. What is Alone it builds; what belongs to it of partitions
// it takes in. It locks the table ACCESS
// EXCLUSIVE, and may run twice.
func (i Index) Attach(ctx context.Context, tx pgx.Tx) (Notes, error) {
	var notes Notes
	if i.Constraint != nil {
		there, err := sqltmpl.Scalar[bool](ctx, tx, sqltmpl.ConstraintExists{
			Table: i.Table.String(), Name: string(i.Name),
		}.Statement())
		if err != nil {
			return nil, err
		}
		if !there {
			if notes, err = i.constrain(ctx, tx); err != nil {
				return nil, fmt.Errorf("adding constraint %s of %s: %w", i.Name, i.Table.Plain(), err)
			}
		}
	}
	steps, err := i.dress()
	if err != nil {
		return nil, err
	}
	for _, part := range i.takes {
		steps = append(steps, sqltmpl.AttachIndex{Index: i.name(), Partition: part}.Statement())
	}
	if err := sqltmpl.ExecAll(ctx, tx, steps...); err != nil {
		return nil, fmt.Errorf("finishing index %s of %s: %w", i.Name, i.Table.Plain(), err)
	}
	return notes, nil
}

// constrain adds the constraint, with an index that exists if it can.
func (i Index) constrain(ctx context.Context, tx pgx.Tx) (Notes, error) {
	if !i.Alone() {
		_, err := sqltmpl.AttachConstraint{
			Table: i.Table, Name: i.Name, Primary: i.Primary, Index: i.Name,
			Deferrable: i.Constraint.Deferrable, Deferred: i.Constraint.Deferred,
		}.Statement().Exec(ctx, tx)
		return nil, err
	}
	notes, err := i.choose(ctx, tx)
	if err != nil {
		return nil, err
	}
	steps := []sqltmpl.Statement{sqltmpl.AddConstraint{Table: i.Table, Name: i.Name, Def: i.withOptions(), Only: i.Only}.Statement()}
	if len(i.Options) > 0 && !i.keyOfPartitioned() && !i.OfPartitioned {
		steps = append(steps, sqltmpl.SetIndexOptions{Index: i.name(), Options: i.Options}.Statement())
	}
	return notes, sqltmpl.ExecAll(ctx, tx, steps...)
}

// keyOfPartitioned reports whether it is a primary key or unique constraint of a partitioned table.
func (i Index) keyOfPartitioned() bool {
	return i.OfPartitioned && i.Constraint.Type != exclusion && !i.Constraint.Temporal
}

// withOptions is the constraint's definition with the storage parameters, which
// the server leaves out of it, and which the index of a partitioned table can't
// be given later. They stand before what says when the constraint is checked.
func (i Index) withOptions() sqltmpl.Fragment {
	if len(i.Options) == 0 || !i.keyOfPartitioned() {
		return i.Constraint.Def
	}
	def, end := string(i.Constraint.Def), ""
	for _, when := range []string{" INITIALLY DEFERRED", " DEFERRABLE"} {
		if rest, ok := strings.CutSuffix(def, when); ok {
			def, end = rest, when+end
		}
	}
	return sqltmpl.Fragment(def + " WITH (" + sqltmpl.Options(i.Options).String() + ")" + end)
}

// dress lists what sets the rest.
func (i Index) dress() ([]sqltmpl.Statement, error) {
	var steps []sqltmpl.Statement
	if i.Constraint != nil && i.Constraint.Comment != "" {
		steps = append(steps, sqltmpl.CommentConstraint{
			Table: i.Table, Name: i.Name, Comment: sqltmpl.Literal(i.Constraint.Comment),
		}.Statement())
	}
	if i.Comment != "" {
		steps = append(steps, sqltmpl.CommentIndex{Index: i.name(), Comment: sqltmpl.Literal(i.Comment)}.Statement())
	}
	for _, number := range slices.Sorted(maps.Keys(i.StatsTargets)) {
		n, err := strconv.Atoi(number)
		if err != nil {
			return nil, err
		}
		steps = append(steps, sqltmpl.SetIndexStatistics{Index: i.name(), Number: n, Target: i.StatsTargets[number]}.Statement())
	}
	if i.Clustered {
		steps = append(steps, sqltmpl.ClusterOn{Table: i.Table, Index: i.Name}.Statement())
	}
	if i.ReplIdent {
		steps = append(steps, sqltmpl.ReplicaIdentity{Table: i.Table, Index: i.Name}.Statement())
	}
	return steps, nil
}
