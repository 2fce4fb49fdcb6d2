package shadow

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/partitioning"
	"github.com/repave-pg/repave/internal/shell"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Problem is one reason why a table can't be partitioned as asked.
type Problem struct{ What, Remedy string }

// An UnpartitionableError lists all of them.
type UnpartitionableError struct {
	Table    sqltmpl.Table
	Problems []Problem
}

func (e *UnpartitionableError) Error() string {
	var lines []string
	for _, p := range e.Problems {
		lines = append(lines, p.What)
	}
	return e.Table.Plain() + " can't be partitioned: " + strings.Join(lines, "; ")
}

// Hint says what to do about the first.
func (e *UnpartitionableError) Hint() string { return e.Problems[0].Remedy }

// partitionable finds whatever a partitioned table can't have. plain is the
// shadow without its foreign keys.
func (b *builder) partitionable(ctx context.Context, clause partitioning.Clause, plain catalog.Relation) error {
	version, err := sqltmpl.Scalar[string](ctx, b.tx, sqltmpl.ReadSetting{Name: "server_version_num"}.Statement())
	if err != nil {
		return err
	}
	found := &UnpartitionableError{Table: b.src.Table}
	add := func(remedy, what string, args ...any) {
		found.Problems = append(found.Problems, Problem{What: fmt.Sprintf(what, args...), Remedy: remedy})
	}
	var key []int16
	for _, name := range clause.Columns {
		at := slices.IndexFunc(plain.Columns, func(c catalog.Column) bool { return c.Name == name })
		if at < 0 {
			var names []string
			for _, c := range plain.Columns {
				names = append(names, string(c.Name))
			}
			return refuse("its columns are: "+strings.Join(names, ", "),
				"--partition-by '%s': the table has no column %s", b.change.PartitionBy, name)
		}
		key = append(key, plain.Columns[at].Num)
	}
	for _, index := range plain.Indexes {
		kind := "unique index"
		if index.Constraint != nil {
			kind = map[string]string{"p": "primary key", "u": "unique constraint", "x": "exclusion constraint"}[index.Constraint.Type]
		}
		missing := slices.ContainsFunc(key, func(num int16) bool { return !slices.Contains(index.Columns, num) })
		give := "to give it up: --drop-constraint " + shell.Quote(string(index.Name))
		switch {
		case index.Exclusion:
			add(give, "%s %s: exclusion constraints are not carried to partitioned tables", kind, index.Name)
		case index.Unique && missing:
			add(give, "%s %s does not contain %s, so PostgreSQL can't keep it across partitions", kind, index.Name, clause.Columns)
		case index.Unique && slices.Contains(index.Columns, 0):
			add(give, "%s %s is on an expression, which partitioned tables can't have", kind, index.Name)
		}
	}
	if b.src.Persistence == "u" {
		add("ALTER TABLE "+b.src.Table.String()+" SET LOGGED", "it is UNLOGGED, which partitioned tables can't be")
	}
	const lateKeys = "18" // the first version whose partitioned tables can have such
	for _, fk := range b.plan.ForeignKeys {
		if version[:2] < lateKeys && !fk.Valid && fk.Enforced {
			add("ALTER TABLE "+b.src.Table.String()+" VALIDATE CONSTRAINT "+fk.Name.String(),
				"foreign key %s is not validated, which those of partitioned tables must be before PostgreSQL 18", fk.Name)
		}
	}
	for _, constraint := range plain.Checks {
		if constraint.NoInherit {
			add("to give it up: --drop-constraint "+shell.Quote(string(constraint.Name)),
				"check constraint %s is NO INHERIT, which partitioned tables can't have", constraint.Name)
		}
	}
	const movesAreUpdates = "15" // the first version whose foreign keys take a row that moves for an UPDATE
	toIt := slices.DeleteFunc(slices.Clone(b.plan.ForeignKeys), func(fk catalog.ForeignKey) bool { return fk.To != b.src.Table })
	for _, fk := range slices.Concat(b.plan.ReferencedBy, toIt) {
		if version[:2] < movesAreUpdates && (!passive(fk.OnUpdate) || !passive(fk.OnDelete)) {
			add("ALTER TABLE "+fk.From.String()+" DROP CONSTRAINT "+fk.Name.String(),
				"foreign key %s of %s acts on UPDATE or DELETE: before PostgreSQL 15, an UPDATE that moves a row to another partition "+
					"would be a DELETE to it", fk.Name, fk.From.Plain())
		}
	}
	if err := b.unfitTriggers(ctx, key, clause.Columns, add); err != nil {
		return err
	}
	for _, other := range b.src.Others {
		add(other.Drop, "%s is not carried to partitioned tables", other.Description)
	}
	if len(found.Problems) > 0 {
		return found
	}
	return nil
}

// passive reports whether a referential action changes no row.
func passive(action string) bool { return action == "a" || action == "r" }
