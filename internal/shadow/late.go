package shadow

import (
	"context"
	"strconv"
	"strings"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// LateNotNull returns the definition of a not-null constraint on a column that
// is not valid yet.
func LateNotNull(column sqltmpl.Ident, noInherit bool) sqltmpl.Fragment {
	def := sqltmpl.Fragment("NOT NULL " + column.String())
	if noInherit {
		def += " NO INHERIT"
	}
	return def + " NOT VALID"
}

// makeLate makes those constraints NOT VALID that are so in the source; LIKE
// made them valid.
func (b *builder) makeLate(ctx context.Context) error {
	for _, check := range b.src.Checks {
		if late(check) {
			if err := b.addAgain(ctx, check.Name, check.Def, check.Comment); err != nil {
				return err
			}
		}
	}
	for _, constraint := range b.src.NotNulls {
		if constraint.Valid {
			continue
		}
		column, _ := columnByNum(b.src.Columns, constraint.Column)
		err := b.addAgain(ctx, constraint.Name, LateNotNull(column.Name, constraint.NoInherit), constraint.Comment)
		if err != nil {
			return err
		}
	}
	return nil
}

// late reports whether a check is added in the swap. One that is never enforced
// may as well be there from the start.
func late(check catalog.Check) bool { return !check.Valid && check.Enforced }

func (b *builder) addAgain(ctx context.Context, name sqltmpl.Ident, def sqltmpl.Fragment, comment string) error {
	if err := b.quietly(ctx, sqltmpl.DropConstraint{Table: b.table, Name: name}.Statement()); err != nil {
		return err
	}
	if err := b.quietly(ctx, sqltmpl.AddConstraint{Table: b.table, Name: name, Def: def}.Statement()); err != nil {
		return err
	}
	if comment == "" {
		return nil
	}
	return b.quietly(ctx, sqltmpl.CommentConstraint{
		Table: b.table, Name: name, Comment: sqltmpl.Literal(comment),
	}.Statement())
}

// placeholders puts a check in the place of each foreign key, with its name and
// columns, so that the operator can drop or rename it. A mark in its comment
// tells afterwards which one it stands for, through renames and retypes.
func (b *builder) placeholders(ctx context.Context) error {
	for i, key := range b.src.ForeignKeys {
		err := b.quietly(ctx, sqltmpl.AddPlaceholder{
			Table: b.table, Name: b.keyAbove(key), Columns: key.FromColumns, NotValid: !key.Valid,
		}.Statement())
		if err != nil {
			return err
		}
		err = b.quietly(ctx, sqltmpl.CommentConstraint{
			Table: b.table, Name: b.keyAbove(key), Comment: sqltmpl.Literal(b.mark() + strconv.Itoa(i)),
		}.Statement())
		if err != nil {
			return err
		}
	}
	return nil
}

// mark begins the comments of placeholders.
func (b *builder) mark() string { return b.names.Prefix + "foreign_key_" }

// standsFor returns the number of the foreign key that a check stands in for.
func (b *builder) standsFor(check catalog.Check) (int, bool) {
	number, ok := strings.CutPrefix(check.Comment, b.mark())
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(number)
	return n, err == nil && n >= 0 && n < len(b.src.ForeignKeys)
}

// takeLate takes the placeholders and the constraints that are NOT VALID off
// the shadow.
func (b *builder) takeLate(ctx context.Context) error {
	var stay []catalog.Check
	for _, check := range b.altered.Checks {
		_, placeholder := b.standsFor(check)
		switch {
		case placeholder:
		case late(check):
			b.plan.LateChecks = append(b.plan.LateChecks, check)
		default:
			stay = append(stay, check)
			continue
		}
		if err := b.quietly(ctx, sqltmpl.DropConstraint{Table: b.table, Name: check.Name}.Statement()); err != nil {
			return err
		}
	}
	for _, constraint := range b.altered.NotNulls {
		if constraint.Valid {
			continue
		}
		b.plan.LateNotNulls = append(b.plan.LateNotNulls, constraint)
		err := b.quietly(ctx, sqltmpl.DropConstraint{Table: b.table, Name: constraint.Name}.Statement())
		if err != nil {
			return err
		}
	}
	b.plan.Shadow.Checks = stay
	return nil
}

func columnByNum(columns []catalog.Column, num int16) (catalog.Column, bool) {
	for _, column := range columns {
		if column.Num == num {
			return column, true
		}
	}
	return catalog.Column{}, false
}
